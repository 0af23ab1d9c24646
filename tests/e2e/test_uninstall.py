"""Install on a database that already sells, upgrade, bill, uninstall: as an administrator does it."""

import json
from pathlib import Path

SALES = (Path(__file__).parent / "plain_orders.py").read_text()

# printed by each process after what it did: every one costs the loading of Odoo
READ = """
import json
env.invalidate_all()
moves = env["account.move"].search([("move_type", "!=", "entry")], order="id")
names = ["name", "state", "ref", "invoice_date", "amount_total", "amount_residual", "payment_state", "invoice_origin"]
lines = ["name", "quantity", "price_unit", "discount", "balance", "amount_currency", "price_subtotal", "date_maturity"]
orders = env["sale.order"].search([], order="id")
for field in ("qty_to_invoice", "invoice_status", "untaxed_amount_invoiced"):
    env.add_to_compute(orders.order_line._fields[field], orders.order_line)
env.add_to_compute(orders._fields["invoice_status"], orders)
print(json.dumps({
    "documents": {
        "moves": moves.read(names, load=None),
        "lines": moves.line_ids.sorted("id").read(lines, load=None),
        "accounts": [[move.id, move.journal_id.code, move.line_ids.account_id.mapped("code")] for move in moves],
    },
    "orders": {
        order.name: [order.state, order.invoice_status, order.amount_total, order.order_line.mapped("qty_to_invoice")]
        for order in orders
    },
}, default=str))
env.cr.rollback()
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

REFUSED = f"""
from odoo.exceptions import UserError
try:{UNINSTALL.replace(chr(10), chr(10) + "    ")}
except UserError as error:
    env.cr.rollback()
    print(error)
print(env["ir.module.module"].search([("name", "=", "subscription_billing")]).state)
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


def _run(databases, name, *codes):
    """What these print in one process, its last line as values."""
    *printed, last = databases.odoo.run_code(name, "".join(codes)).splitlines()
    return printed, json.loads(last)


def test_install_upgrade_and_uninstall_on_a_database_that_already_sells(databases):
    with databases.copy(databases.base(), armed=False) as name:
        _printed, before = _run(databases, name, SALES, READ)
        assert before["documents"]["moves"] and before["orders"]
        databases.install(name, ["subscription_billing"])
        (installed, subscribed), billed = _run(databases, name, READ, SUBSCRIBE, READ)
        assert json.loads(installed) == before
        assert len(billed["documents"]["moves"]) == len(before["documents"]["moves"]) + 2
        databases.install(name, [], update=["subscription_billing"])

        (upgraded, refusal, state), final = _run(databases, name, READ, REFUSED, CLOSE, READ)
        assert json.loads(upgraded) == billed
        assert "contracts are running" in refusal
        assert state == "installed"
        databases.odoo.run_code(name, UNINSTALL)
        assert "subscription_billing" not in databases.installed(name)

        (left,), after = _run(databases, name, LEFT, READ)
        assert json.loads(left) == {}
        assert after["documents"] == final["documents"]
        assert {order: after["orders"][order] for order in before["orders"]} == before["orders"]
        for order in subscribed.split():
            order_state, invoice_status, _total, to_invoice = after["orders"][order]
            assert (order_state, invoice_status, set(to_invoice)) == ("sale", "invoiced", {0.0}), order


AUTOMATE = """
rule = env.ref("subscription_automation.automation_red_flag")
rule.active = True
print(rule.base_automation_id.name)
env.cr.commit()
"""

CARRIERS = """
import json
rules = env["base.automation"].with_context(active_test=False).search([])
print(json.dumps([rules.mapped("name"), env["ir.actions.server"].search([("usage", "=", "base_automation")]).ids]))
"""


def test_automation_installs_itself_and_leaves_nothing(databases):
    with databases.copy(databases.base(), armed=False) as name:
        databases.install(name, ["subscription_billing", "base_automation"])
        assert "subscription_automation" in databases.installed(name)
        databases.odoo.run_code(name, AUTOMATE)
        databases.odoo.run_code(name, UNINSTALL)
        assert not {"subscription_billing", "subscription_automation"} & set(databases.installed(name))
        (left,), carriers = _run(databases, name, LEFT, CARRIERS)
        assert json.loads(left) == {}
        assert carriers == [[], []]
