"""Options the commands share."""

import logging
from contextlib import suppress
from datetime import timedelta

import pytest
import typer

from lead_platform.cli.terminal import parse_option, untold
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


def test_what_is_untold_here_is_told_again_afterwards(caplog: pytest.LogCaptureFixture) -> None:
    """A command silenced the whole engine for good: dates that it could not read were never told,
    in the command nor in what its process did afterwards."""
    log, other = (logging.getLogger(f"lead_platform.trial.{name}") for name in ("silent", "other"))
    with caplog.at_level(logging.WARNING), suppress(KeyError), untold(log.name):
        log.warning("no column city")
        other.warning("3 of 400 dates")
        raise KeyError
    log.warning("again")
    assert [record.getMessage() for record in caplog.records] == ["3 of 400 dates", "again"]
