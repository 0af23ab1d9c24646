from hashlib import sha256

from odoo import fields, models


class SaleOrderSignature(models.Model):
    """What proves a signature beside name, drawing and time: where it came from, and the very document."""

    _inherit = "sale.order"

    subscription_contract_signed_from = fields.Char("Signed from", readonly=True, copy=False, help="Internet address.")
    subscription_contract_signed_pdf_id = fields.Many2one(
        "ir.attachment", "Signed document", readonly=True, copy=False, index="btree_not_null", ondelete="restrict"
    )
    subscription_contract_signed_hash = fields.Char("SHA-256 of the signed document", readonly=True, copy=False)

    def action_draft(self):
        """A quotation that is taken back loses its signature, and what proves it."""
        self.filtered(lambda order: order.state in ("cancel", "sent")).write(self._subscription_signed_values())
        return super().action_draft()

    def _subscription_keep_signed(self, address: str):
        """The PDF that the portal has just made of the signed quotation, and the address it was signed from."""
        self.ensure_one()
        if not self.subscription_plan_id:
            return
        files = self.message_ids.attachment_ids.filtered(lambda file: file.name == f"{self.name}.pdf")
        self.write(self._subscription_signed_values(address, files.sorted("id")[-1:]))
        self._subscription_attach_signed()

    def _subscription_signed_values(self, address=False, file=None) -> dict:
        return {
            "subscription_contract_signed_from": address,
            "subscription_contract_signed_pdf_id": file and file.id,
            "subscription_contract_signed_hash": file and sha256(file.raw).hexdigest(),
        }

    def _subscription_attach_signed(self):
        """The contract keeps the very bytes, once the signature counts: as soon as the order is confirmed."""
        contract, signed = self.subscription_contract_id, self.sudo().subscription_contract_signed_pdf_id
        if self.state == "sale" and contract and signed:
            signed.copy({"res_model": contract._name, "res_id": contract.id})

    def _subscription_announce(self, contract):
        super()._subscription_announce(contract)
        self._subscription_attach_signed()
