from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, new_test_user, tagged

from .common import SubscriptionCommon


class ApiCommon(SubscriptionCommon):
    """Another application, whose user may see all contracts and is no administrator."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._follow_frozen_clock()
        cls.customer.ref = "CUST-1"
        cls.hosting.default_code = "HOST"
        cls.support.default_code = "HELP"
        cls.traffic.default_code = "TRAFFIC"
        cls.plan.name = "Monthly, for applications"
        cls.robot = new_test_user(
            cls.env,
            "robot",
            groups="subscription_billing.group_subscription_user_all",
            company_id=cls.env.company.id,
            company_ids=cls.env.company.ids,
        )
        cls.contracts = cls.env["subscription.contract"].with_user(cls.robot)

    def _values(self, *lines, **values):
        return {
            "partner_id": "CUST-1",
            "plan_id": "Monthly, for applications",
            "date_start": "2026-06-01",
            "lines": [*lines] or [{"external_id": "l1", "product_id": "HOST", "quantity": 2, "price_unit": 50}],
            "activate": True,
            **values,
        }

    def _upsert(self, *lines, **values):
        return self.contracts.upsert(external_id="A-1", values=self._values(*lines, **values))

    def assertRefused(self, call, *words):
        with self.assertRaises(UserError) as caught, self.env.cr.savepoint():
            call()
        for word in words:
            self.assertIn(word, str(caught.exception))


@freeze_time("2026-06-15 10:00:00")
@tagged("post_install", "-at_install")
class TestUpsert(ApiCommon):
    """What another application says of a contract, once or many times."""

    def setUp(self):
        super().setUp()
        self.answer = self._upsert()
        self.contract = self.contracts.browse(self.answer["id"])

    def _rows(self):
        return [
            (row.product_id.default_code, str(row.date_start), str(row.date_end or ""), row.quantity, row.price_unit)
            for row in self.contract.history_line_ids
        ]

    def test_created_and_told(self):
        self.assertEqual(
            self.answer,
            {
                "result": "created",
                "id": self.contract.id,
                "number": self.contract.name,
                "external_id": "A-1",
                "state": "active",
                "customer": "A customer",
                "plan": "Monthly, for applications",
                "currency": self.contract.currency_id.name,
                "mrr": 100.0,
                "date_start": "2026-06-01",
                "date_end": False,
                "lines": [
                    {
                        "external_id": "l1",
                        "product": "[HOST] Hosting",
                        "name": "[HOST] Hosting",
                        "quantity": 2.0,
                        "price_unit": 50.0,
                        "discount": 0.0,
                        "recurrence": "Monthly",
                        "date_start": "2026-06-01",
                        "date_end": False,
                    }
                ],
                "next_invoice": {
                    "date": "2026-06-01",
                    "amount": 115.0,
                    "lines": [
                        {
                            "product": "[HOST] Hosting",
                            "name": "[HOST] Hosting\nFrom 06/01/2026 to 06/30/2026",
                            "date_start": "2026-06-01",
                            "date_end": "2026-06-30",
                            "quantity": 2.0,
                            "amount": 100.0,
                        }
                    ],
                },
            },
        )
        self.assertEqual(self.contract.create_uid, self.robot)

    def test_repeated_call_writes_nothing(self):
        names = ["revision", "write_date", "message_ids", "amendment_ids", "line_ids", "next_billing_date"]
        self.env.flush_all()
        before = self._stored(names)
        answer = self._upsert()
        self.assertEqual({**answer, "result": "created"}, self.answer)
        self.assertEqual(answer["result"], "unchanged")
        self.env.flush_all()
        self.assertEqual(self._stored(names), before)

    def _stored(self, names):
        self.contract.invalidate_recordset()
        return self.contract.read(names)

    def test_changes_are_one_amendment(self):
        amendments = self.contract.amendment_ids
        answer = self._upsert(
            {"external_id": "l1", "product_id": "HOST", "quantity": 3, "price_unit": 50},
            {"external_id": "l2", "product_id": "HELP"},
            effective_date="2026-07-01",
            client_order_ref="PO 7",
        )
        self.assertEqual(answer["result"], "changed")
        [amendment] = self.contract.amendment_ids - amendments
        self.assertEqual((amendment.kind, str(amendment.date_effective)), ("change", "2026-07-01"))
        self.assertEqual(
            self._rows(),
            [
                ("HOST", "2026-06-01", "2026-06-30", 2.0, 50.0),
                ("HOST", "2026-07-01", "", 3.0, 50.0),
                ("HELP", "2026-07-01", "", 1.0, 30.0),
            ],
        )
        self.assertEqual(self.contract.client_order_ref, "PO 7")

    def test_today_when_no_date_is_given(self):
        self._upsert({"external_id": "l1", "quantity": 4})
        self.assertEqual(self._rows()[1], ("HOST", "2026-06-15", "", 4.0, 50.0))

    def test_line_is_stopped_once(self):
        self._upsert({"external_id": "l1", "stop": True}, effective_date="2026-07-01")
        self.assertEqual(self._rows(), [("HOST", "2026-06-01", "2026-06-30", 2.0, 50.0)])
        count = len(self.contract.amendment_ids)
        answer = self._upsert({"external_id": "l1", "stop": True}, effective_date="2026-07-01")
        self.assertEqual((answer["result"], len(self.contract.amendment_ids)), ("unchanged", count))

    def test_line_that_ended_stays_ended(self):
        self._upsert({"external_id": "l1", "stop": True}, effective_date="2026-06-10")
        self.assertEqual(self._upsert()["result"], "unchanged")
        self.assertRefused(lambda: self._upsert({"external_id": "l1", "quantity": 9}), "A-1", "l1", "quantity")

    def test_line_known_by_its_product(self):
        line = {"product_id": "HELP", "quantity": 1}
        self._upsert(line)
        self.assertEqual(self._upsert(line)["result"], "unchanged")
        self._upsert({**line, "quantity": 2}, effective_date="2026-07-01")
        self.assertEqual(
            self._rows()[1:], [("HELP", "2026-06-15", "2026-06-30", 1.0, 30.0), ("HELP", "2026-07-01", "", 2.0, 30.0)]
        )
        self._upsert({"product_id": "HELP", "stop": True}, effective_date="2026-08-01")
        self._upsert(line, effective_date="2026-09-01")
        self.assertEqual(self._rows()[-1], ("HELP", "2026-09-01", "", 1.0, 30.0))

    def test_one_off_is_not_sold_again(self):
        fee = {"external_id": "fee", "product_id": self.setup_fee.id, "price_unit": 10}
        self._upsert(fee)
        with freeze_time("2026-06-20 10:00:00"):
            self.assertEqual(self._upsert(fee)["result"], "unchanged")
            self.assertRefused(lambda: self._upsert({**fee, "price_unit": 11}), "fee", "price_unit")

    def test_promotion_that_ran_its_course_is_no_change(self):
        promotion = {"external_id": "l3", "product_id": "HELP", "discount": 50, "discount_occurrences": 1}
        self._upsert(promotion, effective_date="2026-07-01")
        count = len(self.contract.amendment_ids)
        for day in ("2026-07-15", "2026-09-15"):
            self.assertEqual(self._upsert(promotion, effective_date=day)["result"], "unchanged")
        self.assertEqual(len(self.contract.amendment_ids), count)

    def test_draft_is_edited(self):
        values = self._values(activate=False)
        draft = self.contracts.upsert(external_id="A-2", values=values)
        self.assertEqual((draft["state"], draft["next_invoice"]), ("draft", False))
        values["lines"] = [{"external_id": "l1", "stop": True}, {"external_id": "l2", "product_id": "HELP"}]
        answer = self.contracts.upsert(external_id="A-2", values={**values, "date_start": "2026-07-01"})
        self.assertEqual(answer["date_start"], "2026-07-01")
        self.assertEqual([line["external_id"] for line in answer["lines"]], ["l2"])
        answer = self.contracts.upsert(external_id="A-2", values={"activate": True})
        self.assertEqual((answer["result"], answer["state"]), ("changed", "active"))

    def test_precise_errors(self):
        for values, words in (
            ({"partner_id": "nobody"}, ["partner_id", "nobody", "0 records"]),
            ({"partner_id": True}, ["partner_id"]),
            ({"colour": "red", "state": "closed"}, ["colour, state", "cannot be set"]),
            ({"date_start": "soon"}, ["soon"]),
            ({"renewal": "sometimes"}, ["sometimes"]),
            ({"plan_id": self.plan.copy({"name": "Another"}).id}, ["is running", "Plan"]),
            ({"lines": [{"quantity": 1}]}, ["line", "external_id or a product_id"]),
            ({"lines": [{"external_id": "l9", "product_id": "NONE"}]}, ["line l9", "NONE"]),
            ({"lines": [{"external_id": "l1", "quantity": "two"}]}, ["line l1", "quantity", "two"]),
            ({"lines": [{"external_id": "l1", "quantity": -1}]}, ["Hosting", "Quantity"]),
            ({"lines": [{"external_id": "l1", "state": "draft"}]}, ["line l1", "state"]),
            ({"lines": [{"external_id": "l1", "date_start": "2026-06-02"}]}, ["line l1", "date_start"]),
            ({"lines": [{"external_id": "l1"}, {"external_id": "l1"}]}, ["line l1", "twice"]),
            ({"lines": ["l1"]}, ["dictionary", "l1"]),
            ({"lines": [{"external_id": "l1", "quantity": 5}], "effective_date": "2026-01-01"}, ["2026-01-01"]),
        ):
            with self.subTest(values=values):
                self.assertRefused(
                    lambda values=values: self.contracts.upsert(external_id="A-1", values=values),
                    "Contract A-1",
                    *words,
                )
        for external_id, values in (("", {}), (7, {}), ("A-1", [])):
            with self.subTest(external_id=external_id, values=values):
                self.assertRefused(
                    lambda external_id=external_id, values=values: self.contracts.upsert(
                        external_id=external_id, values=values
                    ),
                    "external_id",
                )

    def test_reference_per_company(self):
        other = self.setup_other_company(name="Another company")["company"]
        self.robot.company_ids |= other
        plan = self.env["subscription.plan"].create({"name": "Theirs", "company_id": other.id})
        product = self._product("Theirs", 1.0, taxes_id=False)
        answer = self.contracts.upsert(
            external_id="A-1",
            values={
                "company_id": other.name,
                "partner_id": "CUST-1",
                "plan_id": plan.id,
                "lines": [{"product_id": product.id}],
            },
        )
        self.assertNotEqual(answer["id"], self.contract.id)
        self.assertEqual(self.contracts.browse(answer["id"]).company_id, other)
        self.robot.company_ids -= other
        with self.assertRaises(AccessError):
            self.contracts.upsert(external_id="A-1", values={"company_id": other.id})

    def test_contract_of_somebody_else(self):
        own = new_test_user(self.env, "own", groups="subscription_billing.group_subscription_user")
        for values in ({"client_order_ref": "Mine"}, self._values()):
            with self.assertRaises(AccessError):
                self.contracts.with_user(own).upsert(external_id="A-1", values=values)
        self.assertRefused(lambda: self.contracts.with_user(own).describe("A-1"), "A-1", "0 contracts")

    def test_read_by_number_or_reference(self):
        for name in (self.contract.name, "A-1"):
            self.assertEqual({"result": "created", **self.contracts.describe(contract=name)}, self.answer)
        self.assertRefused(lambda: self.contracts.describe("A-9"), "A-9", "0 contracts")
