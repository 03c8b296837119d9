"""Conditions of the lake that are looked at again and again."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lead_platform.capture.channels import load_channels
from lead_platform.capture.deliveries import parse_deliveries, take_in
from lead_platform.governance.alerts import AlertBook, Message
from lead_platform.governance.watches import REJECTIONS_TOLD_FOR, watch_rejections
from lead_platform.lake.lake import Lake
from lead_platform.settings import PROJECT_ROOT

NOW = datetime(2026, 11, 22, 12)


@contextmanager
def new_tables() -> Iterator[duckdb.DuckDBPyConnection]:
    """Empty capture tables."""
    with duckdb.connect() as connection:
        connection.execute("create schema capture")
        declared = PROJECT_ROOT / "lead_platform" / "capture" / "tables.sql"
        connection.execute(declared.read_text(encoding="utf-8"))
        yield connection


@pytest.fixture
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    with new_tables() as connection:
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
        """A file; `ids`: of its records, one letter each, `-` for none, the rejected ones first."""
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
                [f"del_{self.count}", channel, None if record == "-" else record, self.now],
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
    files.came("partners", "semicolons", 10, 10, name="may.csv", ids="abcdefghij")
    files.came("fairs", "tabs", 30, 30, name="may.csv")
    files.later()
    files.came("partners", "commas", 10, 1, name="may.csv", ids="jabcdefghi")
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
    ("first", "rejected", "next_ids", "rejected_next"),
    [
        ("abcde", 5, "vwxyz", 0),
        ("abcde", 5, "vwxyzvwxyz", 1),
        ("abc", 2, "abxy", 2),
        ("abcd", 4, "abcd", 3),
        ("----", 4, "abcd", 0),
        ("a---", 4, "abcd", 0),
    ],
    ids=["others", "more others", "again", "most again", "no ids", "few ids"],
)
def test_a_file_of_its_name_that_brings_other_records_settles_nothing(
    files: Files, first: str, rejected: int, next_ids: str, rejected_next: int
) -> None:
    """A daily export has one name: five leads that never came were in order with the next one."""
    files.came("partners", "monday", len(first), rejected, name="leads.csv", ids=first)
    files.later()
    files.came("partners", "tuesday", len(next_ids), rejected_next, name="leads.csv", ids=next_ids)
    refused = [(len(first), rejected), (len(next_ids), rejected_next)]
    refused = [(records, bad) for records, bad in refused if 2 * bad > records]
    records, bad = (sum(column) for column in zip(*refused, strict=True))
    text = f"{len(refused)} files with {bad} of {records} records rejected"
    assert files.told() == [("partners", text)]


@dataclass(frozen=True)
class Sent:
    """A file as it came: the ids of its records by whether they were rejected."""

    content: int
    rejected: tuple[str, ...]
    taken: tuple[str, ...]

    @property
    def is_refused(self) -> bool:
        return len(self.rejected) > len(self.taken)


CONTENTS = ("abcde", "abxyz", "ab--c", "a", "dexyzab")


@st.composite
def sent_files(draw: st.DrawFn) -> Sent:
    content = draw(st.integers(0, len(CONTENTS) - 1))
    ids = draw(st.permutations(CONTENTS[content]))
    # What is taken in has an id.
    first = draw(st.integers(0, len(ids)))
    rejected = tuple(n for place, n in enumerate(ids) if place < first or n == "-")
    return Sent(content, rejected, tuple(n for n in ids[first:] if n != "-"))


def holds(sent: Sequence[Sent], place: int) -> bool:
    """Whether most of this file is still missing after all the files."""
    file, later = sent[place], sent[place + 1 :]
    if not file.is_refused or any(other.content == file.content for other in later):
        return False
    taken = {one for other in later for one in other.taken}
    singly = {one for other in later if not other.is_refused for one in other.rejected}
    missing = [one for one in file.rejected if one == "-" or one not in taken]
    half = (len(file.rejected) + len(file.taken)) / 2
    return len(missing) > half or bool(set(missing) - singly - {"-"})


@given(st.lists(st.tuples(sent_files(), st.sampled_from(["leads.csv", "fix.csv"])), max_size=6))
@example([(Sent(0, tuple("abcde"), ()), "leads.csv"), (Sent(4, (), tuple("dexyzab")), "leads.csv")])
def test_a_rejected_file_is_told_until_its_records_came_whatever_its_name(
    came: list[tuple[Sent, str]],
) -> None:
    with new_tables() as connection:
        files = Files(connection)
        for sent, name in came:
            ids = "".join(sent.rejected + sent.taken)
            files.came("web", str(sent.content), len(ids), len(sent.rejected), name, ids)
            files.later()
        expected = sum(holds([sent for sent, _ in came], place) for place in range(len(came)))
        told = files.told()
    assert [text.partition(" ")[0] for _, text in told] == ([str(expected)] if expected else [])


def test_the_next_export_of_one_name_leaves_the_last_one_told(lake: Lake) -> None:
    """On a lake of either profile, with files as they are taken in."""
    settings = lake.settings
    folder = settings.inbox / "crm_outcomes"
    folder.mkdir(parents=True)
    path = folder / "deals.csv"

    def deliver(day: int, ids: str, when: str) -> list[str]:
        rows = "".join(f"{one},closed_won,{when},12,EUR\n" for one in ids)
        path.write_text("outcome_id,type,occurred_at,amount,currency\n" + rows)
        at = NOW + timedelta(days=day)
        parsed, _ = parse_deliveries(
            [(path, "crm_outcomes")],
            load_channels(settings.config_dir),
            received_at=at,
            inbox=settings.inbox,
            spools=settings.home,
        )
        with lake.write("intake") as candidate:
            take_in(candidate.connection, parsed, run_id=f"run_{day}")
        with lake.read() as connection:
            return [one.text for one in watch_rejections(connection, at)]

    told = ["1 files with 5 of 5 records rejected"]
    assert deliver(0, "abcde", "no day") == told
    assert deliver(1, "vwxyz", "2026-01-02") == told
    assert deliver(2, "abcde", "2026-01-01") == []


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
