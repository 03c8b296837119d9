from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import get_args

import pytest
from pydantic import AfterValidator, BaseModel

from lead_platform.capture.channels import (
    ChannelRules,
    UnknownChannelError,
    find_channel,
    load_channel,
    load_channels,
    usable_channels,
)
from lead_platform.capture.paths import DocumentPathText, PartPathText, PathText
from lead_platform.configuration import ConfigurationError
from tests.capture.conftest import CONTACTS, PROJECT, MakeChannel

SHIPPED = {
    "web_form": {"submission"},
    "typeform": {"submission"},
    "hubspot_form": {"submission"},
    "hubspot_contacts": {"submission", "outcome"},
    "linkedin_lead_gen": {"submission"},
    "facebook_lead_ads": {"submission"},
    "whatsapp_cloud": {"submission", "event"},
    "calendly": {"submission", "event"},
    "zoom_registrations": {"submission", "event"},
    "zoom_attendees": {"submission", "event"},
    "salesforce_leads": {"submission", "outcome"},
    "outbound_list": {"submission"},
    "call_log": {"submission", "event"},
    "chat_transcript": {"submission", "event"},
    "xeducation": {"submission", "event", "outcome"},
    "web_events": {"event"},
    "crm_outcomes": {"outcome"},
    "hubspot_deals": {"outcome"},
    "salesforce_opportunities": {"outcome"},
    "maven_pipeline": {"outcome"},
}

LOOKUP = "{files: words.csv, key: item.word, value: item.means"


def faults(make_channel: MakeChannel, text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        make_channel(text)
    return str(caught.value)


def test_every_shipped_channel_loads() -> None:
    channels = load_channels(PROJECT / "config")
    assert {name: set(channel.kinds) for name, channel in channels.items()} == SHIPPED


def test_an_unknown_channel_names_the_known_ones_and_the_next_step(
    make_channel: MakeChannel, tmp_path: Path
) -> None:
    make_channel()
    with pytest.raises(
        UnknownChannelError,
        match=r"Unknown channel 'fbk' for in/x\.csv\. Known: contacts\. Add config/channels/fbk\.y",
    ):
        find_channel(tmp_path / "config", "fbk", Path("in/x.csv"))


@pytest.mark.parametrize("cut", range(1, len(CONTACTS.strip()), 40))
def test_a_file_somebody_is_still_writing_stops_its_own_channel_only(
    make_channel: MakeChannel, tmp_path: Path, cut: int
) -> None:
    """Half a file saved to config/channels/ stopped the intake of all channels."""
    contacts = make_channel()
    config = tmp_path / "config"
    half = CONTACTS.strip()[:cut].replace("contacts", "other")
    (config / "channels" / "other.yaml").write_text(half)
    channels, broken = usable_channels(config)
    assert channels["contacts"] == contacts
    assert {*channels, *broken} == {"contacts", "other"}
    assert find_channel(config, "contacts", Path("x.csv")) == contacts
    if broken:
        with pytest.raises(ConfigurationError, match=r"other\.yaml"):
            find_channel(config, "other", Path("x.csv"))


@pytest.mark.parametrize("value", ["2026-02-30", "9" * 5_000, "!!int abc", "? ? ? a"])
def test_a_value_that_cannot_be_made_stops_its_own_channel_only(
    make_channel: MakeChannel, tmp_path: Path, value: str
) -> None:
    """`valid_until: 2026-02-30` in one channel stopped the intake of all, and every command."""
    contacts = make_channel()
    config = tmp_path / "config"
    text = dedent(CONTACTS).strip().replace("contacts", "other")
    (config / "channels" / "other.yaml").write_text(f"{text}\nvalid_until: {value}\n")
    channels, broken = usable_channels(config)
    assert channels == {"contacts": contacts}
    (fault,) = broken["other"].faults
    assert f"other.yaml:{text.count(chr(10)) + 2}: not valid YAML" in fault


def test_a_path_that_does_not_compile_is_named_with_file_and_line(
    make_channel: MakeChannel,
) -> None:
    message = faults(make_channel, CONTACTS.replace("email: email", "email: e mail"))
    assert "contacts.yaml:12:" in message
    assert "'e mail' is not a path" in message


def test_a_canonical_field_that_does_not_exist_is_named_with_file_and_line(
    make_channel: MakeChannel,
) -> None:
    message = faults(make_channel, CONTACTS.replace("email: email", "emial: email"))
    assert "contacts.yaml:12:" in message
    assert "'emial' is no canonical field" in message
    assert "full_name" in message


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("email: email", "occurred_at: email", "occurred_at: no field of kind submission"),
        ("email: email", "email: {path: a, column: b}", "one of `path`, `column`"),
        ("email: email", "email: {}", "give `path`"),
        ("email: email", "email: {path: a, lookup: stages}", "'stages' is not declared"),
        (
            "format: csv",
            f"format: csv\n    lookups: {{x: {LOOKUP}, among: y}}}}",
            "'y' is not declared",
        ),
        (
            "format: csv",
            f"format: csv\n    lookups: {{x: {LOOKUP}, folded: true, among: y}}, y: {LOOKUP}}}}}",
            "lookups.x: `among` reads words; write `folded: true` for x and y",
        ),
        ("email: email", "email: {path: a, extract: '('}", "not a regular expression"),
        ("email: email", "email: {path: a, extract: 'x'}", "no group"),
        ("email: email", "email: _answers.email", "no `answers:`"),
        ("email: email", "email: _derived.email", "no `derive:`"),
        ("email: email", "email: {path: a, time_zone: Mars/Base}", "not a time zone"),
        ("format: csv", "format: xml", "csv"),
        ("format: csv", "format: csv\n    defaults: {submitted_at: x}", "no text field"),
        ("format: csv", "format: csv\n    colour: red", "colour"),
        ("format: csv", "format: csv\n    csv: {fallback_encoding: cp99}", "not an encoding"),
        ("format: csv", "format: csv\n    csv: {fallback_encoding: utf-16}", "single bytes"),
        ("source_system: test\n", "\n", "person_id needs source_system"),
        ("kind: submission", "kind: lead", "submission"),
    ],
)
def test_faults_say_what_is_wrong(
    make_channel: MakeChannel, old: str, new: str, expected: str
) -> None:
    message = faults(make_channel, CONTACTS.replace(old, new, 1))
    assert expected in message
    assert "contacts.yaml:" in message


