from urllib.parse import urlencode

from markupsafe import Markup

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import consteq, hmac


class SubscriptionContractSummary(models.Model):
    """What another site may show of a contract, and the key to it.

    Whoever reads the source of that site reads the key: it is drawn from the access token
    of the contract, gives the summary alone, and dies with the token.
    """

    _inherit = "subscription.contract"

    summary_snippet = fields.Text(
        "HTML to paste", compute="_compute_summary_snippet", groups="subscription_billing.group_subscription_user"
    )

    def _compute_summary_snippet(self):
        for contract in self:
            contract.summary_snippet = contract.access_token and Markup(
                '<iframe src="%s" title="%s" style="border: 0; width: 100%%; height: 20em" loading="lazy"></iframe>'
            ) % (contract._summary_url(), contract.name)

    def _summary_url(self) -> str:
        query = urlencode({"access_token": self._summary_token()})
        return f"{self.get_base_url()}/subscription/{self.id}/summary?{query}"

    def _summary_token(self) -> str:
        self.ensure_one()
        return hmac(self.env(su=True), "subscription_billing.summary", (self.id, self.access_token))

    def _summary_of(self, token):
        """This contract, as superuser, when ``token`` opens its summary; else none."""
        contract = self.sudo().exists()
        is_open = contract.access_token and contract.state != "draft"
        return contract if is_open and contract._is_summary_token(token or "") else contract.browse()

    def _is_summary_token(self, token) -> bool:
        return consteq(self._summary_token().encode(), token.encode())  # as text, it refuses an accent with an error

    def action_embed(self):
        """Show what to paste into another site."""
        self.ensure_one()
        self.check_access("write")
        if self.state == "draft":
            raise UserError(self.env._("%s is a draft: there is nothing to show yet.", self.display_name))
        self._portal_ensure_token()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Show in another site"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(self.env.ref("subscription_billing.view_subscription_contract_summary").id, "form")],
            "target": "new",
        }

    def action_withdraw_summary(self):
        """Links to this contract that were given away open nothing any more."""
        self.ensure_one()
        self.check_access("write")
        self.sudo().access_token = False
        return {"type": "ir.actions.act_window_close"}
