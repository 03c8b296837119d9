"""Names that no list knows whole: their words say that somebody may be reached, or may not."""

import csv
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_platform.capture.columns import CONSENTS
from lead_platform.capture.guessing.names import load_field_names
from lead_platform.configuration import ConfigurationError
from lead_platform.vocabularies.folder import CONTACT_PERMISSIONS, SHIPPED
from tests.capture.guessing.exports import Columns
from tests.capture.guessing.test_exports import proposed, write_export

NAMES = load_field_names(SHIPPED.parent)
with (SHIPPED / CONTACT_PERMISSIONS).open(encoding="utf-8") as file:
    WORDS = [row for row in csv.DictReader(file) if "*" not in row["word"]]
SLOW = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30
)
REFUSALS = (
    "Must not be emailed", "Opposed to marketing calls", "Suppression reason", "Email withdrawn",
    "Stop all mailings", "Removed from the mailing list", "Werbliche Ansprache nicht gewünscht",
    "Keine Zusendung von Angeboten", "Telefonkontakt untersagt", "Mailverbot",
    "N'accepte pas la prospection",
    "Désinscrite le", "Interdiction d'appel", "Opposition à l’envoi",
    "Ne plus solliciter", "Prospection refusée",
    "Rechaza llamadas comerciales", "No quiere ofertas", "Rifiuta le telefonate",
    "Non vuole pubblicità", "Recusou contato", "Não quer receber mensagens",
    "Wenst geen reclame", "Mag niet gebeld worden", "Nie chce ofert", "Odmowa kontaktu",
    "Vill inte bli kontaktad", "Tackar nej till utskick, ej mejl", "Vil ikke kontaktes",
    "Ei halua markkinointia", "Nechce telefonovat", "Nem kér reklámot", "Nu dorește apeluri",
    "Reklam istemiyor", "Отказ от рассылки", "Відмова від розсилки", "営業電話お断り拒否",
    "不接受营销短信", "광고 수신 거부 여부",
)  # fmt: skip
PERMISSIONS = (
    "Can we call", "Permitted to text", "Emailable", "Eligible for outreach campaigns",
    "Werbefreigabe", "Kontakt zulässig", "Peut être sollicité", "Permission d'envoi",
    "Consente l’invio", "Accord pour l'appel", "Puede ser contactado",
    "Si può contattare", "Pode ser contatado", "Mag worden benaderd", "Wolno i można dzwonić",
    "Får ringas upp: samtal tillåtna", "Må ringes", "Saa soittaa", "Lze oslovit", "Hívható",
    "Poate fi contactat", "Aranabilir arama izni", "Можно звонить", "電話可", "可以联系",
)  # fmt: skip
NO_LEAVE = (
    "Last contacted", "Contact owner is active", "E-mail verified", "Do you have children?",
    "Not yet a customer", "Blocks bought", "Ist volljährig",
    "Rückruf vereinbart", "Versand bezahlt", "Kein Versand", "Non residente", "No fumador",
    "Niet aanwezig", "Nie pracuje", "A déjà acheté", "Can drive", "Offer not accepted yet",
)  # fmt: skip
AGREEMENTS = (
    ("I consent to promotional emails", "consent_email"),
    ("Yes, I would like to receive your newsletter", "consent_email"),
    ("Einwilligung in E-Mail-Werbung", "consent_email"),
    ("Zustimmung zur Kontaktaufnahme per Telefon", "consent_phone"),
    ("J'accepte de recevoir des SMS", "consent_sms"),
    ("Consentement à l'e-mailing", "consent_email"),
    ("Acepto recibir ofertas por correo electrónico", "consent_email"),
    ("Acconsento a ricevere comunicazioni via WhatsApp", "consent_whatsapp"),
    ("Aceito receber ligações", "consent_phone"),
    ("Akkoord met de nieuwsbrief", "consent_email"),
    ("Zgoda na kontakt telefoniczny", "consent_phone"),
    ("Samtycke till marknadsföring via sms", "consent_sms"),
    ("Souhlas se zasíláním e-mailů", "consent_email"),
    ("Agrees to be contacted by phone", "consent_phone"),
    ("Newsletter yes/no", "consent_email"),
    ("Newsletter (oui/non)", "consent_email"),
    ("WhatsApp opt-in [J/N]", "consent_whatsapp"),
)
DOUBTS = (
    "I agree to receive emails and calls", "I agree to be contacted", "Accepts offers",
    "I agree to receive emails of your partners", "Newsletter expired", "E-mail consent requested",
    "May newsletter", "Newsletter accepted by manager", "Zgoda na kontakt",
    "I consent to emails (privacy policy)", "Einwilligung Datenschutz und E-Mail",
    # How it was given, or what it is for.
    "Consent by email", "Einwilligung telefonisch", "Consentimiento por teléfono",
    "Consentement par e-mail", "Consenso via email", "Telefonische Einwilligung", "Opt-in via SMS",
    "Einwilligung am Telefon", "Consenso al telefono", "Acord telefonic",
    # In another form than the plain one: by mail, not to mail.
    "Zgoda mailem", "Souhlas telefonem", "Souhlas e-mailem", "Hozzájárulás telefonon",
    "Suostumus sähköpostilla", "Onay telefonla",
    # What became of the asking.
    "Consent emailed", "Email consent reminder", "Email consent would", "Phone consent form",
)  # fmt: skip
WITHDRAWN = (
    "Newsletter (refusé)", "Newsletter (withdrawn)", "SMS opt-in [removed]",
    "SMS consent (revoked)", "Newsletter (Widerruf)", "WhatsApp opt-in (rifiutato)",
    "Marketing consent (cofnięta)",
)  # fmt: skip


