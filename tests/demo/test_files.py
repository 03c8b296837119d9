"""The files of a world: same bytes again, every record in the truth, slices that add up."""

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

from lead_platform.demo.files import write_world
from lead_platform.demo.settings import CHANNEL_MIX, WorldSettings
from lead_platform.demo.words import LINKEDIN_FORM_PATH
from lead_platform.demo.world import World, generate_increment, generate_world
from tests.demo.conftest import WrittenWorld

SMALL = WorldSettings(submissions=600)
OWN_IDS = {
    "web_form": lambda record: record["form_submission_id"],
    "typeform": lambda record: record["form_response"]["token"],
    "linkedin_lead_gen": lambda record: record["id"],
    "facebook_lead_ads": lambda record: record["id"],
    "calendly": lambda record: "invitee.created|" + record["payload"]["uri"],
    "chat_transcript": lambda record: record["conversation_id"],
    "zoom_registrations": lambda record: "{id}|{registrant[id]}".format_map(
        record["payload"]["object"]
    ),
    "web_events": lambda record: record["event_id"],
    "hubspot_contacts": lambda record: record["id"],
    "call_log": lambda record: record["call_id"],
    "outbound_list": lambda record: f"{record['list_id']}|{record['row_id']}",
    "crm_outcomes": lambda record: record["outcome_id"],
}


def read_records(path: Path) -> list[dict]:
    if path.suffix == ".csv":
        return pd.read_csv(path, dtype="str", keep_default_na=False).to_dict("records")
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return json.loads(text)["elements"]
    return [json.loads(line) for line in text.splitlines()]


def read_ids(folder: Path, channel: str) -> list[str]:
    files = sorted((folder / "inbox" / channel).iterdir())
    return [OWN_IDS[channel](record) for file in files for record in read_records(file)]


def hash_folder(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def small() -> World:
    return generate_world(SMALL)


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        write_world(generate_world(SMALL), tmp_path / name)
    assert hash_folder(tmp_path / "first") == hash_folder(tmp_path / "second")


def test_every_channel_has_a_file_and_nothing_is_left_half_written(written: WrittenWorld) -> None:
    channels = {name for name, _ in CHANNEL_MIX} | {"web_events", "crm_outcomes"}
    assert {path.name for path in (written.folder / "inbox").iterdir()} == channels
    assert {file.channel for file in written.files} == channels
    assert not any((written.folder / ".writing").iterdir())


@pytest.mark.parametrize("channel", sorted(OWN_IDS))
def test_files_and_truth_hold_the_same_records(written: WrittenWorld, channel: str) -> None:
    found = pd.Series(read_ids(written.folder, channel)).value_counts().to_dict()
    if channel == "web_events":
        truth = written.read_truth("events").set_index("event_id")
    elif channel == "crm_outcomes":
        truth = written.read_truth("outcomes").set_index("outcome_id")
    else:
        rows = written.read_truth("submissions")
        truth = rows[rows["channel"] == channel].set_index("record_id")
    assert found == truth["deliveries"].to_dict()
    assert sum(file.records for file in written.files if file.channel == channel) == sum(
        found.values()
    )


def test_truth_names_a_person_for_every_good_submission(written: WrittenWorld) -> None:
    rows = written.read_truth("submissions")
    people = set(written.read_truth("people")["person_id"])
    is_bad = rows["defect"].notna()
    assert rows.loc[~is_bad, "person_id"].isin(people).all()
    assert rows.loc[is_bad, "person_id"].isna().all()
    assert written.read_truth("drivers")["person_id"].isin(people).all()
    keys = rows.set_index(["channel", "record_id"])["person_id"]
    pairs = written.read_truth("duplicates")
    again = pd.MultiIndex.from_frame(pairs[["channel", "record_id"]])
    first = pd.MultiIndex.from_frame(pairs[["first_channel", "first_record_id"]])
    assert (keys.loc[again].to_numpy() == pairs["person_id"].to_numpy()).all()
    assert (keys.loc[first].to_numpy() == pairs["person_id"].to_numpy()).all()


def test_absent_answers_are_absent(small: World, tmp_path: Path) -> None:
    write_world(small, tmp_path)
    (page,) = (tmp_path / "inbox" / "linkedin_lead_gen").iterdir()
    for element in read_records(page):
        for answer in element["formResponse"]["answers"]:
            assert answer["answerDetails"]["textQuestionAnswer"]["answer"] is not None
    for record in read_records(tmp_path / "inbox" / "typeform" / f"{small.label}.jsonl"):
        assert all(answer is not None for answer in record["form_response"]["answers"])


def test_linkedin_questions_stand_in_the_form(small: World, tmp_path: Path) -> None:
    form = json.loads(LINKEDIN_FORM_PATH.read_text(encoding="utf-8"))
    asked = {question["questionId"] for question in form["content"]["questions"]}
    write_world(small, tmp_path)
    (page,) = (tmp_path / "inbox" / "linkedin_lead_gen").iterdir()
    answered = {
        answer["questionId"]
        for element in read_records(page)
        for answer in element["formResponse"]["answers"]
    }
    assert answered == asked
    assert form["id"] == 3162


def test_firmographics_have_the_agreed_columns(written: WrittenWorld) -> None:
    table = pd.read_csv(written.folder / "reference" / "companies.csv")
    assert list(table.columns) == [
        "domain",
        "company_name",
        "industry",
        "employee_count",
        "annual_revenue",
        "country",
        "city",
        "founded_year",
        "technologies",
        "source",
        "as_of",
    ]
    assert pd.to_datetime(table["as_of"]).notna().all()


@pytest.mark.slow
def test_slices_add_up_to_one_load(small: World, tmp_path: Path) -> None:
    write_world(small, tmp_path / "one")
    write_world(small, tmp_path / "ten", slices=10)
    for channel in OWN_IDS:
        assert read_ids(tmp_path / "ten", channel) == read_ids(tmp_path / "one", channel), channel
    with pytest.raises(ValueError, match="slices 0"):
        write_world(small, tmp_path, slices=0)


def test_increment_is_written_beside_the_world(small: World, tmp_path: Path) -> None:
    write_world(small, tmp_path)
    before = hash_folder(tmp_path)
    more = generate_increment(SMALL, 30, seed=3, base=small)
    files = write_world(more, tmp_path)
    after = hash_folder(tmp_path)
    assert {name: after[name] for name in before} == before
    assert all("increment-3" in file.path.name for file in files)
    truth = pd.read_parquet(tmp_path / "truth" / "increment-3" / "submissions.parquet")
    assert truth["defect"].isna().sum() == 30