def test_the_name_must_be_the_file_name(make_channel: MakeChannel, tmp_path: Path) -> None:
    make_channel()
    path = tmp_path / "config/channels/contacts.yaml"
    other = path.rename(path.with_name("people.yaml"))
    with pytest.raises(ConfigurationError, match=r"must equal the file's name; write 'people'"):
        load_channel(other)


def test_faults_of_all_files_are_collected(make_channel: MakeChannel, tmp_path: Path) -> None:
    make_channel()
    folder = tmp_path / "config/channels"
    for name in ("one", "two"):
        (folder / f"{name}.yaml").write_text(f"name: {name}\n")
    with pytest.raises(ConfigurationError) as caught:
        load_channels(tmp_path / "config")
    assert {Path(fault.split(":")[0]).name for fault in caught.value.faults} == {
        "one.yaml",
        "two.yaml",
    }


LOOKED_UP = CONTACTS.replace(
    "emits:",
    """lookups:
      stages: {files: stages.csv, key: item.stage, value: item.outcome}
    emits:""",
)


def test_companions_are_read_and_change_the_version(make_channel: MakeChannel) -> None:
    first = make_channel(LOOKED_UP, stages__csv="stage,outcome\ns1,won\n")
    assert first.lookups == {"stages": {"s1": "won"}}
    second = make_channel(LOOKED_UP, stages__csv="stage,outcome\ns1,lost\n")
    assert first.version != second.version


def test_a_missing_or_incomplete_companion_is_a_fault(make_channel: MakeChannel) -> None:
    assert "'stages.csv' not found" in faults(make_channel, LOOKED_UP)
    with pytest.raises(ConfigurationError, match="an entry has no"):
        make_channel(LOOKED_UP, stages__csv="stage,result\ns1,won\n")


