"""Whatever intake takes, the suites behind it pass; a bad value costs its field, no more."""

import json
import shutil
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_platform.capture.contracts import load_contracts, takeable_channels
from lead_platform.capture.intake import identify_delivery, parse_file, write_batches
from lead_platform.capture.mapping import ITEM_COLUMNS, RecordMapper
from lead_platform.identity.normalization.submissions import normalize_submissions
from lead_platform.lake.screening import holds
from lead_platform.lake.suites import Suite, load_suites, validate
from lead_platform.vocabularies.folder import load_vocabularies
from tests.capture.conftest import PROJECT, RECEIVED_AT
from tests.capture.nasty import CHANNELS, as_lines, nasty_records

SUITES = load_suites(PROJECT / "expectations")
# Of these the records are a world's, so that most are taken in spite of what is wrong with them.
DEMO_CHANNELS = ("web_form", "web_events", "crm_outcomes", "chat_transcript", "outbound_list")
CAPTURE = ("deliveries", "submissions", "events", "outcomes", "rejected_records")


def broken(suite: Suite, frame: pd.DataFrame) -> list[tuple[str, str, int]]:
    """The row expectations that refuse, as the gate asks them: proofs first."""
    firm = [spec for spec in suite.scoped("rows") if not spec.is_warning]
    doubtful = [spec for spec in firm if not holds(frame, spec)]
    return [(f.expectation, f.arguments, f.offending_count) for f in validate(frame, doubtful)]


@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
@pytest.mark.parametrize("name", sorted(CHANNELS))
def test_whatever_intake_takes_its_suites_pass(tmp_path: Path, name: str, seed: int) -> None:
    """A `duration_seconds: -5` among 500 files refused all of them, hour after hour."""
    path = tmp_path / "nasty.jsonl"
    path.write_text(as_lines(nasty_records(name, Random(seed), 100)))
    delivery = identify_delivery(path, CHANNELS[name], received_at=RECEIVED_AT)
    with duckdb.connect() as lake:
        lake.execute("create schema capture")
        lake.execute((PROJECT / "lead_platform/capture/tables.sql").read_text())
        batches = parse_file(path, CHANNELS[name], received_at=RECEIVED_AT)
        counts = write_batches(lake, delivery, batches)
        frames = {
            table: lake.execute(f"from capture.{table}").to_arrow_table().to_pandas()
            for table in CAPTURE
        }
    assert counts.records == counts.taken + counts.repeats + counts.rejected >= 100
    if name in DEMO_CHANNELS:
        assert counts.taken > 5
    for table, frame in frames.items():
        assert broken(SUITES[f"capture.{table}"], frame) == []
    vocabularies = load_vocabularies(PROJECT / "config")
    normalized = normalize_submissions(frames["submissions"], vocabularies)
    assert broken(SUITES["identity.normalized_submissions"], normalized) == []


