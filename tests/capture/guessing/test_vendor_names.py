"""Columns as vendors and other languages call them, and what their values make of the name."""

from pathlib import Path

import pytest

from lead_platform.capture.guessing.proposal import Proposal
from lead_platform.vocabularies.folder import shipped_intake_lists
from lead_platform.vocabularies.statuses import statuses
from tests.capture.guessing.exports import Columns
from tests.capture.guessing.test_exports import proposed, write_export

MAIL = ("Email", None, "ada@firm1.example", "bo@firm2.example", "cy@firm3.example")
NAME = ("Name", None, "Ada Berg", "Bo Roth", "Cy Falk")


def guessed(tmp_path: Path, *columns: tuple[str, str | None, *tuple[str, ...]]) -> Proposal:
    listed: Columns = list(columns)
    return proposed(write_export(tmp_path / "people.csv", listed))


def chosen(proposal: Proposal, field: str) -> list[str]:
    return [choice.column.name for choice in proposal.found.choices.get(field, ())]


def values(proposal: Proposal, field: str) -> tuple[object, ...]:
    assert proposal.preview is not None
    return next(each.values for each in proposal.preview.fields if each.field == field)


@pytest.mark.parametrize("outer", ["data", "data[merges]", "fields", "payload", "lead[contact]"])
def test_names_of_an_urlencoded_body_are_paths(tmp_path: Path, outer: str) -> None:
    """`data[email]` was a date, for `data` is one in Polish."""
    proposal = guessed(
        tmp_path,
        (f"{outer}[email]", None, *MAIL[2:]),
        (f"{outer}[FNAME]", None, "Ada", "Bo", "Cy"),
        (f"{outer}[last_name]", None, "Berg", "Roth", "Falk"),
        (f"{outer}[phone]", None, "+49 30 5550101", "+49 30 5550102", "+49 30 5550103"),
    )
    assert values(proposal, "email") == MAIL[2:]
    assert values(proposal, "first_name") == ("Ada", "Bo", "Cy")
    assert values(proposal, "last_name") == ("Berg", "Roth", "Falk")
    assert chosen(proposal, "phone") == [f"{outer}[phone]"]
    assert not proposal.found.questions or "form are its dates" not in str(proposal.found.questions)


@pytest.mark.parametrize("outer", ["referrer", "manager", "seller", "data[owner]"])
def test_of_somebody_else_they_fill_nothing(tmp_path: Path, outer: str) -> None:
    proposal = guessed(tmp_path, MAIL, (f"{outer}[phone]", None, "+49 30 5550101", "", ""))
    assert chosen(proposal, "phone") == []


def test_a_unit_in_brackets_stays_one(tmp_path: Path) -> None:
    proposal = guessed(tmp_path, MAIL, ("Umsatz[TEUR]", None, "5", "6", "7"))
    assert proposal.found.choices["annual_revenue"][0].scale == 1_000


def test_google_contacts(tmp_path: Path) -> None:
    proposal = guessed(
        tmp_path,
        ("First Name", None, "Ada", "Bo", "Cy"),
        ("Last Name", None, "Berg", "Roth", "Falk"),
        ("E-mail 1 - Label", None, "* Work", "Home", ""),
        ("E-mail 1 - Value", None, "ada@a.example ::: berg@b.example", "bo@c.example", ""),
        ("Phone 1 - Label", None, "Mobile", "", "Work"),
        ("Phone 1 - Value", None, "+49 30 5550101", "", "+49 30 5550102 ::: +49 30 5550103"),
        ("Address 1 - City", None, "Graz", "Wels", ""),
        ("Organization 1 - Name", None, "Berg Bau", "", "Falk AG"),
    )
    assert values(proposal, "email") == ("ada@a.example", "bo@c.example", None)
    assert values(proposal, "phone") == ("+49 30 5550101", None, "+49 30 5550102")
    further = values(proposal, "further_emails")
    assert further[0] == '["ada@a.example","berg@b.example"]'
    assert chosen(proposal, "city") == ["Address 1 - City"]
    assert chosen(proposal, "company_name") == ["Organization 1 - Name"]


@pytest.mark.parametrize(
    ("first", "last"), [("Ad", "Soyad"), ("Adı", "Soyadı"), ("İsim", "Soyisim")]
)
def test_turkish_halves_of_a_name(tmp_path: Path, first: str, last: str) -> None:
    proposal = guessed(
        tmp_path,
        (first, None, "Ayşe", "Mehmet", "Ece"),
        (last, None, "Yılmaz", "Demir", "Kaya"),
        ("E-posta", None, *MAIL[2:]),
    )
    assert (chosen(proposal, "first_name"), chosen(proposal, "last_name")) == ([first], [last])


