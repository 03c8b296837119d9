"""Versions of a source record: all are kept, and what comes back by receipt is one of its own."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_platform.capture.batches import RecordItems
from lead_platform.capture.identifiers import salesforce_id, version_key
from lead_platform.capture.versions import Known
from lead_platform.configuration import ConfigurationError
from tests.capture.conftest import CONTACTS, RECEIVED_AT, MakeChannel, TakeIn

HEADER = "id,person,at,name,email,message,consent,changed\n"
BY_RECEIPT = CONTACTS.replace("format: csv", "format: csv\n    on_conflict: update")
DATED = BY_RECEIPT.replace("update", "update\n    modified_at: changed", 1)


def row(name: str, changed: str = "", number: int = 1) -> str:
    return f"{number},{number},2026-01-01,{name},,,,{changed}\n"


@pytest.fixture
def names(connection: duckdb.DuckDBPyConnection) -> Callable[[], list[tuple[Any, ...]]]:
    def read() -> list[tuple[Any, ...]]:
        return connection.execute(
            "select full_name, modified_at from capture.submissions order by received_seq"
        ).fetchall()

    return read


def test_what_comes_back_by_receipt_is_a_version_of_its_own(
    make_channel: MakeChannel, take_in: TakeIn, names: Callable[[], list[tuple[Any, ...]]]
) -> None:
    """Ann, Eve, Ann ended at Eve: the third was taken for a repeat of the first."""
    channel = make_channel(BY_RECEIPT)
    for number, name in enumerate(("Ann", "Eve", "Ann", "Ann", "Eve")):
        take_in(channel, HEADER + row(name), name=f"{number}.csv")
    assert [name for name, _ in names()] == ["Ann", "Eve", "Ann", "Eve"]


def test_the_same_file_under_its_name_is_a_repeat(
    make_channel: MakeChannel, take_in: TakeIn, names: Callable[[], list[tuple[Any, ...]]]
) -> None:
    channel = make_channel(BY_RECEIPT)
    for name in ("Ann", "Eve", "Ann"):
        counts = take_in(channel, HEADER + row(name), name=f"{name}.csv")
    assert (counts.taken, counts.repeats, counts.was_known) == (0, 1, True)
    assert [name for name, _ in names()] == ["Ann", "Eve"]


def test_a_file_that_keeps_its_name_says_how_things_are_now(
    make_channel: MakeChannel, take_in: TakeIn, names: Callable[[], list[tuple[Any, ...]]]
) -> None:
    """An export that is overwritten each night: Ann, Eve, Ann stayed at Eve."""
    channel = make_channel(BY_RECEIPT)
    taken = [
        take_in(channel, HEADER + row(name), name="crm.csv").taken
        for name in ("Ann", "Eve", "Ann", "Ann", "Eve", "Ann")
    ]
    assert taken == [1, 1, 1, 0, 1, 1]
    assert [name for name, _ in names()] == ["Ann", "Eve", "Ann", "Eve", "Ann"]


RECORDS = st.lists(
    st.tuples(st.integers(1, 2), st.sampled_from(("Ann", "Eve", "Ida"))), min_size=1, max_size=4
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    files=st.lists(
        st.tuples(st.sampled_from(("crm.csv", "web.csv")), RECORDS), min_size=1, max_size=5
    )
)
def test_an_export_delivered_in_any_order_ends_at_what_it_said_last(
    make_channel: MakeChannel, take_in: TakeIn, connection: duckdb.DuckDBPyConnection, files: Any
) -> None:
    """One id may have several contents in one file: the last one is what the file says of it. A
    file that has always said the same says nothing new."""
    for table in ("submissions", "deliveries", "rejected_records"):
        connection.execute(f"delete from capture.{table}")
    channel, said, contents = (
        make_channel(BY_RECEIPT),
        dict[int, str](),
        defaultdict[str, set[str]](set),
    )
    for name, records in files:
        text = HEADER + "".join(row(who, number=number) for number, who in records)
        take_in(channel, text, name=name)
        assert take_in(channel, text, name=name).taken == 0
        if contents[name] != {text}:
            said |= dict(records)
        contents[name].add(text)
    found = connection.execute(
        "select record_id, arg_max(full_name, received_seq) from capture.submissions group by all"
    ).fetchall()
    assert {int(number): name for number, name in found} == said


def test_an_old_version_is_a_repeat_where_the_source_dates_its_changes(
    make_channel: MakeChannel, take_in: TakeIn, names: Callable[[], list[tuple[Any, ...]]]
) -> None:
    channel = make_channel(DATED)
    files = [("Ann", "2026-11-01"), ("Eve", "2026-11-20"), ("Ann", "2026-11-01")]
    for number, (name, changed) in enumerate(files):
        counts = take_in(channel, HEADER + row(name, changed), name=f"{number}.csv")
    assert (counts.taken, counts.repeats) == (0, 1)
    assert names() == [("Ann", datetime(2026, 11, 1)), ("Eve", datetime(2026, 11, 20))]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ("soon", "modified_at not readable"),
        ((RECEIVED_AT + timedelta(days=3)).isoformat(), "modified_at not readable"),
    ],
)
def test_a_date_that_cannot_be_costs_itself(
    connection: duckdb.DuckDBPyConnection,
    make_channel: MakeChannel,
    take_in: TakeIn,
    changed: str,
    reason: str,
) -> None:
    assert take_in(make_channel(DATED), HEADER + row("Ann", changed)).taken == 1
    [(modified_at, issues)] = connection.execute(
        "select modified_at, issues from capture.submissions"
    ).fetchall()
    assert modified_at is None
    assert reason.split()[0] in issues
    assert "not readable" in issues


def test_a_date_of_change_needs_versions(make_channel: MakeChannel) -> None:
    with pytest.raises(ConfigurationError, match="on_conflict: update"):
        make_channel(DATED.replace("on_conflict: update", "on_conflict: reject"))


def test_a_record_that_is_the_person_is_one_through_all_channels_of_its_source() -> None:
    export = version_key("hubspot_ui", "hubspot", "101", "101")
    assert export == version_key("hubspot_contacts", "HubSpot", "101", "101")
    others = {
        version_key("hubspot_ui", "hubspot", "7", "101"),
        version_key("hubspot_contacts", "hubspot", "7", "101"),
        version_key("hubspot_ui", "salesforce", "101", "101"),
        version_key("hubspot_ui", "hubspot", "101", "101", "1"),
    }
    assert len({export, *others}) == 5


CONTENTS = st.lists(st.sampled_from("ABC"), min_size=1, max_size=8)


@given(CONTENTS)
def test_by_receipt_each_change_is_one_version(contents: list[str]) -> None:
    known, taken = Known(), list[tuple[str, str]]()
    for content in contents:
        record = known.as_version(
            RecordItems(1, "r", content, (("submission", 0, f"sub_{content}"),))
        )
        [(_, _, item_id)] = record.items
        if item_id not in known.items:
            taken.append((content, item_id))
            known.add("r", content, item_id)
    changes = [a for a, b in zip(contents, [None, *contents], strict=False) if a != b]
    assert [content for content, _ in taken] == changes
    assert len({item_id for _, item_id in taken}) == len(taken)


def test_salesforce_ids_have_one_form() -> None:
    """Checked by hand against the published algorithm."""
    assert salesforce_id("00Q5g00000XyZw1") == "00Q5g00000XyZw1EAF"
    assert salesforce_id("00Q8c00001PqRsT") == "00Q8c00001PqRsTEAV"
    assert salesforce_id("00Q5g00000AbCdE") != salesforce_id("00Q5g00000AbCDE")
    assert salesforce_id("00Q5g00000XyZw1EAF") == "00Q5g00000XyZw1EAF"
    assert salesforce_id("") == ""


@given(st.text(st.sampled_from("abcABC012"), min_size=15, max_size=15))
def test_ids_that_differ_in_case_stay_two_whatever_ignores_case(short: str) -> None:
    other = short.swapcase()
    if other != short:
        assert salesforce_id(short).lower() != salesforce_id(other).lower()
    assert salesforce_id(salesforce_id(short)) == salesforce_id(short)
