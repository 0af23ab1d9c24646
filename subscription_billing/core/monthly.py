"""Monthly recurring revenue of one line.

A month is a twelfth of a year and a year 365.25 days: 30.4375 days, hence
4.348214 weeks. 1 200 a year is 100 a month, 100 a week is 434.82.
"""

from decimal import Decimal
from fractions import Fraction

from .cadence import Cadence
from .money import CENT, round_amount

DAYS_PER_MONTH = Fraction(36525, 1200)


def months_of(cadence: Cadence) -> Fraction:
    """How many months one period lasts."""
    if cadence.is_monthly:
        return Fraction(cadence.months)
    return cadence.days / DAYS_PER_MONTH


def monthly_equivalent(amount: Decimal, cadence: Cadence, unit: Decimal = CENT) -> Decimal:
    """What ``amount`` each period is worth each month, rounded to the currency."""
    return round_amount(Fraction(amount) / months_of(cadence), unit)
