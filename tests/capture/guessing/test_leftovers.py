"""What no field takes though it may matter is told: numbers of companies, titles, dates."""

from pathlib import Path

import pytest

from lead_platform.capture.guessing.proposal import Proposal
from tests.capture.guessing.exports import Columns
from tests.capture.guessing.test_proposal import proposed, write_export

PEOPLE: Columns = [
    ("Name", None, "Ada Ashby", "Bo Brock"),
    ("Company", None, "Firm 1 Ltd", "Firm 2"),
    ("Email", None, "ada@firm1.example", "bo@firm2.example"),
]
SWITCHBOARD = ("+1 617 555 0100", "+1 617 555 0100")
OWN = ("+1 617 555 0144", "")
CREATED: Columns = [("Created", None, "2026-01-02", "2026-01-03")]


def _proposed(tmp_path: Path, columns: Columns) -> Proposal:
    return proposed(write_export(tmp_path / "x.csv", columns))


def _fields(proposal: Proposal) -> dict[str, tuple[str, ...]]:
    assert proposal.draft is not None
    return dict(proposal.draft.fields)


def _about(proposal: Proposal, name: str) -> list[str]:
    found = proposal.found.questions
    return [question for question in found if question.split(":")[0].find(name) >= 0]


@pytest.mark.parametrize(
    "name",
    ["Corporate Phone", "Company Phone", "Main Line", "HQ Phone", "Switchboard", "Zentrale",
     "Telefon (Firma)", "Standard téléphonique", "Centralino", "Teléfono de la empresa", "代表電話",
     "Telefon firmy", "Şirket Telefonu", "COMPANY_PHONE", "Main Phone"],
)  # fmt: skip
@pytest.mark.parametrize("own", ["Mobile", "Direct Phone", "Work Phone", "Phone"])
def test_a_number_of_the_company_is_nobodys_own(tmp_path: Path, name: str, own: str) -> None:
    """`Corporate Phone` stood before `Mobile` in the list: colleagues got one number."""
    columns = [*PEOPLE, (name, None, *SWITCHBOARD), (own, None, *OWN)]
    proposal = _proposed(tmp_path, columns)
    assert _fields(proposal)["phone"] == (own,)
    assert not _about(proposal, name)
    assert proposal.draft is not None
    answers = next(line for line in proposal.draft.text.splitlines() if "answers:" in line)
    assert name in answers


def test_where_it_is_the_only_number_a_person_is_asked(tmp_path: Path) -> None:
    proposal = _proposed(tmp_path, [*PEOPLE, ("Main Line", None, *SWITCHBOARD)])
    assert "phone" not in _fields(proposal)
    (question,) = _about(proposal, "Main Line")
    assert "the person's own number?" in question


DEALS = ("Website relaunch", "CRM for HR")
JOBS = ("Head of Sales", "Directrice achats")


