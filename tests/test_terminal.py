"""Options the commands share."""

from datetime import timedelta

import pytest
import typer

from lead_platform.cli.terminal import parse_option
from lead_platform.lake.lake import utc_now


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-01:00"])
def test_no_work_is_done_at_an_instant_to_come(text: str) -> None:
    """An `ingest` as of the year 9999 once gave every score that time: none was newer after it."""
    with pytest.raises(typer.BadParameter, match="--as-of '9999"):
        parse_option("--as-of", text)


def test_what_has_been_and_a_clock_ahead_are_instants() -> None:
    ahead = utc_now() + timedelta(hours=23)
    assert parse_option("--as-of", ahead.isoformat()) == ahead
    assert parse_option("--until", "9999-12-31T23:59:59") is not None
    assert parse_option("--as-of", None) is None