def guessed(path: Path, header: str, *cells: str) -> tuple[dict[str, object], bool]:
    """What becomes of the consents by field, and whether the column is asked about."""
    mails = [f"p{number}@b.example" for number in range(len(cells))]
    columns: Columns = [("Email", None, *mails), (header, None, *cells)]
    proposal = proposed(write_export(path, columns))
    assert proposal.preview is not None
    by_name = {field.field: field.values for field in proposal.preview.fields}
    asked = any(
        text.startswith(f"{header}:") and "the lead's too?" not in text
        for text in proposal.found.questions
    )
    return {name: by_name[name] for name in CONSENTS if name in by_name}, asked


@pytest.mark.parametrize("header", [*REFUSALS, *PERMISSIONS])
def test_what_speaks_of_leave_is_asked_about(tmp_path: Path, header: str) -> None:
    """`Please do not send me offers` and `Mailable` became answers, and nobody was asked."""
    found, asked = guessed(tmp_path / "x.csv", header, "yes", "no", "yes")
    assert asked or found
    assert "granted" not in next(iter(found.values()), ()) or header in PERMISSIONS


@pytest.mark.parametrize("header", REFUSALS)
def test_what_refuses_is_said_to_deny(header: str) -> None:
    assert NAMES.is_negated((header,))
    assert NAMES.granted_consent((header,)) is None


@pytest.mark.parametrize("header", NO_LEAVE)
def test_other_yes_and_no_is_not_asked_about(tmp_path: Path, header: str) -> None:
    assert guessed(tmp_path / "x.csv", header, "yes", "no", "yes") == ({}, False)


@pytest.mark.parametrize(
    "cells",
    [("3", "14"), ("a@b.example", "c@d.example"), ("https://b.example/a", "https://b.example/b")],
)
def test_figures_and_addresses_say_nothing_of_leave(tmp_path: Path, cells: tuple[str, ...]) -> None:
    assert guessed(tmp_path / "x.csv", "No of calls not made", *cells) == ({}, False)


@pytest.mark.parametrize("cells", [("", ""), ("2026-05-01", ""), ("x", ""), ("1", "0")])
def test_a_refusal_is_asked_about_whatever_it_holds(tmp_path: Path, cells: tuple[str, ...]) -> None:
    assert guessed(tmp_path / "x.csv", "Opposed to marketing calls", *cells) == ({}, True)


def word(*parts: str) -> st.SearchStrategy[str]:
    return st.sampled_from([row["word"] for row in WORDS if row["part"] in parts])


@SLOW
@given(
    contact=word("contact"),
    leave=word("refusal", "permission", "agreement"),
    between=st.sampled_from([" ", " - ", "_", ": ", " the "]),
    turned=st.booleans(),
    cells=st.sampled_from([("1", "0"), ("yes", "no"), ("x", ""), ("Ja", "Nein")]),
)
def test_any_word_of_contact_beside_any_of_leave(
    tmp_path: Path, contact: str, leave: str, between: str, turned: bool, cells: tuple[str, str]
) -> None:
    header = between.join((leave, contact) if turned else (contact, leave))
    found, asked = guessed(tmp_path / "x.csv", header, *cells)
    assert asked or found
    is_refusal = {row["part"] for row in WORDS if row["word"] == leave} == {"refusal"}
    if is_refusal:
        assert "granted" not in {value for values in found.values() for value in values}


@pytest.mark.parametrize(("header", "field"), AGREEMENTS)
def test_leave_for_one_channel_in_known_words_is_proposed(
    tmp_path: Path, header: str, field: str
) -> None:
    for yes, no in (("yes", "no"), ("1", "0"), ("Ja", "Nein"), ("oui", "non")):
        found = guessed(tmp_path / "x.csv", header, yes, no)
        assert found == ({field: ("granted", "denied")}, False)
    assert guessed(tmp_path / "x.csv", header, "yes", "perhaps") == ({}, True)


