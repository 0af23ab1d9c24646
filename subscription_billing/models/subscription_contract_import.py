from odoo import api, fields, models


class SubscriptionContractImport(models.Model):
    """Contracts that come from another application, until their first invoice is approved."""

    _inherit = "subscription.contract"

    is_imported = fields.Boolean(
        "Imported, to check",
        default=lambda self: bool(self.env.context.get("import_file")),
        readonly=True,
        copy=False,
        help="It came from a file: its invoices stay drafts until a person posts the first one.",
    )
    legacy_amount = fields.Monetary(
        "Invoiced elsewhere, per period",
        copy=False,
        help="Without tax, by the former application. A billing run compares the first invoice with it.",
    )

    @api.model
    def get_import_templates(self):
        return [
            {
                "label": self.env._("Import template for contracts"),
                "template": "/subscription_billing/static/import/contracts.csv",
            }
        ]

    def _approve_import(self):
        """A person has posted an invoice of these: from now on they are billed like any other."""
        imported = self.filtered("is_imported")
        if imported:
            imported._locked().is_imported = False
