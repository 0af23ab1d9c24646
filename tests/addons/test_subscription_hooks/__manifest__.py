{
    "name": "Test: every documented hook of subscription_billing",
    "summary": "Extends the billing of marked contracts through the documented hooks alone",
    "version": "19.0.1.0.0",
    "category": "Hidden/Tests",
    "author": "Subscription Billing contributors",
    "license": "LGPL-3",
    "depends": ["subscription_billing"],
}