@pytest.mark.parametrize(
    ("beside", "values", "is_title"),
    [
        ([], JOBS, True),
        ([], ("CEO", "Buyer"), True),
        ([], ("Geschäftsführer", "Leiter Einkauf"), True),
        ([], ("Responsable marketing", "Ingeniero de ventas"), True),
        ([], DEALS, False),
        ([], ("Marketing automation project", "Sales training 2026"), False),
        ([], ("Angebot Solaranlage", "Rénovation bureaux"), False),
        ([], ("Dr.", "Frau"), False),
        ([("Stage", None, "Proposal", "Won"), ("Amount", None, "100", "2000")], JOBS, True),
        ([("Stage", None, "Proposal", "Won"), ("Amount", None, "100", "2000")],
         ("Manager training", "Website relaunch"), False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["Title", "Titre", "title *"])
def test_a_title_is_a_persons_where_its_values_say_so(
    tmp_path: Path, name: str, beside: Columns, values: tuple[str, str], is_title: bool
) -> None:
    """The title of a deal became the job title of its contact."""
    if name == "Titre" and not is_title and values == DEALS:
        values = ("Refonte du site", "CRM pour les RH")
    proposal = _proposed(tmp_path, [*PEOPLE, (name, None, *values), *beside])
    assert _fields(proposal).get("job_title") == ((name,) if is_title else None)
    assert len(_about(proposal, name)) == (0 if is_title else 1)


def test_a_name_that_only_job_titles_have_is_believed(tmp_path: Path) -> None:
    proposal = _proposed(tmp_path, [*PEOPLE, ("Job Title", None, "Zauberer", "Jongleur")])
    assert _fields(proposal)["job_title"] == ("Job Title",)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Data di creazione", "submitted_at"), ("Ultima modifica", "modified_at"),
        ("Oluşturulma Tarihi", "submitted_at"), ("Son Güncelleme", "modified_at"),
        ("作成日時", "submitted_at"), ("最終更新日時", "modified_at"),
        ("Data utworzenia", "submitted_at"), ("Ostatnia modyfikacja", "modified_at"),
        ("Дата создания", "submitted_at"), ("Дата изменения", "modified_at"),
        ("创建时间", "submitted_at"), ("Senast ändrad", "modified_at"),
        ("Vytvořeno", "submitted_at"), ("آخر تحديث", "modified_at"),
    ],
)  # fmt: skip
def test_dates_of_records_are_known_in_many_languages(
    tmp_path: Path, name: str, field: str
) -> None:
    columns: Columns = [("id", None, "1", "2"), *PEOPLE, (name, None, "2026-02-03", "2026-02-14"),
                        *(CREATED if field == "modified_at" else [])]  # fmt: skip
    proposal = _proposed(tmp_path, columns)
    assert proposal.found.first(field) is not None
    assert not _about(proposal, name)


@pytest.mark.parametrize("name", ["Zzz", "†† ☎ ††", "記入", "Aangelegd?"])
@pytest.mark.parametrize("dates", [("2026-02-03", "2026-02-14"), ("03.02.2026", "14.02.2026"),
                                   ("01/02/2026", "03/02/2026"), ("1770076800000", "1771027200000"),
                                   ("3 lutego 2026", "14 lutego 2026")])  # fmt: skip
def test_dates_under_a_name_nobody_knows_are_asked_about(
    tmp_path: Path, name: str, dates: tuple[str, str]
) -> None:
    """They were dropped without a word, and every record counted as of the day of its receipt."""
    people: Columns = [*PEOPLE, ("Mobile", None, *OWN)]
    alone = _proposed(tmp_path, [*people, (name, None, *dates)])
    assert any("when the record was created?" in told for told in _about(alone, name))
    beside = _proposed(tmp_path, [*people, *CREATED, (name, None, *dates)])
    (question,) = _about(beside, name)
    assert "last changed?" in question
    assert ("`formats: ['%m/%d/%Y']`" in question) == ("/" in dates[0])


@pytest.mark.parametrize(
    "values",
    [
        ("1987-02-03", "1991-02-14"),
        ("2027-02-03", "2027-02-14"),
        ("2025-02-03", "2025-02-14"),
        ("11", "12"),
        ("1700000001", "1700000002"),
        ("", ""),
    ],
)
def test_what_cannot_be_a_change_is_not_asked_about(
    tmp_path: Path, values: tuple[str, str]
) -> None:
    columns: Columns = [*PEOPLE, ("Mobile", None, *OWN), *CREATED, ("Zzz", None, *values)]
    proposal = _proposed(tmp_path, columns)
    assert not _about(proposal, "Zzz")


@pytest.mark.parametrize("name", ["Last Modified", "Ultima modifica", "Zuletzt geändert"])
def test_a_change_whose_day_and_month_are_open_is_asked_about(tmp_path: Path, name: str) -> None:
    columns: Columns = [("id", None, "1", "2"), *PEOPLE, *CREATED,
                        (name, None, "01/02/2026", "03/04/2026")]  # fmt: skip
    proposal = _proposed(tmp_path, columns)
    assert proposal.found.first("modified_at") is None
    (question,) = _about(proposal, name)
    assert "day or month first?" in question
    assert "`modified_at`" in question


