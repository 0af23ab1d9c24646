"""Ordinary sales from quotation to payment, and all that Odoo stored of them; run with `env`."""

import json

from odoo import Command

company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company)
tax = company.account_sale_tax_id
tax.active = True
included = tax.copy({"name": "Included", "price_include_override": "tax_included"})
customer = env["res.partner"].create({"name": "A customer", "is_company": True})


def product(name, price, **values):
    return env["product.product"].create(
        {"name": name, "list_price": price, "taxes_id": [Command.set(tax.ids)], **values}
    )


service = product("Service", 50.0, type="service", invoice_policy="order")
hours = product("Hours", 90.0, type="service", invoice_policy="delivery")
goods = product("Goods", 80.0, type="consu", invoice_policy="order")
gross = product("Gross", 120.0, type="service", taxes_id=[Command.set(included.ids)])
item = env["product.combo"].create({"name": "One", "combo_item_ids": [Command.create({"product_id": goods.id})]})
bundle = product("Bundle", 70.0, type="combo", combo_ids=[Command.set(item.ids)], taxes_id=[])
pricelist = env["product.pricelist"].create(
    {"name": "Ten percent", "item_ids": [Command.create({"compute_price": "percentage", "percent_price": 10.0})]}
)


def order(*lines, **values):
    return env["sale.order"].create(
        {
            "partner_id": customer.id,
            "date_order": "2026-03-10 10:00:00",
            "order_line": [
                Command.create(line if isinstance(line, dict) else {"product_id": line.id}) for line in lines
            ],
            **values,
        }
    )


def wizard(record, **values):
    return env["sale.advance.payment.inv"].create({"sale_order_ids": [Command.set(record.ids)], **values})


everything = order(
    {"display_type": "line_section", "name": "Section"},
    service,
    {"product_id": hours.id, "product_uom_qty": 3, "discount": 5.0},
    {"display_type": "line_note", "name": "Note"},
    {"product_id": goods.id, "price_unit": 77.0},
    gross,
    {"product_id": goods.id, "product_uom_qty": 0},
)
everything.action_confirm()
everything.order_line[2].qty_delivered = 2
wizard(everything, advance_payment_method="percentage", amount=20)._create_invoices(everything).action_post()
everything._create_invoices(final=True).action_post()

discounted = order(service, goods, gross, pricelist_id=pricelist.id)
env["sale.order.discount"].create(
    {"sale_order_id": discounted.id, "discount_type": "so_discount", "discount_percentage": 0.1}
).action_apply_discount()
discounted.order_line[0].product_uom_qty = 4
discounted.action_confirm()
wizard(discounted, advance_payment_method="fixed", fixed_amount=33.0)._create_invoices(discounted)

combo = order(bundle)
combo.order_line = [
    Command.create(
        {"product_id": goods.id, "combo_item_id": item.combo_item_ids.id, "linked_line_id": combo.order_line.id}
    )
]
combo.action_confirm()
combo._create_invoices().action_post()

forced = order(hours, service)
forced.action_confirm()
forced._force_lines_to_invoice_policy_order()
forced.with_context(raise_if_nothing_to_invoice=False)._create_invoices(final=True)

cancelled = order(service)
cancelled.action_confirm()
cancelled.action_cancel()
cancelled.action_draft()
cancelled.order_line.product_uom_qty = 2
cancelled.action_confirm()
cancelled.order_line.create({"order_id": cancelled.id, "product_id": goods.id})

quotation = order({"product_id": service.id, "price_unit": 41.0}, require_payment=True, prepayment_percent=0.3)
quotation.order_line = [Command.create({"product_id": goods.id})]
orders = everything | discounted | combo | forced | cancelled | quotation
SKIPPED = {"binary", "datetime", "date", "html", "properties", "json", "one2many", "many2one_reference"}


def stored(records):
    """Every stored value that Odoo's own addons gave, relations by name."""
    names = sorted(
        name
        for name, field in records._fields.items()
        if field.store
        and field.type not in SKIPPED
        and "subscription_billing" not in field._modules
        and name not in ("id", "create_uid", "write_uid", "access_token", "payment_reference")
        and not name.endswith(("_move_id", "_line_id"))
    )
    return [
        {
            name: str(record[name].mapped("display_name") if record._fields[name].relational else record[name])
            for name in names
        }
        for record in records
    ]


env.flush_all()
env.invalidate_all()
computed = [
    [record.amount_to_invoice, record.amount_invoiced, record._get_prepayment_required_amount(), record._is_paid()]
    + [[line.amount_to_invoice, line.qty_invoiced_posted, line.product_updatable] for line in record.order_line]
    + [str(record._get_default_payment_link_values()["amount"])]
    for record in orders
]
company.account_use_credit_limit = True
print(
    json.dumps(
        {
            "orders": stored(orders),
            "lines": stored(orders.order_line),
            "moves": stored(orders.invoice_ids.sorted("id")),
            "move_lines": stored(orders.invoice_ids.sorted("id").line_ids.sorted("id")),
            "computed": computed,
            "credit": customer.credit_to_invoice,
            "messages": orders.message_ids.sorted("id").mapped("body"),
        },
        default=str,
    )
)
env.cr.commit()
