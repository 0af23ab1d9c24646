{
    "name": "Test: the addons as Odoo checks its own",
    "summary": "Runs test_lint on the addons of this repository",
    "version": "19.0.1.0.0",
    "category": "Hidden/Tests",
    "author": "Subscription Billing contributors",
    "license": "LGPL-3",
    "depends": ["subscription_billing"],
}
