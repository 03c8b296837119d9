"""What a channel is: where its records are in a file, and which canonical fields they fill.

Owns the YAML model of config/channels/, its validation and the companion files (look-ups) that
lie beside it. Reading files belongs to `readers`, applying the mapping to `mapping`.
"""

import csv
import functools
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    Field,
    ValidationInfo,
    model_validator,
)

from lead_platform.capture.columns import KINDS, Kind, field_types
from lead_platform.capture.guessing.names import FieldNames, load_field_names
from lead_platform.capture.identifiers import IdForm
from lead_platform.capture.names import shown
from lead_platform.capture.paths import (
    DocumentPathText,
    PartPath,
    PartPathText,
    PathText,
    RecordPath,
    compile_path,
    names_of,
    paths_of,
)
from lead_platform.capture.positions import position_faults
from lead_platform.capture.tabular.rules import TableRule
from lead_platform.capture.value_rules import (
    FieldRule,
    NameList,
    NumbersRule,
    PatternText,
    RecordIdRule,
    Region,
    Rule,
    StrictRule,
    ZoneName,
    as_list,
    as_rule,
)
from lead_platform.configuration import (
    FILE_LIMIT,
    ConfigurationError,
    content_version,
    load_yaml,
    read_bounded,
)
from lead_platform.fields import (
    FILE_NAME,
    FieldCatalogue,
    LeadField,
    fields_of,
    load_fields,
    platform_fields,
)
from lead_platform.vocabularies.folder import load_intake_lists, shipped_intake_lists
from lead_platform.vocabularies.tables import IntakeLists
from lead_platform.vocabularies.text import fold

FileFormat = Literal["csv", "xlsx", "json", "jsonl", "parquet"]

RECEIVED_AT = "received_at"
MINUTES_OF_A_DAY = 1_440
_FOR_PHONES = "`calling_code` and `area_code` are for `phone`"


class UnknownChannelError(LookupError):
    """A channel name that no file in config/channels/ defines."""


def _check_field(value: str, info: ValidationInfo) -> str:
    known = {kind: field_types(kind, fields_of(info)) for kind in KINDS}
    if not any(value in fields for fields in known.values()):
        listed = "; ".join(f"{kind} fields: {', '.join(known[kind])}" for kind in KINDS)
        raise ValueError(
            f"{value!r} is no canonical field of any kind; {listed}; a new one of submissions is a "
            "line in config/fields.yaml"
        )
    return value


def _as_record_id(value: Any) -> Any:
    return {"missing": "content"} if value == "content" else as_rule(value)


FieldName = Annotated[str, AfterValidator(_check_field)]


class LabelRule(StrictRule):
    """Names of answers that stand in the record itself (Typeform's definition)."""

    each: PathText
    key: PartPathText
    value: PartPathText
    of: PathText


class AnswersRule(StrictRule):
    """A list of question and answer pairs: how to make `_answers` (name to value) of it.

    Paths of `name`, `value`, `field` and `labels.of` see {item, record, _derived}. `match` fills
    canonical fields that are still empty from the first answer whose name fits the pattern. With
    `by_name`, questions that config/vocabularies/field_names.csv lists fill what is empty then;
    `field` is the field that the source itself says an answer is of (its type).
    """

    each: PathText
    name: Rule | None = None
    value: PathText
    labels: LabelRule | None = None
    match: dict[FieldName, PatternText] = Field(default_factory=dict)
    by_name: bool = False
    field: PathText | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.field is not None and not self.by_name:
            raise ValueError("`field` is for questions that are read by name: it needs by_name")
        if self.name is None and self.labels is None:
            raise ValueError("what an answer is called: `name`, `labels` or both are needed")
        return self


