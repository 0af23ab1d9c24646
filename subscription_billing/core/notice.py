"""When a customer must be told that a contract renews by itself.

France, article L215-1 of the Code de la consommation: for fixed-term services with
tacit renewal, the customer is told in writing no earlier than three months and no
later than one month before the end of the time in which the renewal may be refused::

    term                                            31/12
    refused until (notice of two months)  31/10 |————|
    told between        31/07 |—————————| 30/09
"""

from datetime import date, timedelta

from .cadence import add_months

EARLIEST_MONTHS = 3
LATEST_MONTHS = 1


def legal_window(deadline: date) -> tuple[date, date]:
    """First and last day on which a consumer may be told, for a last day of refusal."""
    return add_months(deadline, -EARLIEST_MONTHS), add_months(deadline, -LATEST_MONTHS)


def agreed_window(deadline: date, days: int) -> tuple[date, date]:
    """The same for a professional who is told ``days`` before the last day of refusal."""
    return deadline - timedelta(days=days), deadline
