"""Consents that were taken back: the date of it denies what the file grants, or is asked about."""

import csv
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_platform.capture.columns import CONSENTS
from lead_platform.capture.guessing.names import DENIED_AT, load_field_names
from lead_platform.vocabularies.folder import FIELD_NAMES, SHIPPED
from tests.capture.guessing.exports import Columns
from tests.capture.guessing.test_exports import proposed, write_export

NAMES = load_field_names(SHIPPED.parent)
with (SHIPPED / FIELD_NAMES).open(encoding="utf-8") as file:
    DATED = [
        (row["name"], row["field"]) for row in csv.DictReader(file) if row["field"] in DENIED_AT
    ]
SLOW = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=20
)
ASKED_ALONE = (
    "Withdrawal date", "Withdrawn", "Revoked at", "Widerrufsdatum", "Data revoca",
    "Sperrkennzeichen", "Cofnięto", "Spam complaint", "Marked as spam", "Erasure requested",
    "GDPR forget request", "Complained at", "Reported as junk", "Löschantrag", "Beschwerde am",
    "Plainte", "Droit à l'oubli", "Queja por spam", "Diritto all’oblio", "Reclamo", "Klacht",
    "Recht op vergetelheid", "Direito ao esquecimento", "Skarga", "Námitka", "Klagomål",
    "Indsigelse", "Tiltakozás", "Plângere", "Şikayet tarihi", "Жалоба", "Скарга", "Ανάκληση",
    "苦情", "철회일", "投诉", "اعتراض", "Khiếu nại",
)  # fmt: skip
NO_WITHDRAWAL = (
    "Withdrawals 2025", "Spam score", "Revenue", "Complexity", "Objective", "Object",
    "Reclame seen", "Widget", "Skargård", "Klagenfurt", "Retraite", "Oblast", "Pulled by",
)  # fmt: skip


def guessed(
    path: Path, *columns: tuple[str, tuple[str, ...]]
) -> tuple[dict[str, tuple[object, ...]], tuple[str, ...]]:
    """What the proposal makes of consents and their date, by field, and its questions."""
    mails = [f"p{number}@b.example" for number in range(len(columns[0][1]))]
    listed: Columns = [("Email", None, *mails)]
    listed += [(name, None, *cells) for name, cells in columns]
    proposal = proposed(write_export(path, listed))
    assert proposal.preview is not None
    by_name = {each.field: each.values for each in proposal.preview.fields}
    told = {name: by_name[name] for name in (*CONSENTS, "consent_at") if name in by_name}
    return told, proposal.found.questions


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Withdrawn on", ("", "2026-02-01", "2026-01-14")),
        ("Widerrufsdatum", ("", "01.02.2026", "14.01.2026")),
        ("Fecha de revocación", ("", "01/02/2026", "14/01/2026")),
        ("Consent withdrawn at", ("", "2026-02-01T00:00:00Z", "2026-01-14T00:00:00Z")),
    ],
)
def test_a_withdrawal_denies_from_its_date(
    tmp_path: Path, header: str, cells: tuple[str, ...]
) -> None:
    """`Withdrawn on` became an answer: the lead stayed granted, and nobody was asked."""
    consent = ("Marketing consent", ("Yes", "Yes", "Yes"))
    since = ("Consent date", ("2025-05-13", "2025-05-13", "2025-05-13"))
    found, questions = guessed(tmp_path / "x.csv", consent, since, (header, cells))
    assert found["consent_email"] == ("granted", "denied", "denied")
    assert [str(at)[:10] for at in found["consent_at"]] == [
        "2025-05-13",
        "2026-02-01",
        "2026-01-14",
    ]
    assert not any(text.startswith(f"{header}:") for text in questions)


@pytest.mark.parametrize(("name", "field"), DATED)
def test_every_name_of_a_denial_with_a_date_is_known_whole(name: str, field: str) -> None:
    for written in (name, name.upper(), name.replace(" ", "_")):
        assert [(each.field, each.is_exact) for each in NAMES.matches((written,))] == [
            (field, True)
        ]
        assert NAMES.is_about_consent((written,))


