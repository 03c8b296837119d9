"""Columns of opt-outs by their names, in any language: they deny or are asked about."""

import csv
import json
from datetime import datetime
from fnmatch import fnmatchcase
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_platform.capture.channels import load_channels
from lead_platform.capture.columns import CONSENTS
from lead_platform.capture.fields import RuleCompiler
from lead_platform.capture.guessing.names import OPT_OUTS, load_field_names
from lead_platform.capture.value_rules import FieldRule
from lead_platform.capture.values import ValueFault, consent_reader, opt_out_reader
from lead_platform.vocabularies.folder import SHIPPED, shipped_intake_lists
from lead_platform.vocabularies.text import fold
from tests.capture.guessing.exports import Columns
from tests.capture.guessing.test_exports import proposed, write_export

NAMES = load_field_names(SHIPPED.parent)
LISTS = shipped_intake_lists()
NOW = datetime(2026, 11, 28)
with (SHIPPED / "opt_outs.csv").open(encoding="utf-8") as file:
    WORDS = [(row["alias"], row["value"], row["channel"]) for row in csv.DictReader(file)]
COLUMNS = [
    (alias, "email" if channel == "list" else channel)
    for alias, _, channel in WORDS
    if channel not in ("", "preference")
]
SLOW = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)


def consents(path: Path, *columns: tuple[str, tuple[str, ...]]) -> dict[str, tuple[object, ...]]:
    """What becomes of the consents of the records, by field; only of those that are stated."""
    mails = [f"p{number}@b.example" for number in range(len(columns[0][1]))]
    listed: Columns = [("Email", None, *mails), *((name, None, *cells) for name, cells in columns)]
    proposal = proposed(write_export(path, listed))
    assert proposal.preview is not None
    by_name = {field.field: field.values for field in proposal.preview.fields}
    return {name: by_name[name] for name in CONSENTS if name in by_name}


def is_asked(path: Path, header: str, *cells: str) -> bool:
    columns: Columns = [("Email", None, *[f"p{n}@b.example" for n in range(len(cells))])]
    proposal = proposed(write_export(path, [*columns, (header, None, *cells)]))
    return any(text.startswith(f"{header}:") for text in proposal.found.questions)


@pytest.mark.parametrize(
    ("header", "denied"),
    [
        ("Do Not Contact", CONSENTS), ("DO_NOT_DISTURB", CONSENTS), ("DNC", CONSENTS),
        ("doNotContact", CONSENTS), ("Blacklisted", CONSENTS), ("Suppressed", CONSENTS),
        ("Robinsonliste", CONSENTS), ("Kontaktsperre", CONSENTS), ("Werbesperre", CONSENTS),
        ("Non contattare", CONSENTS), ("Ne pas contacter", CONSENTS),
        ("Afmelden", ("consent_email",)), ("Désinscrit", ("consent_email",)),
        ("Baja", ("consent_email",)), ("Descadastrado", ("consent_email",)),
        ("Wypisany", ("consent_email",)), ("HasOptedOutOfEmail", ("consent_email",)),
        ("DoNotCall", ("consent_phone",)), ("Nie dzwonić", ("consent_phone",)),
        ("Bloctel", ("consent_phone",)), ("SMS Opt-Out", ("consent_sms",)),
        ("WhatsApp opt out", ("consent_whatsapp",)), ("Sprzeciw marketingowy", CONSENTS),
    ],
)  # fmt: skip
def test_each_opt_out_denies_what_it_speaks_of(
    tmp_path: Path, header: str, denied: tuple[str, ...]
) -> None:
    """`Do Not Contact` denied mail alone; in other languages opt-outs became answers."""
    found = consents(tmp_path / "x.csv", (header, ("1", "0", "x")))
    assert found == dict.fromkeys(denied, ("denied", None, "denied"))


@pytest.mark.parametrize(("alias", "channel"), COLUMNS)
def test_every_word_of_the_list_names_its_columns(alias: str, channel: str) -> None:
    for name in (alias, alias.upper(), alias.replace(" ", "_"), f" {alias}? "):
        assert {match.field for match in NAMES.matches((name,))} == {f"opt_out_{channel}"}
        assert NAMES.is_about_consent((alias,))


@SLOW
@given(
    word=st.sampled_from(COLUMNS),
    form=st.sampled_from(
        ["{} status", "Lead: {}", "{} (CRM)", "Marketing - {}", "{} by sales", "Is {}?", "2026 {}"]
    ),
    cells=st.sampled_from([("1", "0"), ("yes", "no"), ("granted", "denied"), ("Ja", "Nein")]),
)
def test_what_looks_like_an_opt_out_is_never_a_consent(
    tmp_path: Path, word: tuple[str, str], form: str, cells: tuple[str, str]
) -> None:
    header = form.format(word[0])
    found = consents(tmp_path / "x.csv", (header, cells))
    assert set(found) <= set(OPT_OUTS[f"opt_out_{word[1]}"])
    assert all(values[0] == "denied" for values in found.values())
    assert "granted" not in {value for values in found.values() for value in values}
    if not found:
        assert is_asked(tmp_path / "x.csv", header, *cells)


