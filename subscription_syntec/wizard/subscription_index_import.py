import base64

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..core.written import read_text
from ..sheet import UnreadableFile, read_file


class SubscriptionIndexImport(models.TransientModel):
    """Paste or upload the values of an index, and see what becomes of each before it is kept."""

    _name = "subscription.index.import"
    _description = "Paste values"

    index_id = fields.Many2one("subscription.index", required=True, ondelete="cascade")
    reach = fields.Text(related="index_id.reach")
    frequency = fields.Selection(related="index_id.frequency")
    text = fields.Text("Values")
    file = fields.Binary("Or a file", attachment=False)
    file_name = fields.Char("File name")
    source = fields.Char(help="Where the values are printed: kept on each of them.")
    row_ids = fields.One2many(
        "subscription.index.import.row", "wizard_id", "What will be recorded", compute="_compute_row_ids", store=True
    )
    error_count = fields.Integer("Rows that cannot be read", compute="_compute_counts")
    record_count = fields.Integer("Rows to record", compute="_compute_counts")

    @api.depends("index_id", "text", "file")
    def _compute_row_ids(self):
        for wizard in self:
            rows = wizard.index_id._judge_written(wizard._rows()) if wizard.index_id else []
            wizard.row_ids = [Command.clear()] + [
                Command.create({name: value for name, value in row.items() if name != "vals"}) for row in rows
            ]

    @api.depends("row_ids")
    def _compute_counts(self):
        for wizard in self:
            wizard.error_count = len(wizard.row_ids.filtered("error"))
            wizard.record_count = len(wizard.row_ids.filtered(lambda row: row.outcome not in (False, "unchanged")))

    def action_record(self):
        self.ensure_one()
        recorded = self.index_id._record_written(self._rows(), source=self.source or "")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "%(new)s new, %(revised)s revised, %(unchanged)s unchanged.",
                    new=len(recorded["new"]),
                    revised=len(recorded["revised"] | recorded["confirmed"]),
                    unchanged=len(recorded["unchanged"]),
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _rows(self):
        """What was uploaded, else what was pasted."""
        if not self.file:
            return read_text(self.text or "", self.index_id.frequency)
        try:
            return read_file(base64.b64decode(self.file), self.index_id.frequency)
        except UnreadableFile as error:
            raise UserError(
                self.env._("%s is neither a CSV file nor an Excel workbook (.xlsx).", self.file_name or "")
            ) from error
