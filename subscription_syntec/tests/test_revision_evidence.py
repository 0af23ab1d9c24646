import json
from fractions import Fraction
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from odoo import Command
from odoo.tests import freeze_time, tagged

from odoo.addons.subscription_billing.tests.common import orm_examples

from .common import RevisionCommon

VALUES = st.decimals("50", "500", places=1)
PERCENTS = st.one_of(st.just(0), st.decimals("0.5", "12", places=2))
WEIGHTS = st.sampled_from([("1",), ("0.85",), ("0.6", "0.25"), ("0.5", "0.5"), ("0.125", "0.7")])
ROUNDINGS = st.tuples(
    st.sampled_from(["ratio", "coefficient", "price"]), st.integers(1, 5), st.sampled_from(["half_up", "up", "down"])
)
LIMITS = st.fixed_dictionaries(
    {"cap": PERCENTS, "floor": PERCENTS, "minimum": PERCENTS, "deadband": PERCENTS, "never_below": st.booleans()}
)


def on_paper(file) -> Fraction:
    """The new price, found with the exported file and a pencil: nothing of the addon takes part."""
    before = Fraction(file["limits"]["of"])
    price = _unbounded(file)
    price = _bounded(price, before, Fraction(file["price_base"]), file["limits"])
    if file["rounding"]["target"] == "price":
        price = _rounded(price, file["rounding"]["digits"], file["rounding"]["method"])
    return _rounded(price, file["price_digits"], "half_up")


def _unbounded(file):
    base, clause = Fraction(file["price_base"]), file["clause"]
    if clause["kind"] == "percentage":
        return base + base * Fraction(clause["percentage"]) / 100
    if clause["kind"] == "amount":
        return base + Fraction(clause["amount"])
    target, digits, method = (file["rounding"][name] for name in ("target", "digits", "method"))
    coefficient = Fraction(clause["fixed_part"])
    for term in file["terms"]:
        ratio = _value(term["current"]) / _value(term["base"])
        if target == "ratio":
            ratio = _rounded(ratio, digits, method)
        coefficient += Fraction(term["weight"]) * ratio
    return base * (_rounded(coefficient, digits, method) if target == "coefficient" else coefficient)


def _value(reading):
    """A printed value; one of a successor is brought back to the old scale, with the decimals of the old series."""
    if not reading["link"]:
        return Fraction(reading["value"])
    digits = len(reading["value"].partition(".")[2])
    value = _rounded(_value(reading["link"]) * Fraction(reading["link"]["coefficient"]), digits, "half_up")
    assert value == Fraction(reading["value"])
    return value


def _bounded(price, before, base, limits):
    def changed(percent):
        return before * (100 + percent) / 100

    percents = {name: Fraction(limits[name] or 0) for name in ("cap", "floor", "minimum", "deadband")}
    if percents["deadband"] and abs(price - before) < abs(before) * percents["deadband"] / 100:
        price = before
    elif percents["minimum"]:
        price = max(price, changed(percents["minimum"]))
    if percents["floor"]:
        price = max(price, changed(-percents["floor"]))
    if percents["cap"]:
        price = min(price, changed(percents["cap"]))
    return max(price, base) if limits["never_below"] else price


def _rounded(number, digits, method):
    scaled = number * 10**digits
    lower = scaled.numerator // scaled.denominator
    up = {"down": 0, "up": scaled > lower, "half_up": scaled - lower >= Fraction(1, 2)}[method]
    return Fraction(lower + up, 10**digits)


class EvidenceCommon(RevisionCommon):
    numbers = count()

    def revision(self, price, clause, **values):
        """The proposal for a yearly line of this price, one year after its start."""
        contract = self._contract(
            {"product_id": self.hosting.id, "price_unit": price, "recurrence_id": self.yearly.id},
            **{
                "date_start": "2023-01-01",
                "partner_id": self.customer.copy().id,
                "revision_clause_id": clause.id,
                **values,
            },
        )
        [revision] = self._revise(contract, "2024-01-10", approve=False)
        return revision

    def clause_of(self, *terms, named="2020-01", **values):
        """A clause whose indexes rose from their value of the month ``named`` to that of January 2024."""
        commands = [
            Command.create(
                {
                    "index_id": self._index(f"I{next(self.numbers)}", {named: str(base), "2024-01": str(current)}).id,
                    "weight": float(weight),
                    "base_rule": "named",
                    "base_period": named,
                    "reading_rule": "lag",
                    "lag": 0,
                }
            )
            for weight, base, current in terms
        ]
        return self._clause(kind="index", term_ids=commands, **values)

    def assertOnPaper(self, revision):
        file = json.loads(json.dumps(revision.evidence))
        self.assertEqual(on_paper(file), Fraction(file["price"]), file)
        self.assertEqual(float(on_paper(file)), revision.price)


