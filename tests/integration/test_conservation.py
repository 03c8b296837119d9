"""Promise 2, nothing is lost: received = submissions' records + repeats + rejected, hop by hop.

A generated world tells what it sent and what it spoiled; files made by hand bring every defect a
file can have. Where it does not depend on the profile, one is enough: embedded.
"""

import json
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from lead_platform.capture.channels import load_channels
from lead_platform.capture.deliveries import archive_deliveries, parse_deliveries
from lead_platform.demo.files import CSV_CHANNELS
from lead_platform.demo.world import World
from tests.integration.conftest import Install
from tests.integration.installation import PROJECT, Installation, files_by_slice, make_world

RECEIVED_AT = datetime(2026, 7, 1)
ID_COLUMNS = {"submissions": "record_id", "events": "event_id", "outcomes": "outcome_id"}

GOOD = {
    "form_submission_id": "hand-1",
    "submitted_at": "2026-06-01T10:00:00Z",
    "form": {"id": "contact", "name": "Contact"},
    "fields": {"full_name": "Nora Quist", "email": "nora.quist@quist-marine.example.com"},
}
CSV_HEADER = (
    "list_id,row_id,added_at,first_name,last_name,email,phone,title,company,website,industry,"
    "employees,city,state,country,linkedin_url,list_name"
)


def form_line(record_id: str, **changes: object) -> str:
    """A web form's record with other contents."""
    return json.dumps({**GOOD, "form_submission_id": record_id, **changes})


def csv_row(row_id: str, last_name: str, rest: str = ",,,,,,,,DE,,Fair") -> str:
    """A row of an outbound list with 17 cells."""
    mail = f"{row_id}@row.example.com"
    return f"L1,{row_id},2026-06-01T10:00:00Z,Jörg,{last_name},{mail},{rest}"


# Name, channel, bytes, and how its records have to end: received, taken, repeats, rejected.
HAND_MADE: list[tuple[str, str, bytes, tuple[int, int, int, int]]] = [
    (
        "defects.jsonl",
        "web_form",
        "\n".join(
            [
                json.dumps(GOOD),
                '{"form_submission_id": "hand-2", "submitted_at": ',
                form_line("hand-3", fields={"full_name": "", "email": "", "phone": "--"}),
                form_line("hand-4", submitted_at="1899-01-01T00:00:00Z"),
                form_line("hand-5", submitted_at="2031-01-01T00:00:00Z"),
                form_line("hand-6", submitted_at={"year": 2026}),
                json.dumps(GOOD),
                form_line("hand-1", fields={"full_name": "Somebody Else", "email": "e@x.example"}),
                form_line("", fields=GOOD["fields"]),
                '"a text, no object"',
                form_line("hand-7"),
            ]
        ).encode(),
        (11, 2, 1, 8),
    ),
    (
        "ragged.csv",
        "outbound_list",
        "\n".join(
            [
                CSV_HEADER,
                csv_row("1", "Müller"),
                csv_row("2", "Zu Viele", ",,,,,,,,DE,,Fair,one,two"),
                csv_row("3", "Krämer"),
            ]
        ).encode("cp1252"),
        (3, 2, 0, 1),
    ),
    ("empty.jsonl", "web_form", b"", (1, 0, 0, 1)),
    (
        "truncated.json",
        "web_form",
        f"[{form_line('cut-1')}, {form_line('cut-2')[:60]}".encode(),
        (1, 0, 0, 1),
    ),
    ("noise.jsonl", "web_form", bytes(range(128, 256)) * 4, (1, 0, 0, 1)),
    ("header_only.csv", "outbound_list", CSV_HEADER.encode(), (1, 0, 0, 1)),
]


@pytest.fixture(scope="module")
def profile() -> str:
    """One profile: what is counted here does not depend on it."""
    return "embedded"


@pytest.fixture(scope="module")
def world_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the world's files lie."""
    return tmp_path_factory.mktemp("world")


@pytest.fixture(scope="module")
def world(world_folder: Path) -> World:
    """A world of many channels with repeats and spoiled records."""
    from lead_platform.demo.settings import Noise

    noise = Noise(rejected=0.05, repeated=0.08)
    return make_world(
        world_folder, slices=2, seed=29, submissions=200, events_per_person=2.0, noise=noise
    )


@pytest.fixture(scope="module")
def taken_in(install: Install, world: World, world_folder: Path) -> Installation:
    """The world's first slice from the inbox; then its second with the hand-made files."""
    installation = install("conservation")
    hand_made = []
    for name, channel, content, _ in HAND_MADE:
        path = world_folder / "by hand" / channel / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        hand_made.append((path, channel))
    first, second = files_by_slice(world_folder)
    installation.run_all([first, [*second, *hand_made]])
    return installation


@pytest.mark.parametrize(("name", "counts"), [(name, counts) for name, *_, counts in HAND_MADE])
def test_every_record_of_a_defective_file_ends_as_it_should(
    taken_in: Installation, name: str, counts: tuple[int, int, int, int]
) -> None:
    found = taken_in.query(
        "select records, taken, repeats, rejected from capture.deliveries "
        f"where file_name = '{name}'"
    )
    assert found == [counts]
    reasons = taken_in.query(
        "select reasons, payload from capture.rejected_records "
        f"join capture.deliveries using (delivery_id) where file_name = '{name}'"
    )
    assert len(reasons) == counts[3]
    assert all(json.loads(reason) for reason, _ in reasons)


