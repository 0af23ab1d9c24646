from decimal import Decimal
from fractions import Fraction

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common_index import IndexCommon


@tagged("post_install", "-at_install")
class TestIndexReading(IndexCommon):
    """What a revision reads: the value known on its day, on the scale of the series it started with."""

    def setUp(self):
        super().setUp()
        self.old = self.env.ref("subscription_syntec.index_syntec_old")
        self.new = self.env.ref("subscription_syntec.index_syntec")

    def test_a_reading_carries_its_proof(self):
        reading = self.old._reading("février 2014")
        self.assertEqual((reading.index, reading.period, reading.value), (self.old.name, "2014-02", Decimal("245.6")))
        self.assertEqual((str(reading.published), reading.status, reading.vintage), ("2014-03-31", "final", 1))
        self.assertIn("juristique.org", reading.source)
        self.assertIsNone(reading.link)
        self.assertEqual(self.old._reading_record("2014-02").printed, "245.6")
        self.assertEqual(self.old._reading("2015-02").value, Decimal("246.8"))

    def test_what_is_not_known_is_not_read(self):
        self.assertIsNone(self.new._reading("2024-10"))
        self.assertFalse(self.new._reading_record("2024-10"))
        with self.assertRaises(ValidationError):
            self.new._reading("2024-Q3")

    def test_a_day_reads_the_vintage_that_was_published_by_then(self):
        self._record(("2024-08", "312.4"), publication_date="2024-09-30")
        self._record(("2024-08", "312.6"), publication_date="2024-11-15")
        for day, value in (
            ("2024-09-29", None),
            ("2024-09-30", "312.4"),
            ("2024-11-14", "312.4"),
            ("2024-11-15", "312.6"),
        ):
            reading = self.index._reading("2024-08", as_of=self._day(day))
            self.assertEqual(reading and str(reading.value), value, day)
        self.assertEqual(
            (self.index._reading("2024-08").vintage, self.index._reading("2024-08").value), (2, Decimal("312.6"))
        )

    def test_the_old_syntec_goes_on_by_its_link(self):
        """An invoice of intendancezone.net/spip.php?article1236 reads 294.60 for March 2023."""
        reading = self.old._reading("2023-03")
        self.assertEqual(reading.value, Decimal("294.6"))
        self.assertEqual((reading.link.index, reading.link.value), (self.new.name, Decimal("300.7")))
        self.assertEqual(reading.link.coefficient, Decimal("0.97975"))
        self.assertEqual(self.old._reading_record("2023-03"), self.new._reading_record("2023-03"))
        # 305.7 x 0.97975 / 275.8: the value is linked, never the base
        self.assertEqual(self.old._reading("2023-08").value, Decimal("299.5"))
        ratio = Fraction(Decimal("305.7") * Decimal("0.97975")) / Fraction(self.old._reading("2021-07").value)
        self.assertAlmostEqual(float(ratio), 1.08597, 5)
        # the revised series reaches back before the end of the old one: that stays a series of its own
        self.assertIsNone(self.old._reading("2022-05"))
        self.assertEqual(self.new._reading("2022-05").status, "derived")

    def test_the_linked_value_is_rounded_half_up_as_the_stopped_series_is_printed(self):
        self._record(("2024-08", "100.5"))
        for decimals, expected in ((0, "51"), (1, "50.6"), (2, "50.55")):
            stopped = self._index(
                f"Stopped {decimals}",
                decimals=decimals,
                last_period="2024-01",
                successor_id=self.index.id,
                link_coefficient="0.503",
            )
            self.assertEqual(str(stopped._reading("2024-08").value), expected)

    def test_a_chain_of_successors_is_read_to_its_end(self):
        self._record(("2024-08", "312.4"))
        second = self._index("B", last_period="2024-07", successor_id=self.index.id, link_coefficient="0.5")
        first = self._index("A", last_period="2024-03", successor_id=second.id, link_coefficient="2,5")
        reading = first._reading("2024-08")
        self.assertEqual(reading.value, Decimal("390.5"))
        self.assertEqual((reading.link.index, reading.link.link.index), ("B", "Own"))
        self.assertEqual(reading.as_json()["link"]["link"]["value"], "312.4")
        self.assertEqual(first._reading_record("2024-08"), self.index._reading_record("2024-08"))

    def test_without_link_nothing_is_read_past_the_end(self):
        self._record(("2024-08", "312.4"))
        stopped = self._index("Stopped", last_period="2024-07", successor_id=self.index.id)
        self.assertIsNone(stopped._reading("2024-08"))
        self.assertFalse(stopped._reading_record("2024-08"))
        self.assertEqual(stopped._last_published(self._day("2024-12-15")), "2024-07")
        self.assertIn("enter the link coefficient", stopped.reach)

    def test_the_last_published_is_the_last_one_due_or_known(self):
        for day, period in (("2015-02-01", "2014-12"), ("2015-02-27", "2015-01"), ("2014-02-01", "2013-12")):
            self.assertEqual(self.old._last_published(self._day(day)), period)
        # February 2024 was due on 29 March, and nobody recorded it: it is waited for
        self.assertEqual(self.new._last_published(self._day("2024-04-01")), "2024-02")
        self.assertIsNone(self.new._reading("2024-02"))
        # a value published before it was due counts
        self._record(("2024-11", "316.0"), publication_date="2024-12-10")
        self.assertEqual(self.index._last_published(self._day("2024-12-09")), "2024-10")
        self.assertEqual(self.index._last_published(self._day("2024-12-10")), "2024-11")

    def test_the_last_published_of_a_stopped_series_is_that_of_its_successor(self):
        self.assertEqual(self.old._last_published(self._day("2022-08-31")), "2022-07")
        self.assertEqual(self.old._last_published(self._day("2022-09-30")), "2022-08")
        self.assertEqual(self.old._last_published(self._day("2025-03-01")), "2025-01")
