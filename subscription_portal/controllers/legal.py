import base64

from odoo import http
from odoo.exceptions import UserError
from odoo.http import request, route

from ..models.subscription_request_legal import DOCUMENT_SIZE
from ..throttle import Throttle
from .network import client_network

SUBMISSIONS = Throttle(20, seconds=600)
DECLARATIONS = Throttle(5, seconds=3600)
PAGE = "/subscription/<any(end,withdraw):kind>"
DECLARED = "subscription_declared"


class SubscriptionLegal(http.Controller):
    """Ending a contract, or withdrawing from it, without an account: a form, its summary, a receipt.

    What the visitor sees depends on what was typed, and on nothing that is in the database.
    """

    @route(PAGE, type="http", auth="public", methods=["GET"], website=True, sitemap=False, readonly=True)
    def subscription_declaration(self, kind, **_parameters):
        if not request.env.company._subscription_contract_has_page(kind):
            raise request.not_found()
        user = request.env.user
        known = {} if user._is_public() else {"name": user.name, "email": user.email}
        return self._render("form", kind, typed=known)

    @route(PAGE, type="http", auth="public", methods=["POST"], website=True, sitemap=False)
    def subscription_declare(self, kind, confirmed=None, back=None, document_file=None, **typed):
        if not request.env.company._subscription_contract_has_page(kind):
            raise request.not_found()
        if self._is_too_much(SUBMISSIONS, client_network()):
            return self._refuse()
        requests = request.env["subscription.request"].sudo()
        try:
            declaration = requests._read_declaration(kind, {**typed, **self._read_file(document_file)})
        except UserError as error:
            return self._render("form", kind, typed=typed, error=error.args[0])
        if back:
            return self._render("form", kind, typed=declaration)
        if not confirmed:
            facts = requests._declaration_facts(declaration)
            return self._render("summary", kind, declaration=declaration, facts=facts)
        key = requests._declaration_key(kind, declaration)
        if request.session.get(DECLARED, {}).get("key") != key:
            if self._is_too_much(DECLARATIONS, declaration["email"]):
                return self._refuse()
            request.session[DECLARED] = {"id": requests._declare(kind, declaration).id, "key": key}
        return request.redirect("/subscription/receipt")

    @route(
        "/subscription/receipt", type="http", auth="public", methods=["GET"], website=True, sitemap=False, readonly=True
    )
    def subscription_receipt(self, **_parameters):
        declared = self._declared()
        return self._render("receipt", declared.kind, asked=declared)

    @route(
        "/subscription/receipt/pdf",
        type="http",
        auth="public",
        methods=["GET"],
        website=True,
        sitemap=False,
        readonly=True,
    )
    def subscription_receipt_pdf(self, **_parameters):
        declared = self._declared()
        return request.make_response(
            declared._declaration_receipt(),
            [
                ("Content-Type", "application/pdf"),
                ("Content-Disposition", http.content_disposition(f"{declared.name}.pdf")),
            ],
        )

    def _declared(self):
        """What this visitor declared last."""
        known = request.session.get(DECLARED) or {}
        declared = request.env["subscription.request"].sudo().browse(known.get("id")).exists()
        if not declared:
            raise request.not_found()
        return declared

    def _read_file(self, uploaded) -> dict:
        """An upload as the summary sends it again; one byte more than is allowed says that it is too big."""
        if not uploaded or not uploaded.filename:
            return {}
        content = uploaded.read(DOCUMENT_SIZE + 1)
        return {"document": base64.b64encode(content).decode(), "document_name": uploaded.filename}

    def _is_too_much(self, throttle, name) -> bool:
        key = (request.db, name)
        is_spent = throttle.is_spent(key)
        throttle.strike(key)
        return is_spent

    def _render(self, page, kind, status=200, **values):
        values = {"kind": kind, "typed": {}, "error": None, "no_index": True, **values}
        return request.render(f"subscription_portal.legal_{page}", values, status=status)

    def _refuse(self):
        return self._render("too_much", None, status=429)
