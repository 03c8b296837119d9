"""Two columns for one field: nothing that the second says is lost where the first is filled."""

import csv
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from lead_platform.capture.channels import Channel, load_channel
from lead_platform.capture.guessing.proposal import Proposal, render_proposal
from lead_platform.capture.readers import RawRecord, read_records
from tests.capture.guessing.test_exports import NAMES, proposed
from tests.capture.test_mapping import items
from tests.capture.test_readers import rules

FIRST = ["Ada", "Bo", "Cy", "Di", "Ed", "Flo"]
OWN = [f"{name.lower()}@firm{n}.example" for n, name in enumerate(FIRST)]
WORK = [f"{name.lower()}@corp{n}.example" for n, name in enumerate(FIRST)]
DESK = [f"+49 30 5550 12{n:02}" for n in range(6)]
MOBILE = [f"+49 151 5550 12{n:02}" for n in range(6)]


def taken(tmp_path: Path, columns: Mapping[str, Sequence[str]]) -> tuple[Proposal, list[Any]]:
    path = tmp_path / "x.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    proposal = proposed(path)
    assert proposal.draft is not None, proposal.fault
    (tmp_path / "guessed.yaml").write_text(proposal.draft.text, encoding="utf-8")
    channel = load_channel(tmp_path / "guessed.yaml")
    records = read_records(path, channel.rules)
    rows = [
        items(channel, record.content)[0] for record in records if isinstance(record, RawRecord)
    ]
    return proposal, rows


def notes_of(proposal: Proposal) -> str:
    return " ".join(str(part) for part in render_proposal(proposal).renderables[1:])  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("field", "names", "first", "second"),
    [
        ("phone", ("Phone", "Mobile"), DESK, MOBILE),
        ("phone", ("Telefon", "Handynummer"), DESK, MOBILE),
        ("phone", ("Work Phone", "Cell Phone"), DESK, MOBILE),
    ],
)
def test_a_second_number_is_an_answer(
    tmp_path: Path, field: str, names: tuple[str, str], first: list[str], second: list[str]
) -> None:
    """`Phone || Mobile` threw the second away wherever both were filled, and nobody was told."""
    first = [*first[:-1], ""]
    columns = {"First Name": FIRST, "Email": OWN, names[0]: first, names[1]: second}
    proposal, rows = taken(tmp_path, columns)
    assert [row[field] for row in rows] == [*first[:-1], second[-1]]
    answers = [json.loads(row["answers"] or "{}") for row in rows]
    assert [list(each.values()) for each in answers] == [*([one] for one in second[:-1]), []]
    told = f"Where {names[0]} and {names[1]} are both filled, {names[1]} is kept as an answer."
    assert told in notes_of(proposal)