def test_dates_are_no_numbers_to_be_called(tmp_path: Path) -> None:
    proposal = _proposed(tmp_path, [*PEOPLE, *CREATED, ("Zzz", None, "1987-02-03", "03.04.1991")])
    assert not _about(proposal, "Zzz")


@pytest.mark.parametrize(
    ("name", "values", "is_title"),
    [
        # The lead of a help desk had the title Lead, and was senior for it.
        ("role", ("lead", "user"), False),
        ("Role", ("Attendee", "Speaker"), False),
        ("Ruolo", ("Utente", "Membro"), False),
        ("Ihre Rolle", ("Kunde", "Interessent"), False),
        ("Role", ("owner", "admin"), False),
        ("Role", ("CEO", "Sales Lead"), True),
        ("Role", ("Owner", "Owner"), True),
        ("Role", ("Lead Engineer", "User researcher"), True),
        ("Role", ("Lead", "Head of Sales"), True),
    ],
)
def test_what_kind_of_record_it_is_is_nobodys_job(
    tmp_path: Path, name: str, values: tuple[str, str], is_title: bool
) -> None:
    proposal = _proposed(tmp_path, [*PEOPLE, (name, None, *values)])
    assert _fields(proposal).get("job_title") == ((name,) if is_title else None)
    asked = [question for question in _about(proposal, name) if "kinds of records" in question]
    assert bool(asked) is not is_title


NUMBERS = ("Phone", None, "+44 20 7946 0111", "+44 20 7946 0112")
PERSONS, FIRMS, WORDS = ("Ida Falk", "Omar Reyes"), ("Acme Ltd", "Beta Inc"), ("Ida", "Omar")


@pytest.mark.parametrize("header", ["Name", "Contact", "Kunde", "Customer Name"])
@pytest.mark.parametrize(
    "beside",
    [
        [],
        [("Notes", None, "call back", "")],
        [("Company", None, "Firm 1", "Firm 2")],
        [("Company", None, "Firm 1", "Firm 2"), ("Industry", None, "Retail", "Energy")],
        [("City", None, "Leeds", "York")],
    ],
)
def test_names_beside_a_number_are_the_leads(tmp_path: Path, header: str, beside: Columns) -> None:
    """The leads of `Name, Phone` came in nameless, and `Name, Phone, Company` got no channel."""
    proposal = _proposed(tmp_path, [(header, None, *PERSONS), NUMBERS, *beside])
    assert _fields(proposal)["full_name"] == (header,)
    assert not _about(proposal, header)


@pytest.mark.parametrize(
    ("values", "beside"),
    [
        (WORDS, [NUMBERS]),
        ((*PERSONS, "Acme Ltd"), [(*NUMBERS, "+44 20 7946 0113")]),
        (PERSONS, [NUMBERS, ("Industry", None, "Retail", "Energy")]),
        (WORDS, [NUMBERS, ("Company", None, "Firm 1", "Firm 2")]),
        (WORDS, [("Email", None, "ida@falk.example", "o@reyes.example")]),
    ],
)
def test_of_names_that_may_be_companies_a_person_is_asked(
    tmp_path: Path, values: tuple[str, ...], beside: Columns
) -> None:
    proposal = _proposed(tmp_path, [("Name", None, *values), *beside])
    taken = [choice.column.name for each in proposal.found.choices.values() for choice in each]
    assert "Name" not in taken
    (question,) = _about(proposal, "Name")
    assert "the person's name, or that of a company?" in question


@pytest.mark.parametrize("beside", [NUMBERS, ("Email", None, "ida@falk.example", "o@r.example")])
def test_names_of_companies_are_theirs(
    tmp_path: Path, beside: tuple[str, str | None, *tuple[str, ...]]
) -> None:
    proposal = _proposed(tmp_path, [("Name", None, *FIRMS), beside])
    assert proposal.found.choices.keys() == {beside[0].lower(), "company_name"}