@pytest.mark.parametrize(
    ("alias", "value"), [(alias, value) for alias, value, of in WORDS if of != "preference"]
)
def test_a_word_of_the_list_says_as_a_value_what_it_says_as_a_name(alias: str, value: str) -> None:
    wanted = "denied" if value == "denied" else None
    for word in (alias, alias.upper(), f" {alias}. "):
        assert opt_out_reader(LISTS)(word) == wanted


def test_no_word_of_an_opt_out_grants() -> None:
    for alias, value, channel in WORDS:
        if value != "denied":
            continue
        try:
            said = consent_reader(LISTS)(alias)
        except ValueFault:
            assert channel == "preference", alias
        else:
            assert said == "denied", alias


@pytest.mark.parametrize("field", CONSENTS)
@pytest.mark.parametrize(
    "states",
    [{}, {"consent": "opt_in"}, {"strictest_of": ["x"]}],
    ids=["plain", "opt_in", "strictest"],
)
def test_a_denial_of_its_own_channel_is_read_in_each_column_of_consents(
    field: str, states: dict[str, object]
) -> None:
    """`No phone calls` was unknown in a column of calls, and `no emails` denied there."""
    channel = load_channels(SHIPPED.parent)["web_form"]
    rule = FieldRule.model_validate(states if "strictest_of" in states else {"path": "x", **states})
    read = RuleCompiler(channel).field(field, "submission", rule, NOW)
    for alias, value, of in WORDS:
        if value != "denied":
            continue
        is_own = of in ("", "list", field.removeprefix("consent_"))
        is_listed = LISTS.consents.find(alias) is not None
        if is_own or (of in ("all", "preference") and is_listed):
            assert read({"x": alias}) == "denied", alias
            continue
        with pytest.raises(ValueFault) as told:
            read({"x": alias})
        denied = getattr(told.value, "fields", ())
        if of == "all":
            assert {*denied, field} == set(CONSENTS), alias
            assert getattr(told.value, "kept", None) == "denied", alias
        else:
            assert denied == (() if of == "preference" else (f"consent_{of}",)), alias


def test_no_word_of_the_consents_names_a_channel() -> None:
    """`do not mail` was one: in a column of calls it denied the calls, and left mail open."""
    with (SHIPPED / "contact_permissions.csv").open(encoding="utf-8") as stream:
        ways = {
            "*".join(fold(part).replace(" ", "") for part in row["word"].split("*"))
            for row in csv.DictReader(stream)
            if row["part"] == "contact" and row["channel"]
        }
    with (SHIPPED / "consents.csv").open(encoding="utf-8") as stream:
        aliases = [row["alias"] for row in csv.DictReader(stream)]
    for alias in aliases:
        words = fold(alias).split()
        for start, end in combinations(range(len(words) + 1), 2):
            phrase = "".join(words[start:end])
            assert not any(fnmatchcase(phrase, way) for way in ways), alias
    for alias, _, channel in WORDS:
        if channel in ("email", "phone", "sms", "whatsapp"):
            assert LISTS.consents.find(alias) is None, alias


@pytest.mark.parametrize(
    ("header", "state", "field"),
    [("Opt-in Telefon", "keine Anrufe", "consent_phone"), ("SMS opt-in", "No SMS", "consent_sms"),
     ("WhatsApp opt-in", "kein WhatsApp", "consent_whatsapp")],
)  # fmt: skip
def test_a_proposed_column_reads_the_denials_of_its_channel(
    tmp_path: Path, header: str, state: str, field: str
) -> None:
    found = consents(tmp_path / "x.csv", (header, ("yes", state, state)))
    assert found == {field: ("granted", "denied", "denied")}


@pytest.mark.parametrize(
    ("state", "is_denied"),
    [("Désinscrit", True), ("Wypisany", True), ("Blacklisted", True), ("Opted out", True),
     ("keine SMS", False), ("Subscribed", False)],
)  # fmt: skip
def test_states_in_a_column_of_consents(tmp_path: Path, state: str, is_denied: bool) -> None:
    """Opt-outs as columns name them were words nobody knew where they stood as values."""
    cells = ("yes", "yes", "yes", "yes", "yes", state)
    found = consents(tmp_path / "x.csv", ("Newsletter", cells))["consent_email"]
    told = {"keine SMS": None, "Subscribed": "granted"}
    assert found[-1] == ("denied" if is_denied else told[state])


@pytest.mark.parametrize("header", ["Status", "Subscription status", "List state", "Blocked"])
def test_a_state_that_may_be_an_opt_out_is_asked_about(tmp_path: Path, header: str) -> None:
    for state in ("Unsubscribed", "Opted out", "Abgemeldet", "Wypisany"):
        path = tmp_path / f"{state}.csv"
        assert not consents(path, (header, ("Subscribed", state, "Bounced")))
        assert is_asked(path, header, "Subscribed", state, "Bounced")


