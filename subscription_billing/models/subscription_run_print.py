import base64

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools.pdf import merge_pdf

PART = "invoices-part.pdf"


class SubscriptionRunPrint(models.Model):
    """All invoices of a run in one PDF.

    Each is Odoo's own invoice, rendered alone: the rendering of several at once fails with
    the wkhtmltopdf of most distributions, and hundreds of them outlast a web request.
    """

    _inherit = "subscription.run"

    document_pdf = fields.Binary("Invoices in one PDF", attachment=True, readonly=True, copy=False)
    document_name = fields.Char(compute="_compute_document_name")
    document_on = fields.Datetime(readonly=True, copy=False)

    def _compute_document_name(self):
        for run in self:
            run.document_name = f"{run.name}.pdf"

    def action_print(self):
        """Download the PDF; it is made first, in the background when it is long."""
        self.ensure_one()
        moves = self._moves()
        moves.check_access("read")
        if not moves:
            raise UserError(self.env._("%s has no invoice to print yet.", self.name))
        run = self.sudo()
        if not run._is_printed(moves):
            run._check_idle()
            run._parts().unlink()
            # what changes from now on makes the file stale
            run.write({"document_pdf": False, "document_on": self.env.cr.now()})
            run._start("print", run.proposal_ids.filtered("move_id").contract_ids)
        if run.work:
            return True
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/document_pdf/{self.document_name}?download=true",
            "target": "download",
        }

    def _is_printed(self, moves) -> bool:
        """Whether the PDF says what the invoices say today."""
        return bool(self.document_pdf) and max(moves.mapped("write_date")) <= self.document_on

    def _parts(self):
        return self.env["ir.attachment"].search(
            [("res_model", "=", self._name), ("res_id", "=", self.id), ("name", "=", PART)], order="id"
        )

    def _print_batch(self, contracts):
        """One more part: the invoices of these contracts."""
        moves = self.proposal_ids.filtered(lambda row: row.contract_ids & contracts).move_id.sorted("id")
        reports = self.env["ir.actions.report"]
        pages = [
            move.invoice_pdf_report_id.raw or reports._render_qweb_pdf("account.account_invoices", move.ids)[0]
            for move in moves
        ]
        if pages:
            self.env["ir.attachment"].create(
                {"name": PART, "res_model": self._name, "res_id": self.id, "raw": merge_pdf(pages)}
            )

    def _bind_parts(self):
        """The parts become one file."""
        parts = self._parts()
        document = merge_pdf([part.raw for part in parts])
        self.document_pdf = base64.b64encode(document)
        parts.unlink()