@pytest.mark.parametrize("files", ["../secret.csv", "{root}/secret.csv", "link.csv", "dir/*.csv"])
def test_a_companion_outside_the_folder_is_refused(
    make_channel: MakeChannel, tmp_path: Path, files: str
) -> None:
    """A look-up read any file of the machine into the tables."""
    make_channel()
    secret = tmp_path / "config" / "secret.csv"
    secret.write_text("stage,outcome\ns1,won\n")
    (tmp_path / "config/channels/link.csv").symlink_to(secret)
    (tmp_path / "config/channels/dir").symlink_to(tmp_path / "config")
    text = LOOKED_UP.replace("stages.csv", files.format(root=tmp_path / "config"))
    assert "leads out of" in faults(make_channel, text)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("email: {path: email, consent: opt_out}", "email: `consent` and `strictest_of` are for"),
        ("email: {strictest_of: [email, mail]}", "email: `consent` and `strictest_of` are for"),
        ("consent_email: {path: a, consent: opt_out, otherwise: null}", "has no `otherwise`"),
        ("consent_email: {path: a, consent: opt_out, values: {x: 'yes'}}", "granted, denied, null"),
        ("consent_email: {path: a, consent: maybe}", "opt_in"),
        ("consent_email: {strictest_of: [a, b], path: c}", "not several"),
        ("consent_email: {strictest_of: [a, b], values: {x: denied}}", "belong to its parts"),
        ("consent_email: {strictest_of: [{path: a, default: denied}, b]}", "no `default`"),
    ],
)
def test_what_a_consent_cannot_be_told_by(make_channel: MakeChannel, line: str, told: str) -> None:
    name = line.partition(":")[0]
    text = CONTACTS.replace("email: email" if name == "email" else "consent_email: consent", line)
    assert told in faults(make_channel, text)


def test_a_derived_value_is_no_consent(make_channel: MakeChannel) -> None:
    derived = "source_system: test\n    derive: {out: {path: a, consent: opt_out}}"
    assert "for fields of consent" in faults(
        make_channel, CONTACTS.replace("source_system: test", derived)
    )


def test_patterns_are_those_of_re2(make_channel: MakeChannel) -> None:
    text = CONTACTS.replace("email: email", "email: {path: email, extract: '(a)(?=b)'}")
    assert "look-ahead and look-behind do not exist here" in faults(make_channel, text)


def test_long_paths_are_refused(make_channel: MakeChannel) -> None:
    long = CONTACTS.replace("email: email", f"email: {'a.' * 600}b")
    assert "at most 1,000" in faults(make_channel, long)


NO_PATHS = {
    *("ChannelRules.name", "ChannelRules.description", "ChannelRules.explode"),
    *("ChannelRules.blanks", "ChannelRules.formats", "ChannelRules.time_zone"),
    *("ChannelRules.phone_region", "ChannelRules.source_system", "ChannelRules.defaults"),
    *("AnswersRule.match", "LookupRule.files", "LookupRule.among"),
    *("EmitRule.fields", "EmitRule.required"),
    *("ChannelRules.lookups", "ChannelRules.derive"),
}
OF_A_FIELD = {
    *("column", "constant", "strip_prefix", "split", "extract", "values", "lookup", "otherwise"),
    *("prefix", "formats", "time_zone", "default", "joined_by"),
}


def texts_of_a_channel_file(model: type[BaseModel]) -> Iterator[tuple[str, str | None]]:
    """Each field with texts in the models of a channel file, with what its paths see."""
    forms = {get_args(PathText)[1]: "record", get_args(PartPathText)[1]: "part",
             get_args(DocumentPathText)[1]: "document"}  # fmt: skip
    for name, declared in model.model_fields.items():
        pending: list[object] = [declared.annotation, *declared.metadata]
        has_text, form = False, None
        while pending:
            part = pending.pop()
            if part is not model and isinstance(part, type) and issubclass(part, BaseModel):
                yield from texts_of_a_channel_file(part)
            has_text |= part is str
            form = form or (forms.get(part) if isinstance(part, AfterValidator) else None)
            pending += [*get_args(part), *getattr(part, "__metadata__", ())]
        if has_text:
            yield f"{model.__name__}.{name}", form


def test_every_path_of_a_channel_file_says_what_it_sees() -> None:
    """A list of the paths once forgot `emits.id` and `join.on.key`: what stood there was taken for
    a secret, so that two answers were one."""
    found = dict(texts_of_a_channel_file(ChannelRules))
    fields = {f"{model}.{name}" for model in ("FieldRule", "RecordIdRule") for name in OF_A_FIELD}
    others = {place for place, form in found.items() if form is None}
    assert {place for place in others if not place.startswith("TableRule.")} == NO_PATHS | fields
    assert {place for place, form in found.items() if form == "part"} == {
        "FieldRule.at", "RecordIdRule.at", "JoinKey.key", "JoinRule.value",
        "LabelRule.key", "LabelRule.value",
    }  # fmt: skip
    assert {place for place, form in found.items() if form == "document"} == {
        "ChannelRules.records", "LookupRule.each", "LookupRule.key", "LookupRule.value",
    }  # fmt: skip
