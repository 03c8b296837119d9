"""Conditions of the lake that are looked at again and again."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from lead_platform.governance.alerts import AlertBook, Message
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


@dataclass
class Files:
    """What channels delivered, as the capture tables hold it."""

    tables: duckdb.DuckDBPyConnection
    now: datetime = NOW
    count: int = 0

    def came(
        self, channel: str, content: str, records: int, rejected: int, name: str = "", ids: str = ""
    ) -> None:
        """A file; `ids`: of its records, one letter each, the rejected ones first."""
        self.count += 1
        self.tables.execute(
            "insert into capture.deliveries by name select ? as delivery_id, ? as channel, "
            "? as content_hash, ? as file_name, ? as records, ? as rejected, ? as received_at",
            [f"del_{self.count}", channel, content, name or content, records, rejected, self.now],
        )
        for place, record in enumerate(ids):
            table, at = (
                ("rejected_records", "rejected_at")
                if place < rejected
                else ("submissions", "received_at")
            )
            self.tables.execute(
                f"insert into capture.{table} by name select ? as delivery_id, ? as channel, "
                f"? as record_id, ? as {at}",
                [f"del_{self.count}", channel, record, self.now],
            )

    def later(self) -> None:
        """An hour goes by."""
        self.now += timedelta(hours=1)

    def told(self) -> list[tuple[str, str]]:
        """Of which channels, and of what, is told now."""
        return [(one.subject, one.text) for one in watch_rejections(self.tables, self.now)]


@pytest.fixture
def files(tables: duckdb.DuckDBPyConnection) -> Files:
    return Files(tables)


def test_a_file_that_was_mostly_rejected_is_told_until_it_is_taken_in(files: Files) -> None:
    """The next file of any channel settled it, though nothing had been corrected."""
    files.came("partners", "semicolons", 10, 10)
    files.came("partners", "half", 10, 5)
    files.now -= REJECTIONS_TOLD_FOR
    files.came("fairs", "old", 4, 4)
    files.now += REJECTIONS_TOLD_FOR
    files.later()
    files.came("partners", "good", 50, 0)
    assert files.told() == [("partners", "1 files with 10 of 10 records rejected")]
    files.came("partners", "semicolons", 10, 1)
    assert files.told() == []


def test_a_corrected_file_settles_what_was_told_of_it(files: Files) -> None:
    """It has another content, so the alert stayed for three days though all was well."""
    files.came("partners", "semicolons", 10, 10, name="may.csv")
    files.came("fairs", "tabs", 30, 30, name="may.csv")
    files.later()
    files.came("partners", "commas", 9, 1, name="may.csv")
    assert files.told() == [("fairs", "1 files with 30 of 30 records rejected")]


@pytest.mark.parametrize(
    ("ids", "is_settled"), [("abc", True), ("xcbya", True), ("ab", False), ("xyz", False)]
)
def test_a_file_of_another_name_settles_what_it_brings(
    files: Files, ids: str, is_settled: bool
) -> None:
    files.came("partners", "no mails", 4, 3, name="may.csv", ids="abcd")
    files.later()
    files.came("partners", "with mails", len(ids), 0, name="may (corrected).csv", ids=ids)
    assert (files.told() == []) is is_settled


@pytest.mark.parametrize(
    ("records", "rejected"), [(4, 0), (10, 10)], ids=["far fewer records", "rejected as well"]
)
def test_a_file_of_its_name_that_is_no_correction_settles_nothing(
    files: Files, records: int, rejected: int
) -> None:
    files.came("partners", "one day", 10, 10, name="leads.csv")
    files.later()
    files.came("partners", "the next", records, rejected, name="leads.csv")
    assert files.told()


def test_a_record_that_comes_back_and_fails_again_is_no_file(files: Files) -> None:
    files.came("partners", "a record", 1, 1, name="quarantine/qua_0123")
    assert files.told() == []


def test_each_large_file_that_is_rejected_is_news_and_a_stream_of_small_ones_is_not(
    files: Files, tmp_path: Path
) -> None:
    """A second bad file of a channel was not told for a day, while the first was open."""
    book = AlertBook(tmp_path, group_for=timedelta(minutes=15))
    told: list[Message] = []

    def look() -> int:
        files.later()
        book.settle(["files_rejected"], watch_rejections(files.tables, files.now), files.now)
        book.compose(["phone"], files.now)
        book.deliver({"phone": lambda message: told.append(message) is None}, files.now)
        return len(told)

    files.came("partners", "first", 400, 400)
    assert look() == 1
    assert look() == 1
    files.came("partners", "second", 300, 300)
    assert look() == 2
    for number in range(10):
        files.came("partners", f"form {number}", 1, 1)
        assert look() == 3
    files.came("partners", "first", 400, 0)
    # Of the two that were told one is in order, which is none of the other's business.
    assert look() == 3
