import base64
from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from .common_legal import PICTURE, LegalCommon


@tagged("post_install", "-at_install")
class TestDeclaration(LegalCommon):
    """What a declaration does to the contract it means, and to no other."""

    def test_end_of_the_contract_that_was_meant(self):
        declared = self._declare(email=" CLIENT@example.com ")
        self.assertEqual(
            (declared.state, declared.contract_id, declared.partner_id), ("done", self.contract, self.customer)
        )
        self.assertEqual(self.contract.date_end, self.today)
        [amendment] = declared.amendment_ids
        self.assertEqual(amendment.author_id, self.customer)

    def test_terms_decide_on_the_day(self):
        self.contract.write({"notice": 1, "notice_unit": "month"})
        day = self.contract._exit_day(self.today)
        self._declare()
        self.assertEqual(self.contract.date_stop, day)
        self.assertGreater(day, self.today + timedelta(days=27))

    def test_later_day_is_respected_and_an_earlier_one_is_not(self):
        later, earlier = self.today + timedelta(days=90), self.today + timedelta(days=3)
        self._declare(date_end=str(later))
        self.assertEqual(self.contract.date_end, later)
        other = self._consumers_contract(notice=1, notice_unit="month")
        self._declare(reference=other.name, date_end=str(earlier))
        self.assertEqual(other.date_stop, other._exit_day(self.today))

    def test_fee_is_never_owed(self):
        contract = self._consumers_contract(commitment=12, renewal="none", exit_fee="remaining")
        self._declare(reference=contract.name, date_end=str(self.today + timedelta(days=5)))
        self.assertEqual(contract.date_end, contract.term_end)
        self.assertFalse(contract.line_ids.filtered(lambda line: line.name == "Early exit fee"))
        self.assertEqual(len(contract.line_ids.filtered(lambda line: line.kind == "one_off")), 1)

    def test_reference_of_another_application(self):
        self.contract.external_id = "shop-9"
        self.assertEqual(self._declare(reference="shop-9").contract_id, self.contract)

    def test_addresses_of_the_contract(self):
        accountant = self.env["res.partner"].create({"name": "Accountant", "email": "books@example.com"})
        self.contract.contact_ids = [(0, 0, {"partner_id": accountant.id})]
        declared = self._declare(email="books@example.com")
        self.assertEqual((declared.partner_id, declared.amendment_ids.author_id), (accountant, accountant))

    def test_whatever_does_not_match_waits(self):
        running = self.contract.revision
        for values in (
            {"email": "stranger@example.com"},
            {"reference": "C1999-00001"},
            {"reference": "%"},
            {"reference": self.contract.name[:-1] + "_"},
        ):
            with self.subTest(values):
                declared = self._declare(**values)
                self.assertEqual((declared.state, declared.kind), ("waiting", "end"))
                self.assertFalse(declared.contract_id or declared.partner_id or declared.amendment_ids)
                self.assertEqual(declared.activity_ids.user_id, declared._responsible())
                self.assertTrue(declared._responsible().has_group("subscription_billing.group_subscription_manager"))
        self.assertEqual((self.contract.state, self.contract.revision), ("active", running))

    def test_company_without_the_page_ends_nothing(self):
        self.env.company.subscription_contract_exit_page = False
        self.assertEqual(self._declare().state, "waiting")
        self.assertEqual(self.contract.state, "active")

    def test_second_declaration_waits(self):
        self._declare(date_end=str(self.today + timedelta(days=30)))
        again = self._declare(date_end=str(self.today + timedelta(days=60)))
        self.assertEqual(again.state, "waiting")
        self.assertEqual(self.contract.date_end, self.today + timedelta(days=30))

    def test_draft_invoice_in_the_way_changes_nothing(self):
        """The ledger refuses half-way: nothing ends, and a person looks at it."""
        self.contract.invoicing_mode = "draft"
        self._bill(self.contract, self.today)
        declared = self._declare("withdraw")
        self.assertEqual((declared.state, declared.contract_id.id), ("waiting", False))
        self.assertIn("draft invoice", declared.obstacle)
        self.assertEqual((self.contract.state, len(self.contract.amendment_ids)), ("active", 1))

    def test_what_is_typed_is_checked(self):
        requests = self.env["subscription.request"]
        for values in (
            {"name": " "},
            {"reference": ""},
            {"email": "nobody"},
            {"date_end": "tomorrow"},
            {"date_end": "2020-01-01"},
            {"document": "?"},
            {"document": "PGh0bWw+PHNjcmlwdD4="},
        ):
            with self.subTest(values), self.assertRaises(UserError):
                requests._read_declaration("end", self._typed(**values))
        self.assertEqual(requests._read_declaration("end", self._typed(name="x" * 999))["name"], "x" * 120)


