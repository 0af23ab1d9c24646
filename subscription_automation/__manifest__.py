{
    "name": "Subscriptions: automation",
    "summary": "Ready-made rules: a red flag, a deadline, a late payment or a high usage becomes a task or a mail",
    "version": "19.0.1.0.0",
    "category": "Sales/Subscriptions",
    "author": "Subscription Billing contributors",
    "license": "LGPL-3",
    "depends": ["subscription_billing", "base_automation"],
    "auto_install": True,
    "data": [
        "security/ir.model.access.csv",
        "data/mail_template.xml",
        "data/subscription_automation.xml",
        "views/subscription_automation_views.xml",
    ],
    "assets": {
        "web.assets_tests": [
            "subscription_automation/static/tests/tours/**/*",
        ],
    },
    "uninstall_hook": "uninstall_hook",
}