@SLOW
@given(
    named=st.sampled_from(DATED),
    cells=st.sampled_from([("", "2026-02-01"), ("no", "yes"), ("0", "1"), ("", "01.02.2026")]),
)
def test_a_denial_with_a_date_denies_its_consents(
    tmp_path: Path, named: tuple[str, str], cells: tuple[str, str]
) -> None:
    name, field = named
    found, _ = guessed(tmp_path / "x.csv", ("Newsletter", ("Yes", "Yes")), (name, cells))
    denied = set(DENIED_AT[field]) if field == "opt_out_all_at" else {"consent_email"}
    assert {each for each in CONSENTS if each in found} == denied
    assert all(found[each][1] == "denied" for each in denied)
    assert found["consent_email"][0] == "granted"


def test_a_withdrawal_denies_each_consent_that_the_file_states(tmp_path: Path) -> None:
    found, _ = guessed(
        tmp_path / "x.csv",
        ("Email consent", ("Yes", "Yes")),
        ("Phone consent", ("Yes", "Yes")),
        ("Revoked on", ("", "2026-02-01")),
    )
    assert {each: found[each] for each in CONSENTS if each in found} == {
        "consent_email": ("granted", "denied"),
        "consent_phone": ("granted", "denied"),
    }


@pytest.mark.parametrize(
    "cells",
    [
        ("", "03/04/2026", "05/06/2026"),
        ("", "2024-05-04", "2024-03-02", "13/04/2024", "25/03/2024"),
    ],
    ids=["day or month first", "half swapped"],
)
def test_a_date_nobody_can_read_for_sure_denies_all_the_same(
    tmp_path: Path, cells: tuple[str, ...]
) -> None:
    """Which of day and month comes first decides of when, not of whether."""
    for header in ("Withdrawn on", "Unsubscribed at", "Opted out at"):
        consent = ("Newsletter", ("Yes",) * len(cells))
        found, questions = guessed(tmp_path / "x.csv", consent, (header, cells))
        assert found["consent_email"] == ("granted", *["denied"] * (len(cells) - 1))
        assert "consent_at" not in found
        (told,) = [text for text in questions if text.startswith(f"{header}:")]
        assert "`consent_at`" in told


@pytest.mark.parametrize(("number", "header"), enumerate(ASKED_ALONE))
def test_what_was_taken_back_is_asked_about_alone(tmp_path: Path, number: int, header: str) -> None:
    cells = [("", "2026-02-01"), ("no", "yes"), ("", "x"), ("", "")][number % 4]
    found, questions = guessed(tmp_path / "x.csv", (header, cells))
    assert found == {} or set(found) == set(CONSENTS)
    assert found or any(text.startswith(f"{header}: does it say who") for text in questions)
    assert NAMES.is_negated((header,))


@pytest.mark.parametrize("header", NO_WITHDRAWAL)
def test_other_words_are_not_asked_about(tmp_path: Path, header: str) -> None:
    found, questions = guessed(tmp_path / "x.csv", (header, ("3", "14")))
    assert found == {}
    assert not any("written to" in text for text in questions)


@SLOW
@given(
    name=st.sampled_from([name for name, _ in DATED]),
    form=st.sampled_from(["{} (CRM)", "Lead: {}", "{} by sales", "{} 2", "Old {}", "{} / {}"]),
    cells=st.sampled_from([("", "2026-02-01"), ("no", "yes"), ("false", "true"), ("", "x")]),
)
def test_a_name_that_holds_one_is_never_an_answer(
    tmp_path: Path, name: str, form: str, cells: tuple[str, str]
) -> None:
    header = form.format(name, name)
    found, questions = guessed(tmp_path / "x.csv", (header, cells))
    assert found or any(text.startswith(f"{header}:") for text in questions)
    assert "granted" not in {value for values in found.values() for value in values}