@tagged("post_install", "-at_install")
class TestWithdrawal(LegalCommon):
    """As if the contract had never begun."""

    def _refunded(self, contract):
        moves = contract.invoice_ids
        total = {
            kind: sum(moves.filtered(lambda move, kind=kind: move.move_type == kind).mapped("amount_total"))
            for kind in ("out_invoice", "out_refund")
        }
        return total["out_invoice"], total["out_refund"]

    def test_all_that_was_billed_is_given_back(self):
        contract = self._contract(
            {
                "product_id": self.hosting.id,
                "price_unit": 33.33,
                "recurrence_id": self.env.ref("subscription_billing.recurrence_weekly").id,
            },
            {"product_id": self.support.id, "price_unit": 9.99, "quantity": 3, "discount": 12.5},
            {"product_id": self.setup_fee.id, "kind": "one_off", "price_unit": 49.95},
            customer_class="consumer",
            date_start=self.today - timedelta(days=10),
            signed_on=self.today - timedelta(days=10),
        )
        self._bill(contract, self.today)
        self.assertEqual(len(contract.invoice_ids), 2)
        declared = self._declare("withdraw", reference=contract.name)
        self.assertEqual((declared.state, contract.state), ("done", "closed"))
        billed, refunded = self._refunded(contract)
        self.assertGreater(billed, 100.0)
        self.assertEqual(f"{billed:.2f}", f"{refunded:.2f}")
        self.assertFalse(self._bill(contract, self.today + timedelta(days=400)))
        self.assertEqual(set(contract.period_ids.mapped("state")), {"credited"})
        self.assertFalse(contract._service_summary())

    def test_what_was_changed_meanwhile_is_given_back_as_well(self):
        """Taxes of a day that was billed twice are rounded on other documents: the amounts before tax agree."""
        self._bill(self.contract, self.today)
        line = self.contract.line_ids.filtered(lambda line: line.kind == "recurring")
        self.contract._amend(self.today + timedelta(days=3), [(line, {"quantity": 3.0})])
        self._bill(self.contract, self.today + timedelta(days=3))
        self._declare("withdraw")
        self.assertEqual(self.contract.state, "closed")
        self.assertAlmostEqual(sum(self.contract.invoice_ids.mapped("amount_untaxed_signed")), 0.0)
        self.assertGreater(len(self.contract.invoice_ids), 2)

    def test_before_anything_is_billed(self):
        self._declare("withdraw")
        self.assertEqual(self.contract.state, "closed")
        self.assertFalse(self._bill(self.contract, self.today + timedelta(days=60)))

    def test_period_ends_and_goes_on_to_a_working_day(self):
        company = self.env.company
        self.contract.signed_on = self._day("2026-06-06")  # a Saturday, as the fourteenth day after it
        self.assertEqual(self.contract._withdrawal_deadline(), self._day("2026-06-22"))
        company.subscription_contract_withdrawal_days = 3
        self.assertEqual(self.contract._withdrawal_deadline(), self._day("2026-06-09"))
        late = self._consumers_contract(
            signed_on=self.today - timedelta(days=30), date_start=self.today - timedelta(days=30)
        )
        declared = self._declare("withdraw", reference=late.name)
        self.assertEqual((declared.state, late.state), ("waiting", "active"))
        self.assertIn("withdrawal period", declared.obstacle)

    def test_professional_and_imported_contracts_wait(self):
        for values in ({"customer_class": "professional"}, {"billed_until": self.today + timedelta(days=20)}):
            contract = self._consumers_contract(**values)
            with self.subTest(values):
                self.assertEqual(self._declare("withdraw", reference=contract.name).state, "waiting")
                self.assertEqual(contract.state, "active")

    def test_somebody_pays_it_back(self):
        declared = self._declare("withdraw")
        self.assertIn("pay back", declared.activity_ids.summary)

    def test_reason_is_not_offered_to_customers(self):
        reason = self.env.ref("subscription_portal.close_reason_withdrawal")
        self._declare("withdraw")
        self.assertEqual(self.contract.close_reason_id, reason)
        self.assertNotIn(reason, self.contract._customer_end_reasons())


