from odoo import fields, models


class SubscriptionRunLine(models.Model):
    """One charge of a proposed document, as its invoice line will read."""

    _name = "subscription.run.line"
    _description = "Proposed invoice line"
    _order = "proposal_id, sequence, id"

    proposal_id = fields.Many2one(
        "subscription.run.proposal", required=True, readonly=True, index=True, ondelete="cascade"
    )
    run_id = fields.Many2one(related="proposal_id.run_id", store=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="proposal_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="proposal_id.currency_id")
    sequence = fields.Integer(readonly=True)
    contract_id = fields.Many2one("subscription.contract", readonly=True, index=True, ondelete="cascade")
    line_id = fields.Many2one("subscription.line", "Contract line", readonly=True, index=True, ondelete="cascade")
    product_id = fields.Many2one("product.product", readonly=True, ondelete="set null")
    name = fields.Text("Description", readonly=True)
    date_start = fields.Date("From", readonly=True)
    date_end = fields.Date("To", readonly=True, help="Last day included.")
    quantity = fields.Float(digits="Product Unit", readonly=True, aggregator=None)
    price_unit = fields.Float("Unit price", readonly=True, min_display_digits="Product Price", aggregator=None)
    tax_ids = fields.Many2many("account.tax", string="Taxes", readonly=True, context={"active_test": False})
    amount_untaxed = fields.Monetary("Untaxed", readonly=True)
    comparison = fields.Selection(
        [
            ("whole", "Compared"),
            ("first", "First period"),
            ("last", "Last period"),
            ("stub", "Part of a period"),
            ("amended", "Amended since"),
            ("one_off", "Billed once"),
            ("credit", "Credit"),
        ],
        readonly=True,
        help="Only a whole period can be compared with the whole period before it.",
    )
    previous_amount = fields.Monetary("Last time", readonly=True, help="What the last whole period was invoiced.")
