{
    "name": "Test: subscription_billing beside other applications",
    "summary": "Installs what also invoices orders or calls itself a subscription",
    "version": "19.0.1.0.0",
    "category": "Hidden/Tests",
    "author": "Subscription Billing contributors",
    "license": "AGPL-3",
    "depends": ["subscription_billing", "contract", "sale_loyalty", "sale_timesheet", "subscription_oca"],
}
