from odoo.http import Controller, request, route

HEADERS = {
    # any site may show it: it holds no form, runs no script and sets no cookie
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors *",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


class SubscriptionSummary(Controller):
    """The summary of a contract, for the frame of another site."""

    @route(
        "/subscription/<int:contract_id>/summary",
        type="http",
        auth="public",
        methods=["GET"],
        sitemap=False,
        readonly=True,
        save_session=False,
    )
    def summary(self, contract_id, access_token=None, **_parameters):
        contract = request.env["subscription.contract"].browse(contract_id)._summary_of(access_token)
        if not contract:
            raise request.not_found()
        request.update_context(lang=contract.partner_id.lang or request.env.lang)
        values = {"contract": contract.with_context(lang=request.env.lang)}
        return request.render("subscription_billing.contract_summary", values, headers=HEADERS)
