{
    "name": "Test: a payment provider with a ledger of its own",
    "summary": "Stored cards at a bank that fails in every way, and keeps count of what it took",
    "version": "19.0.1.0.0",
    "category": "Hidden/Tests",
    "author": "Subscription Billing contributors",
    "license": "LGPL-3",
    "depends": ["payment_stripe", "subscription_billing"],
    "data": ["data/payment_method.xml"],
    "post_init_hook": "post_init_hook",
    "installable": True,
}
