"""Whatever a file holds, a proposal loads as a channel, or the reason is told."""

import json
import re
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_platform.capture.channels import load_channel
from lead_platform.capture.contracts import load_contracts
from lead_platform.capture.guessing.draft import Draft
from lead_platform.capture.guessing.names import load_field_names
from lead_platform.capture.guessing.proposal import channel_name, write_proposal
from lead_platform.capture.guessing.samples import NothingToGuessError
from lead_platform.capture.mapping import ITEM_COLUMNS, MappedRecord, RecordMapper
from lead_platform.capture.preview import preview_file
from lead_platform.configuration import ConfigurationError
from lead_platform.patterns import Pattern
from lead_platform.vocabularies.folder import load_intake_lists
from tests.capture.guessing.exports import Columns
from tests.capture.guessing.test_exports import CONFIG, NAMES, NOW, proposed, write_export

KNOWN = ("Email", "Name", "Phone", "Company", "Date", "id", "Opt in", "Owner", "Stage", "Amount")
HEADERS = st.one_of(st.sampled_from(KNOWN), st.text(max_size=30))
CELLS = st.one_of(
    st.sampled_from(["ada@x.example", "Ada Lee", "+4930555012", "yes", "no", "2026-01-02", ""]),
    st.text(max_size=30),
)


# A proposal takes a tenth of a second.
EXAMPLES = 40


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=EXAMPLES,
)
@given(headers=st.lists(HEADERS, min_size=1, max_size=8), data=st.data())
def test_any_table_gives_a_channel_or_a_reason(
    tmp_path: Path, headers: list[str], data: st.DataObject
) -> None:
    columns: Columns = [(header, None, data.draw(CELLS), data.draw(CELLS)) for header in headers]
    path = write_export(tmp_path / "any.csv", columns)
    try:
        proposal = proposed(path)
    except NothingToGuessError:
        return
    assert (proposal.draft is None) == (proposal.fault is not None)