@tagged("post_install", "-at_install")
class TestDecisionByHand(LegalCommon):
    """A manager says which contract was meant."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = {
            "manager": "subscription_billing.group_subscription_manager",
            "sales": "subscription_billing.group_subscription_user_all",
            "auditor": "base.group_user,account.group_account_readonly",
        }
        cls.users = {role: new_test_user(cls.env, f"legal_{role}", groups=group) for role, group in groups.items()}

    def _wizard(self, declared, role="manager", **values):
        return (
            self.env["subscription.declaration"]
            .with_user(self.users[role])
            .create({"request_id": declared.id, "contract_id": self.contract.id, **values})
        )

    def test_the_dialog_shows_what_was_typed(self):
        declared = self._declare(email="new@example.com")
        wizard = self.env["subscription.declaration"].with_user(self.users["manager"])
        with Form(wizard.with_context(default_request_id=declared.id)) as form:
            self.assertEqual((form.declared_email, form.kind), ("new@example.com", "end"))
            form.contract_id = self.contract
            self.assertEqual(form.date_end, self.today)

    def test_who_answers_reads_it_in_his_own_language(self):
        self._french()
        manager = self.users["manager"]
        self.patch(self.registry["subscription.request"], "_responsible", lambda request: manager)
        public = self.env.ref("base.public_user")
        requests = self.env["subscription.request"].with_user(public).with_context(lang="fr_FR").sudo()
        typed = requests._read_declaration("end", self._typed(email="new@example.com"))
        declared = requests.with_company(self.env.company)._declare("end", typed)
        self.assertEqual((declared.lang, manager.lang), ("fr_FR", "en_US"))
        self.assertIn("No running contract", declared.obstacle)
        self.assertEqual(declared.activity_ids.summary, "The customer asks: End of the contract")

    def test_end_on_the_day_he_says(self):
        declared = self._declare(email="new@example.com")
        wizard = self._wizard(declared)
        self.assertEqual(wizard.date_end, self.today)
        last = self.today + timedelta(days=9)
        wizard.date_end = last
        wizard.action_preview()
        self.assertIn("The last day served is", wizard.effects)
        self.assertEqual(self.contract.state, "active", "nothing is done before he applies it")
        wizard.action_apply()
        self.assertEqual((declared.state, self.contract.date_end), ("done", last))
        self.assertEqual(declared.amendment_ids.author_id, self.users["manager"].partner_id)
        self.assertFalse(declared.activity_ids)
        self.assertEqual(declared.receipt_id.name, f"{declared.name}.pdf")

    def test_withdrawal_of_a_professional(self):
        self.contract.customer_class = "professional"
        [move] = self._bill(self.contract, self.today)
        declared = self._declare("withdraw")
        self._wizard(declared).action_apply()
        refund = self.contract.invoice_ids - move
        self.assertEqual((declared.state, refund.amount_total), ("done", move.amount_total))

    def test_what_was_shown_does_not_stay_when_the_day_changes(self):
        wizard = self._wizard(self._declare(email="new@example.com"))
        wizard.action_preview()
        wizard.date_end = self.today + timedelta(days=5)
        self.assertFalse(wizard.effects)

    def test_nobody_else_decides(self):
        declared = self._declare(email="new@example.com")
        for role in ("sales", "auditor"):
            own = declared.with_user(self.users[role])
            with self.subTest(role), self.assertRaises(AccessError), self.env.cr.savepoint():
                self._wizard(declared, role)
            for call in (
                own.action_refuse,
                own.action_settle,
                lambda own=own: own._apply_by_hand(self.contract, self.today),
            ):
                with self.subTest(role), self.assertRaises(AccessError), self.env.cr.savepoint():
                    call()
        declared.with_user(self.users["manager"]).action_refuse()
        self.assertEqual((declared.state, self.contract.state), ("refused", "active"))

    def test_declaration_is_approved_for_a_contract_only(self):
        declared = self._declare(email="new@example.com")
        with self.assertRaisesRegex(UserError, "which contract"):
            declared.action_approve()
        wizard = self._wizard(declared)
        wizard.action_apply()
        with self.assertRaises(UserError):
            wizard.action_apply()


@tagged("post_install", "-at_install")
class TestReceipt(LegalCommon):
    """What the customer keeps says who, which contract, when, and what follows."""

    def test_end_by_public_page(self):
        self._bill(self.contract, self.today)
        declared = self._declare(reason="I move", document=self._document(), document_name="proof.png")
        text = self._text(declared.receipt_id.raw)
        for words in (
            declared.name,
            self.contract.name,
            "client@example.com",
            "I move",
            "Europe/Paris",
            "The last day served is",
            "Next invoice" if self.contract.next_billing_date else "At once",
        ):
            self.assertIn(words, text)
        self.assertEqual(declared.document_id.raw, PICTURE)
        typed = self._text(declared._declaration_receipt())
        self.assertIn("proof.png", typed)
        self.assertNotIn("The last day served is", typed)
        self.assertNotIn("Silver", typed)

    def _document(self):
        return base64.b64encode(PICTURE).decode()

    def test_withdrawal_with_its_amount(self):
        [move] = self._bill(self.contract, self.today)
        text = self._text(self._declare("withdraw").receipt_id.raw)
        self.assertIn(f"{move.amount_total:.2f}", text)
        self.assertIn("Receipt of your withdrawal", text)

    def test_unmatched_holds_what_was_typed(self):
        declared = self._declare(reference="C1999-00001")
        text = self._text(declared.receipt_id.raw)
        for words in (declared.name, "C1999-00001", "client@example.com", "We look at your request"):
            self.assertIn(words, text)

    def test_end_by_login(self):
        self.customer.tz = "Europe/Paris"
        _preview, asked = self._ask(self.user_a, "end", {"date_end": str(self.today), "other_reason": "Too far"})
        text = self._text(asked.receipt_id.raw)
        for words in (asked.name, self.contract.name, "Client Exemple", "The last day served is", "Too far"):
            self.assertIn(words, text)

    def test_hostile_text_is_text(self):
        declared = self._declare(name="<b>x</b> & <img src=x>", reference="<a href='x'>")
        self.assertIn("<b>x</b> & <img src=x>", self._text(declared.receipt_id.raw))
