import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_platform.capture.batches import map_records, parse_file
from lead_platform.capture.channels import load_channel
from lead_platform.capture.intake import (
    ConservationError,
    DeliveryCounts,
    identify_delivery,
    write_batches,
)
from lead_platform.capture.mapping import MappedRecord, RecordMapper
from lead_platform.capture.readers import Record, UnreadableFileError, read_records
from lead_platform.lake.brake import Brake, WorkflowStoppedError
from lead_platform.lake.switches import Switch, open_switches
from lead_platform.settings import Settings
from tests.capture.conftest import CONTACTS, PROJECT, RECEIVED_AT, MakeChannel, TakeIn

HEADER = "id,person,at,name,email,message,consent\n"
TABLES = ("deliveries", "submissions", "events", "outcomes", "rejected_records")
UPDATING = CONTACTS.replace("format: csv", "format: csv\n    on_conflict: update")


def row(number: int, name: str = "Ann") -> str:
    return f"{number},{number},2026-01-01,{name},,,\n"


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


def snapshot(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[Any, ...]]]:
    return {table: rows(connection, f"from capture.{table} order by all") for table in TABLES}


def ended(counts: DeliveryCounts) -> tuple[int, int, int]:
    return counts.taken, counts.repeats, counts.rejected


def test_a_file_is_taken_in(
    connection: duckdb.DuckDBPyConnection, make_channel: MakeChannel, take_in: TakeIn
) -> None:
    counts = take_in(make_channel(), HEADER + row(1) + row(2) + ",,,Ann,,,\n")
    assert ended(counts) == (2, 0, 1)
    assert rows(
        connection,
        "select record_id, received_seq, record_number, delivery_id, full_name "
        "from capture.submissions order by received_seq",
    ) == [
        ("1", 1, 1, counts.delivery_id, "Ann"),
        ("2", 2, 2, counts.delivery_id, "Ann"),
    ]
    assert rows(
        connection,
        "select channel, file_name, records, taken, repeats, rejected, submissions, received_at "
        "from capture.deliveries",
    ) == [("contacts", "file.csv", 3, 2, 0, 1, 2, RECEIVED_AT)]
    ((reasons, number, payload),) = rows(
        connection, "select reasons, record_number, payload from capture.rejected_records"
    )
    assert json.loads(reasons)[0].startswith("record id missing")
    assert number == 3
    assert json.loads(payload)["id"] == ""


def test_the_same_file_twice_changes_nothing(
    connection: duckdb.DuckDBPyConnection, make_channel: MakeChannel, take_in: TakeIn
) -> None:
    content = HEADER + row(1) + row(2) + "x\n"
    take_in(make_channel(), content)
    before = snapshot(connection)
    again = take_in(make_channel(), content, received_at=datetime(2026, 12, 1))
    assert snapshot(connection) == before
    assert again.was_known
    assert ended(again) == (0, 3, 0)


def test_a_known_record_in_another_file_is_a_repeat(
    make_channel: MakeChannel, take_in: TakeIn
) -> None:
    take_in(make_channel(), HEADER + row(1) + row(2))
    counts = take_in(make_channel(), HEADER + row(2) + row(3) + row(3))
    assert ended(counts) == (1, 2, 0)
    assert counts.submissions == 1


def test_other_contents_under_a_known_id_are_refused(
    connection: duckdb.DuckDBPyConnection, make_channel: MakeChannel, take_in: TakeIn
) -> None:
    take_in(make_channel(), HEADER + row(1))
    content = HEADER + row(1, "Eve") + row(2) + row(2, "Eve") + row(2)
    assert ended(take_in(make_channel(), content)) == (1, 1, 2)
    found = rows(
        connection,
        "select record_id, record_number, reasons, payload from capture.rejected_records "
        "order by record_number",
    )
    assert [(record_id, number) for record_id, number, _, _ in found] == [("1", 1), ("2", 3)]
    assert json.loads(found[0][2])[0].startswith("conflicting contents: record id '1' is known")
    assert json.loads(found[0][3])["name"] == "Eve"


