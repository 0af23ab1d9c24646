from datetime import timedelta

from odoo.exceptions import AccessError
from odoo.tests import freeze_time, tagged
from odoo.tools import SQL, mute_logger

from .test_access import AccessCommon

LOGGER = "odoo.addons.subscription_billing.models.subscription_check"


@tagged("post_install", "-at_install")
@freeze_time("2026-06-15 10:00:00")
class TestCheck(AccessCommon):
    """Each invariant finds the one row that breaks it, and nothing on a good day."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls._contract(cls.hosting, cls.traffic, cls.setup_fee, date_start="2026-04-15")
        cls.meter = cls.contract.line_ids.filtered(lambda line: line.kind == "usage")
        cls.event = cls.env["subscription.usage"].create(
            {"contract_id": cls.contract.id, "line_id": cls.meter.id, "date": "2026-04-20", "quantity": 3}
        )
        cls.engine._bill(cls.contract, cls.contract._today())
        cls.period = cls.contract.period_ids.filtered(lambda row: row.product_id == cls.hosting)[-1:]
        cls.item = cls.period.move_line_id
        cls.invoice = cls.item.move_id
        cls.attempt = cls.env["subscription.charge.attempt"]._plan(cls.invoice, cls.contract._today())

    def _found(self):
        return {
            (code, model, res_id)
            for code, company, model, res_id, _details in self.env["subscription.invariant"]._differences()
            if company == self.env.company.id
        }

    def _alter(self, statement, *parameters):
        """What no verb and no person can do."""
        self.env.flush_all()
        self.env.cr.execute(SQL(statement, *parameters))
        self.env.invalidate_all()

    def assertTurnsRed(self, code, record, *statements):
        """The invariant holds, is broken for ``record`` by ``statements``, and holds again without them."""
        self.assertEqual(self._found(), set())
        with self.env.cr.savepoint() as savepoint:
            for statement, *parameters in statements:
                self._alter(statement, *parameters)
            self.assertEqual({found for found in self._found() if found[0] == code}, {(code, record._name, record.id)})
            savepoint.rollback()
        self.env.invalidate_all()
        self.assertEqual(self._found(), set())

    # one invariant each

    def test_every_invariant_has_a_test(self):
        tested = {name.split("_", 2)[2] for name in dir(self) if name.startswith("test_I")}
        self.assertEqual(tested, {code for code, _sentence in self.env["subscription.invariant"]._sentences()})

    def test_I1_billed_once(self):
        other = self.period.sudo()._twin("void", move_line_id=False)
        self.assertTurnsRed(
            "billed_once",
            self.period,
            ("ALTER TABLE subscription_period DROP CONSTRAINT subscription_period_billed_once",),
            ("DROP INDEX subscription_period_billed_once_start",),
            ("UPDATE subscription_period SET state = 'waived' WHERE id = %s", other.id),
        )

    def test_I1_served_once(self):
        line, other = self.period.line_id, self.meter
        self.assertTurnsRed(
            "served_once",
            line,
            ("ALTER TABLE subscription_line DROP CONSTRAINT subscription_line_chain_disjoint",),
            ("UPDATE subscription_line SET chain_id = %s WHERE id = %s", line.id, other.id),
        )

    def test_I1_guarded(self):
        self.assertTurnsRed(
            "guarded",
            self.env.company,
            ("ALTER TABLE subscription_line DROP CONSTRAINT subscription_line_chain_disjoint",),
        )

    def test_I2_no_day_forgotten(self):
        self.assertTurnsRed(
            "no_day_forgotten",
            self.contract,
            ("UPDATE subscription_period SET state = 'void' WHERE id = %s", self.period.id),
        )

    def test_I2_no_usage_forgotten(self):
        self.contract._close(self.contract._today(), self.reason)
        self.engine._bill(self.contract, self.contract._today())
        self.assertTrue(self.event.period_id)
        self.assertTurnsRed(
            "no_usage_forgotten",
            self.event,
            ("UPDATE subscription_usage SET period_id = NULL WHERE id = %s", self.event.id),
        )

    def test_I3_row_has_its_line(self):
        self.assertTurnsRed(
            "row_has_its_line",
            self.period,
            ("UPDATE subscription_period SET move_line_id = NULL WHERE id = %s", self.period.id),
        )

    def test_I3_line_has_its_row(self):
        self.assertTurnsRed(
            "line_has_its_row",
            self.invoice,
            ("UPDATE subscription_period SET move_line_id = NULL WHERE id = %s", self.period.id),
        )

    def test_I3_same_amount(self):
        self.assertTurnsRed(
            "same_amount",
            self.invoice,
            ("UPDATE subscription_period SET amount_invoiced = amount_invoiced + 0.01 WHERE id = %s", self.period.id),
        )

    def test_I5_nobody_waits(self):
        self.assertTurnsRed(
            "nobody_waits",
            self.contract,
            (
                "UPDATE subscription_contract SET next_billing_date = '2026-06-12', write_date = '2026-06-12' "
                "WHERE id = %s",
                self.contract.id,
            ),
        )

    def test_I6_one_charge_at_a_time(self):
        self._answer("declined")
        self.env["subscription.charge.attempt"]._plan_again(self.invoice)
        self.assertTurnsRed(
            "one_charge_at_a_time",
            self.attempt,
            ("DROP INDEX subscription_charge_attempt_open_unique",),
            ("UPDATE subscription_charge_attempt SET state = 'in_flight' WHERE id = %s", self.attempt.id),
        )

    def test_I6_charged_once(self):
        self._answer("done")
        self.assertTurnsRed(
            "charged_once",
            self.invoice,
            (
                "UPDATE subscription_charge_attempt SET amount = %s WHERE id = %s",
                self.invoice.amount_total + 1,
                self.attempt.id,
            ),
        )

    def test_I7_nothing_stays_behind(self):
        effect = self.attempt.outbox_ids
        self.assertTurnsRed(
            "nothing_stays_behind",
            effect,
            ("UPDATE subscription_outbox SET next_attempt = '2026-06-13 09:00' WHERE id = %s", effect.id),
        )

    def test_I8_never_asked_blindly(self):
        self._answer("declined")
        later = self.env["subscription.charge.attempt"]._plan_again(self.invoice)
        later.state = "done"
        self.assertTurnsRed(
            "never_asked_blindly",
            later,
            ("UPDATE subscription_charge_attempt SET state = 'unknown' WHERE id = %s", self.attempt.id),
        )

    def test_I11_numbers_follow(self):
        self.assertTurnsRed(
            "numbers_follow",
            self.invoice,
            ("UPDATE account_move SET made_sequence_gap = TRUE WHERE id = %s", self.invoice.id),
        )

    def test_I12_armed(self):
        self.assertEqual(self._found(), set())
        self.env["ir.config_parameter"].sudo().set_param("subscription_billing.armed", "elsewhere")
        self.assertIn(("armed", "res.company", self.env.company.id), self._found())

    def test_I13_follows_the_calendar(self):
        self.assertTurnsRed(
            "follows_the_calendar",
            self.contract,
            ("UPDATE subscription_contract SET date_stop = '2026-06-14' WHERE id = %s", self.contract.id),
        )

    def test_I15_credited_once(self):
        self.contract._close(self._day("2026-06-15"), credit="full")
        credited = self.contract.period_ids.filtered(lambda row: row.state == "credited")
        self.assertTurnsRed(
            "credited_once",
            credited[0].move_id,
            (
                "UPDATE subscription_period SET amount_credited = amount_credited + 0.02 WHERE id = %s",
                credited[0].id,
            ),
        )

    def test_I15_balanced(self):
        receivable = self.invoice.line_ids.filtered(lambda line: line.display_type == "payment_term")
        self.assertTurnsRed(
            "balanced",
            self.invoice,
            ("UPDATE account_move_line SET amount_residual = amount_residual - 1 WHERE id = %s", receivable.id),
        )

    def _answer(self, state):
        self.attempt.amount = self.invoice.amount_total
        self.attempt._answer(state, "Said so")
        self.attempt.flush_recordset()

    # its result

    def _void(self):
        self._alter("UPDATE subscription_period SET state = 'void' WHERE id = %s", self.period.id)

    def test_nightly_result_of_each_company(self):
        self.env["subscription.check"]._cron_check()
        [check] = self.env["subscription.check"].search([("company_id", "=", self.env.company.id)])
        self.assertEqual(check.summary, "0 differences over 1 contracts")
        self.assertEqual(check.checked_on, self.env.cr.now())
        self.assertTrue(self.env["subscription.check"].search([("company_id", "=", self.other_company.id)]))

    @mute_logger(LOGGER)
    def test_difference_opens_its_record(self):
        self._void()
        check = self.env["subscription.check"]._check(self.env.company)
        self.assertEqual(check.summary, "1 differences over 1 contracts")
        [difference] = check.difference_ids
        self.assertEqual(difference.invariant, "no_day_forgotten")
        self.assertEqual(difference.details, "2026-06-15 – 2026-06-15")
        action = difference.action_open()
        self.assertEqual((action["res_model"], action["res_id"]), ("subscription.contract", self.contract.id))

    @mute_logger(LOGGER)
    def test_only_managers_check_and_nobody_sees_another_company(self):
        self._void()
        checks = self.env["subscription.check"]
        for role in ("sales_all", "accounting", "auditor"):
            with self.assertRaises(AccessError):
                self._as(checks, role).action_check_now()
        self._as(checks, "manager").action_check_now()
        checks._check(self.other_company)
        for role in ("manager", "accounting", "auditor"):
            self.assertEqual(self._as(checks, role).search([]).company_id, self.env.company)
            self.assertEqual(
                self._as(checks.difference_ids, role).search([]).mapped("details"), ["2026-06-15 – 2026-06-15"]
            )

    def test_results_are_kept_for_a_year(self):
        check = self.env["subscription.check"]._check(self.env.company)
        check.checked_on -= timedelta(days=401)
        recent = self.env["subscription.check"]._check(self.env.company)
        self.env["subscription.check"].sudo()._gc_checks()
        self.assertEqual(self.env["subscription.check"].search([]), recent)