class LookupRule(StrictRule):
    """A table under config/channels/: `files` is a name or a pattern of CSV or JSON files.

    Paths see {item, document}: item is a CSV row or an element of `each`. `folded`: case, accents
    and marks make no difference. `among`: another look-up, folded too, whose keys may stand around
    a key of this one, which may come several times.
    """

    files: str
    each: DocumentPathText | None = None
    folded: bool = False
    among: str | None = None
    key: Annotated[tuple[DocumentPathText, ...], BeforeValidator(as_list)]
    value: DocumentPathText


class EmitRule(StrictRule):
    """One kind of item a record becomes. With `each`, paths see {item, record} instead."""

    kind: Kind
    each: PathText | None = None
    id: PathText | None = None
    when: PathText | None = None
    fields: dict[FieldName, Rule]
    required: tuple[FieldName, ...] = ()

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> Self:
        known = field_types(self.kind, fields_of(info))
        strangers = [name for name in (*self.fields, *self.required) if name not in known]
        if strangers:
            raise ValueError(
                f"{', '.join(strangers)}: no field of kind {self.kind}; known: {', '.join(known)}"
            )
        astray = [
            name
            for name, rule in self.fields.items()
            if rule.is_of_consent and known[name] != "consent"
        ]
        if astray:
            raise ValueError(
                f"{', '.join(astray)}: `consent` and `strictest_of` are for fields of consent"
            )
        timeless = [
            name
            for name, rule in self.fields.items()
            if rule.zone is not None and known[name] != "instant"
        ]
        if timeless:
            raise ValueError(f"{', '.join(timeless)}: `zone` is for points in time")
        no_phones = [n for n, rule in self.fields.items() if rule.has_codes and n != "phone"]
        if no_phones:
            raise ValueError(f"{', '.join(no_phones)}: {_FOR_PHONES}")
        if self.id is not None and self.each is None:
            raise ValueError("`id` names the items of a list: it needs `each`")
        return self


