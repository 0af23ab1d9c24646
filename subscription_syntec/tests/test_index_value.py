from datetime import date
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .common_index import IndexCommon


@tagged("post_install", "-at_install")
class TestIndexValue(IndexCommon):
    """What is recorded stays: a value is read as printed, kept once, and never overwritten once it was used."""

    def test_a_value_is_kept_as_printed(self):
        value = self._record(("août 2024", "312,4"))["new"]
        self.assertRecordValues(
            value,
            [
                {
                    "period": "2024-08",
                    "period_start": date(2024, 8, 1),
                    "printed": "312.4",
                    "value": 312.4,
                    "publication_date": date(2024, 9, 30),
                    "status": "final",
                    "vintage": 1,
                    "is_current": True,
                }
            ],
        )
        self.assertEqual(self._record(("2024-09", "280"))["new"].printed, "280.0")
        self.assertEqual(value.display_name, "Own, August 2024: 312.4")

    def test_what_is_no_value_is_refused_by_name(self):
        for printed in ("0", "-3", "nan", "inf", "1e5", "", None, "three", "312.45", "1,234.5"):
            with self.assertRefused(ValidationError, "Own"):
                self._record(("2024-08", printed))
        for period in ("2024-Q3", "2024", "2024-13", "", None, "soon"):
            with self.assertRefused(ValidationError, "Own, published by month"):
                self._record((period, "312.4"))
        with self.assertRefused(ValidationError, "of which index"):
            self.Value.create({"period": "2024-08", "printed": "312.4"})
        self.assertFalse(self.index.value_ids)

    def test_the_same_value_again_changes_nothing(self):
        first = self._record(("2024-08", "312.4"))["new"]
        again = self._record(("2024-08", "312,40".rstrip("0")))
        self.assertEqual(again["unchanged"], first)
        self.assertEqual(self.Value.create({"index_id": self.index.id, "period": "08/2024", "printed": "312.4"}), first)
        self.assertEqual(self.index.value_ids, first)

    def test_another_value_for_a_known_period_is_a_new_vintage(self):
        first = self._record(("2024-08", "312.4"))["new"]
        second = self._record(("2024-08", "312.6"), source="Correction")["revised"]
        self.assertEqual((first.printed, first.vintage, first.is_current), ("312.4", 1, False))
        self.assertEqual((second.printed, second.vintage, second.is_current), ("312.6", 2, True))
        self.assertEqual(second.publication_date, date(2024, 12, 15), "it was not known before today")
        self.assertEqual(self.index.value_count, 1)
        second.unlink()
        self.assertTrue(first.is_current)

    def test_what_was_derived_is_confirmed_by_what_is_printed(self):
        derived = self._record(("2024-08", "312.4"), status="derived")["new"]
        self.assertFalse(self._record(("2024-08", "312.4"), status="derived")["confirmed"])
        final = self._record(("2024-08", "312.4"))["confirmed"]
        self.assertEqual((final.vintage, final.status, final.publication_date), (2, "final", derived.publication_date))
        self.assertEqual(self._record(("2024-08", "312.4"), status="provisional")["unchanged"], final)

    def test_a_printed_value_takes_the_place_of_a_derived_one_from_its_day_on(self):
        self._record(("2024-08", "312.4"), status="derived")
        self.assertEqual(self._record(("2024-08", "312.6"))["revised"].publication_date, date(2024, 9, 30))

    def test_a_used_value_stays_as_it_is(self):
        value = self._record(("2024-08", "312.4"))["new"]
        with patch.object(type(value), "_is_used", lambda value: True):
            for change in (
                {"printed": "312.6"},
                {"publication_date": "2024-10-01"},
                {"status": "derived"},
                {"source": "x"},
            ):
                with self.assertRefused(UserError, "A price was revised with Own, August 2024: 312.4"):
                    value.write(change)
            with self.assertRefused(UserError, "A price was revised"):
                value.unlink()
            value.write({"printed": "312,4"})
            self._record(("2024-08", "312.6"))
        self.assertEqual(value.printed, "312.4")
        self.assertFalse(value.is_current)

    def test_a_typing_error_in_a_value_of_no_use_yet_is_corrected(self):
        value = self._record(("2024-08", "321.4"))["new"]
        value.printed = "312,4"
        self.assertEqual((value.printed, value.value, value.vintage), ("312.4", 312.4, 1))
        with self.assertRefused(ValidationError, "no positive number"):
            value.printed = "0"
        with self.assertRefused(UserError, "period of a value never changes"):
            value.period = "2024-09"
        value.unlink()
        self.assertFalse(self.index.value_ids)

    def test_two_values_for_one_period_at_once_are_refused(self):
        with self.assertRefused(UserError, "August 2024 is there twice, as 312.4 and as 312.6"):
            self._record(("2024-08", "312.4"), ("août 2024", "312,6"))

    def test_the_database_refuses_the_same_vintage_twice(self):
        self._record(("2024-08", "312.4"))
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.env.cr.execute(
                "INSERT INTO subscription_index_value (index_id, period, printed, status, vintage)"
                " VALUES (%s, '2024-08', '1', 'final', 1)",
                [self.index.id],
            )

    def test_importing_records_each_row_by_the_same_door(self):
        first = self._record(("2024-08", "312.4"))["new"]
        result = self.Value.load(
            ["index_id/id", "period", "printed", "publication_date", "status", "source"],
            [
                [xmlid := "subscription_syntec.index_bt01", "janvier 2024", "131,2", "2024-04-15", "Final", "INSEE"],
                [xmlid, "2024-02", "131.0", "", "", ""],
            ],
        )
        self.assertFalse(result["messages"])
        values = self.Value.browse(result["ids"])
        self.assertEqual(values.mapped("period"), ["2024-01", "2024-02"])
        self.assertEqual(values.mapped("printed"), ["131.2", "131.0"])
        self.assertEqual(str(values[1].publication_date), "2024-04-30")
        again = self.Value.load(["index_id", "period", "printed"], [["Own", "2024-08", "312.4"]])
        self.assertEqual(again["ids"], first.ids)
        wrong = self.Value.load(
            ["index_id", "period", "printed"], [["Own", "2024-09", "314.5"], ["Own", "2024-10", "many"]]
        )
        self.assertFalse(wrong["ids"])
        self.assertEqual(self.index.value_ids, first)

    def test_the_form_proposes_the_day_of_publication(self):
        with Form(self.Value) as form:
            form.index_id = self.index
            form.period = "août 2024"
            form.printed = "312,4"
            self.assertEqual(form.publication_date, date(2024, 9, 30))
        self.assertEqual(form.record.period, "2024-08")

    def test_users_read_and_managers_write(self):
        value = self._record(("2024-08", "312.4"))["new"]
        reader = new_test_user(self.env, "index_reader", groups="subscription_billing.group_subscription_user_all")
        accountant = new_test_user(self.env, "index_accountant", groups="account.group_account_manager")
        manager = new_test_user(self.env, "index_manager", groups="subscription_billing.group_subscription_manager")
        for user in (reader, accountant):
            theirs = value.with_user(user)
            self.assertEqual(theirs.index_id._reading("2024-08").value, value._as_reading().value)
            self.assertTrue(theirs.index_id.reach)
            for attempt in (
                lambda theirs=theirs: theirs.write({"printed": "1.0"}),
                lambda theirs=theirs: theirs.unlink(),
                lambda theirs=theirs: theirs.index_id._record([{"period": "2024-09", "printed": "1.0"}]),
                lambda theirs=theirs: theirs.index_id.write({"link_coefficient": "1"}),
                lambda user=user: self.Index.with_user(user).create({"name": "Mine", "code": "MINE"}),
            ):
                with self.assertRaises(AccessError):
                    attempt()
        value.index_id.with_user(manager)._record([{"period": "2024-09", "printed": "314.5"}])
        self.assertEqual(self.index.value_count, 2)