RECORDS = st.recursive(
    st.one_of(CELLS, st.integers(), st.booleans(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(HEADERS, inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=EXAMPLES,
)
@given(record=st.dictionaries(HEADERS, RECORDS, min_size=1, max_size=5))
def test_any_object_gives_a_channel_or_a_reason(tmp_path: Path, record: dict[str, object]) -> None:
    path = tmp_path / "any.jsonl"
    path.write_text(json.dumps({**record, "email": "ada@x.example"}) + "\n", encoding="utf-8")
    proposal = proposed(path)
    assert proposal.draft is not None


def test_forms_of_questions_and_answers(tmp_path: Path) -> None:
    answers = [{"question": "Your e-mail", "answer": "a@b.example"},
               {"question": "Budget (EUR)", "answer": "10k"}]  # fmt: skip
    path = tmp_path / "leads.json"
    path.write_text(json.dumps({"results": [{"id": "1", "answers": answers}]}), encoding="utf-8")
    proposal = proposed(path)
    assert proposal.draft is not None
    assert "records: results" in proposal.draft.text
    assert proposal.draft.fields == {"email": ("_answers.Your e-mail",), "record_id": ("id",)}
    assert proposal.preview is not None
    by_name = {field.field: field.values for field in proposal.preview.fields}
    assert by_name["email"] == ("a@b.example",)
    assert json.loads(by_name["answers"][0]) == {"Budget (EUR)": "10k"}


def test_an_opt_out_is_turned_round(tmp_path: Path) -> None:
    columns: Columns = [
        ("Email", None, "a@b.example", "c@d.example"),
        ("Do Not Email", None, "Yes", "No"),
    ]
    proposal = proposed(write_export(tmp_path / "x.csv", columns))
    assert proposal.preview is not None
    by_name = {field.field: field.values for field in proposal.preview.fields}
    assert by_name["consent_email"] == ("denied", None)


def test_mail_and_phone_in_one_cell(tmp_path: Path) -> None:
    columns: Columns = [("Contact", None, "Ada Lee", "Bo Ray"),
               ("Email / Phone", None, "a@b.example / 98450 12345", "98450 12346")]  # fmt: skip
    proposal = proposed(write_export(tmp_path / "x.csv", columns))
    assert proposal.preview is not None
    by_name = {field.field: field.values for field in proposal.preview.fields}
    assert by_name["email"] == ("a@b.example", None)
    assert by_name["phone"] == ("98450 12345", "98450 12346")


PEOPLE = [["Ada", "Lee", "Acme", "hot", "x"], ["Bo", "Ray", "Beta", "cold", "y"]]


@pytest.mark.parametrize(
    "header",
    [
        ["First Name", "Last Name", "Company", "Notes", "Notes"],
        ["First Name", "Last Name", "Company", "2025", "2026"],
        ["First Name", "Last Name", "Company", "Phone", "Phone"],
        ["Vorname", "Nachname", "Firma", "1", "2"],
    ],
)
@pytest.mark.parametrize("above", [[], [["Visitors", "Hall", "Day", "Stand", "Team"], []]])
def test_names_that_come_again_or_are_figures_name_columns(
    tmp_path: Path, header: list[str], above: list[list[str]]
) -> None:
    """Where no mailbox told them apart, the first person named the columns."""
    path = tmp_path / "x.csv"
    path.write_text("\n".join(map(",".join, [*above, header, *PEOPLE])), encoding="utf-8")
    draft = proposed(path).draft
    assert draft is not None
    fields = ("first_name", "last_name", "company_name")
    assert [draft.fields[name] for name in fields] == [(name,) for name in header[:3]]


def test_lists_of_the_configuration_count(tmp_path: Path) -> None:
    """`keine Angabe` is a blank where operations say so, as it is when the file is taken in."""
    folder = tmp_path / "vocabularies"
    shutil.copytree(CONFIG / "vocabularies", folder)
    with (folder / "blanks.csv").open("a", encoding="utf-8") as stream:
        stream.write("keine Angabe\n")
    with (folder / "non_persons.csv").open("a", encoding="utf-8") as stream:
        stream.write("text,*(muster)*,test,dummy\n")
    columns: Columns = [("Name", None, "Ada Lee", "Bo Ray", "Cy Fox", "Di Ott"),
               ("E-Mail", None, "a@b.example", "c@d.example", "e@f.example", "g@h.example"),
               ("Telefon", None, "030 5550001", "keine Angabe", "keine Angabe", "x (muster)")
               ]  # fmt: skip
    path = write_export(tmp_path / "x.csv", columns)
    shipped, own = proposed(path).draft, proposed(path, lists=load_intake_lists(tmp_path)).draft
    assert shipped is not None
    assert own is not None
    assert "phone" not in shipped.fields
    assert own.fields["phone"] == ("Telefon",)


@pytest.mark.parametrize(
    "name",
    ["Record ID", "Record Id", "Record-ID", "record_id", "Record ID - Contact", "Datensatz-ID",
     "ID de fiche d’informations", "ID record", "Identyfikator rekordu", "レコードID"],
)  # fmt: skip
def test_the_id_a_crm_gives_its_records_is_a_persons_in_any_language(
    tmp_path: Path, name: str
) -> None:
    columns: Columns = [(name, None, "1", "2"), ("Last Name", None, "Lee", "Ray"),
               ("Email", None, "a@b.example", "c@d.example")]  # fmt: skip
    draft = proposed(write_export(tmp_path / "x.csv", columns)).draft
    assert draft is not None
    assert draft.fields["record_id"] == draft.fields["person_id"] == (name,)
    assert "on_conflict: update" in draft.text


@pytest.mark.parametrize("name", ["ID de registro", "Registration ID", "Lead ID"])
def test_an_id_of_a_registration_is_no_persons(tmp_path: Path, name: str) -> None:
    columns: Columns = [(name, None, "1", "2"), ("Last Name", None, "Lee", "Ray"),
               ("Email", None, "a@b.example", "c@d.example")]  # fmt: skip
    draft = proposed(write_export(tmp_path / "x.csv", columns)).draft
    assert draft is not None
    assert draft.fields["record_id"] == (name,)
    assert "person_id" not in draft.fields


@pytest.mark.parametrize(
    ("phone", "name", "is_person"),
    [("+1 617 555 0142", "", False), ("", "Cy Cole", True), ("+1 617 555 0142", "Cy Cole", False)],
)
def test_an_id_is_a_persons_where_names_have_nothing_else(
    tmp_path: Path, phone: str, name: str, is_person: bool
) -> None:
    """A ping of a webhook, with neither name nor mailbox, made the id of each form a person's."""
    columns: Columns = [
        ("id", None, "a1", "a2", "a3"),
        ("Name", None, "Ada Ashby", "Bo Brock", name),
        ("Email", None, "ada@firm1.example", "", ""),
        ("Phone", None, "", "+1 617 555 0143", phone if name else ""),
        ("Company", None, "Firm 1 Ltd", "Firm 2", ""),
    ]
    draft = proposed(write_export(tmp_path / "x.csv", columns)).draft
    assert draft is not None
    assert ("person_id" in draft.fields) == is_person


def test_dates_in_an_unknown_form_are_asked_about(tmp_path: Path) -> None:
    columns: Columns = [("Email", None, "a@b.example", "c@d.example"),
               ("Datum", None, "12 XII 2025", "3 V 2026")]  # fmt: skip
    proposal = proposed(write_export(tmp_path / "x.csv", columns))
    assert [text for text in proposal.found.questions if text.startswith("Datum: in which form")]


def test_a_list_of_companies_holds_no_leads(tmp_path: Path) -> None:
    columns: Columns = [("Name", None, "Acme Ltd", "Beta Inc"),
               ("Phone", None, "+44 20 7946 0111", ""),
               ("Employees", None, "20", "30")]  # fmt: skip
    proposal = proposed(write_export(tmp_path / "x.csv", columns))
    assert proposal.fault is not None
    assert proposal.fault.startswith("no column says who a lead is")


def test_the_only_mailboxes_are_the_leads_unless_they_repeat(tmp_path: Path) -> None:
    mails = [f"p{number}@x.example" for number in range(6)]
    path = tmp_path / "x.csv"
    path.write_text("Kontaktdaten X\n" + "\n".join(mails) + "\n", encoding="utf-8")
    proposal = proposed(path)
    assert proposal.draft is not None
    assert proposal.draft.fields["email"] == ("Kontaktdaten X",)
    path.write_text("Kontaktdaten X\n" + "\n".join(mails[:1] * 6) + "\n", encoding="utf-8")
    assert proposed(path).draft is None


def test_an_existing_file_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "channels").mkdir()
    columns: Columns = [("Email", None, "a@b.example", "c@d.example")]
    draft = proposed(write_export(tmp_path / "x.csv", columns), "expo").draft
    assert draft is not None
    written = write_proposal(draft, "expo", tmp_path)
    assert load_channel(written).name == "expo"
    with pytest.raises(FileExistsError):
        write_proposal(draft, "expo", tmp_path)
    with pytest.raises(ValueError, match="no channel's name"):
        proposed(tmp_path / "x.csv", "../expo")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Leads (Nov 2026).csv", "leads_nov_2026"),
        ("2026.csv", "channel_2026"),
        ("é.csv", "channel"),
    ],
)
def test_channel_name(file: str, name: str) -> None:
    assert channel_name(Path(file)) == name


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Keywords", None), ("Person - Aktualisiert am", "modified_at"),
        ("Heure de modification", "modified_at"),
        ("E-\u200bm\u200bail", "email"), ("\ufeffEmail\u200b", "email"), ("E-mail addr", "email"),
        ("Tél. portable", "phone"), ("Pho\u00adne", "phone"),
        ("E-Mail*", "email"), ("Your e-mail address (required)", "email"),
        ("contactEmail", "email"),
        ("FIRST_NAME", "first_name"), ("Tel.-Nr.", "phone"), ("Prénom", "first_name"),
        ("Adresse e-mail", "email"), ("Owner Email", None), ("Account Manager", None),
        ("Parent's e-mail", None), ("E-Mail Vertreter", None), ("Email du commercial", None),
        ("Correo del vendedor", None), ("Assigned to (email)", None), ("Company phone", None),
        ("Email status", None), ("Email bounced", None), ("Phone type", None),
    ],
)  # fmt: skip
def test_names(name: str, field: str | None) -> None:
    assert {match.field for match in NAMES.matches([name])} == ({field} if field else set())


