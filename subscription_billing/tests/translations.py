from io import BytesIO

import polib

from odoo.modules import get_manifest
from odoo.tools import convert_file, file_path
from odoo.tools.translate import trans_export


class TranslationsMixin:
    """The files of terms of ``addon`` say what Odoo exports today: screens, messages and demo data."""

    addon = ""
    # whose demo data those of the addon build on
    demo_before = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for addon in (*cls.demo_before, cls.addon):
            if not cls.env["ir.module.module"]._get(addon).demo:
                for path in get_manifest(addon)["demo"]:
                    convert_file(cls.env, addon, path, {}, mode="init", noupdate=True)
        exported = BytesIO()
        trans_export(False, [cls.addon], exported, "po", cls.env)
        cls.terms = {entry.msgid for entry in polib.pofile(exported.getvalue().decode())}

    def _file(self, name):
        return [entry for entry in polib.pofile(file_path(f"{self.addon}/i18n/{name}")) if not entry.obsolete]

    def test_french_has_every_term_and_no_other(self):
        french = self._file("fr.po")
        translated = {entry.msgid for entry in french if entry.translated()}
        self.assertFalse(sorted(self.terms - translated), "These terms have no French translation in fr.po.")
        self.assertFalse(sorted({entry.msgid for entry in french} - self.terms), "No source has these terms of fr.po.")

    def test_template_has_every_term_and_no_other(self):
        """Odoo ignores a translation whose term the template does not have."""
        template = {entry.msgid for entry in self._file(f"{self.addon}.pot")}
        self.assertFalse(sorted(self.terms ^ template), "Export the template of translations again.")