@pytest.mark.parametrize("kind", ["submissions", "events", "outcomes"])
def test_the_world_is_taken_in_record_by_record(
    taken_in: Installation, world: World, kind: str
) -> None:
    sent: pd.DataFrame = getattr(world, kind)
    column = ID_COLUMNS[kind]
    valid = sent[sent["defect"].isna()]
    spoiled = sent[sent["defect"].notna()]
    assert len(spoiled) or kind != "submissions", "a world without spoiled records proves nothing"
    kept = {
        row[0]
        for row in taken_in.query(
            f"select record_id from capture.{kind} join capture.deliveries using (delivery_id) "
            "where starts_with(file_name, 'world-')"
        )
    }
    assert kept >= set(valid[column])
    assert kept.isdisjoint(spoiled[column])


def test_received_is_taken_repeated_or_rejected_per_channel(
    taken_in: Installation, world: World
) -> None:
    frames = {channel: frame for channel, frame in world.submissions.groupby("channel")}
    frames |= {"web_events": world.events, "crm_outcomes": world.outcomes}
    counts = taken_in.query(
        "select channel, sum(records), sum(taken), sum(repeats), sum(rejected) "
        "from capture.deliveries where starts_with(file_name, 'world-') group by all"
    )
    assert {row[0] for row in counts} == set(frames)
    assert set(frames) > CSV_CHANNELS
    for channel, received, taken, repeats, rejected in counts:
        sent = frames[channel]
        is_spoiled = sent["defect"].notna()
        again = sent["deliveries"] - 1
        assert received == sent["deliveries"].sum(), channel
        assert taken == (~is_spoiled).sum(), channel
        assert repeats == again[~is_spoiled].sum(), channel
        assert rejected == sent["deliveries"][is_spoiled].sum(), channel


def test_nothing_fans_out_and_nothing_drops_from_submission_to_assignment(
    taken_in: Installation,
) -> None:
    submissions = taken_in.query("select submission_id from capture.submissions order by all")
    assert len(submissions) == len(set(submissions)) > 200
    for table in ("identity.normalized_submissions", "identity.lead_members"):
        assert taken_in.query(f"select submission_id from {table} order by all") == submissions
    leads = taken_in.query("select distinct lead_id from identity.lead_members order by all")
    for table in (
        "identity.lead_versions",
        "identity.leads",
        "enrichment.lead_profiles",
        "scoring.lead_features",
        "scoring.lead_scores",
        "routing.assignments",
    ):
        assert taken_in.query(f"select lead_id from {table} order by all") == leads, table
    stated = taken_in.query("select lead_id, submission_count from identity.leads order by all")
    counted = taken_in.query(
        "select lead_id, count(*) from identity.lead_members group by all order by all"
    )
    assert stated == counted


@pytest.mark.parametrize("kind", ["event", "outcome"])
def test_what_names_a_known_address_belongs_to_its_lead_once(
    taken_in: Installation, kind: str
) -> None:
    """Events and outcomes are found by what they name; by address it can be counted here."""
    by_address = f"""
        with addresses as (
            select email, any_value(lead_id) as lead_id
            from identity.normalized_submissions join identity.lead_members using (submission_id)
            where email is not null
            group by email having count(distinct lead_id) = 1
        )
        select items.{kind}_id, addresses.lead_id
        from capture.{kind}s as items join addresses on lower(trim(items.email)) = addresses.email
    """
    named = set(taken_in.query(by_address))
    attributed = taken_in.query(f"select {kind}_id, lead_id from identity.lead_{kind}s")
    assert len(attributed) == len(set(attributed))
    assert len(named) > 20
    assert named <= set(attributed)


def test_file_replaced_while_its_run_works_is_left_for_the_next(tmp_path: Path) -> None:
    """It was archived unread: the run moved away whatever lay under the name it had read."""
    inbox, archive = tmp_path / "inbox", tmp_path / "archive"
    path = inbox / "web_form" / "daily.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(form_line("a") + "\n", encoding="utf-8")
    gone = inbox / "web_form" / "taken-by-another-run.jsonl"
    channels = load_channels(PROJECT / "config")
    parsed, faults = parse_deliveries(
        [(path, "web_form"), (gone, "web_form")],
        channels,
        received_at=RECEIVED_AT,
        inbox=inbox,
        spools=tmp_path,
    )
    assert ([item.path for item in parsed], faults) == ([path], [])
    put_beside = tmp_path / "next.jsonl"
    put_beside.write_text(form_line("b") + "\n", encoding="utf-8")
    put_beside.rename(path)
    archive_deliveries(parsed, inbox=inbox, archive=archive)
    assert json.loads(path.read_text(encoding="utf-8"))["form_submission_id"] == "b"
    assert not archive.exists()


def test_conservation_check_passed_in_every_run(taken_in: Installation) -> None:
    checks = taken_in.query(
        "select check_name, count(*), bool_and(passed), min(expected) "
        "from governance.data_quality group by all"
    )
    assert len(checks) == 5
    assert all(runs == 2 and passed and expected > 0 for _, runs, passed, expected in checks)