def test_a_field_nobody_knows_is_a_fault_of_the_list(tmp_path: Path) -> None:
    folder = tmp_path / "vocabularies"
    folder.mkdir()
    (folder / "field_names.csv").write_text("field,language,name\nmail,en,x\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="'mail' is no field"):
        load_field_names(tmp_path)


def test_cut_out_patterns_are_patterns() -> None:
    assert Pattern(r"(?:^|[\s,;|/])(\+?[0-9(][0-9 ().-]{5,}[0-9])").group_count == 1


def test_ids_of_salesforce_are_those_of_salesforce(tmp_path: Path) -> None:
    columns: Columns = [("Lead ID", None, "00Q5g00000AbCdE", "00Q5g00000XyZw1EAF"),
               ("Last Name", None, "Lee", "Ray"), ("Email", None, "a@b.example", "")]  # fmt: skip
    draft = proposed(write_export(tmp_path / "x.csv", columns)).draft
    assert draft is not None
    assert "source_system: salesforce" in draft.text


def test_a_record_that_changes_names_when_it_did(tmp_path: Path) -> None:
    columns: Columns = [("id", None, "1", "2"), ("Last Name", None, "Lee", "Ray"),
               ("Email", None, "a@b.example", ""), ("Created", None, "2026-01-02", "2026-01-03"),
               ("Last modified", None, "2026-02-02", "2026-02-03")]  # fmt: skip
    draft = proposed(write_export(tmp_path / "x.csv", columns)).draft
    assert draft is not None
    assert "on_conflict: update\nmodified_at: {column: Last modified}" in draft.text


def test_date_and_time_of_day_beside_each_other(tmp_path: Path) -> None:
    columns: Columns = [("Email", None, "a@b.example", "c@d.example"),
               ("Date", None, "20.11.2026", "1.2.2026"),
               ("Uhrzeit", None, "9:15", "14:30")]  # fmt: skip
    proposal = proposed(write_export(tmp_path / "x.csv", columns))
    assert proposal.preview is not None
    by_name = {field.field: field.values for field in proposal.preview.fields}
    assert [str(value) for value in by_name["submitted_at"]] == [
        "2026-11-20 09:15:00",
        "2026-02-01 14:30:00",
    ]


def test_the_campaign_stands_in_the_pages_address(tmp_path: Path) -> None:
    page = "https://x.example/?utm_source=google&utm_medium=cpc&gclid=G1"
    columns: Columns = [("Email", None, "a@b.example", "c@d.example"),
               ("Page URL", None, page, "https://x.example/")]  # fmt: skip
    proposal = proposed(write_export(tmp_path / "x.csv", columns))
    assert proposal.preview is not None
    by_name = {field.field: field.values for field in proposal.preview.fields}
    assert (by_name["source"], by_name["medium"]) == (("google", None), ("cpc", None))
    assert by_name["click_id"] == ("G1", None)


def test_a_channel_that_loses_fields_does_not_fit(tmp_path: Path) -> None:
    """Every record was taken in and the mailbox filled, so the file went to a channel that left out
    the company and the city of each lead."""
    path = write_export(tmp_path / "x.csv", [("Email", None, "a@b.example", "c@d.example")])
    poor = proposed(path, "poor").draft
    assert poor is not None
    (tmp_path / "poor.yaml").write_text(poor.text, encoding="utf-8")
    poor_channel = {"poor": load_channel(tmp_path / "poor.yaml")}
    fits = proposed(path, channels=poor_channel).nearest
    assert fits is not None
    assert fits.fits
    columns: Columns = [("Email", None, "a@b.example", "c@d.example"),
               ("Company", None, "Firm 1", "Firm 2"), ("City", None, "Ulm", "Bonn")]  # fmt: skip
    nearest = proposed(write_export(path, columns), channels=poor_channel).nearest
    assert nearest is not None
    assert not nearest.fits
    assert nearest.lost == {"company_name", "city"}


@pytest.mark.parametrize(
    ("header", "field", "cells", "bad"),
    [
        ("Created", "submitted_at", ("2026-10-01 10:00:00", "2026-10-02 10:00:00"), "soon"),
        ("Created", "submitted_at", ("13.10.2026", "31.12.2025"), "soon"),
        ("Newsletter opt-in", "consent_email", ("yes", "no"), "only by post"),
        ("Do Not Email", "consent_email", ("TRUE", "FALSE"), "see note"),
        ("Website", "company_website", ("www.a.example", "www.b.example"), "none yet"),
    ],
)
def test_one_bad_value_does_not_cost_the_column(
    tmp_path: Path, header: str, field: str, cells: tuple[str, str], bad: str
) -> None:
    """`soon` in one of fifty dates: it was no column of dates, and every lead was of now."""
    columns: Columns = [
        ("Email", None, *[f"p{number}@x.example" for number in range(9)]),
        (header, None, *cells * 4, bad),
    ]
    proposal = proposed(write_export(tmp_path / "x.csv", columns))
    assert proposal.draft is not None
    assert proposal.draft.fields[field] == (header,)
    told = [text for text in proposal.found.questions if text.startswith(f"{header}: 1 of 9")]
    assert len(told) == (field in ("submitted_at", "consent_email"))


OPT_OUT_HEADERS = (
    "Désabonnement e-mail", "No permitir correo electrónico", "Unsubscribed from Emails",
    "Do not allow Emails", "Newsletter abbestellt", "Keine E-Mails", "Email Opt Out",
)  # fmt: skip


def consents(path: Path, columns: Columns) -> tuple[object, ...]:
    """What becomes of the two records' consent to mail."""
    proposal = proposed(write_export(path, columns))
    assert proposal.preview is not None
    by_name = {field.field: field.values for field in proposal.preview.fields}
    return by_name["consent_email"]


@pytest.mark.parametrize("header", OPT_OUT_HEADERS)
@pytest.mark.parametrize(
    ("out", "stays"),
    [
        ("true", "false"),
        ("1", "0"),
        ("Yes", "No"),
        ("Do Not Allow", "Allow"),
        ("unsubscribed", "no"),
    ],
)
def test_opt_outs_deny(tmp_path: Path, header: str, out: str, stays: str) -> None:
    columns: Columns = [("Email", None, "a@b.example", "c@d.example"), (header, None, out, stays)]
    assert consents(tmp_path / "x.csv", columns) == ("denied", None)


@pytest.mark.parametrize(
    ("header", "no", "yes"),
    [
        ("Marketing-Status", "Abgemeldet", "Abonniert"),
        ("Person - Marketing-Status", "Kein Consent", "Abonniert"),
        ("Status para comunicação por email", "Descadastrado", "Confirmado"),
    ],
)
def test_states_of_a_subscription(tmp_path: Path, header: str, no: str, yes: str) -> None:
    columns: Columns = [("Email", None, "a@b.example", "c@d.example"), (header, None, no, yes)]
    assert consents(tmp_path / "x.csv", columns) == ("denied", "granted")


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=EXAMPLES,
)
@given(
    cells=st.lists(
        st.tuples(st.sampled_from(["0", "1"]), st.sampled_from(["0", "1"])), min_size=3, max_size=3
    ),
    order=st.permutations([("Email Opt Out", "1"), ("Unsubscribed from all email", "1"),
                           ("Newsletter", "0")]),
)  # fmt: skip
def test_any_denial_wins(
    tmp_path: Path, cells: list[tuple[str, str]], order: list[tuple[str, str]]
) -> None:
    """`Email Opt Out: 0` hid `Unsubscribed from all email: 1` beside it."""
    columns: Columns = [("Email", None, "a@b.example", "c@d.example")]
    columns += [(name, None, *pair) for (name, _), pair in zip(order, cells, strict=True)]
    denials = [[pair[row] == no for (_, no), pair in zip(order, cells, strict=True)]
               for row in (0, 1)]  # fmt: skip
    wanted = tuple("denied" if any(row) else "granted" for row in denials)
    assert consents(tmp_path / "x.csv", columns) == wanted


