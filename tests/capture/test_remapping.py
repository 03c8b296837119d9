"""Records mapped again: a channel as it was changes nothing, one that was corrected its fields."""

from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from lead_platform.capture.channels import load_channels
from lead_platform.capture.contracts import load_contracts
from lead_platform.capture.intake import identify_delivery, parse_file, write_batches
from lead_platform.capture.remapping import preview_remap
from lead_platform.demo.files import write_world
from lead_platform.demo.settings import WorldSettings
from lead_platform.demo.world import generate_world
from tests.capture.conftest import PROJECT, MakeChannel, TakeIn


def test_every_shipped_channel_reads_its_payloads_as_it_read_its_files(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Else each `channels remap` would change what nobody corrected."""
    settings = WorldSettings(seed=5, submissions=60)
    write_world(generate_world(settings), tmp_path)
    channels, contracts = load_channels(PROJECT / "config"), load_contracts()
    received_at = settings.end_at.replace(tzinfo=None) + timedelta(days=1)
    taken = set()
    for path in sorted((tmp_path / "inbox").glob("*/*")):
        channel = channels[path.parent.name]
        delivery = identify_delivery(path, channel, received_at=received_at)
        batches = parse_file(path, channel, received_at=received_at)
        if write_batches(connection, delivery, batches).taken:
            taken.add(channel.name)
    assert len(taken) > 10
    faults = {}
    for name in sorted(taken):
        found = preview_remap(connection, channels[name], contracts)
        assert found.records > 0
        if found.changed or found.refused or found.unmapped or found.further:
            faults[name] = (found.describe(), dict(found.examples))
    assert faults == {}


@pytest.mark.parametrize("on_conflict", ["reject", "update"])
def test_versions_keep_their_ids_also_one_that_came_back(
    make_channel: MakeChannel,
    take_in: TakeIn,
    connection: duckdb.DuckDBPyConnection,
    on_conflict: str,
) -> None:
    text = f"""
        name: versions
        description: One person per row.
        format: csv
        record_id: id
        source_system: test
        on_conflict: {on_conflict}
        emits:
          - kind: submission
            fields:
              submitted_at: {{default: received_at}}
              email: email
              message: note
    """
    channel = make_channel(text)
    for number, note in enumerate(("a", "b", "a") if on_conflict == "update" else ("a",)):
        content = f"id,email,note,other\n1,nora@quist-marine.example,{note},x{note}\n"
        take_in(channel, content, name=f"{number}.csv")
    assert preview_remap(connection, channel, load_contracts()).changed == 0
    corrected = make_channel(text.replace("message: note", "message: other"))
    found = preview_remap(connection, corrected, load_contracts())
    assert (found.changed, found.unmapped, found.further) == (found.items, 0, 0)
    assert found.changing == {("submission", "message"): found.items}


def test_a_new_field_is_filled_from_before_and_keeps_that_when_it_is_taken_away(
    make_channel: MakeChannel,
    take_in: TakeIn,
    connection: duckdb.DuckDBPyConnection,
    tmp_path: Path,
) -> None:
    text = """
        name: enquiries
        description: One person per row.
        format: csv
        record_id: id
        emits:
          - kind: submission
            fields:
              submitted_at: {default: received_at}
              email: email
    """
    mapped = f"{text.rstrip()}\n              budget: budget\n"
    content = "id,email,budget\n1,nora@quist-marine.example,500\n2,ada@okafor.example,\n"
    take_in(make_channel(text), content)
    fields = tmp_path / "config" / "fields.yaml"
    line = "{name: budget, type: amount, kind: profile, wins: newest, label: Budget}"
    fields.write_text(f"fields: [{line}]\n", encoding="utf-8")
    found = preview_remap(connection, make_channel(mapped), load_contracts())
    key = ("submission", "custom_fields")
    assert found.coming == {key: 1}
    assert [example.after for example in found.examples[key]] == ['{"budget":500}']

    connection.execute("update capture.submissions set custom_fields = '{\"budget\":500}'")
    assert preview_remap(connection, make_channel(text), load_contracts()).going == {key: 2}
    fields.unlink()
    assert preview_remap(connection, make_channel(text), load_contracts()).changed == 0


def test_what_the_channel_refuses_or_has_no_item_for_stays(
    make_channel: MakeChannel, take_in: TakeIn, connection: duckdb.DuckDBPyConnection
) -> None:
    text = """
        name: strict
        description: One person per row.
        format: csv
        record_id: id
        source_system: test
        emits:
          - kind: submission
            fields:
              submitted_at: {default: received_at}
              email: email
              message: note
          - kind: event
            fields:
              event_type: {constant: page_view}
              occurred_at: {default: received_at}
              email: email
    """
    take_in(
        make_channel(text),
        "id,email,note,password\n1,nora@quist-marine.example,,s3cret\n2,ada@okafor.example,hello,\n",
    )
    stricter = text.replace(
        "            fields:", "            required: [message]\n            fields:", 1
    )
    found = preview_remap(connection, make_channel(stricter), load_contracts())
    assert (found.records, found.refused, found.changed) == (2, 1, 0)
    without = text[: text.index("          - kind: event")]
    found = preview_remap(connection, make_channel(without), load_contracts())
    assert (found.unmapped, found.refused, found.changed) == (2, 0, 0)
    take_in(make_channel(without), "id,email,note\n3,ben@adler.example,hello\n", name="third.csv")
    found = preview_remap(connection, make_channel(text), load_contracts())
    assert (found.further, found.changed) == (1, 0)
    kept = connection.execute(
        "select count(*) from capture.submissions where payload like '%s3cret%'"
    )
    assert kept.fetchone() == (0,)
