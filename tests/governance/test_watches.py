"""Conditions of the lake that are looked at again and again."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import duckdb
import pytest

from lead_platform.governance.watches import REJECTIONS_TOLD_FOR, watch_rejections
from lead_platform.settings import PROJECT_ROOT

NOW = datetime(2026, 11, 22, 12)


@pytest.fixture
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create schema capture")
        declared = PROJECT_ROOT / "lead_platform" / "capture" / "tables.sql"
        connection.execute(declared.read_text(encoding="utf-8"))
        yield connection


def test_a_file_that_was_mostly_rejected_is_told_until_it_is_taken_in(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    """The next file of any channel settled it, though nothing had been corrected."""

    def came(channel: str, content: str, records: int, rejected: int, at: datetime) -> None:
        tables.execute(
            "insert into capture.deliveries by name select ? as channel, ? as content_hash, "
            "? as records, ? as rejected, ? as received_at",
            [channel, content, records, rejected, at],
        )

    came("partners", "semicolons", 10, 10, NOW)
    came("partners", "half", 10, 5, NOW)
    came("fairs", "old", 4, 4, NOW - REJECTIONS_TOLD_FOR)
    later = NOW + timedelta(hours=1)
    came("partners", "good", 50, 0, later)
    [signal] = watch_rejections(tables, later)
    assert (signal.subject, signal.text) == ("partners", "1 files with 10 of 10 records rejected")
    came("partners", "semicolons", 10, 1, later)
    assert watch_rejections(tables, later) == []
