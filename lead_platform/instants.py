"""How long ago an instant is that was noted before, by a clock that may have been ahead since.

Set right, the clock runs up to such an instant once more: nothing may wait for that.
"""

from datetime import datetime, timedelta

# As far as the clocks of two machines, or a reading and a record made right after it, lie apart.
CLOCKS_DIFFER_BY = timedelta(minutes=1)


def is_to_come(
    instant: datetime, now: datetime, *, tolerance: timedelta = CLOCKS_DIFFER_BY
) -> bool:
    """Whether an instant that was noted before lies in the future: the clock was ahead then."""
    return instant - now > tolerance


def has_passed(
    span: timedelta,
    since: datetime,
    now: datetime,
    *,
    tolerance: timedelta = CLOCKS_DIFFER_BY,
) -> bool:
    """Whether `span` has passed since an instant that was noted before; any has, since one to
    come."""
    return now - since >= span or is_to_come(since, now, tolerance=tolerance)
