from io import BytesIO

import polib

from odoo.modules import get_manifest
from odoo.tests import TransactionCase, tagged
from odoo.tools import convert_file, file_path
from odoo.tools.translate import trans_export

ADDON = "subscription_syntec"


@tagged("post_install", "-at_install")
class TestTranslations(TransactionCase):
    """The files of terms say what Odoo exports today: screens, messages and demo data."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for addon in ("subscription_billing", ADDON):
            if not cls.env.ref(f"{addon}.contract_architects", raise_if_not_found=False):
                for path in get_manifest(addon)["demo"]:
                    convert_file(cls.env, addon, path, {}, mode="init", noupdate=True)
        exported = BytesIO()
        trans_export(False, [ADDON], exported, "po", cls.env)
        cls.terms = {entry.msgid for entry in polib.pofile(exported.getvalue().decode())}

    def _file(self, name):
        return [entry for entry in polib.pofile(file_path(f"{ADDON}/i18n/{name}")) if not entry.obsolete]

    def test_french_has_every_term_and_no_other(self):
        french = self._file("fr.po")
        translated = {entry.msgid for entry in french if entry.translated()}
        self.assertFalse(sorted(self.terms - translated), "These terms have no French translation in fr.po.")
        self.assertFalse(sorted({entry.msgid for entry in french} - self.terms), "No source has these terms of fr.po.")

    def test_template_has_every_term_and_no_other(self):
        """Odoo ignores a translation whose term the template does not have."""
        template = {entry.msgid for entry in self._file(f"{ADDON}.pot")}
        self.assertFalse(sorted(self.terms ^ template), "Export the template of translations again.")
