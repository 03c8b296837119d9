"""Messages, webhooks and forms as vendors send them: each person with the own data."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lead_platform.capture.channels import Channel, load_channel, load_channels
from lead_platform.capture.mapping import ITEM_COLUMNS, RecordMapper
from lead_platform.capture.readers import RawRecord, read_records

PROJECT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("LEAD_PLATFORM_SHARED_DATA", PROJECT.parent / "shared" / "data"))
CASES = SHARED / "field_cases"
RECEIVED_AT = datetime(2026, 11, 27, 12)

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=f"no field cases at {CASES}")


def items(path: Path, channel: Channel, kind: str) -> Iterator[dict[str, Any]]:
    mapper = RecordMapper(channel, RECEIVED_AT)
    for record in read_records(path, channel.rules):
        assert isinstance(record, RawRecord)
        mapped = mapper.map_record(record.content, record.number)
        assert mapped.reasons == []
        for found, row in mapped.items:
            if found == kind:
                yield dict(zip(ITEM_COLUMNS[found], row, strict=True))


def test_whatsapp_batches() -> None:
    channel = load_channels(PROJECT / "config")["whatsapp_cloud"]
    path = CASES / "07-whatsapp-nontext" / "webhooks.jsonl"
    submissions = {row["record_id"]: row for row in items(path, channel, "submission")}
    assert {
        name: (row["full_name"], row["phone"], row["message"]) for name, row in submissions.items()
    } == {
        "wamid.A1": ("Marta Reis", None, "Olá, quero uma demonstração"),
        "wamid.A2": ("Jonas Weber", "+4915155501234", "Book a demo"),
        "wamid.A3": ("Jonas Weber", "+4915155501234", "Yes please"),
        "wamid.B1": ("Ana Lima", "+5511955501234", "preço?"),
        "wamid.B2": ("Bruno Dias", "+5521955505678", "quero orçamento"),
        "wamid.F1": ("Ana Lima", "+5511955501234", None),
    }
    flow = submissions["wamid.F1"]
    assert (flow["email"], flow["company_name"]) == ("ana.lima@vale.example", "Vale Azul")
    assert submissions["wamid.A1"]["source_person_id"] == "PT.10203040506070809"
    events = [(row["event_type"], row["message_id"]) for row in items(path, channel, "event")]
    assert len(events) == 12
    assert {event for event in events if event[0] != "whatsapp_message"} == {
        ("message_read", "wamid.S1"),
        ("message_sent", "wamid.E1"),
        ("message_reaction", "wamid.X"),
        ("message_notice", "wamid.SYS"),
    }


def test_a_retried_google_lead_is_the_same_record() -> None:
    channel = load_channel(CASES / "channels" / "google_lead_form.yaml")
    mapper = RecordMapper(channel, RECEIVED_AT)
    found = []
    for name in ("webhooks.jsonl", "retry.jsonl"):
        for record in read_records(CASES / "03-google-lead-form" / name, channel.rules):
            assert isinstance(record, RawRecord)
            mapped = mapper.map_record(record.content, record.number)
            found += [(mapped.record_id, mapped.content_hash)] if mapped.items else []
    assert len(found) == 2
    assert len(set(found)) == 1


def test_elementor_in_both_shapes() -> None:
    folder = CASES / "15-elementor"
    plain = load_channel(CASES / "channels" / "elementor.yaml")
    (row,) = items(folder / "no_label.jsonl", plain, "submission")
    assert (row["full_name"], row["email"]) == ("Claire Fontaine", "claire@fontaine.example")
    assert (row["phone"], row["source"]) == ("+33 6 12 34 56 78", "google")
    advanced = load_channel(CASES / "channels" / "elementor_advanced.yaml")
    (row,) = items(folder / "advanced.json", advanced, "submission")
    assert (row["full_name"], row["email"]) == ("Zoé Blanc", "zoe@blanc.example")
    assert (row["phone"], row["source"]) == ("06 55 50 12 34", "facebook")