def test_conflicts_are_seen_across_batches(make_channel: MakeChannel, take_in: TakeIn) -> None:
    content = HEADER + row(1) + row(2) + row(1, "Eve") + row(2) + row(3)
    assert ended(take_in(make_channel(), content, batch_size=2)) == (3, 1, 1)


def test_an_updating_channel_takes_other_contents_as_versions(
    connection: duckdb.DuckDBPyConnection, make_channel: MakeChannel, take_in: TakeIn
) -> None:
    channel = make_channel(UPDATING)
    assert ended(take_in(channel, HEADER + row(1))) == (1, 0, 0)
    assert ended(take_in(channel, HEADER + row(1, "Eve") + row(1, "Eve") + row(2))) == (2, 1, 0)
    assert rows(
        connection, "select full_name, received_seq from capture.submissions order by received_seq"
    ) == [("Ann", 1), ("Eve", 2), ("Ann", 3)]
    assert rows(connection, "select count(distinct version_key) from capture.submissions") == [(2,)]


EITHER = """
    name: either
    description: A call or a message, by what is filled.
    format: csv
    record_id: id
    emits:
      - kind: event
        when: phone
        fields: {event_type: {constant: call}, occurred_at: at}
      - kind: event
        when: email
        fields: {event_type: {constant: email_reply}, occurred_at: at}
"""


def test_a_conflict_is_seen_though_no_item_is_shared(
    make_channel: MakeChannel, take_in: TakeIn
) -> None:
    channel = make_channel(EITHER)
    header = "id,at,phone,email\n"
    assert ended(take_in(channel, header + "1,2026-01-01,49123,\n")) == (1, 0, 0)
    assert ended(take_in(channel, header + "1,2026-01-01,,a@b.co\n")) == (0, 0, 1)


def test_a_known_record_that_now_gives_more_items_adds_them(
    connection: duckdb.DuckDBPyConnection, make_channel: MakeChannel, take_in: TakeIn
) -> None:
    header, record = "id,at,phone,email\n", "1,2026-01-01,49123,a@b.co\n"
    take_in(make_channel(EITHER.replace("when: email", "when: nothing")), header + record)
    counts = take_in(make_channel(EITHER), f"{header}{record}{record}")
    assert (ended(counts), counts.events) == ((1, 1, 0), 1)
    assert rows(connection, "select count(*), count(distinct event_id) from capture.events") == [
        (2, 2)
    ]


def test_a_thrown_switch_stops_between_two_records(
    make_channel: MakeChannel, embedded_settings: Settings, tmp_path: Path
) -> None:
    """It was asked for once in 50,000 records, which may have a megabyte each."""
    (tmp_path / "f.csv").write_text(HEADER + row(1) + row(2))
    switches = open_switches(embedded_settings)
    brake = Brake(switches, "capture")
    records = read_records(tmp_path / "f.csv", make_channel().rules)

    def thrown_after_the_first() -> Iterator[Record]:
        yield next(records)
        switches.throw(Switch("capture", False, "Dana", "a trial", RECEIVED_AT))
        with suppress(WorkflowStoppedError):
            brake.look()
        yield from records

    with pytest.raises(WorkflowStoppedError), brake.watching():
        list(map_records(thrown_after_the_first(), make_channel(), received_at=RECEIVED_AT))


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_batches_give_what_one_load_gives(
    connection: duckdb.DuckDBPyConnection, make_channel: MakeChannel, take_in: TakeIn, size: int
) -> None:
    people = [row(10 + n % 7, "Ann" if n < 9 else "Eve") for n in range(12)]
    content = HEADER + "".join(people) + "x\n"
    counts = take_in(make_channel(), content, batch_size=size)
    assert ended(counts) == (7, 2, 4)
    assert rows(
        connection, "select list(received_seq order by record_number) from capture.submissions"
    ) == [([1, 2, 3, 4, 5, 6, 7],)]


