"""A refusal is read or asked about, in whatever words: it never becomes an answer unasked."""

from pathlib import Path

import pytest

from tests.capture.guessing.exports import Columns
from tests.capture.guessing.test_exports import proposed, write_export

GRANTS = (
    ("May we e-mail you news?", "Yes", "No"),
    ("Acepto recibir comunicaciones comerciales", "Sí", "No"),
    ("Aceita receber novidades?", "Sim", "Não"),
    ("Accetto di ricevere email", "sì", "no"),
    ("E-posta ile bilgilendirilmek istiyorum", "Evet", "Hayır"),
    ("Ich möchte den Newsletter erhalten", "ja", "nein"),
)
DENIALS = (
    ("I do NOT wish to receive marketing emails", "yes", "no"),
    ("No newsletter", "yes", "no"),
    ("Ich möchte keinen Newsletter erhalten", "ja", "nein"),
    ("E-posta ile bilgilendirilmek istemiyorum", "Evet", "Hayır"),
)
UNSURE = (
    ("We would never contact you without a yes", "yes", "no"),
    ("Newsletter (I do not want it)", "yes", "no"),
    ("Marketing consent", "Opt-In", "Pending"),
    ("SMS", "STOP", ""),
    ("Ticari ileti izni", "Evet", "Hayır"),
    ("Mag ik u informatie sturen? Akkoord", "gold", "silver"),
    ("GDPR", "Y", "N"),
    ("List state", "Opted out", "Subscribed"),
)


def guessed(path: Path, header: str, *cells: str) -> tuple[object, bool, bool]:
    """Consent of both records, whether it was asked, and whether the column is an answer."""
    columns: Columns = [("Email", None, "a@b.example", "c@d.example"), (header, None, *cells)]
    proposal = proposed(write_export(path, columns))
    assert proposal.draft is not None
    assert proposal.preview is not None
    by_name = {field.field: field.values for field in proposal.preview.fields}
    asked = any(text.startswith(f"{header}:") for text in proposal.found.questions)
    return by_name.get("consent_email"), asked, "answers:" in proposal.draft.text


@pytest.mark.parametrize(("header", "yes", "no"), GRANTS)
def test_questions_that_ask_for_consent(tmp_path: Path, header: str, yes: str, no: str) -> None:
    found = guessed(tmp_path / "x.csv", header, yes, no)
    assert found == (("granted", "denied"), False, False)


@pytest.mark.parametrize(("header", "yes", "no"), DENIALS)
def test_negated_questions_are_turned_round(tmp_path: Path, header: str, yes: str, no: str) -> None:
    found = guessed(tmp_path / "x.csv", header, yes, no)
    assert found == (("denied", None), False, False)


@pytest.mark.parametrize(("header", "one", "other"), UNSURE)
def test_what_looks_like_consent_is_asked_about(
    tmp_path: Path, header: str, one: str, other: str
) -> None:
    assert guessed(tmp_path / "x.csv", header, one, other) == (None, True, False)


def test_what_people_wrote_is_no_consent(tmp_path: Path) -> None:
    header, texts = (
        "Why do you contact us? I agree",
        [f"We need {n} new machines" for n in range(12)],
    )
    columns: Columns = [
        ("Email", None, *[f"p{number}@b.example" for number in range(12)]),
        (header, None, *texts),
    ]
    proposal = proposed(write_export(tmp_path / "x.csv", columns))
    assert proposal.found.questions == ()