@tagged("post_install", "-at_install")
@freeze_time("2024-01-10")
class TestEvidence(EvidenceCommon):
    """The file of a revision is enough to find its price again."""

    @orm_examples
    @given(st.decimals("0.01", "9999", places=2), WEIGHTS, st.lists(VALUES, min_size=4, max_size=4), ROUNDINGS, LIMITS)
    def test_any_clause_by_indexes(self, price, weights, values, rounding, limits):
        fixed = float(1 - sum(map(Fraction, weights)))
        target, digits, method = rounding
        limits = {name: float(value) if value is not True else value for name, value in limits.items()}
        if limits["cap"] and limits["minimum"] > limits["cap"]:
            limits["minimum"] = 0
        clause = self.clause_of(
            *zip(weights, values[:2], values[2:], strict=False),
            fixed_part=fixed,
            rounding_target=target,
            rounding_digits=digits,
            rounding_method=method,
            **limits,
        )
        self.assertOnPaper(self.revision(float(price), clause))

    @orm_examples
    @given(st.decimals("1", "9999", places=2), st.decimals("-20", "20", places=2), st.booleans(), LIMITS)
    def test_any_percentage_and_amount(self, price, change, is_percentage, limits):
        limits = {name: float(value) if value is not True else value for name, value in limits.items()}
        if limits["cap"] and limits["minimum"] > limits["cap"]:
            limits["cap"] = 0
        kind = "percentage" if is_percentage else "amount"
        clause = self._clause(kind=kind, **{kind: float(change)}, **limits)
        self.assertOnPaper(self.revision(20 + float(price), clause))

    def test_a_correction_is_found_again_too(self):
        clause = self.clause_of(("1", "100", "110"), cap=5.0)
        revision = self.revision(100.0, clause)
        revision.action_approve()
        self._publish(clause.term_ids.index_id, {"2024-01": "103"})
        [correction] = self.env["subscription.revision"].search([("corrects_id", "=", revision.id)])
        self.assertEqual((revision.price, correction.price), (105.0, 103.0))
        self.assertOnPaper(correction)

    def test_remarks_on_the_law_forbid_nothing_and_stay_in_the_file(self):
        clause = self.clause_of(("1", "100", "102"), legal_reason="Our only supplier follows it.")
        clause.term_ids.index_id.is_general_level = True
        revision = self.revision(100.0, clause)
        for article in ("L112-1", "L112-2"):
            self.assertIn(article, revision.warnings)
            self.assertTrue([text for text in revision.evidence["warnings"] if article in text])
        revision.action_approve()
        self.assertEqual(revision.state, "applied")
        self.assertEqual(revision.evidence["legal_reason"], "Our only supplier follows it.")
        self.assertIn("Our only supplier follows it.", revision.evidence_html)

    def test_equal_spans_call_for_no_remark(self):
        self.assertFalse(self.revision(100.0, self.clause_of(("1", "100", "102"), named="2023-01")).warnings)

    def test_queries_do_not_grow_with_the_lines(self):
        """Proposed, approved and applied: less than one query for each line more."""
        clause = self._clause(percentage=2.0)
        self.spent(self.book(2, clause))
        few, many = (self.spent(self.book(size, clause)) for size in (5, 25))
        self.assertLess(many - few, 1.0 * 3 * (25 - 5))

    def book(self, size, clause):
        contracts = self.env["subscription.contract"]
        for _number in range(size):
            contracts |= self._contract(
                self.hosting, self.support, self.hosting, date_start="2023-01-01", revision_clause_id=clause.id
            )
        return contracts

    def spent(self, contracts):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        revisions = self.env["subscription.revision"]._propose(self._day("2024-01-10"), contracts)
        revisions._approve()
        revisions._apply()
        self.env.flush_all()
        self.assertEqual(len(revisions.filtered(lambda item: item.state == "applied")), 3 * len(contracts))
        return self.env.cr.sql_log_count - before


