"""A refusal is read or asked about, in whatever words: it never becomes an answer unasked."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
    ("Marketing consent", "Opt-In", "Perhaps"),
    ("SMS", "STOP", ""),
    ("Ticari ileti izni", "Evet", "Hayır"),
    ("Mag ik u informatie sturen? Akkoord", "gold", "silver"),
    ("GDPR", "Y", "N"),
    ("List state", "Opted out", "Subscribed"),
)

NO_MAIL = (
    ("Consent", "1", "0"),
    ("I agree", "yes", "no"),
    ("GDPR consent", "true", "false"),
    ("Opt-in", "Yes", "No"),
    ("Privacy policy accepted", "on", "off"),
    ("I agree to the privacy policy and the newsletter terms", "yes", "no"),
    ("Newsletter (privacy policy)", "1", "0"),
    ("Einwilligung", "ja", "nein"),
    ("Datenschutzerklärung akzeptiert", "ja", "nein"),
    ("J'accepte la politique de confidentialité", "oui", "non"),
    ("Consentimiento RGPD", "sí", "no"),
    ("Accetto l'informativa privacy", "sì", "no"),
    ("Zgoda RODO", "tak", "nie"),
    ("KVKK onayı", "evet", "hayır"),
    ("AGB", "1", "1"),
)
"""Boxes about a policy, terms or data, or nobody knows what: who ticks them asks for no mail."""
POLICIES = (
    "privacy policy", "Terms & Conditions", "GDPR", "Datenschutz", "AGB", "RGPD", "CGV",
    "informativa privacy", "política de privacidade", "personal data", "KVKK", "RODO",
)  # fmt: skip
ASKED = ("Newsletter", "Consent", "Marketing consent", "E-mail opt-in", "I agree", "Opt in")


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


@pytest.mark.parametrize(("header", "yes", "no"), NO_MAIL)
def test_a_box_that_speaks_of_no_mail_grants_none(
    tmp_path: Path, header: str, yes: str, no: str
) -> None:
    """`Consent: 1` of a form's privacy box was taken for leave to send newsletters."""
    assert guessed(tmp_path / "x.csv", header, yes, no) == (None, True, False)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25
)
@given(
    parts=st.permutations(["asked", "policy"]),
    asked=st.sampled_from(ASKED),
    policy=st.sampled_from(POLICIES),
    between=st.sampled_from([" ", " - ", " and ", " (", ": "]),
    cells=st.sampled_from([("1", "0"), ("yes", "no"), ("I agree", "I do not agree")]),
)
def test_whoever_accepts_a_policy_agrees_to_nothing_else(
    tmp_path: Path,
    parts: list[str],
    asked: str,
    policy: str,
    between: str,
    cells: tuple[str, str],
) -> None:
    first, second = [{"asked": asked, "policy": policy}[part] for part in parts]
    header = f"{first}{between}{second}{')' * (between == ' (')}"
    assert guessed(tmp_path / "x.csv", header, *cells) == (None, True, False)


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


NAMED = (
    "Schwarze Liste", "Lettre d'informations", "Offres partenaires", "Exclude", "RTBF", "Opt",
    "NL", "DSE", "News", "Updates", "Send emails", "Reklam", "Publicité", "Pubblicità", "Marketing",
    "Prospection", "Comunicaciones", "Reclame", "Lead News", "Communication status",
)  # fmt: skip


@pytest.mark.parametrize("header", NAMED)
@pytest.mark.parametrize("cells", [("yes", "no"), ("1", "0"), ("True", "False"), ("x", "")])
def test_who_gets_what_is_sent_is_asked(
    tmp_path: Path, header: str, cells: tuple[str, str]
) -> None:
    """`News: 0` was a plain answer, and who had unsubscribed was written to."""
    assert guessed(tmp_path / "x.csv", header, *cells) == (None, True, False)


@pytest.mark.parametrize(
    ("header", "state", "other"),
    [("Marketing", "Excluded", "Included"), ("Kontaktart", "keine", "Telefon"), ("Opt", "Out",
     "In"), ("Kontaktaufnahme", "unerwünscht", "ok"), ("Group", "Opt-outs", "VIP"), ("Segment",
     "Unsubscribes", "VIP"), ("Lifecycle stage", "Unsubscriber", "Lead"), ("Category", "Blocked",
     "A"), ("Legal basis", "Withdrawn", "Legitimate interest"), ("Deaktiviert am", "2026-01-02",
     ""), ("Status da base legal para comunicação", "Consentimento recusado", ""),
     ("Communication status", "Refused", "Active"), ("Tags", "vip, Opt-outs", "vip")],
)  # fmt: skip
def test_a_state_that_refuses_is_asked(tmp_path: Path, header: str, state: str, other: str) -> None:
    assert guessed(tmp_path / "x.csv", header, state, other) == (None, True, False)


@pytest.mark.parametrize(
    ("header", "one", "other"),
    [("News", "Relaunch", "Fair"), ("Publicité", "LinkedIn", "Google"), ("Contacted", "yes", "no"),
     ("Sold out", "yes", "no"), ("Kontaktart", "Telefon", "Messe"), ("Segment", "VIP", "Trial"),
     ("Phone status", "no answer", "busy")],
)  # fmt: skip
def test_what_only_sounds_so_is_an_answer(
    tmp_path: Path, header: str, one: str, other: str
) -> None:
    assert guessed(tmp_path / "x.csv", header, one, other) == (None, False, True)


@pytest.mark.parametrize(
    ("header", "text", "denial"),
    [("Uwagi", "Proszę o ofertę numer {}", "nie kontaktować"), ("What we heard",
     "They asked for offer number {}", "do not contact")],
)  # fmt: skip
def test_texts_with_a_denial_among_them_are_kept_where_they_are_heard(
    tmp_path: Path, header: str, text: str, denial: str
) -> None:
    """They stayed in the payload, where nobody hears them."""
    cells = (*(text.format(number) for number in range(12)), denial)
    columns: Columns = [
        ("Email", None, *[f"p{number}@b.example" for number in range(13)]),
        (header, None, *cells),
    ]
    proposal = proposed(write_export(tmp_path / "x.csv", columns))
    (question,) = proposal.found.questions
    assert question.startswith(f"{header}:")
    assert denial in question
    assert proposal.draft is not None
    assert "answers:" in proposal.draft.text