def test_a_refused_file_can_be_delivered_again_after_the_channel_was_mended(
    connection: duckdb.DuckDBPyConnection, make_channel: MakeChannel, take_in: TakeIn
) -> None:
    content = HEADER + row(1) + "2,2,22.11.2026,Bob,,,\n"
    assert ended(take_in(make_channel(), content)) == (1, 0, 1)
    mended = make_channel(CONTACTS.replace("format: csv", "format: csv\n    formats: ['%d.%m.%Y']"))
    retried = take_in(mended, content)
    assert ended(retried) == (1, 1, 0)
    assert take_in(mended, content).was_known
    assert rows(connection, "select count(*) from capture.deliveries") == [(2,)]


def test_a_record_refused_for_a_clock_can_be_delivered_again_unchanged(
    connection: duckdb.DuckDBPyConnection, make_channel: MakeChannel, take_in: TakeIn
) -> None:
    """The sender's clock was ahead by a week: the same file was a repeat for ever."""
    content = HEADER + row(1) + "2,2,2026-11-29,Bob,,,\n3,3,soon,Eve,,,\n"
    assert ended(take_in(make_channel(), content)) == (1, 0, 2)
    before = snapshot(connection)
    early = take_in(make_channel(), content, received_at=datetime(2026, 11, 24), batch_size=1)
    assert early.was_known
    assert snapshot(connection) == before
    later = take_in(make_channel(), content, received_at=datetime(2026, 11, 30), batch_size=1)
    assert ended(later) == (1, 1, 1)
    after = snapshot(connection)
    assert take_in(make_channel(), content, received_at=datetime(2026, 12, 9)).was_known
    assert snapshot(connection) == after
    assert [len(after[name]) for name in ("deliveries", "submissions", "rejected_records")] == [
        2,
        2,
        3,
    ]


def test_a_changed_channel_alone_does_not_repeat_a_clean_delivery(
    make_channel: MakeChannel, take_in: TakeIn
) -> None:
    take_in(make_channel(), HEADER + row(1))
    assert take_in(make_channel(CONTACTS + "\n    # noted\n"), HEADER + row(1)).was_known


def test_a_whole_file_failure_is_one_refused_record(
    connection: duckdb.DuckDBPyConnection, make_channel: MakeChannel, take_in: TakeIn
) -> None:
    assert ended(take_in(make_channel(), "")) == (0, 0, 1)
    assert ended(take_in(make_channel(), '[{"id": 1}, {"id"', "f.json")) == (0, 0, 1)
    assert rows(
        connection, "select record_number, records from capture.rejected_records "
        "join capture.deliveries using (delivery_id)"
    ) == [(None, 1), (None, 1)]  # fmt: skip