def test_a_second_question_is_an_answer(tmp_path: Path) -> None:
    """What a path read was no answer any more, whether a field took it or not."""
    path = tmp_path / "x.jsonl"
    asked = {"First Name": FIRST, "Phone": DESK, "Mobile No.": MOBILE, "Colour": ["red"] * 6}
    rows = [
        {"id": f"r{n}", "answers": [{"question": q, "answer": a[n]} for q, a in asked.items()]}
        for n in range(6)
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    proposal = proposed(path)
    assert proposal.draft is not None, proposal.fault
    (tmp_path / "guessed.yaml").write_text(proposal.draft.text, encoding="utf-8")
    channel = load_channel(tmp_path / "guessed.yaml")
    first = next(iter(read_records(path, channel.rules)))
    assert isinstance(first, RawRecord)
    (row,) = items(channel, first.content)
    assert row["phone"] == DESK[0]
    assert json.loads(row["answers"]) == {"Mobile No.": MOBILE[0], "Colour": "red"}


def test_a_second_mailbox_is_a_further_one(tmp_path: Path) -> None:
    """`Email || Work Email` threw the second away wherever both were filled."""
    first = ["", *OWN[1:]]
    proposal, rows = taken(tmp_path, {"First Name": FIRST, "Email": first, "Work Email": WORK})
    assert proposal.draft is not None
    assert proposal.draft.fields["further_emails"] == ("Work Email",)
    assert [row["email"] for row in rows] == [WORK[0], *OWN[1:]]
    further = [json.loads(row["further_emails"] or "[]") for row in rows]
    assert further == [[], *([one] for one in WORK[1:])]
    assert "kept as an answer" not in notes_of(proposal)


def test_a_mailbox_that_stands_beside_others_is_no_key(tmp_path: Path) -> None:
    """A further mailbox is an exact key: colleagues who share one would be one person."""
    shared = [WORK[0], WORK[0], *WORK[2:]]
    proposal, rows = taken(tmp_path, {"First Name": FIRST, "Email": OWN, "Work Email": shared})
    assert proposal.draft is not None
    assert "further_emails" not in proposal.draft.fields
    assert [list(json.loads(row["answers"]).values()) for row in rows] == [[one] for one in shared]
    told = "Where Email and Work Email are both filled, Work Email is kept as an answer."
    assert told in notes_of(proposal)


def test_what_a_crm_keeps_of_a_merged_person_fills_fields(tmp_path: Path) -> None:
    """Names of HubSpot's own columns were in no list: their keys became answers."""
    columns = {
        "Record ID": [str(100 + n) for n in range(6)],
        "First Name": FIRST,
        "Email": OWN,
        "Work email": [f"{name.lower()}@work.example" for name in FIRST],
        "Additional email addresses": [f"{one};x{n}@old.example" for n, one in enumerate(WORK)],
        "Merged object IDs": [f"{200 + n};{300 + n}" for n in range(6)],
    }
    _, rows = taken(tmp_path, columns)
    assert json.loads(rows[0]["further_emails"]) == [WORK[0], "x0@old.example"]
    assert json.loads(rows[0]["merged_person_ids"]) == ["200", "300"]
    assert list(json.loads(rows[0]["answers"]).values()) == ["ada@work.example"]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Additional email addresses", ["yes", "no"] * 3),
        ("Merged object IDs", ["was merged by hand", "see the note"] * 3),
    ],
)
def test_values_that_are_no_keys_stay_answers(tmp_path: Path, name: str, values: list[str]) -> None:
    proposal, _ = taken(tmp_path, {"First Name": FIRST, "Email": OWN, name: values})
    assert proposal.draft is not None
    assert set(proposal.draft.fields) == {"first_name", "email"}


def test_a_form_that_asks_for_more_mailboxes_asks_about_others() -> None:
    assert NAMES.asks_about_another("Additional email addresses")