HALVES = [
    ("Prenume", "Nume"), ("Prenume", "Nume de familie"), ("Имя", "Фамилия"), ("Ім'я", "Прізвище"),
    ("Ім’я", "Прізвище"), ("Імя", "Прозвішча"), ("Име", "Фамилия"),
    ("Собствено име", "Фамилно име"), ("Име", "Презиме"), ("Ime", "Prezime"),
    ("Ime", "Priimek"), ("Meno", "Priezvisko"),
    ("Krstné meno", "Priezvisko"), ("Jméno", "Příjmení"), ("Imię", "Nazwisko"),
    ("Eesnimi", "Perekonnanimi"), ("Vārds", "Uzvārds"), ("Vardas", "Pavardė"),
    ("Etunimi", "Sukunimi"), ("Förnamn", "Efternamn"), ("Fornavn", "Etternavn"),
    ("Fornafn", "Eftirnafn"), ("Keresztnév", "Vezetéknév"), ("Όνομα", "Επώνυμο"),
    ("Όνομα", "Επίθετο"), ("שם פרטי", "שם משפחה"), ("الاسم الأول", "اسم العائلة"),
    ("نام", "نام خانوادگی"), ("ชื่อ", "นามสกุล"), ("ชื่อจริง", "นามสกุล"),
    ("Nama Depan", "Nama Belakang"), ("Unang pangalan", "Apelyido"), ("पहला नाम", "उपनाम"),
    ("नाम", "कुलनाम"), ("முதல் பெயர்", "கடைசி பெயர்"), ("İlk Ad", "Soyad"), ("名字", "姓氏"),
    ("名", "姓"), ("Nom", "Cognoms"), ("Izena", "Abizenak"), ("Enw cyntaf", "Cyfenw"),
    ("Emri", "Mbiemri"), ("Isem", "Kunjom"), ("სახელი", "გვარი"), ("Անուն", "Ազգանուն"),
    ("Ism", "Familiya"), ("Jina la kwanza", "Jina la mwisho"),
]  # fmt: skip


@pytest.mark.parametrize(("first", "last"), HALVES)
def test_halves_of_a_name_in_any_language(tmp_path: Path, first: str, last: str) -> None:
    """Prenume and Прізвище were nobody's names."""
    halves = (first, None, "Ana", "Bo", "Cy"), (last, None, "Berg", "Roth", "Falk")
    for number, columns in enumerate((halves, halves[::-1])):
        folder = tmp_path / str(number)
        folder.mkdir()
        proposal = guessed(folder, *columns, MAIL)
        assert (chosen(proposal, "first_name"), chosen(proposal, "last_name")) == ([first], [last])


@pytest.mark.parametrize(
    "whole",
    ["Nume", "Nume complet", "Nume și prenume", "ФИО", "Ф.И.О.", "Имя", "Имя и фамилия", "ПІБ",
     "Прізвище та ім'я", "Име и фамилия", "Ime i prezime", "Ime in priimek", "Imię i nazwisko",
     "Ees- ja perekonnanimi", "Vārds, uzvārds", "Vardas, pavardė", "Ονοματεπώνυμο", "שם מלא",
     "نام و نام خانوادگی", "ชื่อ-นามสกุล", "ชื่อ", "Nama", "Nama Lengkap", "पूरा नाम", "नाम", "Nafn",
     "联系人", "성함", "Nom i cognoms", "Nombres y apellidos", "Vor-/Nachname"],
)  # fmt: skip
def test_whole_names_in_any_language(tmp_path: Path, whole: str) -> None:
    proposal = guessed(tmp_path, (whole, None, "Ana Berg", "Bo Roth", "Cy Falk"), MAIL)
    assert chosen(proposal, "full_name") == [whole]


def test_a_bulgarian_middle_name_is_no_last_name(tmp_path: Path) -> None:
    proposal = guessed(
        tmp_path,
        ("Име", None, "Иван", "Мария", "Петър"),
        ("Презиме", None, "Иванов", "Петрова", "Димитров"),
        ("Фамилия", None, "Колев", "Стоева", "Янев"),
        MAIL,
    )
    assert (chosen(proposal, "first_name"), chosen(proposal, "last_name")) == (["Име"], ["Фамилия"])


def test_an_advertisement_is_nobodys_name(tmp_path: Path) -> None:
    ad = ("Ad", None, "Spring sale", "Autumn", "Spring sale")
    beside = guessed(tmp_path, ad, ("Full name", None, *NAME[2:]), MAIL)
    assert chosen(beside, "first_name") == []
    alone = guessed(tmp_path, ad, MAIL)
    assert (chosen(alone, "first_name"), chosen(alone, "full_name")) == ([], [])
    assert any(q.startswith("Ad: is it the person's name") for q in alone.found.questions)


@pytest.mark.parametrize(
    "cells",
    [("open", "won", "lost"), ("New", "Working", "Closed"), ("aktiv", "inaktiv", "offen"),
     ("Converted", "Nurturing", "Nurturing")],
)  # fmt: skip
def test_a_state_that_is_no_region_is_asked_about(tmp_path: Path, cells: tuple[str, ...]) -> None:
    proposal = guessed(tmp_path, NAME, MAIL, ("State", None, *cells))
    assert chosen(proposal, "region") == []
    assert any(q.startswith("State: is it the status") for q in proposal.found.questions)
    assert values(proposal, "answers")[0] == f'{{"state":"{cells[0]}"}}'


@pytest.mark.parametrize(
    "cells",
    [("NY", "CA", "WA"), ("Bavaria", "Hesse", "New"), ("New South Wales", "Victoria", "NT")],
)
def test_regions_stay_regions(tmp_path: Path, cells: tuple[str, ...]) -> None:
    assert chosen(guessed(tmp_path, NAME, MAIL, ("State", None, *cells)), "region") == ["State"]


def test_no_region_is_called_like_a_status() -> None:
    import pycountry

    stages = shipped_intake_lists().deal_stages
    names = [each.name for each in pycountry.subdivisions]
    codes = [each.code.partition("-")[2] for each in pycountry.subdivisions]
    assert [n for n in (*names, *codes) if stages.find(n) or n.casefold() in statuses()] == []