def test_a_record_that_mapping_breaks_on_costs_itself(
    connection: duckdb.DuckDBPyConnection,
    make_channel: MakeChannel,
    take_in: TakeIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sound = RecordMapper.map_record

    def break_on_bob(mapper: RecordMapper, content: dict[str, Any], number: int) -> MappedRecord:
        if content["name"] == "Bob":
            raise ZeroDivisionError("of Bob")
        return sound(mapper, content, number)

    monkeypatch.setattr(RecordMapper, "map_record", break_on_bob)
    bob = row(2).replace("Ann", "Bob")
    assert ended(take_in(make_channel(), HEADER + row(1) + bob + row(3))) == (2, 0, 1)
    ((reasons, payload),) = rows(
        connection, "select reasons, payload from capture.rejected_records"
    )
    assert "ZeroDivisionError at test_intake.py" in reasons
    assert "of Bob" not in reasons
    assert json.loads(payload)["name"] == "Bob"
    # More than few: the mapping itself is wrong, and the file waits for a better one.
    bobs = "".join(row(number).replace("Ann", "Bob") for number in range(10, 30))
    with pytest.raises(ZeroDivisionError):
        take_in(make_channel(), HEADER + bobs + row(40))


def test_a_50_mb_field_leaves_only_its_beginning(
    connection: duckdb.DuckDBPyConnection, make_channel: MakeChannel, take_in: TakeIn
) -> None:
    line = json.dumps({"id": 2, "person": 2, "message": "x" * 50_000_000})
    assert ended(take_in(make_channel(), '{"id": 1, "person": 1}\n' + line, "f.jsonl")) == (1, 0, 1)
    assert ended(take_in(make_channel(), f"[{line}]", "f.json")) == (0, 0, 1)
    assert rows(
        connection, "select max(length(payload)) < 20000 from capture.rejected_records"
    ) == [(True,)]


def test_a_file_that_cannot_be_read_is_no_delivery(
    make_channel: MakeChannel, tmp_path: Path
) -> None:
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        identify_delivery(tmp_path / "gone.csv", make_channel(), received_at=RECEIVED_AT)


def test_counts_that_do_not_add_up_stop_the_delivery(
    connection: duckdb.DuckDBPyConnection, make_channel: MakeChannel, tmp_path: Path
) -> None:
    path = tmp_path / "f.csv"
    path.write_text(HEADER + row(1))
    channel = make_channel()
    delivery = identify_delivery(path, channel, received_at=RECEIVED_AT)
    batches = [
        replace(batch, record_count=batch.record_count + 1)
        for batch in parse_file(path, channel, received_at=RECEIVED_AT)
    ]
    with pytest.raises(ConservationError, match="2 records received, but 1 taken"):
        write_batches(connection, delivery, batches)


def test_every_format_gives_the_same_submission(
    connection: duckdb.DuckDBPyConnection,
    make_channel: MakeChannel,
    take_in: TakeIn,
    tmp_path: Path,
) -> None:
    record = {"id": "1", "person": "1", "name": "Ann", "email": "a@b.co"}
    pq.write_table(pa.Table.from_pylist([record]), tmp_path / "source.parquet")
    channel = make_channel()
    assert ended(take_in(channel, json.dumps(record), "f.json")) == (1, 0, 0)
    for name, content in [
        ("f.jsonl", f"{json.dumps(record)}\n"),
        ("f.csv", "id,person,name,email\n1,1,Ann,a@b.co\n"),
        ("f.parquet", (tmp_path / "source.parquet").read_bytes()),
    ]:
        assert ended(take_in(channel, content, name)) == (0, 1, 0)


cells = st.text('ab1"\n\r,; é\0', max_size=8)
mangled = st.lists(st.lists(cells, min_size=1, max_size=9).map(",".join), max_size=8).map("\n".join)


@given(first=mangled, second=mangled, junk=st.binary(max_size=20))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
def test_any_mangled_csv_is_conserved_and_repeatable(
    connection: duckdb.DuckDBPyConnection,
    make_channel: MakeChannel,
    take_in: TakeIn,
    first: str,
    second: str,
    junk: bytes,
) -> None:
    channel = make_channel()
    for table in TABLES:
        connection.execute(f"delete from capture.{table}")
    contents = [
        f"{HEADER}1,1,2026-01-01,Ann,,,\n{text}".encode() + junk for text in (first, second)
    ]
    for content in contents:
        counts = take_in(channel, content, batch_size=3)
        assert counts.records >= 1
    before = snapshot(connection)
    for content in contents:
        assert take_in(channel, content, batch_size=3).was_known
    assert snapshot(connection) == before
    assert rows(
        connection,
        "select (select sum(taken) from capture.deliveries) = "
        "(select count(distinct record_id) from capture.submissions), "
        "(select sum(rejected) from capture.deliveries) = "
        "(select count(distinct rejected_id) from capture.rejected_records)",
    ) == [(True, True)]


def test_a_denial_in_an_outcome_is_kept_as_an_event(
    connection: duckdb.DuckDBPyConnection, take_in: TakeIn
) -> None:
    """Channels of outcomes wrote nothing but outcomes."""
    channel = load_channel(PROJECT / "config" / "channels" / "crm_outcomes.yaml")
    content = "outcome_id,type,occurred_at,email,reason\n1,stage_change,2026-11-01,a@b.co,"
    counts = take_in(channel, content + "Do not call\n")
    assert (ended(counts), counts.outcomes, counts.events) == ((1, 0, 0), 1, 1)
    kept = "select event_type, email, occurred_at from capture.events"
    assert rows(connection, kept) == [("phone_opt_out", "a@b.co", datetime(2026, 11, 1))]
    again = take_in(channel, content + "Do not call\n2,meeting,2026-11-02,b@b.co,\n")
    assert (ended(again), again.outcomes, again.events) == ((1, 1, 0), 1, 0)
