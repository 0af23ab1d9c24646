"""Contracts of every kind on a fresh database, each with three periods due. Runs with `env`.

Every due date is at least ten days away from today, so that no test depends on the hour.
Arguments: how many contracts.
"""

import sys
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import Command

ROOM = timedelta(days=10)  # from the last due date to today
env["subscription.engine"]._arm()
COMPANY = env.company
if not COMPANY.chart_template:
    env["account.chart.template"].try_loading("fr", company=COMPANY, install_demo=False)
COMPANY.subscription_tz = "Europe/Paris"
TODAY = COMPANY._subscription_today()


def product(name, price, **values):
    return env["product.product"].create(
        {"name": name, "type": "service", "list_price": price, "subscription_recurring": True, **values}
    )


HOSTING, SUPPORT = product("Hosting", 100.0), product("Support", 33.33)
SETUP = product("Setup", 50.0, subscription_recurring=False)
TRAFFIC = product("Traffic", 2.0, subscription_line_kind="usage")
PLAN = env.ref("subscription_billing.plan_monthly", raise_if_not_found=False) or env["subscription.plan"].search(
    [], limit=1
)
QUARTERLY = env.ref("subscription_billing.recurrence_quarterly")


def contract(number, kind, partner):
    months = {"arrears": 3, "quarterly": 8}.get(kind, 2)
    products = [HOSTING, SUPPORT]
    products += {"setup": [SETUP], "usage": [TRAFFIC]}.get(kind, [])
    recurrence = {"recurrence_id": QUARTERLY.id} if kind == "quarterly" else {}
    values = {
        "external_id": f"{number:05}",
        "partner_id": partner.id,
        "plan_id": PLAN.id,
        "date_start": TODAY - ROOM - relativedelta(months=months),
        "billing_timing": "arrears" if kind == "arrears" else "advance",
        "invoicing_mode": "draft" if kind == "draft" else "post",
        "invoice_grouping": "customer" if kind == "grouped" else "contract",
        "line_ids": [Command.create({"product_id": item.id, **recurrence}) for item in products],
    }
    record = env["subscription.contract"].create(values)
    record.action_activate()
    if kind == "usage":
        meter = record.line_ids.filtered(lambda line: line.kind == "usage")
        for day in (record.date_start, record.date_start + relativedelta(months=1)):
            env["subscription.usage"].create(
                {"contract_id": record.id, "line_id": meter.id, "date": day, "quantity": 7}
            )
    if kind == "ended":
        record._close(TODAY - timedelta(days=5))
    return record


KINDS = ["plain", "arrears", "quarterly", "setup", "grouped", "grouped", "ended", "draft", "usage", "plain"]
COUNT = int(sys.argv[1])
partners = env["res.partner"].create([{"name": f"Customer {number}"} for number in range(COUNT)])
for number in range(COUNT):
    contract(number, KINDS[number % len(KINDS)], partners[number // 2])  # two neighbours have one customer
env["ir.cron"].search([]).active = False
env.cr.commit()
