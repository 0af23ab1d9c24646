"""How long to wait before an effect is tried again."""

from datetime import timedelta

FIRST = timedelta(minutes=5)
LONGEST = timedelta(hours=12)
FACTOR = 3


def delay(tries: int) -> timedelta:
    """The wait after so many tries: five minutes, then three times as long, up to half a day."""
    return min(FIRST * FACTOR ** min(tries - 1, 10), LONGEST) if tries > 0 else timedelta(0)
