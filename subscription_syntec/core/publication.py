"""When the value of a period ought to be known."""

from datetime import date, timedelta

from .index_period import IndexPeriod

SATURDAY = 5


def default_publication(period: IndexPeriod, lag: int, release: str = "month") -> date:
    """The last working day of the ``lag``-th month after the end of ``period``.

    :param release: ``quarter`` where the months of a quarter are published together, after its end

    Syntec publishes the value of a month on the last working day of the next one:
    January 2023 on 28/02/2023, March 2023 on 28/04/2023, November 2023 on 29/12/2023
    (dates printed by salaire-minimum.com/indices/indice-syntec-2023). Public holidays,
    which never fall on the last day of a month in France but for rare Mondays, are left out.
    """
    last = IndexPeriod.containing(release, period.end).end
    day = IndexPeriod.containing("month", last).shift(lag).end
    while day.weekday() >= SATURDAY:
        day -= timedelta(days=1)
    return day


def last_expected(frequency: str, day: date, lag: int, release: str = "month") -> IndexPeriod:
    """The latest period whose value ought to be published on ``day``."""
    period = IndexPeriod.containing(frequency, day)
    while default_publication(period, lag, release) > day:
        period = period.shift(-1)
    return period
