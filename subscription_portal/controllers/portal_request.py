from odoo import _
from odoo.exceptions import UserError
from odoo.http import request, route
from odoo.tools import consteq

from .portal import SubscriptionPortal

FORMS = "change,pause,end,card,ask"
KINDS = "change,offer,pause,resume,renew,end"


class SubscriptionPortalRequest(SubscriptionPortal):
    """What a customer does by himself: a form, what it costs, one confirmation.

    A form and its confirmation go to the same address. The confirmation carries the seal of what
    was shown: where it does not fit any more, the page shows the new amounts and asks again.
    """

    def _own_subscription(self, contract_id):
        """The contract that the customer who is logged in may change; our own people only look."""
        return self._subscription(contract_id) if request.env.user._is_portal() else self._refuse()

    @route(
        f"/my/subscriptions/<int:contract_id>/<any({FORMS}):form>",
        type="http",
        auth="user",
        methods=["GET"],
        website=True,
        readonly=True,
    )
    def portal_subscription_form(self, contract_id, form, **_parameters):
        contract = self._own_subscription(contract_id)
        return self._render_form(contract, form)

    def _render_form(self, contract, form, typed=None, error=None):
        values = {**self._subscription_page_values(contract), "form": form, "typed": typed or {}, "error": error}
        return request.render(f"subscription_portal.portal_form_{form}", values)

    @route(
        f"/my/subscriptions/<int:contract_id>/<any({KINDS}):kind>",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
    )
    def portal_subscription_wish(self, contract_id, kind, seal=None, **typed):
        contract = self._own_subscription(contract_id)
        try:
            with request.env.cr.savepoint():
                wish = contract._wish(kind, typed)
                preview = contract._preview_wish(wish)
                shown = contract._seal(wish, preview)
                if seal and consteq(seal, shown):
                    done = contract._carry_out(wish, preview)
                    return request.redirect(f"{contract.access_url}?done={done.id}")
        except UserError as error:
            form = {"offer": "change", "resume": "pause", "renew": "change"}.get(kind, kind)
            return self._render_form(contract, form, typed, error.args[0])
        values = {
            **self._subscription_page_values(contract),
            "wish": wish,
            "preview": preview,
            "seal": shown,
            "is_stale": bool(seal),
        }
        return request.render("subscription_portal.portal_confirm", values)

    @route("/my/subscriptions/<int:contract_id>/card", type="http", auth="user", methods=["POST"], website=True)
    def portal_subscription_card(self, contract_id, token=None, **_parameters):
        """Charge the contract to a card that this customer stored."""
        contract = self._own_subscription(contract_id)
        chosen = contract._customer_cards().filtered(lambda card: str(card.id) == token)
        if not chosen:
            return self._render_form(contract, "card", error=_("Choose one of your cards."))
        contract._choose_card(chosen)
        return request.redirect(contract.access_url)

    @route("/my/subscriptions/<int:contract_id>/ask", type="http", auth="user", methods=["POST"], website=True)
    def portal_subscription_ask(self, contract_id, question=None, **typed):
        contract = self._own_subscription(contract_id)
        try:
            asked = contract._ask_question(question)
        except UserError as error:
            return self._render_form(contract, "ask", typed, error.args[0])
        return request.redirect(asked.access_url)

    @route("/my/subscriptions/<int:contract_id>/rate", type="http", auth="user", methods=["POST"], website=True)
    def portal_subscription_rate(self, contract_id, rating=None, feedback=None, **_parameters):
        """How satisfied the customer is: 5, 3 or 1, as Odoo's own pages ask."""
        contract = self._own_subscription(contract_id)
        if rating in ("1", "3", "5"):
            contract._customer_rates(int(rating), feedback)
        return request.redirect(f"{contract.access_url}?done=rating#rating")

    @route(
        "/my/subscriptions/<int:contract_id>/amendments/<int:number>",
        type="http",
        auth="user",
        methods=["GET"],
        website=True,
    )
    def portal_subscription_amendment(self, contract_id, number, **_parameters):
        """An amendment as PDF."""
        contract = self._subscription(contract_id)
        amendment = contract._customer_history().filtered(lambda row: row.number == number)
        if not amendment:
            return request.redirect(contract.access_url)
        return self._show_report(
            model=amendment, report_type="pdf", report_ref="subscription_billing.action_report_subscription_amendment"
        )

    @route("/my/requests/<int:request_id>", type="http", auth="user", methods=["GET"], website=True, readonly=True)
    def portal_subscription_request(self, request_id, **parameters):
        """A conversation."""
        asked = self._own_document("subscription.request", request_id)
        values = {"page_name": "subscription_request", "asked": asked, "res_company": asked.company_id}
        values = self._get_page_view_values(asked, None, values, "my_requests_history", False, **parameters)
        return request.render("subscription_portal.portal_request", values)
