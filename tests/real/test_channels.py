"""Every channel that has a real file takes it in whole, with the values that stand in it."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from lead_platform.capture.channels import Channel, load_channels
from lead_platform.capture.intake import (
    DeliveryCounts,
    identify_delivery,
    parse_file,
    write_batches,
)
from lead_platform.capture.preview import preview_file

PROJECT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("LEAD_PLATFORM_SHARED_DATA", PROJECT.parent / "shared" / "data"))
RECEIVED_AT = datetime(2026, 11, 22, 12)
PAYLOADS = "capture_payloads"
FILES = {
    "typeform": f"{PAYLOADS}/typeform/form_response_official_example.json",
    "hubspot_form": f"{PAYLOADS}/hubspot/form_submission_pipedream_example.json",
    "linkedin_lead_gen": f"{PAYLOADS}/linkedin_lead_gen/lead_form_responses_page.json",
    "facebook_lead_ads": f"{PAYLOADS}/facebook_lead_ads/leadgen_graph_lead_official_example.json",
    "whatsapp_cloud": f"{PAYLOADS}/whatsapp_cloud/inbound_text_ctwa_referral.json",
    "calendly": f"{PAYLOADS}/calendly/invitee_created_live_redacted.json",
    "zoom_registrations": f"{PAYLOADS}/zoom/webinar_registration_created_official_example.json",
    "zoom_attendees": f"{PAYLOADS}/zoom/attendee_report_variant_A.csv",
    "hubspot_contacts": "crm_seeds/hubspot/contact_data.csv",
    "salesforce_leads": "crm_seeds/salesforce/sf_lead_data.csv",
    "hubspot_deals": "crm_seeds/hubspot/deal_data.csv",
    "salesforce_opportunities": "crm_seeds/salesforce/sf_opportunity_data.csv",
    "maven_pipeline": "maven_crm_opportunities/sales_pipeline.csv",
    "xeducation": "xeducation_leads/Leads.csv",
}
# channel: records, submissions, events, outcomes
COUNTS = {
    "typeform": (1, 1, 0, 0),
    "hubspot_form": (1, 1, 0, 0),
    "linkedin_lead_gen": (2, 2, 0, 0),
    "facebook_lead_ads": (1, 1, 0, 0),
    "whatsapp_cloud": (1, 1, 1, 0),
    "calendly": (1, 1, 1, 0),
    "zoom_registrations": (1, 1, 1, 0),
    "zoom_attendees": (6, 6, 6, 0),
    "hubspot_contacts": (22, 22, 0, 0),
    "salesforce_leads": (1, 1, 0, 0),
    "hubspot_deals": (44, 0, 0, 44),
    "salesforce_opportunities": (10, 0, 0, 10),
    "maven_pipeline": (8_800, 0, 0, 8_800),
    "xeducation": (9_240, 9_240, 6_914, 9_240),
}

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no real data at {SHARED}")
Query = Callable[[str], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def channels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Channel]:
    """The shipped channels, with the sample's LinkedIn form definition dropped in."""
    config = tmp_path_factory.mktemp("home") / "config"
    shutil.copytree(PROJECT / "config" / "channels", config / "channels")
    definition = SHARED / PAYLOADS / "linkedin_lead_gen" / "lead_form.json"
    shutil.copyfile(definition, config / "channels" / "linkedin_forms" / "3162.json")
    return load_channels(config)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as lake:
        lake.execute("create schema capture")
        lake.execute((PROJECT / "lead_platform/capture/tables.sql").read_text())
        yield lake


def take_in(connection: duckdb.DuckDBPyConnection, channel: Channel, path: Path) -> DeliveryCounts:
    delivery = identify_delivery(path, channel, received_at=RECEIVED_AT)
    return write_batches(connection, delivery, parse_file(path, channel, received_at=RECEIVED_AT))


@pytest.fixture(scope="module")
def counts(
    channels: dict[str, Channel], connection: duckdb.DuckDBPyConnection
) -> dict[str, DeliveryCounts]:
    return {n: take_in(connection, channels[n], SHARED / file) for n, file in FILES.items()}