def test_the_time_of_an_opt_out_denies(tmp_path: Path) -> None:
    columns: Columns = [("Email Address", None, "a@b.example", "c@d.example"),
               ("OPTIN_TIME", None, "2025-11-01 08:00:00", "2025-12-24 08:00:00"),
               ("UNSUB_TIME", None, "2026-02-02 10:00:00", "")]  # fmt: skip
    proposal = proposed(write_export(tmp_path / "x.csv", columns))
    assert proposal.preview is not None
    by_name = {field.field: field.values for field in proposal.preview.fields}
    assert by_name["consent_email"] == ("denied", None)
    assert [str(at) for at in by_name["consent_at"]] == [
        "2026-02-02 10:00:00",
        "2025-12-24 08:00:00",
    ]


def mapped(draft: Draft, folder: Path, records: list[dict[str, Any]]) -> list[MappedRecord]:
    """What the proposed channel makes of records that were not in its sample."""
    path = folder / "guessed.yaml"
    path.write_text(draft.text.replace("name: x\n", "name: guessed\n"), encoding="utf-8")
    mapper = RecordMapper(load_channel(path, load_intake_lists(CONFIG)), datetime(2026, 11, 22))
    return [mapper.map_record(record, number) for number, record in enumerate(records)]


def stated(record: MappedRecord, field: str) -> tuple[object, bool]:
    """The field of the record's only item, and whether its issues tell of it."""
    ((kind, row),) = record.items
    values = dict(zip(ITEM_COLUMNS[kind], row, strict=True))
    told = [issue["field"] for issue in json.loads(values["issues"] or "[]")]
    return values[field], field in told


