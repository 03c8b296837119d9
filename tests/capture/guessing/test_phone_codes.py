"""Codes in columns of their own were ignored: the number was another one, of the address' country
or of another town, and valid."""

from pathlib import Path

import pytest

from lead_platform.capture.guessing.proposal import Proposal
from tests.capture.guessing.exports import Columns
from tests.capture.guessing.test_exports import proposed, write_export

Cells = tuple[str, str | None, *tuple[str, ...]]
MAILS: Cells = ("Email", None, "ada@firm1.example", "bo@firm2.example", "cy@firm3.example")
COUNTRY: Cells = ("Country", None, "United States", "Belgium", "United States")
NUMBERS: Cells = ("Phone", None, "206241111", "612345678", "3126640199")
WHOLE = ["+31 206241111", "+33 612345678", "+1 3126640199"]


def guessed(tmp_path: Path, *columns: Cells) -> Proposal:
    listed: Columns = [MAILS, *columns]
    return proposed(write_export(tmp_path / "list.csv", listed))


def phones(proposal: Proposal) -> list[object] | None:
    assert proposal.preview is not None
    found = [each.values for each in proposal.preview.fields if each.field == "phone"]
    return list(found[0]) if found else None


def asked(proposal: Proposal, column: str) -> list[str]:
    return [q for q in proposal.found.questions if q.startswith(f"{column}:")]


@pytest.mark.parametrize(
    "header",
    ["Phone Country Code", "Country Code", "Dialling code", "Mobile Country Code", "ISD Code",
     "Landesvorwahl", "Indicatif pays", "Prefijo internacional", "DDI", "Kod kraju", "国番号"],
)  # fmt: skip
@pytest.mark.parametrize("codes", [("31", "33", "1"), ("+31", "+33", "+1"), ("0031", "33", "+1")])
def test_a_number_is_of_the_country_whose_code_stands_beside_it(
    tmp_path: Path, header: str, codes: tuple[str, ...]
) -> None:
    assert phones(guessed(tmp_path, COUNTRY, (header, None, *codes), NUMBERS)) == WHOLE
    # Wherever the column stands.
    assert phones(guessed(tmp_path, NUMBERS, COUNTRY, (header, None, *codes))) == WHOLE


def test_countries_of_phones_are_codes_and_those_of_addresses_are_not(tmp_path: Path) -> None:
    letters = ("NL", "FR", "US")
    assert phones(guessed(tmp_path, COUNTRY, ("Phone Country", None, *letters), NUMBERS)) == WHOLE
    proposal = guessed(tmp_path, ("Country Code", None, *letters), NUMBERS)
    assert phones(proposal) == list(NUMBERS[2:])
    assert [c.column.name for c in proposal.found.choices["country"]] == ["Country Code"]


@pytest.mark.parametrize(
    "header", ["Vorwahl", "Area Code", "Prefisso", "Netnummer", "Area code (phone)"]
)
def test_a_number_is_of_the_area_beside_it(tmp_path: Path, header: str) -> None:
    local = ("Phone", None, "89123476", "30901820", "4019837")
    proposal = guessed(tmp_path, (header, None, "030", "089", "0221"), local)
    assert phones(proposal) == ["030 89123476", "089 30901820", "0221 4019837"]


def test_both_codes_go_before_a_number(tmp_path: Path) -> None:
    proposal = guessed(
        tmp_path,
        ("Ländervorwahl", None, "49", "43", "41"),
        ("Vorwahl", None, "030", "0512", "044"),
        ("Telefon", None, "89123476", "5122345", "6681800"),
    )
    assert phones(proposal) == ["+49 030 89123476", "+43 0512 5122345", "+41 044 6681800"]


@pytest.mark.parametrize(
    ("header", "codes"),
    [
        ("Vorwahl", ("30", "40", "31")),
        ("Prefix", ("44", "33", "1")),
        ("Area Code", ("44", "49", "1")),
        ("Phone Country Code", ("030", "040", "0221")),
        ("Phone Country Code", ("Netherlands", "France", "USA")),
        # Ireland, Italy and Morocco by ISO 3166-1; Estonia, Ukraine and Honduras by phone.
        ("Country Code", ("372", "380", "504")),
    ],
)
def test_what_may_be_another_code_is_asked_about(
    tmp_path: Path, header: str, codes: tuple[str, ...]
) -> None:
    proposal = guessed(tmp_path, COUNTRY, (header, None, *codes), NUMBERS)
    assert phones(proposal) is None
    (question,) = asked(proposal, header)
    assert "the code of a country or of an area" in question


def test_a_title_before_a_name_is_no_code(tmp_path: Path) -> None:
    proposal = guessed(tmp_path, ("Prefix", None, "Mr.", "Dr.", "Ms."), NUMBERS)
    assert phones(proposal) == list(NUMBERS[2:])


def test_of_two_numbers_the_one_behind_the_code_is_dialled_with_it(tmp_path: Path) -> None:
    code = ("Mobile Country Code", None, "31", "33", "1")
    mobile = ("Mobile", None, *NUMBERS[2:])
    proposal = guessed(tmp_path, ("Phone", None, "5550143", "", "5550145"), code, mobile)
    assert phones(proposal) == WHOLE
    assert "is it dialled with" in asked(proposal, "Phone")[0]


def test_a_row_without_its_code_has_no_phone(tmp_path: Path) -> None:
    proposal = guessed(tmp_path, COUNTRY, ("Dial code", None, "31", "", "1"), NUMBERS)
    assert phones(proposal) == [WHOLE[0], None, WHOLE[2]]


@pytest.mark.parametrize(
    ("header", "said"),
    [("Phone Type", "Fax"), ("Phone Status", "Wrong number"), ("Disposition", "Disconnected")],
)
def test_what_is_said_of_a_number_beside_it_is_asked_about(
    tmp_path: Path, header: str, said: str
) -> None:
    proposal = guessed(tmp_path, COUNTRY, NUMBERS, (header, None, "Mobile", said, "Work"))
    (question,) = asked(proposal, header)
    assert f"does {said!r} say that the person is not reached by Phone" in question
    assert not asked(guessed(tmp_path, NUMBERS, (header, None, "Mobile", "", "Work")), header)


NATIONAL: Cells = ("Telefon", None, "0171 1234567", "0351 445566", "030 901820")
STATED: Cells = ("Telefon", None, "+49 171 1234567", "0049 351 445566", "+49 30 901820")


@pytest.mark.parametrize(
    ("columns", "is_asked"),
    [
        ([NATIONAL], True),
        ([NATIONAL, ("Ort", None, "Köln", "Dresden", "Berlin")], True),
        ([NATIONAL, ("Land", None, "DE", "DE", "DE")], False),
        ([NATIONAL, ("Landesvorwahl", None, "49", "49", "49")], False),
        ([STATED], False),
        ([], False),
    ],
)
def test_of_which_country_numbers_are_is_asked_where_no_column_says_so(
    tmp_path: Path, columns: list[Cells], is_asked: bool
) -> None:
    """Nothing was said of `phone_region`, and no number was read."""
    proposal = guessed(tmp_path, *columns)
    questions = asked(proposal, "Telefon")
    assert any("phone_region" in question for question in questions) == is_asked