def item(channel: str, content: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """The first item of the record with its issues."""
    mapped = RecordMapper(CHANNELS[channel], RECEIVED_AT).map_record(content, 1)
    assert mapped.reasons == []
    kind, row = mapped.items[0]
    fields = dict(zip(ITEM_COLUMNS[kind], row, strict=True))
    return fields, json.loads(fields["issues"] or "[]")


DEAL = {"outcome_id": "o1", "type": "closed_won", "occurred_at": "2026-01-01", "email": "a@b.co"}
VIEW = {"event_id": "e1", "type": "page_view", "at": "2026-01-01", "email": "a@b.co"}


@pytest.mark.parametrize(
    ("channel", "content", "field", "reason"),
    [
        ("web_events", VIEW | {"duration_seconds": -5}, "duration_seconds", "is below 0"),
        ("crm_outcomes", DEAL | {"amount": "a lot"}, "amount", "is not a number"),
        ("crm_outcomes", DEAL | {"currency": "dollars"}, "currency", "is not a currency"),
        ("web_form", {"form_submission_id": "w", "submitted_at": "2026-01-01",
                      "fields": {"email": "a@b.co"}, "consent": {"email": "maybe"}},
         "consent_email", "is not a consent"),
        ("web_form", {"form_submission_id": "w", "submitted_at": "2026-01-01",
                      "fields": {"email": "a@b.co"}, "consent": {"at": "9999-12-31"}},
         "consent_at", "after receipt"),
    ],
)  # fmt: skip
def test_a_bad_value_costs_its_field(
    channel: str, content: dict[str, Any], field: str, reason: str
) -> None:
    fields, issues = item(channel, content)
    assert fields[field] is None
    assert fields["email"] == "a@b.co"
    assert [issue["field"] for issue in issues] == [field]
    assert reason in issues[0]["reason"]


def test_a_value_that_is_only_warned_of_is_taken() -> None:
    fields, issues = item("web_events", VIEW | {"duration_seconds": 100_000})
    assert (fields["duration_seconds"], issues) == (100_000, [])
    warned = [spec for spec in SUITES["capture.events"].scoped("rows") if spec.is_warning]
    assert not all(holds(pd.DataFrame([fields]), spec) for spec in warned)


@pytest.mark.parametrize(("given", "read"), [("eur", "EUR"), (" usd ", "USD"), ("€", "EUR")])
def test_currencies_have_one_spelling(given: str, read: str) -> None:
    fields, issues = item("crm_outcomes", DEAL | {"currency": given})
    assert (fields["currency"], issues) == (read, [])


def test_a_stricter_suite_is_kept_to(tmp_path: Path) -> None:
    """The rules come from the suites of the installation, not from a second list of them."""
    target = tmp_path / "capture" / "outcomes.json"
    target.parent.mkdir()
    suite = json.loads((PROJECT / "expectations/capture/outcomes.json").read_text())
    target.write_text(json.dumps(suite))
    mapper = RecordMapper(CHANNELS["crm_outcomes"], RECEIVED_AT, load_contracts(tmp_path))
    assert mapper.map_record(DEAL | {"amount": "101"}, 1).reasons == []
    # A process that has read it once goes by what it says now.
    between = {"column": "amount", "min_value": 0, "max_value": 100}
    suite["expectations"] += [
        {"type": "expect_column_values_to_be_between", "kwargs": between},
        {
            "type": "expect_column_values_to_be_in_set",
            "kwargs": {"column": "outcome_type", "value_set": ["meeting"]},
        },
    ]
    target.write_text(json.dumps(suite))
    mapper = RecordMapper(CHANNELS["crm_outcomes"], RECEIVED_AT, load_contracts(tmp_path))
    mapped = mapper.map_record(DEAL | {"amount": "101"}, 1)
    assert mapped.items == []
    assert [reason.split(" is ")[0] for reason in mapped.reasons] == [
        "outcome_type not allowed: 'closed_won'",
        "amount not allowed: 101.00",
    ]


def test_an_unreadable_suite_holds_up_every_channel_that_writes_its_kind(tmp_path: Path) -> None:
    """What denies in a record of outcomes becomes an event: its file did not wait for the suite of
    events, and the gate refused the whole intake."""
    shutil.copytree(PROJECT / "expectations/capture", tmp_path / "capture")
    (tmp_path / "capture" / "outcomes.json").write_text("{")
    takeable, waiting = takeable_channels(PROJECT / "config", load_contracts(tmp_path))
    assert {"web_form", "web_events"} <= takeable.keys()
    assert "outcomes.json" in str(waiting["crm_outcomes"])
    (tmp_path / "capture" / "events.json").write_text("{")
    takeable, waiting = takeable_channels(PROJECT / "config", load_contracts(tmp_path))
    assert not takeable
    assert "events.json" in str(waiting["crm_outcomes"])


def test_a_message_named_twice_in_a_record_is_one_event(tmp_path: Path) -> None:
    """Two rows of one key refused the whole run."""
    message = {"id": "m1", "from": "visitor", "at": "2026-01-01T10:00:00Z", "text": "hi"}
    record = {"conversation_id": "c1", "started_at": "2026-01-01T10:00:00Z",
              "messages": [message] * 2, "visitor": {"email": "a@b.co"}}  # fmt: skip
    mapped = RecordMapper(CHANNELS["chat_transcript"], RECEIVED_AT).map_record(record, 1)
    assert len({row[0] for kind, row in mapped.items if kind == "event"}) == 1
    path = tmp_path / "chat.jsonl"
    path.write_text(json.dumps(record))
    delivery = identify_delivery(path, CHANNELS["chat_transcript"], received_at=RECEIVED_AT)
    with duckdb.connect() as lake:
        lake.execute("create schema capture")
        lake.execute((PROJECT / "lead_platform/capture/tables.sql").read_text())
        batches = parse_file(path, CHANNELS["chat_transcript"], received_at=RECEIVED_AT)
        counts = write_batches(lake, delivery, batches)
    assert (counts.taken, counts.events) == (1, 1)
