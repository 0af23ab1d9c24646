from odoo import Command, api, fields, models

ADDRESS = "test_subscription_payment.address"


class PaymentProvider(models.Model):
    _inherit = "payment.provider"

    code = fields.Selection(selection_add=[("bank", "Bank")], ondelete={"bank": "set default"})

    def _compute_feature_support_fields(self):
        super()._compute_feature_support_fields()
        self.filtered(lambda provider: provider.code == "bank").support_tokenization = True

    @api.model
    def _make_bank(self, company):
        """A provider of the company, ready to charge."""
        method = self.env.ref("test_subscription_payment.payment_method_bank")
        return self.create(
            {
                "name": "Bank",
                "code": "bank",
                "state": "test",
                "company_id": company.id,
                "allow_tokenization": True,
                "payment_method_ids": [Command.set(method.ids)],
            }
        )

    def _make_card(self, partner):
        self.ensure_one()
        return self.env["payment.token"].create(
            {
                "provider_id": self.id,
                "payment_method_id": self.payment_method_ids.id,
                "partner_id": partner.id,
                "provider_ref": "card",
                "payment_details": "4242",
            }
        )

    def _build_request_url(self, endpoint, **kwargs):
        if self.code != "bank":
            return super()._build_request_url(endpoint, **kwargs)
        return self.env["ir.config_parameter"].sudo().get_param(ADDRESS, "http://127.0.0.1:1") + endpoint

    def _parse_response_error(self, response):
        if self.code != "bank":
            return super()._parse_response_error(response)
        return response.json()["error"]

    def _parse_response_content(self, response, **kwargs):
        if self.code != "bank":
            return super()._parse_response_content(response, **kwargs)
        return response.json()
