from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common_index import IndexCommon


@tagged("post_install", "-at_install")
class TestIndex(IndexCommon):
    """An index says what it knows, what is missing, and where it goes on."""

    def test_the_reach_names_what_is_missing(self):
        self.assertEqual(self.index.reach, "No value is known yet.")
        self.assertTrue(self.index.is_incomplete)
        self._record(("2024-06", "310.0"), ("2024-08", "312.4"))
        self.assertEqual(
            self.index.reach,
            "Known up to August 2024. Missing: July 2024, September 2024 to October 2024 (2 values).",
        )
        self._record(("2024-07", "311.0"), ("2024-09", "313.0"), ("2024-10", "314.0"))
        self.assertEqual(self.index.reach, "Known up to October 2024, nothing is missing.")
        self.assertFalse(self.index.is_incomplete)
        self.assertEqual(self.index.last_printed, "314.0")

    def test_the_reach_of_quarters_and_years(self):
        quarterly = self._index("Rents", frequency="quarter", decimals=2)
        self._record(("T1 2024", "144,50"), index=quarterly)
        self.assertEqual(quarterly.reach, "Known up to Q1 2024. Missing: Q2 2024 to Q3 2024 (2 values).")
        yearly = self._index("Years", frequency="year")
        self._record(("2021", "100"), ("2023", "104.2"), index=yearly)
        self.assertEqual(yearly.reach, "Known up to 2023. Missing: 2022.")

    def test_many_gaps_are_summed_up(self):
        self._record(*((f"{year}-01", "100.0") for year in range(2014, 2025)))
        self.assertRegex(self.index.reach, r"Missing: earlier ones, .*2024 to October 2024 \(9 values\)\.$")
        self.assertEqual(self.index.reach.count(" (11 values)"), 5)

    def test_the_sample_of_syntec_is_there_with_its_sources(self):
        old = self.env.ref("subscription_syntec.index_syntec_old")
        new = self.env.ref("subscription_syntec.index_syntec")
        self.assertEqual((old.value_count, new.value_count), (193, 28))
        self.assertTrue(all((old | new).value_ids.mapped("source")))
        derived = new.value_ids.filtered(lambda value: value.status == "derived")
        self.assertEqual(
            sorted(derived.mapped("period")), [f"2022-{month:02}" for month in (1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12)]
        )
        self.assertFalse(old.value_ids.filtered(lambda value: value.status != "final"))
        self.assertEqual(
            old.reach,
            "Known up to June 2022. Missing: January 2022 to May 2022 (5 values), July 2022. "
            "Stopped after July 2022, goes on as Syntec (revised) × 0.97975.",
        )
        self._on("2026-11-24")
        self.env.invalidate_all()
        self.assertEqual(
            new.reach,
            "Known up to January 2025. Missing: December 2023, February 2024 to July 2024 (6 values), "
            "October 2024 to November 2024 (2 values), February 2025 to September 2026 (20 values).",
        )

    def test_a_stopped_series_takes_no_later_value(self):
        self.index.last_period = "juillet 2024"
        self.assertEqual(self.index.last_period, "2024-07")
        self._record(("2024-07", "312.4"))
        with self.assertRefused(ValidationError, "stopped after July 2024: it has no value for August 2024"):
            self._record(("2024-08", "312.6"))
        with self.assertRefused(ValidationError, "has no value for July 2024"):
            self.index.last_period = "2024-06"

    def test_series_follow_each_other_once(self):
        second = self._index("B", last_period="2024-07", successor_id=self.index.id)
        with self.assertRefused(ValidationError, "as itself"):
            self.index.write({"last_period": "2024-08", "successor_id": second.id})
        with self.assertRefused(ValidationError, "after which period"):
            second.last_period = False
        with self.assertRefused(ValidationError, "equally often"):
            self._index("Q", frequency="quarter", last_period="2024-Q3", successor_id=self.index.id)

    def test_periods_and_coefficients_are_checked(self):
        self.index.link_coefficient = "0,97975"
        self.assertEqual(self.index.link_coefficient, "0.97975")
        for change in (
            {"link_coefficient": "0"},
            {"link_coefficient": "-1"},
            {"last_period": "2024-Q3"},
            {"link_period": "soon"},
        ):
            with self.assertRaises(ValidationError):
                self.index.write(change)
        self._record(("2024-08", "312.4"))
        with self.assertRefused(ValidationError, "can no longer change"):
            self.index.frequency = "quarter"

    def test_a_graph_breaks_where_values_are_missing(self):
        self._record(("2024-06", "310.0"), ("2024-08", "312.4"))
        self.assertIn('[{"x": "2024-06", "y": 310.0}, {"x": "2024-07", "y": null}', self.index.value_graph)

    def test_periods_in_the_language_of_the_reader(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        french = self.Index.with_context(lang="fr_FR")
        self.assertEqual(french._period_label("2024-08"), "août 2024")
        self.assertEqual(french._period_label("2024"), "2024")