@pytest.mark.parametrize("header", DOUBTS)
def test_where_channel_or_sense_is_open_it_is_asked(tmp_path: Path, header: str) -> None:
    assert guessed(tmp_path / "x.csv", header, "yes", "no") == ({}, True)


def test_a_preposition_of_the_means_grants_nothing(tmp_path: Path) -> None:
    found, asked = guessed(tmp_path / "x.csv", "Samtykke på telefon", "yes", "no")
    assert (found, asked) == ({"consent_phone": (None, "denied")}, True)


@pytest.mark.parametrize("header", WITHDRAWN)
def test_a_refusal_in_brackets_grants_nothing(tmp_path: Path, header: str) -> None:
    """`Newsletter (refusé): oui` was granted: what stands in brackets was left out."""
    found, asked = guessed(tmp_path / "x.csv", header, "yes", "no")
    assert asked
    assert found == {}


@pytest.mark.parametrize(
    "row", ["contact,,en,mail*ing", "refusal,,en,not to*", "refusal,phone,en,not", "filler,,en,!!"]
)
def test_a_row_that_cannot_be_read_is_told(tmp_path: Path, row: str) -> None:
    folder = tmp_path / "vocabularies"
    folder.mkdir()
    text = f"part,channel,language,word\n{row}\n"
    (folder / CONTACT_PERMISSIONS).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=rf"{CONTACT_PERMISSIONS}:2"):
        load_field_names(tmp_path)


def test_a_folder_without_the_list_has_the_one_that_ships(tmp_path: Path) -> None:
    (tmp_path / "vocabularies").mkdir()
    assert load_field_names(tmp_path).speaks_of_leave(("Opposed to marketing calls",))


@pytest.mark.parametrize(
    "header",
    ["Would you like to hear from us?", "Hear from us", "I want to hear from you",
     "Text me updates", "Souhaitez-vous être recontacté ?", "Contactability",
     "Reachable by mail", "Promo emails", "Promotions", "Communication preferences", "Muted",
     "Möchten Sie von uns hören?"],
)  # fmt: skip
def test_leave_in_other_words_is_asked_about(tmp_path: Path, header: str) -> None:
    assert guessed(tmp_path / "x.csv", header, "yes", "no", "yes") == ({}, True)


SHORT_CHANNELS = ("Tel ok", "Tel. erlaubt?", "Tél. OK", "Mob ok", "Handy ok", "Cell OK", "Tlf ok",
                  "Fon ok", "Tel marketing", "Phone marketing", "Email marketing", "SMS news",
                  "Mail Angebote")  # fmt: skip
LAWS = ("TCPA", "CASL", "CAN-SPAM", "CANSPAM", "PECR", "CCPA", "PIPEDA", "POPIA", "DSGVO", "RGPD",
        "LOPD", "LSSI", "AVG", "LGPD", "KVKK", "RODO", "UWG", "Habeas data")  # fmt: skip
LETTERS = ("Lettre d'info", "Infolettre", "Infobrief", "Rundbrief", "Boletín", "Notiziario",
           "Nyhedsbrev", "Zpravodaj", "Biuletyn", "Hírlevél", "Buletin", "E-bülten", "Розсилка",
           "Ενημερωτικό δελτίο", "メルマガ", "뉴스레터", "电子报", "ניוזלטר")  # fmt: skip
SUBSCRIBERS = ("Subscriber", "Abonnent", "Abonné", "Suscriptor", "Assinante", "Prenumerant",
               "Odběratel", "Подписчик", "購読者")  # fmt: skip
GONE = ("Löschung", "Zu löschen", "À supprimer", "Delete", "Excluded", "Ausgeschlossen", "Exclu",
        "Escluso", "Uitgesloten")  # fmt: skip


@pytest.mark.parametrize("header", [*SHORT_CHANNELS, *LAWS, *LETTERS, *SUBSCRIBERS, *GONE])
@pytest.mark.parametrize("cells", [("no", "yes", "no"), ("DENIED", "GRANTED", "DENIED")])
def test_short_names_of_leave_are_asked_about(
    tmp_path: Path, header: str, cells: tuple[str, ...]
) -> None:
    """`Tel ok`: no became an answer, while `Telefon ok` was asked about."""
    assert guessed(tmp_path / "x.csv", header, *cells) == ({}, True)


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Avg order", ("12", "13", "14")),
        ("AVG", ("12", "13", "14")),
        ("Subscriber", ("Acme", "Beta", "Corp")),
        ("Phone verified", ("yes", "no", "yes")),
        ("Mobile app", ("yes", "no", "yes")),
        ("Phone type", ("mobile", "fixed", "mobile")),
        ("Price excluded VAT", ("12", "13", "14")),
    ],
)
def test_what_such_words_mean_besides_is_not_asked_about(
    tmp_path: Path, header: str, cells: tuple[str, ...]
) -> None:
    assert guessed(tmp_path / "x.csv", header, *cells) == ({}, False)
