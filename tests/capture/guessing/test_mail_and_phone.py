"""A slash, dash or space within a number cut its area code off, and the rest was a stranger's."""

import re
from pathlib import Path

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat

from lead_platform.capture.guessing.mail_and_phone import cut_apart
from lead_platform.capture.guessing.names import NameMatch
from lead_platform.capture.guessing.proposal import Proposal
from lead_platform.capture.guessing.shapes import Column
from lead_platform.identity.normalization.phones import Phone, normalize_phone
from lead_platform.patterns import Pattern
from lead_platform.vocabularies.folder import load_vocabularies
from tests.capture.conftest import PROJECT
from tests.capture.guessing.test_exports import proposed

VOCABULARIES = load_vocabularies(PROJECT / "config")
COUNTRIES = ["AT", "AU", "BE", "BR", "CH", "CZ", "DE", "DK", "ES", "FR", "GB", "IN", "IT", "JP",
             "MX", "NL", "PL", "PT", "SE", "TR", "US", "ZA"]  # fmt: skip
KINDS = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
FORMS = (PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.E164)
SIGNS = (" ", "", "/", " / ", ".", "-", "–", "‑", " - ", "\u00a0", "\u202f", " / ")
AROUND = ("{}", "{} {mail}", "{mail} {}", "{mail}, {}", "{} / {mail}", "{mail}/{}", "{};{mail}",
          "<{mail}> {}", "{} ({mail})", "{mail} - {}", "{} – {mail}", "E: {mail} T: {}",
          "Tel. {}, Mail: {mail}", "{mail}\n{}", "{mail} {} (privat)",
          "mailto:{mail}|{}")  # fmt: skip


def patterns() -> dict[str, Pattern]:
    column = Column(("Mail/Tel",), ("kai@kot.de", "030 5556677"))
    matches = [NameMatch(field, 0, is_exact=False) for field in ("email", "phone")]
    return {each.field: Pattern(each.extract or "") for each in cut_apart(column, matches)}


PATTERNS = patterns()


def cut(field: str, cell: str) -> str | None:
    found = PATTERNS[field].search(cell)
    return found and found.first_group


@st.composite
def numbers(draw: st.DrawFn) -> tuple[str, str]:
    """A country and a number that somebody there may write."""
    country = draw(st.sampled_from(COUNTRIES))
    example = phonenumbers.example_number_for_type(country, draw(st.sampled_from(KINDS)))
    assert example is not None
    digits = str(draw(st.integers(10_000, 99_999)))
    national = int(str(example.national_number)[:-5] + digits)
    number = phonenumbers.PhoneNumber(
        example.country_code,
        national,
        italian_leading_zero=example.italian_leading_zero,
    )
    text = phonenumbers.format_number(number, draw(st.sampled_from(FORMS)))
    if text.startswith("+") and draw(st.booleans()):
        text = re.sub(r"^(\+\d+ )", r"\1(0)", text)
    return country, re.sub(r"[ -]", draw(st.sampled_from(SIGNS)), text)


@settings(max_examples=400, deadline=None)
@given(numbers(), st.sampled_from(AROUND))
def test_a_number_beside_a_mailbox_is_the_one_it_is_alone(
    number: tuple[str, str], around: str
) -> None:
    country, text = number
    cell = around.format(text, mail="kai.kot2@kot24.de")
    plain, part = normalize_phone(text, country, VOCABULARIES), cut("phone", cell)
    assert part is not None
    found: Phone = normalize_phone(part, country, VOCABULARIES)
    if around == "{}":
        assert (part, found) == (text, plain)
    elif found.phone != plain.phone:
        assert found.phone is None, (cell, part)
        assert found.reason is not None
    assert cut("email", cell) == (None if around == "{}" else "kai.kot2@kot24.de")


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("030/5556677", "+49305556677"),
        ("089 / 4455667", "+49894455667"),
        ("Tel. 0221 / 44 55 66", "+49221445566"),
        ("udo@ohm.de, +33/6/12/34/56/79", "+33612345679"),
        ("kai@kot.de/030/5556677", "+49305556677"),
        ("030 5556677 - kai@kot.de", "+49305556677"),
        ("(030) 5556677; kai@kot.de", "+49305556677"),
        ("kai2@kot.de +49 (0)30 5556677", "+49305556677"),
    ],
)
def test_a_cut_number_keeps_its_area_code(cell: str, number: str) -> None:
    part = cut("phone", cell)
    assert part is not None
    assert normalize_phone(part, "DE", VOCABULARIES).phone == number


def test_two_numbers_around_a_mailbox_are_both_handed_on() -> None:
    part = cut("phone", "030/5556677, kai@kot.de, 0170/1234567") or ""
    found = normalize_phone(part, "DE", VOCABULARIES)
    assert (found.phone, found.others) == ("+49305556677", ("+491701234567",))
    # No sign tells whether they are one: asked, never cut.
    part = cut("phone", "030 5556677 kai@kot.de 0170 1234567") or ""
    found = normalize_phone(part, "DE", VOCABULARIES)
    assert found.phone is None
    assert found.reason is not None


@pytest.mark.parametrize(
    "cell", ["kai22@kot24.de", "Kai <k2@kot.de>", "a1@x.de, b2@y.de", "kai@kot.de (privat)", "k.A."]
)
def test_digits_of_a_mailbox_are_no_number(cell: str) -> None:
    assert cut("phone", cell) is None


def guessed(tmp_path: Path, cells: list[str]) -> Proposal:
    path = tmp_path / "list.csv"
    rows = [f"Kai Kot;Kot AG;{cell}" for cell in cells]
    path.write_text("\n".join(["Name;Firma;Mail/Tel", *rows, ""]), encoding="utf-8")
    return proposed(path)


MAILS = ["kai@kot.de", "ina@ott.de", "udo@ohm.de", "zoe@roux.fr", "bo@firm.example"]
SLASHED = ["030/5556677", "Tel. 0221 / 44 55 66", "01/45/67/89/10", "089 / 4455667", "0170/1234567"]


@pytest.mark.parametrize("cells", [MAILS + SLASHED, MAILS + SLASHED[:1], MAILS[:1] + SLASHED])
def test_a_column_of_both_fills_both_however_few_of_one_there_are(
    tmp_path: Path, cells: list[str]
) -> None:
    """Where less than a third were numbers, those rows were rejected."""
    proposal = guessed(tmp_path, cells)
    assert proposal.preview is not None
    assert proposal.preview.rejections == ()
    found = {each.field: each.values for each in proposal.preview.fields}
    assert [each for each in found["email"] if each] == [c for c in cells if "@" in c]
    assert [each for each in found["phone"] if each] == [c for c in cells if "@" not in c]
