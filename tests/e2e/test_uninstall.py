"""Install on a database that already sells, upgrade, bill, uninstall: as an administrator does it."""

import json
from pathlib import Path

import pytest
from environment.console import Stop

SALES = (Path(__file__).parent / "plain_orders.py").read_text()

DOCUMENTS = """
import json
moves = env["account.move"].search([("move_type", "!=", "entry")], order="id")
names = ["name", "state", "ref", "invoice_date", "amount_total", "amount_residual", "payment_state", "invoice_origin"]
lines = ["name", "quantity", "price_unit", "discount", "balance", "amount_currency", "price_subtotal", "date_maturity"]
print(json.dumps({
    "moves": moves.read(names, load=None),
    "lines": moves.line_ids.sorted("id").read(lines, load=None),
    "hashes": [[move.id, move.journal_id.code, move.line_ids.account_id.mapped("code")] for move in moves],
}, default=str))
"""

ORDERS = """
import json
orders = env["sale.order"].search([], order="id")
orders.order_line.invalidate_recordset()
for field in ("qty_to_invoice", "invoice_status", "untaxed_amount_invoiced"):
    env.add_to_compute(orders.order_line._fields[field], orders.order_line)
env.add_to_compute(orders._fields["invoice_status"], orders)
print(json.dumps({
    order.name: [order.state, order.invoice_status, order.amount_total, order.order_line.mapped("qty_to_invoice")]
    for order in orders
}))
"""

SUBSCRIBE = """
from odoo import Command
env["subscription.engine"]._arm()
plan = env.ref("subscription_billing.plan_monthly")
customer = env["res.partner"].create({"name": "A subscriber"})
tax = env.company.account_sale_tax_id
def product(name, price, **values):
    return env["product.product"].create({
        "name": name, "type": "service", "list_price": price, "invoice_policy": "order",
        "taxes_id": [Command.set(tax.ids)], "subscription_recurring": True, **values})
hosting, fee = product("Hosting", 100.0), product("Setup", 50.0, subscription_recurring=False)
care = product("Care", 10.0, invoice_policy="delivery")
def sell(*products, **values):
    return env["sale.order"].create({
        "partner_id": customer.id, "subscription_plan_id": plan.id,
        "order_line": [Command.create({"product_id": one.id}) for one in products], **values})
billed = sell(hosting, fee, care)
discounted = sell(hosting)
env["sale.order.discount"].create({
    "sale_order_id": discounted.id, "discount_type": "so_discount", "discount_percentage": 0.1}).action_apply_discount()
never = sell(hosting, subscription_start_date="2099-01-01")
(billed | discounted | never).action_confirm()
contracts = (billed | discounted).subscription_contract_id
for contract in contracts:
    env["subscription.engine"]._bill(contract, contract._today())
never.action_cancel()
env["ir.attachment"].create({"name": "Signed", "res_model": "subscription.contract", "res_id": contracts[0].id})
contracts[0].activity_schedule("mail.mail_activity_data_todo")
print(" ".join((billed | discounted).mapped("name")))
env.cr.commit()
"""

CLOSE = """
for contract in env["subscription.contract"].search([("state", "=", "active")]):
    contract._close(contract._today(), env.ref("subscription_billing.close_reason_other"))
env.cr.commit()
"""

UNINSTALL = """
env["ir.module.module"].search([("name", "=", "subscription_billing")]).button_immediate_uninstall()
"""

# what may bear our name once we are gone: nothing
LEFT = """
import json
queries = {
    "tables": "SELECT relname FROM pg_class "
    "WHERE relnamespace = 'public'::regnamespace AND relname LIKE '%%subscription%%'",
    "columns": "SELECT table_name || '.' || column_name FROM information_schema.columns "
               "WHERE table_schema = 'public' AND column_name LIKE 'subscription%%'",
    "constraints": "SELECT conname FROM pg_constraint "
                   "WHERE connamespace = 'public'::regnamespace AND conname LIKE '%%subscription%%'",
    "models": "SELECT model FROM ir_model WHERE model LIKE 'subscription.%%'",
    "fields": "SELECT model || '.' || name FROM ir_model_fields WHERE name LIKE 'subscription%%'",
    "data": "SELECT name FROM ir_model_data WHERE module LIKE 'subscription_%%' AND module != 'base'",
    "views": "SELECT name FROM ir_ui_view WHERE arch_db::text LIKE '%%subscription_billing%%'",
    "parameters": "SELECT key FROM ir_config_parameter WHERE key LIKE 'subscription%%'",
    "crons": "SELECT cron_name FROM ir_cron WHERE cron_name LIKE 'Subscription%%'",
    "groups": "SELECT name::text FROM res_groups WHERE name::text LIKE '%%contract%%'",
    "sequences": "SELECT code FROM ir_sequence WHERE code LIKE 'subscription%%'",
    "messages": "SELECT id::text FROM mail_message WHERE model LIKE 'subscription.%%'",
    "followers": "SELECT id::text FROM mail_followers WHERE res_model LIKE 'subscription.%%'",
    "activities": "SELECT id::text FROM mail_activity WHERE res_model LIKE 'subscription.%%'",
    "attachments": "SELECT name FROM ir_attachment WHERE res_model LIKE 'subscription.%%'",
    "menus": "SELECT name::text FROM ir_ui_menu WHERE name::text LIKE '%%Subscriptions%%'",
}
left = {}
for kind, query in queries.items():
    env.cr.execute(query)
    left[kind] = [name for [name] in env.cr.fetchall()]
print(json.dumps({kind: names for kind, names in left.items() if names}))
"""


def _read(databases, name, code):
    return json.loads(databases.odoo.run_code(name, code).splitlines()[-1])


def test_install_upgrade_and_uninstall_on_a_database_that_already_sells(databases):
    with databases.copy(databases.base(), armed=False) as name:
        databases.odoo.run_code(name, SALES)
        documents, orders = _read(databases, name, DOCUMENTS), _read(databases, name, ORDERS)

        databases.install(name, ["subscription_billing"])
        assert _read(databases, name, DOCUMENTS) == documents
        assert _read(databases, name, ORDERS) == orders

        subscribed = databases.odoo.run_code(name, SUBSCRIBE).splitlines()[-1].split()
        billed = _read(databases, name, DOCUMENTS)
        assert len(billed["moves"]) == len(documents["moves"]) + 2
        databases.install(name, [], update=["subscription_billing"])
        assert _read(databases, name, DOCUMENTS) == billed

        with pytest.raises(Stop, match="contracts are running"):
            databases.odoo.run_code(name, UNINSTALL)
        assert "subscription_billing" in databases.installed(name)

        databases.odoo.run_code(name, CLOSE)
        final = _read(databases, name, DOCUMENTS)
        databases.odoo.run_code(name, UNINSTALL)
        assert "subscription_billing" not in databases.installed(name)
        assert _read(databases, name, LEFT) == {}
        assert _read(databases, name, DOCUMENTS) == final
        after = _read(databases, name, ORDERS)
        assert {name: after[name] for name in orders} == orders
        for order in subscribed:
            state, invoice_status, _total, to_invoice = after[order]
            assert (state, invoice_status, set(to_invoice)) == ("sale", "invoiced", {0.0}), order