@tagged("post_install", "-at_install")
@freeze_time("2024-01-10")
class TestVectors(EvidenceCommon):
    """Published examples, through campaign and engine to a posted invoice."""

    def invoiced(self, revision):
        """What the first invoice at the new price says: without and with taxes."""
        revision.action_approve()
        moves = self._bill(revision.contract_id, "2024-01-10")
        move = moves.sorted("invoice_date")[-1:]
        self.assertEqual(move.state, "posted")
        self.assertOnPaper(revision)
        return move.amount_untaxed, move.amount_total

    def test_percentage_rounded_first(self):
        """juristique.org/en/syntec-index: exact, and with the change rounded to two decimals of a percent."""
        exact = self.clause_of(("1", "242.6", "245.6"))
        rounded = self.clause_of(("1", "242.6", "245.6"), rounding_target="coefficient", rounding_digits=4)
        self.assertEqual(self.invoiced(self.revision(10000.0, exact))[0], 10123.66)
        self.assertEqual(self.invoiced(self.revision(10000.0, rounded))[0], 10124.00)

    def test_fixed_part_over_the_junction(self):
        """intendancezone.net, article 1236: 0.15 + 0.85 x (300.7 x 0.97975) / 280, of June 2022 and March 2023."""
        self.tax_20.amount = 20
        old, _revised = self.syntec()
        clause = self._clause(
            old, self.named("2022-06", lag=10, weight=0.85), fixed_part=0.15, date_rule="fixed_day", month="1"
        )
        revision = self.revision(1767.0, clause)
        self.assertEqual(revision.evidence["terms"][0]["current"]["value"], "294.6")
        self.assertEqual(self.invoiced(revision), (1845.32, 2214.38))

    def test_coefficient_up_to_the_third_decimal(self):
        """forumterritorial, topic 40302."""
        up = {"rounding_target": "coefficient", "rounding_digits": 3, "rounding_method": "up"}
        clause = self.clause_of(("0.85", "121.2", "130.5"), fixed_part=0.15, **up)
        self.assertEqual(self.invoiced(self.revision(1000.0, clause))[0], 1066.0)

    def test_coefficient_at_four_decimals(self):
        """macalculatriceenligne.com."""
        clause = self.clause_of(("1", "120.3", "132.8"), rounding_target="coefficient", rounding_digits=4)
        self.assertEqual(self.invoiced(self.revision(100000.0, clause))[0], 110390.0)

    def test_decrease(self):
        terms = ("1", "246.0", "244.7")
        self.assertEqual(self.invoiced(self.revision(1000.0, self.clause_of(terms)))[0], 994.72)
        bounded = self.revision(1000.0, self.clause_of(terms, never_below=True))
        self.assertEqual((self.invoiced(bounded)[0], bounded.bound), (1000.0, "never_below"))

    def test_cap(self):
        bounded = self.revision(1000.0, self.clause_of(("1", "100", "112"), cap=5.0))
        self.assertEqual((self.invoiced(bounded)[0], bounded.bound), (1050.0, "cap"))

    def test_composite_of_two_indexes(self):
        clause = self.clause_of(("0.6", "200", "210"), ("0.25", "50", "49"), fixed_part=0.15)
        self.assertEqual(self.invoiced(self.revision(1000.0, clause))[0], 1025.0)

    # the break of 2022

    def syntec(self, **old):
        """Both series; the stopped one is printed with one decimal."""
        revised = self._index("Revised", {"2022-08": "286.4", "2023-03": "300.7", "2023-08": "305.7"})
        values = {
            "last_period": "2022-07",
            "successor_id": revised.id,
            "link_coefficient": "0.97975",
            "link_period": "2022-08",
        }
        return self._index("Old", {"2021-07": "275.8", "2022-06": "280"}, **values, **old), revised

    def named(self, base, lag, **values):
        return {"base_rule": "named", "base_period": base, "reading_rule": "lag", "lag": lag, **values}

    def test_old_base_and_revised_value(self):
        """July 2021 to August 2023: 305.7 comes back to the old scale as 299.5, as on real invoices."""
        old, _revised = self.syntec()
        revision = self.revision(100000.0, self._clause(old, self.named("2021-07", lag=5)))
        [term] = revision.evidence["terms"]
        self.assertEqual((term["base"]["value"], term["base"]["link"]), ("275.8", None))
        self.assertEqual((term["current"]["value"], term["current"]["link"]["value"]), ("299.5", "305.7"))
        self.assertEqual(term["current"]["link"]["coefficient"], "0.97975")
        self.assertEqual(self.invoiced(revision)[0], 108593.18)

    def test_old_base_and_revised_value_with_more_decimals(self):
        """305.7 x 0.97975 / 275.8 = 1.08597, never 1.10841 nor 1.13132."""
        old, _revised = self.syntec(decimals=6)
        revision = self.revision(100000.0, self._clause(old, self.named("2021-07", lag=5)))
        self.assertEqual(round(revision.coefficient, 5), 1.08597)
        self.assertEqual(self.invoiced(revision)[0], 108596.66)

    def test_both_values_of_the_revised_series(self):
        _old, revised = self.syntec()
        revision = self.revision(1000.0, self._clause(revised, self.named("2022-08", lag=5)))
        [term] = revision.evidence["terms"]
        self.assertEqual((term["base"]["link"], term["current"]["link"]), (None, None))
        self.assertEqual(self.invoiced(revision)[0], 1067.39)

    # five years

    def test_fixed_against_chained_over_five_years(self):
        years = {"2018-12": "260.1", "2019-12": "266.8", "2020-12": "271.9", "2021-12": "268.3", "2022-12": "289.3"}
        printed = {**years, "2023-12": "301.7"}
        values = [Fraction(value) for value in printed.values()]
        chained, fixed, price = [], [], Fraction("19.99")
        for number, value in enumerate(values[1:]):
            price = _rounded(price * value / values[number], 2, "half_up")
            chained.append(float(price))
            fixed.append(float(_rounded(Fraction("19.99") * value / values[0], 2, "half_up")))
        self.assertNotEqual(chained, fixed)
        index = self._index("Five", printed)
        for base, expected in (("chained", chained), ("fixed", fixed)):
            clause = self._clause(index, {"reading_rule": "lag", "lag": 1}, base=base)
            contract = self._contract(
                {"product_id": self.hosting.id, "price_unit": 19.99},
                date_start="2019-01-01",
                partner_id=self.customer.copy().id,
                revision_clause_id=clause.id,
            )
            prices = []
            for _year in expected:
                [revision] = self._revise(contract, "2024-01-10")
                self.assertOnPaper(revision)
                prices.append(revision.price)
            self.assertEqual(prices, expected)
