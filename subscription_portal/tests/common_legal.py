import base64
from io import BytesIO

from lxml import html
from pypdf import PdfReader

from odoo import Command

from odoo.addons.subscription_portal.controllers import legal, portal

from .common import PortalCommon

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class LegalCommon(PortalCommon):
    """A consumer's contract, two weeks old or less, and what he declares."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.write({"name": "Client Exemple", "email": "Client@Example.com"})
        cls.env.ref("base.public_user").sudo().write(
            {"company_ids": [Command.link(cls.env.company.id)], "company_id": cls.env.company.id}
        )
        cls.today = cls.env.company._subscription_today()
        cls.contract = cls._consumers_contract()

    def setUp(self):
        super().setUp()
        for throttle in (legal.SUBMISSIONS, legal.DECLARATIONS, portal.WRONG_TOKENS):
            throttle.forget()

    @classmethod
    def _consumers_contract(cls, **values):
        lines = [{"product_id": cls.hosting.id}, {"product_id": cls.setup_fee.id, "kind": "one_off"}]
        values = {"customer_class": "consumer", "date_start": cls.today, "signed_on": cls.today, **values}
        return cls._contract(*lines, **values)

    def _typed(self, **values):
        return {"name": "Client Exemple", "email": "client@example.com", "reference": self.contract.name, **values}

    def _declare(self, kind="end", **values):
        """What the page does once a declaration is confirmed."""
        public = self.env.ref("base.public_user")
        requests = self.env["subscription.request"].with_user(public).with_company(self.env.company).sudo()
        declared = requests._declare(kind, requests._read_declaration(kind, self._typed(**values)))
        return declared.sudo(False).with_env(self.env)

    def _text(self, pdf: bytes) -> str:
        return "\n".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)

    def _french(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env["ir.module.module"]._load_module_terms(["subscription_portal"], ["fr_FR"])

    # over HTTP

    def _token_of(self, page):
        return html.fromstring(page.text).xpath("//main//form//input[@name='csrf_token']/@value")[0]

    def _open(self, kind="end"):
        return self.url_open(f"/subscription/{kind}")

    def _send(self, kind="end", files=None, **typed):
        """Post the form as a browser does, after having opened it."""
        data = {"csrf_token": self._token_of(self._open(kind)), **typed}
        return self.url_open(f"/subscription/{kind}", data=data, files=files)
