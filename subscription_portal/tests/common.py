from odoo import Command
from odoo.tests.common import new_test_user

from odoo.addons.subscription_billing.tests.common import SubscriptionCommon


class PortalCommon(SubscriptionCommon):
    """Two customers with an account, a colleague of the first, and three offers with an option."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.family = cls.env["subscription.plan.family"].create({"name": "Hosting"})
        cls.mailbox = cls._product("Mailbox", 5.0)
        cls.bronze, cls.silver, cls.gold = (
            cls._offer(name, rank, 30.0 * rank) for rank, name in enumerate(("Bronze", "Silver", "Gold"), start=1)
        )
        cls.user_a = cls._customer_user("portal_a", cls.customer)
        cls.colleague = cls.env["res.partner"].create({"name": "Colleague", "parent_id": cls.customer.id})
        cls.user_a2 = cls._customer_user("portal_a2", cls.colleague)
        cls.user_b = cls._customer_user("portal_b", cls.env["res.partner"].create({"name": "Somebody else"}))
        cls.contract = cls._contract(cls.silver.line_ids.product_id, plan_id=cls.silver.id)

    @classmethod
    def _offer(cls, name, rank, price):
        product = cls._product(name, price)
        return cls.env["subscription.plan"].create(
            {
                "name": name,
                "rank": rank,
                "family_id": cls.family.id,
                "recurrence_id": cls.monthly.id,
                "customer_level": "both",
                "customer_may_pause": True,
                "line_ids": [Command.create({"product_id": product.id})],
                "option_ids": [
                    Command.create(
                        {
                            "product_id": cls.mailbox.id,
                            "is_option": True,
                            "has_price": True,
                            "price_unit": 5.0,
                            "maximum_quantity": 50,
                            "customer_may": "add_drop",
                        }
                    )
                ],
            }
        )

    @classmethod
    def _customer_user(cls, login, partner):
        user = new_test_user(cls.env, login=login, groups="base.group_portal", name=login, password=login)
        partner.email = f"{login}@example.com"
        former, user.partner_id = user.partner_id, partner
        former.unlink()
        return user

    def _as(self, user, contract=None):
        """The contract as the portal hands it to verbs, in the name of ``user``."""
        return (contract or self.contract).with_user(user)._as_customer()

    def _mailboxes(self, quantity, contract=None):
        """What the form sends to have that many mailboxes."""
        option = (contract or self.contract).plan_id.option_ids
        return {f"quantity_{option.id}": str(quantity)}

    def _ask(self, user, kind, form, contract=None):
        """Form, preview and confirmation: what was shown, and the request."""
        own = self._as(user, contract)
        wish = own._wish(kind, form)
        preview = own._preview_wish(wish)
        return preview, own._carry_out(wish, preview)

    def _billed(self, contract, until):
        """The total, tax included, of what is billed and credited until that day."""
        moves = self._bill(contract, until)
        return sum(-move.amount_total if move.move_type == "out_refund" else move.amount_total for move in moves)