@pytest.mark.parametrize("header", ["Email Opt Out", "Unsubscribed", "Do Not Email", "abgemeldet"])
@pytest.mark.parametrize("beside", [(), ("Newsletter",), ("Newsletter", "Marketing emails")])
@pytest.mark.parametrize(
    ("word", "is_read"),
    [
        *[
            (word, True)
            for word in ("STOP", "ja", "opted out", "unsubscribed", "TRUE", "1", "Oui", "x")
        ],
        *[(word, False) for word in ("see note", "since May", "2026-05-01")],
    ],
)
def test_opt_outs_in_other_words_than_the_sample_has_are_no_consents(
    tmp_path: Path, header: str, beside: tuple[str, ...], word: str, is_read: bool
) -> None:
    """The channel knew the words of its sample: `STOP` beside a newsletter's yes was a consent."""
    columns: Columns = [
        ("Email", None, "a@b.example", "c@d.example"),
        (header, None, "yes", "no"),
        *((name, None, "yes", "yes") for name in beside),
    ]
    draft = proposed(write_export(tmp_path / "x.csv", columns)).draft
    assert draft is not None
    record = {"Email": "e@f.example", header: word, **dict.fromkeys(beside, "yes")}
    (late,) = mapped(draft, tmp_path, [record])
    assert stated(late, "consent_email") == (("denied", False) if is_read else (None, True))


