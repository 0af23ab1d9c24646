from werkzeug.exceptions import abort

from odoo import _
from odoo.exceptions import AccessError, MissingError
from odoo.fields import Domain
from odoo.http import request, route

from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.portal.controllers.portal import pager as portal_pager

from ..throttle import Throttle
from .network import client_network

PAGE = 80
WRONG_TOKENS = Throttle(20, seconds=600)


class SubscriptionPortal(CustomerPortal):
    """The contracts of a customer: a list, and a page for each."""

    def _document_check_access(self, model_name, document_id, access_token=None):
        """A link that was guessed at too often is refused, the right one too, and the answer is the same."""
        guess = (request.db, client_network(), model_name, document_id) if access_token else None
        try:
            return super()._document_check_access(
                model_name, document_id, None if guess and WRONG_TOKENS.is_spent(guess) else access_token
            )
        except AccessError:
            if guess:
                WRONG_TOKENS.strike(guess)
            raise

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "subscription_count" in counters:
            contracts = request.env["subscription.contract"]
            values["subscription_count"] = contracts.search_count([]) if contracts.has_access("read") else 0
        return values

    @route(
        ["/my/subscriptions", "/my/subscriptions/page/<int:page>"],
        type="http",
        auth="user",
        methods=["GET"],
        website=True,
        readonly=True,
    )
    def portal_my_subscriptions(self, page=1, sortby=None, filterby=None, search=None, **_parameters):
        contracts = request.env["subscription.contract"]
        sortings, filters = self._subscription_sortings(), self._subscription_filters()
        sortby, filterby = sortby if sortby in sortings else "next", filterby if filterby in filters else "all"
        domain = filters[filterby]["domain"]
        if search:
            plans = request.env["subscription.plan"].sudo().search([("name", "ilike", search)])
            domain &= Domain("name", "ilike", search) | Domain("plan_id", "in", plans.ids)
        pager = portal_pager(
            url="/my/subscriptions",
            url_args={"sortby": sortby, "filterby": filterby, "search": search},
            total=contracts.search_count(domain),
            page=page,
            step=PAGE,
        )
        found = contracts.search(domain, order=sortings[sortby]["order"], limit=PAGE, offset=pager["offset"])
        request.session["my_subscriptions_history"] = found.ids[:100]
        own = found.sudo()
        values = {
            **self._prepare_portal_layout_values(),
            "page_name": "subscription",
            "default_url": "/my/subscriptions",
            "contracts": own,
            "upcoming": request.env["subscription.engine"].sudo()._upcoming(own),
            "pager": pager,
            "searchbar_sortings": sortings,
            "sortby": sortby,
            "searchbar_filters": filters,
            "filterby": filterby,
            "searchbar_inputs": {"all": {"input": "all", "label": _("Search in numbers and plans")}},
            "search_in": "all",
            "search": search,
        }
        return request.render("subscription_portal.portal_my_subscriptions", values)

    def _subscription_sortings(self):
        return {
            "next": {"label": _("Next invoice"), "order": "next_billing_date, id"},
            "start": {"label": _("Start"), "order": "date_start desc, id"},
            "name": {"label": _("Number"), "order": "name, id"},
        }

    def _subscription_filters(self):
        return {
            "all": {"label": _("All"), "domain": Domain.TRUE},
            "running": {"label": _("Running"), "domain": Domain("state", "in", ("active", "paused"))},
            "closed": {"label": _("Ended"), "domain": Domain("state", "=", "closed")},
        }

    @route(
        "/my/subscriptions/<int:contract_id>", type="http", auth="public", methods=["GET"], website=True, readonly=True
    )
    def portal_my_subscription(self, contract_id, access_token=None, done=None, **_parameters):
        contract = self._subscription(contract_id, access_token)
        values = self._subscription_page_values(contract, done)
        values = self._get_page_view_values(
            contract, access_token, values, "my_subscriptions_history", not values["is_reader"]
        )
        return request.render("subscription_portal.portal_subscription", values)

    def _subscription(self, contract_id, access_token=None):
        """The contract that the user, or the link, may read; a draft is nobody's yet."""
        contract = self._own_document("subscription.contract", contract_id, access_token)
        if contract.state == "draft":
            self._refuse()
        return contract.with_user(request.env.user)._as_customer().with_context(lang=request.env.lang)

    def _own_document(self, model, document_id, access_token=None):
        """A document that the user, or the link, may read; whoever may not learns nothing of it."""
        try:
            return self._document_check_access(model, document_id, access_token)
        except (AccessError, MissingError):
            return self._refuse()

    def _refuse(self):
        """The same answer whether a document is missing or somebody else's."""
        abort(request.redirect("/my"))

    def _subscription_page_values(self, contract, done=None) -> dict:
        contracts = request.env["subscription.contract"].browse(contract.id)
        return {
            "contract": contract,
            "res_company": contract.company_id,
            "page_name": "subscription",
            "upcoming": contract.env["subscription.engine"]._upcoming(contract)[contract],
            # by link alone: the page is read, and nothing is offered
            "is_reader": contracts.has_access("read"),
            "is_customer": request.env.user._is_portal() and contracts.has_access("read"),
            "done": contract.request_ids.filtered(lambda row: str(row.id) == done),
            "backend_url": f"/odoo/action-subscription_billing.action_subscription_contract/{contract.id}",
        }