@pytest.mark.parametrize(
    ("holder", "part"),
    [("do_not_contact", "email"), ("suppression", "sms"), ("consents", "post"), ("gdpr", "ok"),
     ("unsubscribed", "newsletter"), ("Kontaktsperre", "aktiv"), ("privacyPolicy", "accepted")],
)  # fmt: skip
@pytest.mark.parametrize("said", [True, "yes", 1])
def test_what_holds_a_consent_says_so(tmp_path: Path, holder: str, part: str, said: object) -> None:
    """`do_not_contact.email: true` was an answer, and nobody was asked."""
    path = tmp_path / "x.jsonl"
    records = [{"email": f"p{number}@b.example", holder: {part: said}} for number in range(2)]
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    proposal = proposed(path)
    assert proposal.draft is not None
    assert "answers:" not in proposal.draft.text
    assert any(text.startswith(f"{holder}.{part}:") for text in proposal.found.questions)


@pytest.mark.parametrize(
    ("header", "states"),
    [
        ("Email Marketing Status", ("Subscribed", "Unsubscribed", "Cleaned", "Non-Subscribed")),
        ("Email Marketing Consent", ("SUBSCRIBED", "SUPPRESSED", "NEVER_SUBSCRIBED", "Bounced")),
        ("Newsletter", ("yes", "Spam report", "Hard bounced", "Pending")),
    ],
)
def test_a_proposed_column_of_a_mailing_program_tells_its_states_apart(
    tmp_path: Path, header: str, states: tuple[str, ...]
) -> None:
    """One `Cleaned` among few rows left the whole column, and its denials, to a question."""
    found = consents(tmp_path / "x.csv", (header, states))
    assert found["consent_email"] == ("granted", "denied", None, None)
    only = tuple(state for state in states[2:] for _ in range(2))
    assert consents(tmp_path / "y.csv", (header, only)) == {}
    assert is_asked(tmp_path / "z.csv", header, *only)


@pytest.mark.parametrize("header", ["Email status", "Subscription status", "Contact status"])
def test_a_status_that_only_its_values_make_one_of_consent_is_asked_about(
    tmp_path: Path, header: str
) -> None:
    for states in (("Active", "Unsubscribed", "Bounced"), ("Subscribed", "Cleaned", "Pending")):
        assert consents(tmp_path / "x.csv", (header, states)) == {}
        assert is_asked(tmp_path / "y.csv", header, *states)


MANY = [
    ("Opt-in E-Mail", "consent_email", False), ("Newsletter", "consent_email", False),
    ("Marketing consent", "consent_email", False), ("Email Opt Out", "consent_email", True),
    ("Unsubscribed", "consent_email", True), ("Keine E-Mails", "consent_email", True),
    ("Newsletter abbestellt", "consent_email", True), ("Do Not Email", "consent_email", True),
    ("Opt-in Telefon", "consent_phone", False), ("Do Not Call", "consent_phone", True),
    ("SMS opt-in", "consent_sms", False), ("SMS Opt Out", "consent_sms", True),
    ("WhatsApp opt-in", "consent_whatsapp", False), ("WhatsApp opt-out", "consent_whatsapp", True),
    ("Do Not Contact", "all", True), ("Kontaktsperre", "all", True),
]  # fmt: skip


@SLOW
@given(data=st.data())
def test_each_of_many_consents_goes_to_its_own_channel(tmp_path: Path, data: st.DataObject) -> None:
    """Four columns of consents stopped the proposal; more than four were answers."""
    columns = data.draw(
        st.lists(st.sampled_from(MANY), min_size=1, max_size=len(MANY), unique=True)
    )
    ticks = [data.draw(st.tuples(st.booleans(), st.booleans())) for _ in columns]
    shown = [
        (name, tuple("yes" if tick else "no" for tick in pair))
        for (name, _, _), pair in zip(columns, ticks, strict=True)
    ]
    found = consents(tmp_path / "x.csv", *shown, ("Opt-in Post", ("yes", "no")))
    for field in CONSENTS:
        said = [
            (is_opt_out, pair)
            for (_, of, is_opt_out), pair in zip(columns, ticks, strict=True)
            if of in (field, "all")
        ]
        wanted = tuple(
            "denied"
            if any(pair[row] == is_opt_out for is_opt_out, pair in said)
            else ("granted" if any(not is_opt_out for is_opt_out, _ in said) else None)
            for row in (0, 1)
        )
        assert found.get(field, (None, None)) == wanted, field


def test_a_list_from_before_channels_keeps_the_names_of_those_that_ship(tmp_path: Path) -> None:
    """An own list of two columns named no column: `Do Not Email` became an answer, unasked."""
    folder = tmp_path / "vocabularies"
    folder.mkdir()
    former = "".join(f"{alias},{value}\n" for alias, value, _ in WORDS if "," not in alias)
    (folder / "opt_outs.csv").write_text(f"alias,value\n{former}", encoding="utf-8")
    names = load_field_names(tmp_path)
    for alias, channel in COLUMNS:
        assert names.matches((alias,)) == NAMES.matches((alias,))
        assert [match.field for match in names.matches((alias,))] == [f"opt_out_{channel}"]
