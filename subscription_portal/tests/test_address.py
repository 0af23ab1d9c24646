from odoo.http import Request
from odoo.tests import HttpCase, new_test_user, tagged

from odoo.addons.subscription_billing.tests.common import SubscriptionCommon


@tagged("post_install", "-at_install")
class TestAddress(SubscriptionCommon, HttpCase):
    """What a customer changes on the pages of his account reaches the salespeople of his running contracts, once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.write({"name": "Bakery", "is_company": True, "user_id": cls.env.user.id})
        cls.user = new_test_user(cls.env, "address_customer", groups="base.group_portal")
        cls.contact = cls.user.partner_id
        cls.contact.write(
            {
                "name": "Mary",
                "parent_id": cls.customer.id,
                "email": "mary@example.com",
                "phone": "0102030405",
                "street": "1 old street",
                "city": "Lyon",
                "zip": "69001",
                "country_id": cls.env.ref("base.fr").id,
                "type": "contact",
            }
        )
        cls.first, cls.second, cls.third = (
            new_test_user(cls.env, f"address_seller_{number}", groups="subscription_billing.group_subscription_user")
            for number in range(3)
        )
        for seller in (cls.first, cls.first, cls.second):
            cls._contract(user_id=seller.id)
        closed = cls._contract(user_id=cls.third.id)
        closed._close(closed.date_start, cls.reason)

    def _post(self, user=None, **changes):
        """Submit the form of the own account."""
        user = user or self.user
        self.authenticate(user.login, user.login)
        self.env.flush_all()
        partner = user.partner_id
        values = {
            "partner_id": partner.id,
            "name": partner.name,
            "email": partner.email,
            "phone": partner.phone,
            "street": partner.street,
            "city": partner.city,
            "zip": partner.zip,
            "country_id": partner.country_id.id,
            "address_type": "billing",
            "use_delivery_as_billing": "true",
            "csrf_token": Request.csrf_token(self),
            **changes,
        }
        known = self._told(partner)
        answer = self.url_open("/my/address/submit", data=values).json()
        self.env.invalidate_all()
        return answer, self._told(partner) - known

    def _told(self, partner):
        """What was said about ``partner`` and his company, what Odoo tracks left out."""
        threads = partner | partner.commercial_partner_id
        return threads.message_ids.filtered("subject")

    def test_each_salesperson_is_told_once_with_before_and_after(self):
        answer, told = self._post(street="2 new street", phone="+33 6 07 08 09 10")
        self.assertIn("redirectUrl", answer)
        self.assertEqual(self.contact.street, "2 new street")
        self.assertEqual(len(told), 1)
        self.assertEqual(told.notified_partner_ids, (self.first | self.second).partner_id)
        self.assertEqual((told.author_id, told.subtype_id), (self.contact, self.env.ref("mail.mt_note")))
        self.assertIn("<li>Street: 1 old street → 2 new street</li>", told.body)
        self.assertIn("<li>Phone: 0102030405 → +33 6 07 08 09 10</li>", told.body)
        self.assertEqual(told.body.count("<li>"), 2, "what did not change is left out")

    def test_nothing_changed_or_nothing_saved_tells_nothing(self):
        self.assertFalse(self._post()[1])
        answer, told = self._post(email="not an address", street="3 street")
        self.assertIn("invalid_fields", answer)
        self.assertFalse(told)

    def test_what_is_typed_is_text(self):
        _answer, told = self._post(street="<b>bold</b> <img src=x onerror=alert(1)>")
        self.assertNotIn("<b>", told.body)
        self.assertNotIn("<img", told.body)

    def test_a_new_address_and_one_that_is_removed(self):
        _answer, told = self._post(
            partner_id="", name="Workshop", street="9 mill street", address_type="delivery", use_delivery_as_billing=""
        )
        self.assertIn("<li>Street: – → 9 mill street</li>", told.body)
        address = self.customer.child_ids.filtered(lambda child: child.name == "Workshop")
        self.make_jsonrpc_request("/my/address/archive", {"partner_id": address.id})
        self.env.invalidate_all()
        self.assertFalse(address.active)
        self.assertIn("<li>Street: 9 mill street → –</li>", self._told(self.contact)[0].body)

    def test_only_customers_with_running_contracts_tell(self):
        other = new_test_user(self.env, "address_other", groups="base.group_portal")
        other.partner_id.write(
            {
                "email": "other@example.com",
                "phone": "01",
                "street": "1 street",
                "city": "Lyon",
                "zip": "69001",
                "country_id": self.env.ref("base.fr").id,
            }
        )
        answer, told = self._post(other, street="2 street")
        self.assertIn("redirectUrl", answer)
        self.assertEqual(other.partner_id.street, "2 street")
        self.assertFalse(told)

    def test_our_own_people_change_addresses_silently(self):
        seller = self.first
        seller.partner_id.write({"parent_id": self.customer.id, "street": "1", "city": "Lyon", "zip": "69001"})
        seller.partner_id.write({"phone": "01", "country_id": self.env.ref("base.fr").id, "email": "s@example.com"})
        answer, told = self._post(seller, street="2")
        self.assertIn("redirectUrl", answer)
        self.assertFalse(told)
