from odoo.tests import TransactionCase, tagged

from odoo.addons.subscription_billing.tests.translations import TranslationsMixin


@tagged("post_install", "-at_install")
class TestTranslations(TranslationsMixin, TransactionCase):
    addon = "subscription_portal"
    demo_before = ("subscription_billing",)
