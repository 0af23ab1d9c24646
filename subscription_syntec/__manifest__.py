{
    "name": "Subscriptions: price revision",
    "summary": "Revise prices by the Syntec index, any other index, a percentage or an amount, with the file that proves it",
    "version": "19.0.1.0.0",
    "category": "Sales/Subscriptions",
    "author": "Subscription Billing contributors",
    "license": "LGPL-3",
    "depends": ["subscription_billing"],
    "data": [
        "security/ir.model.access.csv",
    ],
    "demo": [],
}