@pytest.fixture
def query(connection: duckdb.DuckDBPyConnection, counts: dict[str, DeliveryCounts]) -> Query:
    """Rows as dictionaries of what is filled."""

    def run(statement: str) -> list[dict[str, Any]]:
        cursor = connection.execute(statement)
        names = [column[0] for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return [{name: value for name, value in row.items() if value is not None} for row in rows]

    return run


def only(rows: list[dict[str, Any]], **expected: Any) -> dict[str, Any]:
    """The single row, which has at least these values."""
    assert len(rows) == 1
    assert {name: rows[0].get(name) for name in expected} == expected
    return rows[0]


@pytest.mark.parametrize("channel", sorted(FILES))
def test_a_real_file_is_taken_in_whole(counts: dict[str, DeliveryCounts], channel: str) -> None:
    found = counts[channel]
    assert (found.records, found.submissions, found.events, found.outcomes) == COUNTS[channel]
    assert (found.taken, found.repeats, found.rejected) == (found.records, 0, 0)


@pytest.mark.parametrize("channel", sorted(FILES))
def test_a_real_file_again_changes_nothing(
    counts: dict[str, DeliveryCounts],
    connection: duckdb.DuckDBPyConnection,
    channels: dict[str, Channel],
    channel: str,
    tmp_path: Path,
) -> None:
    again = take_in(connection, channels[channel], SHARED / FILES[channel])
    assert (again.was_known, again.repeats) == (True, counts[channel].records)
    # One more byte makes another delivery of the same records.
    copy = tmp_path / Path(FILES[channel]).name
    copy.write_bytes((SHARED / FILES[channel]).read_bytes().rstrip() + b"\n\n")
    repeated = take_in(connection, channels[channel], copy)
    assert (repeated.was_known, repeated.taken, repeated.rejected) == (False, 0, 0)
    assert repeated.repeats == counts[channel].records


@pytest.mark.parametrize("channel", sorted(FILES))
def test_a_preview_of_a_real_file(channels: dict[str, Channel], channel: str) -> None:
    shown = preview_file(SHARED / FILES[channel], channels[channel], received_at=RECEIVED_AT)
    assert len(shown.record_numbers) == min(5, COUNTS[channel][0])
    assert shown.rejections == ()
    assert any(field.is_filled for field in shown.fields)


def test_typeform(query: Query) -> None:
    row = only(
        query("from capture.submissions where channel = 'typeform'"),
        record_id="a3a12ec67a1365927098a606107fac15",
        submitted_at=datetime(2018, 1, 18, 18, 17, 2),
        email="laura@example.com",
        first_name="Laura",
        form_id="lT4Z3j",
        form_name="Webhooks example",
        source="typeform",
    )
    answers = json.loads(row["answers"])
    assert len(answers) == 10
    assert answers["Which of these cities is your favorite?"] == "London"
    assert answers["Do you have a favorite city we haven't listed?"] == "false"


def test_hubspot_form(query: Query) -> None:
    only(
        query("from capture.submissions where channel = 'hubspot_form'"),
        email="test@sample.com",
        submitted_at=datetime(2024, 6, 24, 18, 9, 22, 899000),
        landing_page="https://share.hsforms.com/13MJGKokMSAmW69lIF_JiKg43od5",
        source_system="hubspot",
    )


def test_linkedin_lead_gen(query: Query) -> None:
    rows = query("from capture.submissions where channel = 'linkedin_lead_gen'")
    assert [(row["record_id"], row["first_name"], row["email"]) for row in rows] == [
        ("lead-a", "Ada", "ada@example.com"),
        ("lead-b", "Bob", "bob@example.com"),
    ]
    assert [row.get("phone") for row in rows] == ["+1-555-0100", None]
    assert {(row["form_id"], row["campaign"], row.get("consent_email")) for row in rows} == {
        ("3162", "367378525", None)
    }
    assert not any("answers" in row or "source_person_id" in row for row in rows)


def test_linkedin_leads_without_the_form_definition_are_rejected_with_the_next_step(
    tmp_path: Path,
) -> None:
    (tmp_path / "channels").mkdir()
    shutil.copy(PROJECT / "config/channels/linkedin_lead_gen.yaml", tmp_path / "channels")
    channel = load_channels(tmp_path)["linkedin_lead_gen"]
    batches = parse_file(SHARED / FILES[channel.name], channel, received_at=RECEIVED_AT)
    (reasons,) = {text for b in batches for text in b.rejected.column("reasons").to_pylist()}
    assert "'3162|10548' is not in look-up 'questions'" in reasons
    assert "config/channels/linkedin_forms/" in reasons


def test_facebook_lead_ads(query: Query) -> None:
    row = only(
        query("from capture.submissions where channel = 'facebook_lead_ads'"),
        record_id="<LEAD_ID>",
        submitted_at=datetime(2015, 2, 28, 8, 49, 14),
        full_name="Joe Example",
        email="joe@example.com",
        ad_id="<AD_ID>",
        form_id="<FORM_ID>",
        source="facebook",
        medium="paid_social",
    )
    assert json.loads(row["answers"]) == {"car_make": "Honda", "selected_dealer": "99213450"}


def test_whatsapp_cloud(query: Query) -> None:
    submission = only(
        query("from capture.submissions where channel = 'whatsapp_cloud'"),
        full_name="Sheena Nelson",
        phone="+16505551234",
        source_system="whatsapp",
        source_person_id="16505551234",
        message="Can I get more info about this?",
        submitted_at=datetime(2025, 6, 18, 19, 46, 32),
        source="facebook",
        medium="paid_social",
        campaign="Chat with us",
        ad_id="120226305854810726",
        preferred_channel="whatsapp",
    )
    assert submission["click_id"].startswith("Aff-n8ZTODiE79d22")
    only(
        query("from capture.events where channel = 'whatsapp_cloud'"),
        event_type="whatsapp_message",
        submission_id=submission["submission_id"],
        occurred_at=datetime(2025, 6, 18, 19, 46, 32),
    )


def test_calendly(query: Query) -> None:
    submission = only(
        query("from capture.submissions where channel = 'calendly'"),
        full_name="John Doe",
        email="john.doe@example.com",
        time_zone="America/Los_Angeles",
        submitted_at=datetime(2026, 6, 9, 21, 37, 17, 731525),
        form_name="Acme - Intro",
        source="calendly",
    )
    assert json.loads(submission["answers"]) == {"meeting_starts_at": "2026-06-10T06:30:00.000000Z"}
    only(
        query("from capture.events where channel = 'calendly'"),
        event_type="meeting_booked",
        submission_id=submission["submission_id"],
    )


def test_zoom_registrations(query: Query) -> None:
    row = only(
        query("from capture.submissions where channel = 'zoom_registrations'"),
        first_name="Jill",
        last_name="Chill",
        email="jchill@example.com",
        company_name="Cooking Org",
        job_title="Chef",
        employee_count="1-20",
        purchase_timeframe="this_quarter",
        region="CA",
        postal_code="94045",
        country="US",
        submitted_at=datetime(2021, 7, 14, 2, 44, 51, 572000),
        message="Looking forward to the Webinar",
    )
    assert json.loads(row["answers"])["role_in_purchase_process"] == "Influencer"
    only(query("from capture.events where channel = 'zoom_registrations'"),
         event_type="webinar_registered", subject="My Webinar")  # fmt: skip


def test_zoom_attendees(query: Query) -> None:
    rows = query("from capture.submissions where channel = 'zoom_attendees' order by received_seq")
    assert [row["last_name"] for row in rows] == ["Person"] * 6
    assert rows[0]["email"] == "buyer@example.invalid"
    assert rows[0]["phone"] == "9000000001"
    assert rows[0]["submitted_at"] == datetime(2026, 8, 8, 21)
    assert {(row["form_name"], row["country"]) for row in rows} == {
        ("Smoke Test Workshop", "India")
    }
    events = query("from capture.events where channel = 'zoom_attendees' order by received_seq")
    assert [event["event_type"] for event in events] == ["webinar_attended"] * 5 + [
        "webinar_missed"
    ]
    assert events[0]["duration_seconds"] == 219 * 60
    assert events[0]["occurred_at"] == datetime(2026, 8, 9, 10, 50)
    assert events[5]["occurred_at"] == datetime(2026, 8, 9, 10, 45)


def test_hubspot_contacts(query: Query) -> None:
    rows = query("from capture.submissions where channel = 'hubspot_contacts'")
    first = rows[0]
    assert first["source_person_id"] == first["record_id"] == "78971951"
    assert first["email"] == "fcb67ef339b691956cc85fa12be6490c"
    assert first["company_name"] == "SampleCompany"
    assert first["annual_revenue"] == "111111"
    assert first["submitted_at"] == datetime(2021, 4, 1, 17, 32, 47)
    assert len({row["source_person_id"] for row in rows}) == 22


def test_salesforce_leads(query: Query) -> None:
    row = only(
        query("from capture.submissions where channel = 'salesforce_leads'"),
        source_person_id="00Q1G00000nDnM5UAK",
        first_name="H",
        last_name="Croc",
        email="h@gmail.com",
        company_name="Z",
        industry="Internet Software & Services",
        annual_revenue="280522000",
        consent_email="granted",
        source="metadata",
        medium="paid_social",
        campaign="Q122-EMEA-DACH-ETLTools_SFDC",
    )
    assert len(json.loads(row["payload"])) == 382


def test_hubspot_deals(query: Query) -> None:
    rows = query("from capture.outcomes where channel = 'hubspot_deals' order by received_seq")
    assert {row["outcome_type"] for row in rows} == {"stage_change"}
    assert rows[0]["opportunity_id"] == "1244495215"
    assert rows[0]["occurred_at"] == datetime(2019, 12, 4, 12, 48, 22)
    assert sum("owner" in row for row in rows) == 22


def test_salesforce_opportunities(query: Query) -> None:
    rows = query("from capture.outcomes where channel = 'salesforce_opportunities'")
    types = [row["outcome_type"] for row in rows]
    assert {kind: types.count(kind) for kind in set(types)} == {
        "closed_won": 5, "closed_lost": 4, "opportunity": 1,
    }  # fmt: skip
    assert rows[0]["amount"] == Decimal("24120000.00")
    assert rows[0]["occurred_at"] == datetime(2018, 12, 19)
    assert rows[0]["opportunity_name"] == "$1m deal"


def test_maven_pipeline(query: Query) -> None:
    types = query(
        "select outcome_type as type, count(*) as deals, sum(amount) as amount, "
        "count(account_name) as accounts, count(distinct owner) as owners "
        "from capture.outcomes where channel = 'maven_pipeline' group by all order by type"
    )
    assert [(row["type"], row["deals"]) for row in types] == [
        ("closed_lost", 2_473), ("closed_won", 4_238), ("opportunity", 1_589),
        ("stage_change", 500),
    ]  # fmt: skip
    assert types[1]["amount"] == Decimal("10005534.00")
    assert sum(row["accounts"] for row in types) == 8_800 - 1_425
    only(
        query("from capture.outcomes where record_id = '1C1I7A6R'"),
        outcome_type="closed_won",
        occurred_at=datetime(2017, 3, 1),
        amount=Decimal("1054.00"),
        currency="USD",
        owner="Moses Frase",
        account_name="Cancity",
        product="GTX Plus Basic",
        stage="Won",
    )


def test_xeducation(query: Query) -> None:
    ((totals),) = query(
        "select count(distinct source_person_id) as people, count(source) as sources, "
        "count(*) filter (where consent_email = 'denied') as no_email, "
        "count(*) filter (where consent_phone = 'denied') as no_call, "
        "count(consent_email) as email_consents, "
        "count(country) as countries, count(city) as cities, "
        "count(coalesce(email, phone, full_name, company_name)) as contacts, "
        "min(submitted_at) as first, max(submitted_at) as last "
        "from capture.submissions where channel = 'xeducation'"
    )
    assert totals == {
        "people": 9_240, "sources": 9_204, "no_email": 734, "no_call": 2, "email_consents": 734,
        "countries": 6_779, "cities": 5_571, "contacts": 0, "first": RECEIVED_AT,
        "last": RECEIVED_AT,
    }  # fmt: skip
    outcomes = query(
        "select outcome_type as type, count(*) as leads from capture.outcomes "
        "where channel = 'xeducation' group by type order by type"
    )
    assert outcomes == [
        {"type": "closed_lost", "leads": 5_679},
        {"type": "closed_won", "leads": 3_561},
    ]
    (views,) = query(
        "select sum(quantity) as visits, max(duration_seconds) as longest from capture.events "
        "where channel = 'xeducation' and event_type = 'page_view'"
    )
    assert views == {"visits": 31_362, "longest": 2_272.0}


@pytest.mark.parametrize(
    "column",
    ["Tags", "Lead Quality", "Lead Profile", "Asymmetrique Activity Index",
     "Asymmetrique Profile Score", "Last Activity", "Last Notable Activity"],
)  # fmt: skip
def test_what_leaks_the_outcome_stays_in_the_payload(
    channels: dict[str, Channel], query: Query, column: str
) -> None:
    assert column not in channels["xeducation"].rules.mentioned_names()
    (row,) = query(
        "select count(*) as records from capture.submissions "
        f"where channel = 'xeducation' and json_extract_string(payload, '$.\"{column}\"') <> ''"
    )
    assert row["records"] > 0
