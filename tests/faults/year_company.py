"""A company whose year is simulated: what it sells, and the bank it charges with. Runs with `env`.

Arguments: the address of the bank.
"""

import sys

from odoo import Command

env["subscription.engine"]._arm()
COMPANY = env.company
if not COMPANY.chart_template:
    env["account.chart.template"].try_loading("fr", company=COMPANY, install_demo=False)
COMPANY.subscription_tz = "Europe/Paris"


def product(name, price, **values):
    return env["product.product"].create(
        {"name": name, "type": "service", "list_price": price, "subscription_recurring": True, **values}
    )


HOSTING = product("Hosting", 100.0)
product("Support", 33.33)
product("Setup", 50.0, subscription_recurring=False)
product("Traffic", 2.0, subscription_line_kind="usage")
FAMILY = env["subscription.plan.family"].create({"name": "Hosting"})
env["subscription.plan"].create(
    [
        {
            "name": name,
            "family_id": FAMILY.id,
            "rank": rank,
            "line_ids": [Command.create({"product_id": HOSTING.id, "has_price": True, "price_unit": price})],
            "retry_step_ids": [
                Command.create({"days": 2, "action": "retry"}),
                Command.create({"days": 4, "action": "retry"}),
            ],
        }
        for rank, (name, price) in enumerate([("Bronze", 61.17), ("Silver", 83.29), ("Gold", 149.99)])
    ]
)
env["ir.config_parameter"].set_param("test_subscription_payment.address", sys.argv[1])
env["payment.provider"]._make_bank(COMPANY)
env["ir.cron"].search([]).active = False
env.cr.commit()