@pytest.mark.parametrize("names", [("Phone", "Mobile"), ("Telefono", "Cellulare")])
def test_what_is_empty_so_far_is_read_once_it_is_filled(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    """A sample that holds no mobile says nothing of the rows behind it."""
    path = tmp_path / "x.csv"
    columns = {"First Name": FIRST, "Email": OWN, names[0]: DESK, names[1]: [""] * 6}
    proposal, _ = taken(tmp_path, columns)
    assert proposal.draft is not None
    later = {name: column[:1] for name, column in columns.items()}
    for first, second, phone, answers in (
        ("", MOBILE[0], MOBILE[0], []),
        (DESK[0], MOBILE[0], DESK[0], [MOBILE[0]]),
    ):
        later |= {names[0]: [first], names[1]: [second]}
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([list(later), *zip(*later.values(), strict=True)])
        channel = load_channel(tmp_path / "guessed.yaml")
        (record,) = read_records(path, channel.rules)
        assert isinstance(record, RawRecord)
        (row,) = items(channel, record.content)
        assert row["phone"] == phone
        assert list(json.loads(row["answers"] or "{}").values()) == answers


@pytest.mark.parametrize("title", ["Person - ", "Lead: ", "contact.", "Contact - "])
def test_what_every_column_is_named_after_adds_nothing(tmp_path: Path, title: str) -> None:
    """`Person - Phone - Mobile`: not as sure as `Mobile Phone`, and no second one was taken."""
    desk = [*DESK[:-1], ""]
    columns = {
        "Name": [f"{name} Berg" for name in FIRST],
        "Email - Work": OWN,
        "Phone - Work": desk,
    }
    titled = {f"{title}{name}": column for name, column in columns.items()}
    _, rows = taken(tmp_path, titled | {f"{title}Phone - Mobile": MOBILE})
    assert [row["phone"] for row in rows] == [*desk[:-1], MOBILE[-1]]
    assert [row["email"] for row in rows] == OWN
    assert [row["full_name"] for row in rows] == columns["Name"]


def test_a_title_that_is_somebody_elses_stays(tmp_path: Path) -> None:
    columns = {"Name": [f"{name} Berg" for name in FIRST], "Email": OWN, "Phone": DESK}
    titled = {f"Referrer - {name}": column for name, column in columns.items()}
    path = tmp_path / "x.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([list(titled), *zip(*titled.values(), strict=True)])
    assert not {"email", "phone", "full_name"} & set(proposed(path).found.choices)


@pytest.mark.parametrize(
    ("question", "cells", "field"),
    [
        ("Great {{field:abc}}, where may we write to?", OWN, "email"),
        ("So {{name}}, under which number?", MOBILE, "phone"),
    ],
)
def test_what_is_named_by_nothing_known_is_asked(
    tmp_path: Path, question: str, cells: list[str], field: str
) -> None:
    """Leads without a mailbox came of a file that is full of them, and nobody was told."""
    path = tmp_path / "x.csv"
    columns = {"First Name": FIRST[:3], "Company": ["A Ltd", "B Ltd", "C Ltd"], question: cells[:3]}
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([list(columns), *zip(*columns.values(), strict=True)])
    questions = proposed(path).found.questions
    assert any(each.startswith(question) and f"`{field}`" in each for each in questions)


@pytest.mark.parametrize("title", ["Person - ", "Lead: ", "contact."])
@pytest.mark.parametrize("name", ["Is Deleted", "Newsletter consent", "Do Not Call", "Password"])
def test_a_title_of_all_columns_changes_no_question(tmp_path: Path, title: str, name: str) -> None:
    """`Person - Is Deleted` became an answer, and nobody was asked."""
    columns = {"Name": [f"{each} Berg" for each in FIRST], "Email": OWN, name: ["0", "1"] * 3}
    found = []
    for before in ("", title):
        path = tmp_path / f"x{len(found)}.csv"
        titled = {f"{before}{each}": column for each, column in columns.items()}
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([list(titled), *zip(*titled.values(), strict=True)])
        proposal = proposed(path)
        kept = {near for _, near in proposal.found.rest}
        questions = [each.replace(before, "") for each in proposal.found.questions]
        found.append((set(proposal.found.choices), kept, questions))
    assert found[0] == found[1]


def test_dates_that_people_write_settle_no_order(tmp_path: Path) -> None:
    """A demo wished for on 28/10/2026 said how a system writes when a record was created."""
    wished = ["28/10/2026"] * 6
    for name, is_asked in (("Preferred demo date", True), ("Last Modified", False)):
        path = tmp_path / "x.csv"
        columns = {"Name": FIRST, "Email": OWN, "Created": ["03/04/2026"] * 6, name: wished}
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([list(columns), *zip(*columns.values(), strict=True)])
        questions = proposed(path).found.questions
        assert any("day or month first" in each for each in questions) == is_asked


@pytest.mark.parametrize("whose", ["trainer", "registrar", "bookkeeping", "Empfang", "reception"])
@pytest.mark.parametrize("name", ["Phone", "E-mail", "Name"])
def test_a_bracket_that_may_name_somebody_else_is_no_filler(
    tmp_path: Path, name: str, whose: str
) -> None:
    """Every participant had the trainer's phone."""
    mails = [f"kim{n}@desk{n}.example" for n in range(6)]
    own = {"Phone": DESK, "E-mail": mails, "Name": [f"{each} Berg" for each in FIRST]}
    columns = {f"{each} ({whose})" if each == name else each: own[each] for each in own}
    path = tmp_path / "x.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([list(columns), *zip(*columns.values(), strict=True)])
    used = {
        column.name
        for choices in proposed(path).found.choices.values()
        for choice in choices
        for column in choice.columns
    }
    assert f"{name} ({whose})" not in used
    assert used & {"Phone", "E-mail"}


@pytest.mark.parametrize(
    "name",
    ["Mobile Phone Number", "WhatsApp Phone Number", "Tél. direct", "Tel. gesch.", "Direct Line",
     "SMS", "Default Address Phone", "Day Phone", "Other Phone", "Business Phone 2",
     "Cell Telephone Number"],
)  # fmt: skip
def test_a_further_number_stands_in_for_the_first(tmp_path: Path, name: str) -> None:
    """Of HubSpot's `Phone Number, Mobile Phone Number` most leads lost theirs, and nobody said."""
    columns = {"Email": OWN, "Phone Number": [*DESK[:2], "", "", "", ""], name: MOBILE}
    _, rows = taken(tmp_path, columns)
    assert [row["phone"] for row in rows] == [*DESK[:2], *MOBILE[2:]]


def test_of_three_numbers_none_is_lost(tmp_path: Path) -> None:
    columns = {"Email": OWN, "Phone": [DESK[0], "", "", *DESK[3:]], "Mobile": ["", *MOBILE[1:]],
               "Home Phone": [*DESK[1:], DESK[0]]}  # fmt: skip
    columns["Mobile"][2] = ""
    _, rows = taken(tmp_path, columns)
    assert [row["phone"] for row in rows[:3]] == [DESK[0], MOBILE[1], DESK[3]]
    home = [json.loads(row["answers"] or "{}").get("home_phone") for row in rows]
    assert home == [DESK[1], DESK[2], None, DESK[4], DESK[5], DESK[0]]


@pytest.mark.parametrize(
    ("first", "name", "values"),
    [
        *[("Email", name, WORK) for name in
          ("Secondary Email", "Alternate Email", "Other E-mail", "Email 2", "Backup Email",
           "Zweite E-Mail", "Autre e-mail", "Email (private)", "Zzz")],
        *[("Phone", name, MOBILE) for name in
          ("Alternate Phone", "Phone 2", "Backup Mobile", "Zweites Telefon (neu)", "Billing Phone",
           "Zzz")],
    ],
)  # fmt: skip
def test_a_column_that_may_be_the_leads_too_is_asked_about(
    tmp_path: Path, first: str, name: str, values: list[str]
) -> None:
    """`Secondary Email` was somebody else's: a row with no other mailbox was rejected."""
    own = OWN if first == "Email" else DESK
    columns = {"First Name": FIRST, "Last Name": FIRST, "Company": FIRST,
               first: [*own[:4], "", ""], name: values}  # fmt: skip
    proposal, _ = taken(tmp_path, columns)
    (question,) = [each for each in proposal.found.questions if each.startswith(f"{name}: ")]
    assert "the lead's too? No field takes them, though in 2 of 6 rows no other is" in question
    # What the question tells to write finds the second where the first says nothing.
    written = re.findall(r"`(\w+: .+?)`", question)
    assert len(written) == (2 if first == "Email" else 1)
    ((field, rule),) = YAML(typ="safe").load(written[0]).items()
    fields = {"submitted_at": {"default": "received_at"}, field: rule}
    emits = [{"kind": "submission", "fields": fields}]
    channel = Channel(rules(record_id="content", emits=emits), {}, "v")
    for blank in ("", "-", "n/a", "#N/A"):
        (row,) = items(channel, {first: blank, name: values[0]})
        assert row[field] == values[0]


@pytest.mark.parametrize("name", ["Order number", "Points", "VAT", "Kundennummer"])
def test_numbers_of_other_things_are_not_asked_about(tmp_path: Path, name: str) -> None:
    columns = {"Email": OWN, "Phone": DESK, name: [str(1234567 + n) for n in range(6)]}
    proposal, _ = taken(tmp_path, columns)
    assert not [each for each in proposal.found.questions if each.startswith(f"{name}: ")]