class ChannelRules(StrictRule):
    """One file of config/channels/."""

    name: str
    description: str
    format: FileFormat
    table: TableRule = Field(TableRule(), validation_alias=AliasChoices("table", "csv"))
    records: DocumentPathText | None = None
    explode: NameList = ()
    record_id: Annotated[RecordIdRule, BeforeValidator(_as_record_id)]
    on_conflict: Literal["reject", "update"] = "reject"
    modified_at: Rule | None = None
    inquiry_minutes: Annotated[int, Field(ge=0, le=MINUTES_OF_A_DAY)] = 10
    blanks: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    time_zone: ZoneName = "UTC"
    numbers: NumbersRule | None = None
    phone_region: Region | None = None
    source_system: str | None = None
    person_id: Rule | None = None
    id_form: IdForm | None = None
    lookups: dict[str, LookupRule] = Field(default_factory=dict)
    derive: dict[str, Rule] = Field(default_factory=dict)
    answers: AnswersRule | None = None
    unmapped: Literal["payload", "answers"] = "payload"
    defaults: dict[FieldName, str] = Field(default_factory=dict)
    emits: Annotated[tuple[EmitRule, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> Self:
        faults = [*self._unknown_lookups(), *self._unknown_names()]
        faults += self._no_texts(fields_of(info)) + self._unlisted(fields_of(info))
        faults += self._parallel_lists()
        if any(rule.is_of_consent for rule in self._shared_rules()):
            faults.append("`consent` and `strictest_of` are for fields of consent")
        others = (rule for rule in self._shared_rules() if rule is not self.modified_at)
        if any(rule.zone is not None for rule in others):
            faults.append("`zone` is for points in time")
        if any(rule.has_codes for rule in self._shared_rules()):
            faults.append(_FOR_PHONES)
        if self.person_id is not None and self.source_system is None:
            faults.append("person_id needs source_system: an id alone names nobody")
        if self.modified_at is not None and self.on_conflict != "update":
            faults.append("modified_at tells versions apart: it needs on_conflict: update")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def rules(self) -> Iterable[FieldRule]:
        """Every value rule of the channel, wherever it stands."""
        yield from self._shared_rules()
        for emit in self.emits:
            for rule in emit.fields.values():
                yield from rule.with_parts()

    def _shared_rules(self) -> Iterable[FieldRule]:
        """Those that belong to no item."""
        yield self.record_id
        if self.person_id is not None:
            yield self.person_id
        if self.modified_at is not None:
            yield from self.modified_at.with_parts()
        yield from self.derive.values()
        if self.answers is not None and self.answers.name is not None:
            yield self.answers.name

    def mentioned_names(self) -> set[str]:
        """Every name by which a column or path of the channel finds something in a record."""
        columns = {name for rule in self.rules() for name in rule.column}
        return columns.union(self.explode, *map(names_of, paths_of(self, RecordPath)))

    def read_names(self) -> set[str]:
        """These, and what is read in elements of lists and in what cells hold."""
        return self.mentioned_names().union(*map(names_of, paths_of(self, PartPath)))

    def _parallel_lists(self) -> list[str]:
        """Lists read by position where one record, or one item, is made of each of another."""
        allowed = frozenset((*self.explode, "item", "_derived", "_answers", "report"))
        faults = position_faults(paths_of(self, RecordPath), allowed) if self.explode else []
        for emit in self.emits:
            if emit.each is not None:
                paths = [path for path in paths_of(emit, RecordPath) if path is not emit.each]
                used = {name for path in paths for name in names_of(path)}
                for name in sorted(used & self.derive.keys()):
                    paths += paths_of(self.derive[name], RecordPath)
                iterated = {f"record.{name}" for name in self.explode}
                faults += position_faults(paths, allowed | iterated)
        return list(dict.fromkeys(faults))

    def _unknown_lookups(self) -> list[str]:
        wanted = {rule.lookup for rule in self.rules() if rule.lookup is not None}
        known = ", ".join(self.lookups) or "none"
        wanted |= {rule.among for rule in self.lookups.values() if rule.among is not None}
        strangers = sorted(wanted - set(self.lookups))
        faults = [f"lookup {name!r} is not declared; known: {known}" for name in strangers]
        for name, rule in self.lookups.items():
            among = self.lookups.get(rule.among or "")
            if among is not None and not (rule.folded and among.folded):
                faults.append(
                    f"lookups.{name}: `among` reads words; write `folded: true` for {name} and "
                    f"{rule.among}"
                )
        return faults

    def _unknown_names(self) -> list[str]:
        names = self.mentioned_names()
        faults = []
        if "_answers" in names and self.answers is None:
            faults.append("a path uses _answers, but the channel has no `answers:`")
        if "_derived" in names and not self.derive:
            faults.append("a path uses _derived, but the channel has no `derive:`")
        return faults

    def _no_texts(self, fields: FieldCatalogue) -> list[str]:
        """Of what is filled from answers and by default, fields that hold no text."""
        types = field_types("submission", fields)
        return [
            f"{name!r} is no text field of a submission"
            for name in self._texts()
            if types.get(name) != "text"
        ]

    def _unlisted(self, fields: FieldCatalogue) -> list[str]:
        """Defaults that are none of the values their field may have."""
        listed = {field.name: field.values for field in fields.custom if field.values}
        return [
            f"defaults.{name}: {value!r} is none of {', '.join(listed[name])}"
            for name, value in self.defaults.items()
            if name in listed and value not in listed[name]
        ]

    def submission_fields(self) -> set[str]:
        """The fields of submissions that the channel names."""
        emits = [emit for emit in self.emits if emit.kind == "submission"]
        return {*self._texts()}.union(*((*emit.fields, *emit.required) for emit in emits))

    def _texts(self) -> list[str]:
        return [*self.defaults, *(self.answers.match if self.answers else ())]


@dataclass(frozen=True)
class Channel:
    """A channel as loaded: its rules, the contents of its companion files, and its version.

    `lookups`: look-up name to (key to value). `version`: hash of the YAML and its companions.
    `lists`: the vocabularies that capture reads; `field_names`: what questions are known by.
    `custom_fields`: the fields there are that have no column of their own.
    """

    rules: ChannelRules
    lookups: Mapping[str, Mapping[str, str]]
    version: str
    lists: IntakeLists = field(default_factory=shipped_intake_lists)
    field_names: FieldNames | None = None
    custom_fields: tuple[LeadField, ...] = ()

    @property
    def name(self) -> str:
        """The channel's name: its file's and its inbox folder's."""
        return self.rules.name

    @property
    def mapped_custom_fields(self) -> tuple[LeadField, ...]:
        """Those of them that the channel fills."""
        named = self.rules.submission_fields()
        return tuple(field for field in self.custom_fields if field.name in named)

    @property
    def kinds(self) -> frozenset[Kind]:
        """What the channel's records can become."""
        return frozenset(emit.kind for emit in self.rules.emits)

    @property
    def written_kinds(self) -> tuple[Kind, ...]:
        """The same in order, and events: what denies becomes one where there is no submission."""
        return tuple(kind for kind in KINDS if kind in self.kinds or kind == "event")


def load_channels(config_dir: Path) -> dict[str, Channel]:
    """Every channel of config_dir/channels/, by name. Raises ConfigurationError with all faults."""
    channels, broken = usable_channels(config_dir)
    if broken:
        raise ConfigurationError(fault for error in broken.values() for fault in error.faults)
    return channels


def usable_channels(
    config_dir: Path,
) -> tuple[dict[str, Channel], dict[str, ConfigurationError]]:
    """The channels that can be used, and why others cannot, each by name: a file that somebody is
    still writing stops its own channel only."""
    channels: dict[str, Channel] = {}
    broken: dict[str, ConfigurationError] = {}
    try:
        lists = load_intake_lists(config_dir)
    except ConfigurationError as error:
        return {}, {path.stem: error for path in _channel_files(config_dir)}
    fields, faults = _usable_fields(config_dir)
    for path in _channel_files(config_dir):
        try:
            channels[path.stem] = load_channel(path, lists, fields)
        except ConfigurationError as error:
            broken[path.stem] = ConfigurationError([*faults, *error.faults])
    return channels, broken


def _usable_fields(config_dir: Path) -> tuple[FieldCatalogue, list[str]]:
    """The fields there are. Of a file that somebody is still writing none counts, and what is wrong
    with it is told of the channels that need one."""
    try:
        return load_fields(config_dir), []
    except ConfigurationError as error:
        return platform_fields(), error.faults


def _channel_files(config_dir: Path) -> list[Path]:
    return sorted((config_dir / "channels").glob("*.yaml"))


def load_channel(
    path: Path, lists: IntakeLists | None = None, fields: FieldCatalogue | None = None
) -> Channel:
    """One channel file with its companions; `lists` and `fields` are those of its configuration
    where None is given. Raises ConfigurationError."""
    config_dir = path.parent.parent
    fields = fields or load_fields(config_dir)
    rules = _load_rules(path, fields)
    if rules.name != path.stem:
        raise ConfigurationError(
            [f"{path}:1: name: {rules.name!r} must equal the file's name; write {path.stem!r}"]
        )
    lookups: dict[str, Mapping[str, str]] = {}
    companions: list[Path] = []
    for name, rule in rules.lookups.items():
        files = _companion_files(path, name, rule)
        lookups[name] = _load_lookup(rule, files)
        companions += files
    if fields.of(rules.submission_fields()) and (config_dir / FILE_NAME).exists():
        companions.append(config_dir / FILE_NAME)
    lists = lists or load_intake_lists(config_dir)
    version = content_version(path, *companions)
    # Of the lists' version, as whatever a value is looked up in.
    names = load_field_names(config_dir)
    return Channel(rules, lookups, version, lists, names, fields.custom)


def _load_rules(path: Path, fields: FieldCatalogue) -> ChannelRules:
    try:
        contents = content_version(path)
    except OSError:
        # The reader says in its words what is wrong with the file.
        return load_yaml(path, ChannelRules, fields)
    return _read_rules(path, contents, fields)


@functools.lru_cache(maxsize=256)
def _read_rules(path: Path, contents: str, fields: FieldCatalogue) -> ChannelRules:
    """Read once per `contents`: a warm process finds most channels as it left them."""
    return load_yaml(path, ChannelRules, fields)


def find_channel(config_dir: Path, name: str, file: Path) -> Channel:
    """The channel called `name`, whatever is wrong with others. Raises ConfigurationError, and
    UnknownChannelError that says what to do with `file`."""
    files = {path.stem: path for path in _channel_files(config_dir)}
    if name in files:
        return load_channel(files[name])
    raise unknown_channel(name, files, file)


def unknown_channel(name: str, known: Iterable[str], file: Path) -> UnknownChannelError:
    """Says what to do with the file."""
    return UnknownChannelError(
        f"Unknown channel {shown(name)!r} for {shown(file)}. Known: {', '.join(sorted(known))}. "
        f"Add config/channels/{shown(name)}.yaml or deliver the file to a known channel."
    )


def _companion_files(channel_file: Path, name: str, rule: LookupRule) -> list[Path]:
    folder = channel_file.parent
    where = f"{channel_file}:1: lookups.{name}: {rule.files!r}"
    if Path(rule.files).is_absolute() or ".." in Path(rule.files).parts:
        raise ConfigurationError([f"{where} leads out of {folder}; put the file there"])
    files = sorted(folder.glob(rule.files))
    if not files and not any(sign in rule.files for sign in "*?["):
        raise ConfigurationError([f"{where} not found; add it beside the file"])
    home = folder.resolve()
    faults = [
        f"{where}: {file.name} leads out of {folder}, or is no file; put the file itself there"
        for file in files
        if not (file.resolve().is_relative_to(home) and file.is_file())
    ]
    if faults:
        raise ConfigurationError(faults)
    return files


def _load_lookup(rule: LookupRule, files: list[Path]) -> dict[str, str]:
    keys = [compile_path(part) for part in rule.key]
    value_of = compile_path(rule.value)
    each = compile_path(rule.each) if rule.each else None
    table: dict[str, str] = {}

    def entry_of(scope: dict[str, Any]) -> tuple[str, str]:
        value = value_of(scope)
        parts = [get(scope) for get in keys]
        if value is None or any(part is None for part in parts):
            raise ConfigurationError(
                [f"{file}:1: an entry has no {' or '.join([*rule.key, rule.value])}"]
            )
        key = "|".join(str(part) for part in parts)
        return fold(key) if rule.folded else key, str(value)

    for file in files:
        headers, scopes = _lookup_scopes(file, each)
        for header in headers:
            # Without an entry nothing else tells that a column is not there.
            entry_of(header)
        table |= [entry_of(scope) for scope in scopes]
    return table


def _lookup_scopes(file: Path, each: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What its paths are read in: the header, if the file has one, as an entry; and the entries."""
    try:
        text = read_bounded(file, FILE_LIMIT, encoding="utf-8-sig")
        if file.suffix == ".csv":
            rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
            header = {name: name for name in rows.fieldnames or ()}
            entries = [{"item": row, "document": {}} for row in rows]
            return [{"item": header, "document": {}}], entries
        document = json.loads(text)
    except (OSError, ValueError, RecursionError, csv.Error) as error:
        raise ConfigurationError([f"{file}:1: not readable as {file.suffix}: {error}"]) from None
    items = each(document) if each else document
    if not isinstance(items, list):
        raise ConfigurationError([f"{file}:1: `each` finds no list in it"])
    return [], [{"item": item, "document": document} for item in items]
