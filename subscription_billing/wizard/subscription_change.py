from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_amount
from odoo.tools.misc import formatLang


class SubscriptionChange(models.TransientModel):
    """Change the lines of a running contract from a day on."""

    _name = "subscription.change"
    _description = "Change the contract"
    _inherit = ["subscription.preview"]

    date = fields.Date("From", required=True, help="First day of the new lines.")
    reason = fields.Char(help="Kept with the amendment, in the history of the contract.")
    line_ids = fields.One2many("subscription.change.line", "change_id", "Lines")
    line_date = fields.Date("Lines of", help="The day whose lines are shown.")
    summary = fields.Text("Changes", readonly=True)
    billing_date = fields.Date("Next invoice", readonly=True)
    recurring_before = fields.Char("Until then", related="contract_id.recurring_summary")
    recurring_after = fields.Char("From then on", readonly=True)

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        contract = self.env["subscription.contract"].browse(values.get("contract_id"))
        if contract:
            day = contract._as_of_day()
            values |= {
                "date": day,
                "line_date": day,
                "line_ids": [Command.create(self._line_values(row)) for row in self._rows(contract, day)],
            }
        return values

    @api.onchange("date")
    def _onchange_date(self):
        """The rows in force on the new day, with all that was typed for the former one."""
        if not self.date or self.date == self.line_date:
            return
        former = self._rows(self.contract_id, self.line_date).chain_id
        removed = former - self.line_ids.row_id.chain_id
        rows = self._rows(self.contract_id, self.date).filtered(lambda row: row.chain_id not in removed)
        by_chain = rows.grouped("chain_id")
        kept = self.line_ids.filtered(lambda line: not line.row_id or line.row_id.chain_id in by_chain)
        for line in kept.filtered("row_id"):
            line._move_to(by_chain.pop(line.row_id.chain_id))
        self.line_ids = kept
        for row in by_chain.values():
            self.line_ids += self.line_ids.new(self._line_values(row))
        self.line_date = self.date

    @api.model
    def _rows(self, contract, day):
        return contract.line_ids.filtered(lambda line: line.kind != "one_off" and line._is_in_force(day))

    @api.model
    def _line_values(self, row) -> dict:
        names = ("product_id", "name", "quantity", "product_uom_id", "price_unit", "discount", "recurrence_id")
        return {"row_id": row.id, **row._convert_to_write({name: row[name] for name in names})}

    def _changes(self) -> list[tuple]:
        """What ``_amend`` is asked: changed lines, those taken out of the list, and new ones."""
        self.ensure_one()
        kept = self.line_ids.row_id.chain_id
        stopped = self._rows(self.contract_id, self.line_date).filtered(lambda row: row.chain_id not in kept)
        changed = [
            (line.row_id, values) for line in self.line_ids if line.row_id and (values := line._changed_values())
        ]
        opened = [(None, line._new_values()) for line in self.line_ids if not line.row_id]
        return changed + [(row, None) for row in stopped] + opened

    def action_preview(self):
        """Show what the change credits and charges."""
        changes = self._changes()
        if not changes:
            raise UserError(self.env._("Nothing changes yet: edit a line, add one or remove one."))
        preview = self.contract_id._preview_change(self.date, changes)
        return self._show(
            preview["charges"],
            amount_total=preview["amount_total"],
            billing_date=preview["billing_date"],
            recurring_after=preview["recurring_summary"],
            summary="\n".join(map(self._say, changes)),
        )

    def action_confirm(self):
        self.contract_id._amend(self.date, self._changes(), reason=self.reason or "")
        return {"type": "ir.actions.act_window_close"}

    def _say(self, change) -> str:
        """One change in words."""
        row, values = change
        if row is None:
            return self.env._(
                "%(line)s: new, %(quantity)s × %(price)s",
                line=self._title(values["name"]),
                quantity=self._written("quantity", values["quantity"]),
                price=self._written("price_unit", values["price_unit"]),
            )
        if values is None:
            return self.env._("%s: stops", self._title(row.name))
        details = ", ".join(
            self.env._(
                "%(field)s %(before)s → %(after)s",
                field=row._fields[name].get_description(self.env)["string"],
                before=self._written(name, row[name]),
                after=self._written(name, value),
            )
            for name, value in values.items()
        )
        return self.env._("%(line)s: %(details)s", line=self._title(row.name), details=details)

    @api.model
    def _title(self, text) -> str:
        return (text or "").partition("\n")[0]

    def _written(self, name, value) -> str:
        if name == "price_unit":
            return format_amount(self.env, value, self.currency_id)
        return formatLang(self.env, value, dp="Discount" if name == "discount" else "Product Unit")
