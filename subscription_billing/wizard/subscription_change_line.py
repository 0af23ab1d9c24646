from odoo import api, fields, models

CHANGEABLE = ("quantity", "price_unit", "discount")
OPENED = ("product_id", "name", "quantity", "product_uom_id", "price_unit", "discount", "recurrence_id")


class SubscriptionChangeLine(models.TransientModel):
    """A line as it shall be: one of the contract, or a new one."""

    _name = "subscription.change.line"
    _description = "Line of a contract change"

    change_id = fields.Many2one("subscription.change", required=True, ondelete="cascade", index=True)
    row_id = fields.Many2one("subscription.line", "Contract line", ondelete="cascade")
    currency_id = fields.Many2one(related="change_id.currency_id")
    product_id = fields.Many2one("product.product", required=True, ondelete="cascade", domain=[("sale_ok", "=", True)])
    name = fields.Text("Description", compute="_compute_from_product", store=True, readonly=False)
    quantity = fields.Float(digits="Product Unit", default=1.0, required=True)
    product_uom_id = fields.Many2one("uom.uom", "Unit", compute="_compute_from_product", store=True, readonly=False)
    recurrence_id = fields.Many2one(
        "subscription.recurrence", compute="_compute_from_product", store=True, readonly=False
    )
    price_unit = fields.Float(
        "Unit price", compute="_compute_price_unit", store=True, readonly=False, min_display_digits="Product Price"
    )
    discount = fields.Float("Disc. %", digits="Discount")

    @api.depends("product_id")
    def _compute_from_product(self):
        """A new line takes what the contract would give it; one of the contract keeps its own."""
        for line in self:
            proposed = line.row_id or line._proposed_row()
            line.name, line.product_uom_id, line.recurrence_id = (
                proposed.name,
                proposed.product_uom_id,
                proposed.recurrence_id,
            )

    @api.depends("product_id", "quantity", "recurrence_id")
    def _compute_price_unit(self):
        for line in self:
            is_new = line.product_id and not line.row_id
            line.price_unit = line._proposed_row()._pricelist_price() if is_new else line.price_unit

    def _proposed_row(self):
        return self.env["subscription.line"].new(
            {
                "contract_id": self.change_id.contract_id.id,
                "product_id": self.product_id.id,
                "quantity": self.quantity,
                "date_start": self.change_id.date,
                **({"recurrence_id": self.recurrence_id.id} if self.recurrence_id else {}),
            }
        )

    def _move_to(self, row):
        """Stand for another row of the chain, with what a person typed kept."""
        untouched = [name for name in CHANGEABLE if name not in self._changed_values()]
        self.row_id = row
        for name in untouched:
            self[name] = row[name]

    def _changed_values(self) -> dict:
        """What a person changed of the contract's line."""
        row = self.row_id
        return {
            name: self[name]
            for name in CHANGEABLE
            if row._comparable(name, self[name]) != row._comparable(name, row[name])
        }

    def _new_values(self) -> dict:
        return self._convert_to_write({name: self[name] for name in OPENED})