@pytest.mark.parametrize(
    ("stage", "outcome_type", "is_told"),
    [
        ("Lost", "closed_lost", False), ("Closed Won", "closed_won", False),
        ("CLOSED_LOST", "closed_lost", False), ("Verloren", "closed_lost", False),
        ("Negotiation", "stage_change", False), ("Zeta", "stage_change", True),
    ],
)  # fmt: skip
def test_deals_that_end_otherwise_than_the_sample_end_too(
    tmp_path: Path, stage: str, outcome_type: str, is_told: bool
) -> None:
    """With Open and Won in the sample, a deal that was lost later was one under way."""
    columns: Columns = [("Opportunity ID", None, "o1", "o2"), ("Stage", None, "Open", "Won"),
                        ("Amount", None, "100", "200")]  # fmt: skip
    draft = proposed(write_export(tmp_path / "x.csv", columns)).draft
    assert draft is not None
    record = {"Opportunity ID": "o3", "Stage": stage, "Amount": "5"}
    (late,) = mapped(draft, tmp_path, [record])
    assert stated(late, "outcome_type") == (outcome_type, is_told)


def test_stages_that_no_list_has_are_asked_about(tmp_path: Path) -> None:
    columns: Columns = [("Opportunity ID", None, "o1", "o2"), ("Stage", None, "Zeta", "Won"),
                        ("Amount", None, "100", "200")]  # fmt: skip
    questions = proposed(write_export(tmp_path / "x.csv", columns)).found.questions
    (asked,) = [text for text in questions if text.startswith("Stage:")]
    assert "'Zeta' mean that a deal is won or lost" in asked
    assert "'Won'" not in asked