def test_names_of_deals_are_no_companies(tmp_path: Path) -> None:
    columns: Columns = [("Name", None, "Acme Ltd renewal", "Beta Inc"), ("Stage", None, "Won", ""),
                        ("Amount", None, "100", "200"), NUMBERS]  # fmt: skip
    assert "company_name" not in _proposed(tmp_path, columns).found.choices


@pytest.mark.parametrize(
    ("name", "dates"),
    [
        ("Fecha zzz", ("03/02/2026", "15-02-26", "20/02/2026")),
        ("Met on", ("2026-03-05", "6 March 2026", "2026/03/07")),
        ("名刺交換日", ("2026年3月5日", "2026/3/6", "R8.3.7")),
        ("Zzz", ("1.2.2026", "February 3, 2026", "2026-02-04 10:00")),
    ],
)
def test_dates_in_several_forms_are_asked_about(
    tmp_path: Path, name: str, dates: tuple[str, ...]
) -> None:
    """In one form they were asked about, in several every lead was silently of its receipt."""
    mails = ("ida@falk.example", "omar@reyes.example", "cy@cole.example")
    mixed: Columns = [("Email", None, *mails), (name, None, *dates)]
    (question,) = _about(_proposed(tmp_path, mixed), name)
    assert "when the record was created?" in question
    created: Columns = [("Created", None, "2026-01-02", "2026-01-03", "2026-01-04")]
    assert not _about(_proposed(tmp_path, [*mixed, *created]), name)


@pytest.mark.parametrize(
    "values",
    [
        ("1.3.4", "1.4", "2.0.1"),
        ("020-7946-0111", "12-34", "5/6"),
        ("12345678", "20260101", "3"),
        ("Route 12-3", "a-b", "1987-02-03"),
    ],
)
def test_what_is_no_date_is_not_asked_about(tmp_path: Path, values: tuple[str, ...]) -> None:
    mails = ("ida@falk.example", "omar@reyes.example", "cy@cole.example")
    proposal = _proposed(tmp_path, [("Email", None, *mails), ("Zzz", None, *values)])
    assert not _about(proposal, "Zzz")


@pytest.mark.parametrize(
    "dates",
    [("2027-03-05", "2027-03-06"), ("01/02/2027", "03/02/2027"), ("2026-03-05", "2031-03-06")],
)
def test_dates_still_to_come_are_told(tmp_path: Path, dates: tuple[str, str]) -> None:
    """In which form they are was asked, and that no column of dates was found was told."""
    proposal = _proposed(tmp_path, [*PEOPLE, ("Created", None, *dates)])
    (question,) = _about(proposal, "Created")
    assert "still to come, such as" in question
    assert dates[1] in question or dates[0] in question


@pytest.mark.parametrize("name", ["Deceased", "Verstorben am", "Décédé", "Fallecido", "Is Deleted"])
def test_who_is_gone_is_asked_about(tmp_path: Path, name: str) -> None:
    """People who had died came in as leads, and nobody was asked."""
    (question,) = _about(_proposed(tmp_path, [*PEOPLE, (name, None, "yes", "no")]), name)
    assert "or people who have died?" in question


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Record Status", "Deleted"),
        ("Status", "gelöscht"),
        ("Zzz", "Archived"),
        ("Zzz", "Deceased"),
    ],
)
def test_a_status_of_what_is_gone_is_asked_about(tmp_path: Path, name: str, value: str) -> None:
    proposal = _proposed(tmp_path, [*PEOPLE, (name, None, value, "Active")])
    (question,) = _about(proposal, name)
    assert f"does '{value}' mark records that the source has deleted?" in question
    assert not _about(_proposed(tmp_path, [*PEOPLE, (name, None, "Active", "Open")]), name)
