from io import BytesIO

import polib

from odoo.tests import TransactionCase, tagged
from odoo.tools import file_path
from odoo.tools.translate import trans_export


@tagged("post_install", "-at_install")
class TestTranslations(TransactionCase):
    """The files of terms say what Odoo exports today."""

    def test_french_and_template_have_every_term_and_no_other(self):
        exported = BytesIO()
        trans_export(False, ["subscription_automation"], exported, "po", self.env)
        terms = {entry.msgid for entry in polib.pofile(exported.getvalue().decode())}
        french = polib.pofile(file_path("subscription_automation/i18n/fr.po"))
        template = polib.pofile(file_path("subscription_automation/i18n/subscription_automation.pot"))
        self.assertEqual({entry.msgid for entry in french if entry.translated()}, terms)
        self.assertEqual({entry.msgid for entry in template}, terms)
