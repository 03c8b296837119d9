"""The field cases on vocabularies, test records, machines and junk: right values, mapped only."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lead_platform.capture.batches import ParsedBatch, parse_file
from lead_platform.capture.channels import load_channel

PROJECT = Path(__file__).resolve().parents[2]
CASES = PROJECT.parent / "shared" / "data" / "field_cases"
RECEIVED_AT = datetime(2026, 11, 27, 12)

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="../shared/data is absent")


def parse(file: str, channel: Path) -> list[ParsedBatch]:
    return list(parse_file(CASES / file, load_channel(channel), received_at=RECEIVED_AT))


def submissions(file: str, channel: str) -> list[dict[str, Any]]:
    shipped = PROJECT / "config" / "channels" / f"{channel}.yaml"
    own = CASES / "channels" / f"{channel}.yaml"
    batches = parse(file, own if own.exists() else shipped)
    return [row for batch in batches for row in batch.submissions.to_pylist()]


def words() -> dict[str, str]:
    lines = (PROJECT / "config/vocabularies/consents.csv").read_text().splitlines()[1:]
    return dict(line.rsplit(",", 1) for line in lines)


def test_every_word_of_the_list_counts_and_none_loses_the_lead() -> None:
    rows = submissions("19-consent-reimport/vocabulary_words.jsonl", "web_form")
    file = CASES / "19-consent-reimport/vocabulary_words.jsonl"
    said = [json.loads(line)["consent"]["email"] for line in file.read_text().splitlines()]
    named = {"do not call": "consent_phone", "do not email": "consent_email"}
    fields = [named.get(word, "consent_email") for word in said]
    wanted = [words().get(word, "denied") for word in said]
    assert [row[field] for row, field in zip(rows, fields, strict=True)] == wanted
    others = [row["consent_email"] for row, word in zip(rows, said, strict=True) if word in named]
    assert sorted(others, key=str) == [None, "denied"]


def test_an_unknown_word_is_no_consent_and_costs_the_field_alone() -> None:
    maybe, unsubscribed, yes = submissions("19-consent-reimport/stop.jsonl", "web_form")
    assert maybe["consent_email"] is None
    assert "'maybe' is not a consent" in maybe["issues"]
    assert maybe["email"] == "tom@ade.example"
    assert unsubscribed["consent_email"] == "denied"
    assert yes["consent_email"] == "granted"


def test_unreplaced_macros_are_no_values() -> None:
    rows = {row["record_id"]: row for row in submissions("20-utm/forms.jsonl", "web_form")}
    assert rows["u5"]["source"] == "website", "what the channel says of its leads"
    assert [rows["u5"][name] for name in ("medium", "campaign")] == [None, None]
    assert rows["u5"]["issues"].count("unreplaced macro") == 3
    assert rows["u12"]["campaign"] is None
    assert rows["u12"]["source"] == "bing"


@pytest.mark.parametrize("file", ["webhooks.jsonl", "retry.jsonl"])
def test_the_key_of_a_lead_form_is_nowhere(file: str) -> None:
    channel = CASES / "channels" / "google_lead_form.yaml"
    for batch in parse(f"03-google-lead-form/{file}", channel):
        tables = (batch.submissions, batch.events, batch.outcomes, batch.rejected)
        assert "s3cr3t" not in json.dumps([t.to_pylist() for t in tables], default=str)


def kinds(file: str, channel: str) -> dict[str, str]:
    return {row["record_id"]: row["kind"] for row in submissions(file, channel)}


def test_tests_and_spam_are_told_from_people_with_odd_names() -> None:
    assert kinds("22-test-and-spam/forms.jsonl", "web_form") == {
        "s1": "test",
        "s2": "junk",
        "s3": "junk",
        "s4": "junk",
        "s5": "person",
        "s6": "person",
        "s7": "person",
        "s8": "test",
        "s9": "junk",
    }


def test_metas_own_test_leads_are_tests() -> None:
    [lead] = submissions("01-facebook-lead-sheet/graph_test_lead.json", "facebook_lead_ads")
    assert lead["kind"] == "test"
    assert lead["kind_reason"] == "Meta: test lead of the testing tool"
    sheet = kinds("01-facebook-lead-sheet/leads_sheet.csv", "facebook_lead_export")
    assert [record[-3:] for record, kind in sheet.items() if kind == "test"] == ["403"]


def test_googles_tests_are_out_with_the_reason() -> None:
    channel = CASES / "channels" / "google_lead_form.yaml"
    [batch] = parse("03-google-lead-form/webhooks.jsonl", channel)
    assert [row["full_name"] for row in batch.submissions.to_pylist()] == ["Noor Haddad"]
    for row in batch.rejected.to_pylist():
        assert json.loads(row["reasons"])[0].startswith("test record: Google Ads")


def test_a_notetaker_is_a_machine() -> None:
    rows = submissions("06-zoom-report/report_without_negative.csv", "zoom_attendees")
    machines = [row["email"] for row in rows if row["kind"] == "machine"]
    assert machines == ["fred@fireflies.ai"]
    assert {row["kind"] for row in rows} == {"person", "machine"}