def test_what_may_be_an_opt_out_is_asked_about(tmp_path: Path) -> None:
    columns: Columns = [("Email", None, "a@b.example", "c@d.example"),
               ("Newsletter permission level", None, "gold", "silver")]  # fmt: skip
    proposal = proposed(write_export(tmp_path / "x.csv", columns))
    assert [q.partition(":")[0] for q in proposal.found.questions] == [
        "Newsletter permission level"
    ]


def test_marks_for_the_row_above_are_asked_about_and_no_values(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    rows = ["Ines Falk;ines@falk.example;Falk Bau", "Ida Roth;ida@falk.example;dto.",
            "Ole Berg;ole@falk.example;s.o."]  # fmt: skip
    path.write_text("\n".join(["Name;Email;Firma", *rows]) + "\n", encoding="utf-8")
    proposal = proposed(path)
    (company,) = [column for column in proposal.sample.columns if column.name == "Firma"]
    assert company.values == ("Falk Bau",)
    (note,) = [note for note in proposal.sample.notes if "another row" in note]
    assert note.startswith("To answer: Firma: 2 of 3 cells")


@pytest.mark.parametrize(
    ("name", "field", "columns"),
    [
        ("Email (Trainer)", "email", [("Order", None, "a1", "a2")]),
        ("Buyer Email", "email", [("Order, total", None, "1", "2")]),
        ("E-Mail, falls anders", "email", []),
        ("from_number", "phone", []),
        ("Phone", "phone", [("Company", None, "Acme Ltd", "Beta")]),
        ("Phone", "phone", [("Industry", None, "Retail", "Energy")]),
    ],
)
def test_a_refusal_says_what_to_write(
    tmp_path: Path, name: str, field: str, columns: Columns
) -> None:
    """It asked for a mapping where no file was to put it, and for a number where there was one."""
    values = ("ada@firm1.example", "bo@firm2.example")
    if field == "phone":
        values = ("+44 20 7946 0111", "+44 20 7946 0112")
    path = write_export(tmp_path / "x.csv", [*columns, (name, None, *values)])
    fault = proposed(path).fault
    assert fault is not None
    told, _, text = fault.partition("at the least:\n")
    (tmp_path / "guessed.yaml").write_text(text, encoding="utf-8")
    channel = load_channel(tmp_path / "guessed.yaml")
    preview = preview_file(path, channel, received_at=NOW, contracts=load_contracts(), limit=9)
    assert preview.rejections == ()
    (row,) = re.findall(r"field_names.csv as `(.+?)`", told) or [None]
    assert (row is None) == (name == "Phone")
    assert ("a telephone number" in told) == (name != "Phone")
    if row is not None:
        shutil.copytree(CONFIG / "vocabularies", tmp_path / "vocabularies")
        with (tmp_path / "vocabularies" / "field_names.csv").open("a", encoding="utf-8") as file:
            file.write(f"{row}\n")
        assert [m.field for m in load_field_names(tmp_path).matches((name,))] == [field]
