"""Applies a channel's mapping to one record: the submissions, events and outcomes it becomes.

A channel is compiled once into plain functions, so that a flat record costs tens of
microseconds. Whether a record is new or a repeat is decided by `intake`.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from lead_platform.capture.answers import AnswerReader, Answers, UnmappedAnswers
from lead_platform.capture.channels import (
    Channel,
    EmitRule,
)
from lead_platform.capture.columns import (
    CONSENTS,
    CUSTOM_FIELDS,
    DENIAL_EVENTS,
    FIELD_TYPES,
    ID_PREFIXES,
    PERSON_COLUMNS,
    PHONE_REGION,
    SYSTEM_COLUMNS,
    TIME_FIELDS,
    TYPE_FIELDS,
    VERSION_COLUMNS,
    VOCABULARIES,
    Kind,
)
from lead_platform.capture.contracts import Check, Contracts, load_contracts
from lead_platform.capture.denials import NAME_FIELDS, PREFERRED_CHANNEL
from lead_platform.capture.documents import is_no_number, parse_kept, told_no_number
from lead_platform.capture.encoded import EncodedCells, names_of_encoded
from lead_platform.capture.fields import RuleCompiler, no_value
from lead_platform.capture.identification import NAMES, REACHES, identity_fault
from lead_platform.capture.identifiers import hashed_id, id_form, version_key
from lead_platform.capture.kinds import MARKS, PERSON, SIGN_FIELDS, KindReader, Mark
from lead_platform.capture.lines import RECORD_LIMIT
from lead_platform.capture.paths import PathError, compile_path, is_true
from lead_platform.capture.text_denials import UNCLEAR_DENIAL, TextKind
from lead_platform.capture.value_rules import FieldRule
from lead_platform.capture.values import (
    CLOCK_SKEW,
    MEETING_HORIZON,
    CellError,
    DenialElsewhere,
    PartFault,
    ValueFault,
    canonical_json,
    check_instant,
    read_text,
    show,
)
from lead_platform.vocabularies.keys import KeyFinder

# Ids of any source have below 100 characters; a longer one is a text in the wrong field.
LONGEST_ID = 1_000
# A chat of a day has some hundred messages; a crafted record may name 500,000 in 1 MiB.
MOST_ITEMS = 10_000
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_IDENTITY = (*REACHES, "source_person_id")
# What people write a denial into.
_TEXTS: Mapping[str, TextKind] = {
    "message": "remark",
    "stage": "remark",
    "reason": "remark",
    "account_name": "value",
    "opportunity_name": "value",
    "product": "value",
    "company_name": "value",
    "job_title": "value",
    "product_interest": "value",
    "source": "value",
    "city": "value",
    **dict.fromkeys(NAME_FIELDS, "name"),
}
# What people write beside an event; of messages nobody knows which side wrote them.
_SPOKEN_EVENTS = frozenset(
    [
        *("call", "call_missed", "sms_reply", "meeting_booked", "meeting_canceled"),
        *("webinar_registered", "webinar_attended", "webinar_missed"),
        *("demo_request", "trial_started", "download"),
    ]
)
# Bits of what `KeyFinder` finds.
SECRET_KEY, VENDOR_KEY = 1, 2
_DERIVED = ("_derived", "_answers")
Scope = dict[str, Any]
_Reader = tuple[str, int, Callable[[Any], Any]]


def _item_columns(kind: Kind) -> tuple[str, ...]:
    link = VERSION_COLUMNS if kind == "submission" else ("submission_id",)
    marks = (CUSTOM_FIELDS, *MARKS) if kind == "submission" else ()
    return (f"{kind}_id", *SYSTEM_COLUMNS, *link, *FIELD_TYPES[kind], *marks, "issues", "payload")


ITEM_COLUMNS: dict[Kind, tuple[str, ...]] = {
    "submission": _item_columns("submission"),
    "event": _item_columns("event"),
    "outcome": _item_columns("outcome"),
}
"""The columns of a mapped item, in order: the table's but delivery_id, received_seq and reading."""
MODIFIED_POSITION = ITEM_COLUMNS["submission"].index("modified_at")


def item_values(kind: Kind, row: list[Any]) -> dict[str, Any]:
    """A mapped item by name, its fields without a column of their own among them."""
    values = dict(zip(ITEM_COLUMNS[kind], row, strict=True))
    custom = values.pop(CUSTOM_FIELDS, None)
    return values if custom is None else values | json.loads(custom)


@dataclass(slots=True)
class MappedRecord:
    """What one record becomes: items to keep, or every reason why none is kept.

    `items`: (kind, values in the order of ITEM_COLUMNS[kind]); the first value is the item's id.
    `side_faults`: the reasons why single fields of the items are null although something was given.
    `of_vendor`: what a key of the vendor's says of it.
    `denials`: what its events and outcomes deny, which is no column of theirs; `of_others`: the
    ids of events that say so of somebody else than the submission's person.
    `issues`: those of what all items share, which every item of the record carries.
    """

    record_id: str | None = None
    content_hash: str = ""
    payload: str = ""
    items: list[tuple[Kind, list[Any]]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    side_faults: list[str] = field(default_factory=list)
    of_vendor: Mark | None = None
    denials: list["_Denials"] = field(default_factory=list)
    of_others: set[str] = field(default_factory=set)
    issues: list[dict[str, str]] = field(default_factory=list)

    def note(self, name: str, reason: str) -> None:
        """Why something that all items share is null."""
        self.side_faults.append(f"{name} {reason}")
        self.issues.append({"field": name, "reason": reason})


@dataclass(frozen=True, slots=True)
class KnownRecord:
    """What a record that was taken in goes by, whatever its channel says by now."""

    record_id: str
    content_hash: str


class RecordMapper:
    """A channel's mapping, compiled for records received at one instant (UTC without zone)."""

    def __init__(
        self, channel: Channel, received_at: datetime, contracts: Contracts | None = None
    ) -> None:
        """`contracts`: what the suites ask of fields; those that ship where None is given."""
        rules = channel.rules
        contracts = contracts or load_contracts()
        self._channel = channel
        self._received_at = received_at
        self._compiler = RuleCompiler(channel)
        self._record_id = self._compiler.value(rules.record_id)
        self._person_id = self._compiler.value(rules.person_id) if rules.person_id else no_value
        self._id_form = id_form(rules.id_form, rules.source_system)
        self._derive = [(name, self._compiler.value(rule)) for name, rule in rules.derive.items()]
        self._answers = AnswerReader(rules.answers, self._compiler) if rules.answers else None
        self._secrets = channel.lists.secrets
        self._spared = frozenset(rules.read_names())
        self._kinds = KindReader(channel.lists.non_persons)
        self._encoded = EncodedCells(names_of_encoded(rules), self._secrets, self._spared)
        self._keys = KeyFinder(self._secrets.__contains__, channel.lists.non_persons.has_key)
        seen: dict[Kind, int] = {}
        self._emits: list[_Emitter] = []
        for emit in rules.emits:
            position = seen.setdefault(emit.kind, 0)
            seen[emit.kind] += 1
            checks = contracts.checks(emit.kind)
            self._emits.append(
                _Emitter(emit, position, channel, self._compiler, received_at, checks, self._kinds)
            )

    def map_record(
        self, content: dict[str, Any], number: int, known: KnownRecord | None = None
    ) -> MappedRecord:
        """The record's items, or its reasons for rejection; never raises for bad content.

        `known`: what it goes by since it was taken in, and still does.
        """
        mapped = MappedRecord()
        content = self._canonical(content, mapped)
        if mapped.reasons:
            return mapped
        if known is not None:
            mapped.content_hash = known.content_hash
        try:
            scope = self._scope(content, mapped)
            mapped.record_id = known.record_id if known else self._identify(scope, mapped)
            person = self._person(scope, mapped)
        except (ValueFault, PathError) as fault:
            mapped.reasons.append(f"mapping: {fault}")
            return mapped
        if mapped.record_id is None:
            mapped.reasons.append(self._missing_id())
            return mapped
        if (unusable := self._id_fault(mapped.record_id)) is not None:
            mapped.reasons.append(unusable)
            mapped.record_id = None
            return mapped
        record = _RecordFacts(mapped, scope, person, number)
        for emit in self._emits:
            emit.emit(record)
        self._deny_by_events(record)
        if not mapped.items and not mapped.reasons:
            mapped.reasons.append(
                "nothing to take in: no `when` of the channel applies to this record"
            )
        if mapped.reasons:
            mapped.items.clear()
            if mapped.of_vendor is not None:
                mapped.reasons.insert(0, f"test record: {mapped.of_vendor.reason}")
            mapped.reasons += mapped.side_faults
        else:
            _link_items(mapped)
        return mapped

    def _deny_by_events(self, record: "_RecordFacts") -> None:
        """Denials of a record count for the lead where no submission of it has them: as events."""
        mapped = record.mapped
        if mapped.reasons:
            return
        submission = next((row for kind, row in mapped.items if kind == "submission"), None)
        stated = mapped.denials
        if submission is None and mapped.items:
            kind, row = mapped.items[0]
            fields: set[str] = set()
            for emit in self._emits:
                emit.tell_consents(record, fields, row)
            stated = [*stated, _Denials(kind, row, fields)]
        places = _PLACES["submission"]
        known = {n for n in CONSENTS if submission and submission[places[n]] == "denied"}
        told: set[tuple[Any, ...]] = set()
        for one in stated:
            for name in CONSENTS:
                if name not in one.fields:
                    continue
                event = one.event(DENIAL_EVENTS[name])
                is_of_another = submission is not None and _is_of_another(event, submission)
                if name in known and not is_of_another:
                    continue
                who = (name, *(event[_PLACES["event"][column]] for column in _WHO))
                if who in told:
                    continue
                told.add(who)
                event[0] = hashed_id(ID_PREFIXES["event"], str(one.row[0]), DENIAL_EVENTS[name])
                mapped.items.append(("event", event))
                if is_of_another:
                    event[_PLACES["event"]["source_person_id"]] = None
                    mapped.of_others.add(event[0])

    def redact(self, content: dict[str, Any]) -> dict[str, Any]:
        """The record without secrets that its source sent along; what the channel reads is none."""
        redacted: dict[str, Any] = self._secrets.redact(
            self._encoded.redact(content, []), self._spared
        )
        return redacted

    def redact_text(self, text: str) -> str:
        """The same of a record that could not be parsed."""
        return self._secrets.redact_text(text)

    def _canonical(self, content: dict[str, Any], mapped: MappedRecord) -> dict[str, Any]:
        try:
            encoded: list[Any] = []
            if self._encoded:
                content = self._encoded.redact(content, encoded)
            listed = self._keys.found_in([content, *encoded] if encoded else content)
            if listed & SECRET_KEY:
                content = self._secrets.redact(content, self._spared)
            if listed & VENDOR_KEY:
                mapped.of_vendor = self._kinds.of_vendor(content, *encoded)
            mapped.payload = canonical_json(content)
            data = mapped.payload.encode()
        except UnicodeEncodeError:
            content, mapped.payload = _without_surrogates(mapped.payload)
            data = mapped.payload.encode()
        except (ValueError, RecursionError) as error:
            mapped.reasons.append(f"broken JSON: {str(error)[:200]}")
            mapped.payload = canonical_json(self.redact_text(repr(content)[:1000]))
            return content
        mapped.content_hash = hashlib.sha256(data).hexdigest()
        if len(data) > RECORD_LIMIT:
            mapped.reasons.append(
                f"record too large: {len(data):,} bytes, the limit is {RECORD_LIMIT:,}; "
                "shorten the field at the source"
            )
        if "\\u0000" in mapped.payload and _NUL.search(mapped.payload):
            mapped.reasons.append("NUL byte: a text holds one; remove it at the source")
        return content

    def _scope(self, content: dict[str, Any], mapped: MappedRecord) -> Scope:
        if not self._derive and self._answers is None:
            return content
        derived: dict[str, Any] = {}
        scope: Scope = {**content, "_derived": derived}
        for name, read in self._derive:
            try:
                derived[name] = read(scope)
            except (ValueFault, PathError) as fault:
                derived[name] = fault.kept if isinstance(fault, PartFault) else None
                mapped.note(f"derive.{name}", f"not readable: {fault}")
        if self._answers is not None:
            scope["_answers"] = answers = self._answers.read(content, derived)
            for name, reason in answers.unread:
                mapped.note(f"answers.{name}", f"not readable: {reason}")
        return scope

    def _identify(self, scope: Scope, mapped: MappedRecord) -> str | None:
        goes_by_content = self._channel.rules.record_id.missing == "content"
        try:
            found = self._record_id(scope)
        except CellError as fault:
            if not goes_by_content:
                raise
            mapped.note("record_id", f"not readable: {fault}")
            found = None
        if goes_by_content and is_no_number(found):
            mapped.note("record_id", f"not readable: {told_no_number(found)}")
            found = None
        record_id = read_text(found)
        self._compiler.refuse_macro(record_id)
        record_id = self._formed(record_id)
        return mapped.content_hash[:24] if record_id is None and goes_by_content else record_id

    def _formed(self, source_id: str | None) -> str | None:
        return None if source_id is None else self._id_form(source_id)

    def _person(self, scope: Scope, mapped: MappedRecord) -> str | None:
        """Who it is at the source; an unreplaced macro, or an id that a spreadsheet rounded, would
        make all its records one person: every item says why it names none."""
        try:
            person = read_text(self._person_id(scope))
            self._compiler.refuse_macro(person)
            fault = person and self._compiler.ids.person_fault(person)
            if fault:
                raise ValueFault(f"{show(person)}: {fault}")
        except ValueFault as fault:
            mapped.note("source_person_id", f"not readable: {fault}")
            return None
        return self._formed(person)

    def _missing_id(self) -> str:
        rule = self._channel.rules.record_id
        return f"record id missing: {rule.described()} is empty or absent"

    def _id_fault(self, record_id: str) -> str | None:
        """Why a record cannot go by this id. U+001F separates the parts that an item's id is hashed
        of: in one of them it could make two records one. So could digits that were lost."""
        if len(record_id) > LONGEST_ID:
            fault = f"it has {len(record_id):,} characters, at most {LONGEST_ID:,} are taken"
        elif "\x1f" in record_id:
            fault = "it holds the control character U+001F"
        elif (rounded := self._compiler.ids.fault(record_id)) is not None:
            fault = rounded
        else:
            return None
        return f"record id not usable: {fault}; or choose another field as `record_id`"


def _without_surrogates(payload: str) -> tuple[dict[str, Any], str]:
    """Halves of emoji that some senders cut: pairs are joined, lone halves become U+FFFD."""
    text = payload.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return parse_kept(text), text


def _link_items(mapped: MappedRecord) -> None:
    """Items of a record that has a submission point at it; the first item keeps the payload."""
    submission_id = next((row[0] for kind, row in mapped.items if kind == "submission"), None)
    for kind, row in mapped.items:
        if kind != "submission" and row[0] not in mapped.of_others:
            row[_LINK_POSITION] = submission_id
    first = mapped.items[0][1]
    first[-1] = mapped.payload


_LINK_POSITION = 1 + len(SYSTEM_COLUMNS)


_PLACES: Mapping[Kind, Mapping[str, int]] = {
    kind: {name: place for place, name in enumerate(names)} for kind, names in ITEM_COLUMNS.items()
}
_WHO = (*PERSON_COLUMNS, "email", "phone")


def _is_of_another(event: list[Any], submission: list[Any]) -> bool:
    """Whether an event says of somebody else than the submission's person whom it is of: a guest of
    a meeting, beside who booked it."""
    there, here = _PLACES["submission"], _PLACES["event"]
    stated = {name: event[here[name]] for name in REACHES if event[here[name]] is not None}
    return any(submission[there[name]] not in (None, value) for name, value in stated.items())


# What an event that is a denial shares with the item it was found in.
_SHARED = (*SYSTEM_COLUMNS, PHONE_REGION, *_WHO)


class _Denials(NamedTuple):
    """The consents that an event or outcome denies."""

    kind: Kind
    row: list[Any]
    fields: set[str]

    def event(self, event_type: str) -> list[Any]:
        """The event that says so of the same person; the date of a meeting may lie ahead."""
        there, here = _PLACES[self.kind], _PLACES["event"]
        event: list[Any] = [None] * len(here)
        for name in _SHARED:
            event[here[name]] = self.row[there[name]]
        event[here["event_type"]] = event_type
        event[here["occurred_at"]] = min(
            self.row[there["occurred_at"]], self.row[there["received_at"]]
        )
        return event


@dataclass(slots=True)
class _RecordFacts:
    """What every item of a record shares while it is mapped."""

    mapped: MappedRecord
    scope: Scope
    person: str | None
    number: int


# --- emits -------------------------------------------------------------------------------------


class _Emitter:
    """One entry of `emits`, compiled."""

    def __init__(
        self,
        rule: EmitRule,
        position: int,
        channel: Channel,
        compiler: "RuleCompiler",
        received_at: datetime,
        contracts: dict[str, Check],
        kinds: KindReader,
    ) -> None:
        self._rule = rule
        self._kinds = kinds
        self._kind: Kind = rule.kind
        self._channel = channel
        self._compiler = compiler
        self._suffix = (str(position),) if position else ()
        self._when = compile_path(rule.when) if rule.when else None
        self._each = compile_path(rule.each) if rule.each else None
        self._item_id = compile_path(rule.id) if rule.id else None
        custom = channel.mapped_custom_fields if self._kind == "submission" else ()
        self._custom = tuple(field.name for field in custom)
        written: dict[str, TextKind] = {
            field.name: "answer" for field in custom if field.type == "text" and not field.values
        }
        columns = (*ITEM_COLUMNS[rule.kind], *self._custom)
        self._texts: Mapping[str, TextKind] = {
            name: text for name, text in {**_TEXTS, **written}.items() if name in columns
        }
        self._place = {name: index for index, name in enumerate(columns)}
        self._template: list[Any] = [None] * len(columns)
        self._template[self._place["channel"]] = channel.name
        self._template[self._place["received_at"]] = received_at
        self._template[self._place["source_system"]] = channel.rules.source_system
        self._template[self._place[PHONE_REGION]] = channel.rules.phone_region
        if self._kind == "submission":
            self._template[self._place["inquiry_minutes"]] = channel.rules.inquiry_minutes
        self._readers = [
            (name, self._place[name], compiler.field(name, self._kind, field_rule, received_at))
            for name, field_rule in rule.fields.items()
        ]
        names = (*FIELD_TYPES["submission"], *self._custom)
        answered = names if channel.rules.answers is not None else ()
        self._answered = {
            name: compiler.field(name, "submission", FieldRule(column=(name,)), received_at)
            for name in answered
        }
        self._is_versioned = self._kind == "submission" and channel.rules.on_conflict == "update"
        if self._is_versioned and channel.rules.modified_at is not None:
            self._readers.append(self._modification(channel.rules.modified_at, received_at))
        is_whole = rule.kind == "submission" and rule.each is None
        takes_rest = channel.rules.unmapped == "answers" and is_whole
        self._unmapped = UnmappedAnswers(compiler) if takes_rest else None
        self._answer_denials = compiler.answer_denials()
        denials = compiler.denials
        finders = {
            **dict.fromkeys(NAME_FIELDS, denials.in_name),
            "email": denials.in_email,
            "phone": denials.in_phone,
            PREFERRED_CHANNEL: denials.in_preference,
        }
        self._denials = [(name, find) for name, find in finders.items() if name in columns]
        self._essential = _essential_fields(rule)
        placed = [(name, self._place[name], check) for name, check in contracts.items()]
        self._side_contracts = [entry for entry in placed if entry[0] not in self._essential]
        essential_contracts = [entry for entry in placed if entry[0] in self._essential]
        self._checks = _ItemChecks(rule, channel, self._place, essential_contracts)

    def emit(self, record: _RecordFacts) -> None:
        """Adds the record's items of this kind to `record.mapped`, or the reasons against them."""
        mapped = record.mapped
        try:
            if self._each is None:
                if self._when is None or is_true(self._when(record.scope)):
                    mapped.items.append((self._kind, self._row(record, record.scope, ())))
                return
            elements = self._each(record.scope)
            if isinstance(elements, list) and len(elements) > MOST_ITEMS:
                mapped.reasons.append(
                    f"too many items: `each` finds {len(elements):,}, at most {MOST_ITEMS:,} are "
                    "taken; split the record at the source"
                )
                return
            for position, element in enumerate(elements if isinstance(elements, list) else ()):
                self._emit_element(record, element, position)
        except PathError as fault:
            mapped.reasons.append(f"mapping: {fault}")

    def _modification(self, rule: FieldRule, received_at: datetime) -> _Reader:
        """Reads when the source changed the record: of the record, also where `each` is at work."""
        read = self._compiler.instant(rule, received_at)
        of_record = read if self._each is None else lambda scope: read(scope["record"])
        return "modified_at", MODIFIED_POSITION, of_record

    def _emit_element(self, record: _RecordFacts, element: Any, position: int) -> None:
        names = {"_derived": record.scope.get("_derived"), "_answers": record.scope.get("_answers")}
        scope = {"item": element, "record": record.scope, **names}
        if self._when is not None and not is_true(self._when(scope)):
            return
        own, issues = self._own_id(record, scope)
        row = self._row(record, scope, (own or f"#{position}",), issues)
        row[-1] = canonical_json(element)
        record.mapped.items.append((self._kind, row))

    def _own_id(
        self, record: _RecordFacts, scope: Scope
    ) -> tuple[str | None, list[dict[str, str]]]:
        """What an element goes by at its source; one that cannot be read goes by its place, and
        says so."""
        issues: list[dict[str, str]] = []
        try:
            own = read_text(self._item_id(scope)) if self._item_id is not None else None
        except ValueFault as fault:
            self._fault("id", f"not readable: {fault}", record.mapped, issues)
            return None, issues
        return own, issues

    def _row(
        self,
        record: _RecordFacts,
        scope: Scope,
        item: tuple[str, ...],
        issues_of_item: Sequence[dict[str, str]] = (),
    ) -> list[Any]:
        place, mapped = self._place, record.mapped
        row = self._template.copy()
        row[place["record_id"]] = mapped.record_id
        row[place["content_hash"]] = mapped.content_hash
        row[place["record_number"]] = record.number
        row[place["source_person_id"]] = record.person
        before = len(mapped.reasons)
        issues = [*mapped.issues, *issues_of_item]
        denied: set[str] = set()
        for name, position, read in self._readers:
            try:
                value = read(scope)
            except DenialElsewhere as fault:
                row[position] = fault.kept
                denied.update(fault.fields)
                self._fault(name, f"holds a denial: {fault}", mapped, issues, fault.kept)
                continue
            except PartFault as fault:
                row[position] = fault.kept
                self._fault(name, f"not readable: {fault}", mapped, issues, fault.kept)
                continue
            except (ValueFault, PathError) as fault:
                self._fault(name, f"not readable: {fault}", mapped, issues)
                continue
            if value is not None:
                row[position] = value
        if self._kind == "submission":
            denied.update(self._complete(row, scope, mapped, issues))
            self._tell_refused(row, scope, mapped, issues)
        self._deny(row, denied, mapped, issues)
        if self._kind == "submission":
            for name in denied:
                row[place[name]] = "denied"
        else:
            self._hear(row, scope, denied, mapped, issues)
            if denied:
                mapped.denials.append(_Denials(self._kind, row, denied))
        for name, position, check in self._side_contracts:
            if row[position] is not None and (broken := check(row[position])) is not None:
                row[position] = None
                self._fault(name, f"not allowed: {broken}", mapped, issues)
        if len(mapped.reasons) == before:
            mapped.reasons += self._checks.faults(row)
        if self._kind == "submission":
            self._mark(row, record)
            if len(mapped.reasons) == before and row[place["kind"]] == PERSON:
                mapped.reasons += self._unidentified(row)
        if self._custom:
            self._gather(row)
        if issues:
            row[place["issues"]] = canonical_json(issues)
        row[0] = self._id(mapped, item)
        if self._is_versioned:
            row[place["version_key"]] = version_key(
                self._channel.name,
                self._channel.rules.source_system,
                record.person,
                str(mapped.record_id),
                *self._suffix,
                *item,
            )
        return row

    def _gather(self, row: list[Any]) -> None:
        """Fields without a column of their own lie behind the others until the row is whole."""
        end = len(ITEM_COLUMNS["submission"])
        named = zip(self._custom, row[end:], strict=True)
        values = {name: value for name, value in named if value is not None}
        del row[end:]
        if values:
            row[self._place[CUSTOM_FIELDS]] = canonical_json(values)

    def _unidentified(self, row: list[Any]) -> list[str]:
        """Why nothing in a person's submission can tell who it is, if so; an id always does."""
        place = self._place
        if row[place["source_person_id"]] is not None:
            return []
        fields = {name: row[place[name]] for name in (*REACHES, *NAMES, "company_name")}
        fault = identity_fault(fields, self._channel.lists)
        return [] if fault is None else [fault]

    def _mark(self, row: list[Any], record: _RecordFacts) -> None:
        """Whether the submission is a person's, and if not, why."""
        place = self._place
        fields = {name: row[place[name]] for name in SIGN_FIELDS}
        mark = record.mapped.of_vendor or self._kinds.read(fields)
        row[place["kind"]] = PERSON if mark is None else mark.kind
        if mark is not None:
            row[place["kind_reason"]] = mark.reason
            row[place["kind_version"]] = self._kinds.version

    def _fault(
        self,
        name: str,
        reason: str,
        mapped: MappedRecord,
        issues: list[dict[str, str]],
        kept: Any = None,
    ) -> None:
        """What names or dates the item costs the record where nothing is kept of it; any other
        field costs itself."""
        if name in self._essential and kept is None:
            mapped.reasons.append(f"{name} {reason}")
        else:
            mapped.side_faults.append(f"{name} {reason}")
            issues.append({"field": name, "reason": reason})

    def _complete(
        self, row: list[Any], scope: Scope, mapped: MappedRecord, issues: list[dict[str, str]]
    ) -> set[str]:
        """Answers that fit a pattern, the remaining answers, then the channel's defaults; what
        consents the remaining answers deny."""
        denied: set[str] = set()
        answers = scope.get("_answers") if self._channel.rules.answers is not None else None
        if isinstance(answers, Answers):
            for name in answers.matched:
                if row[self._place[name]] is None:
                    try:
                        row[self._place[name]] = self._answered[name](answers.matched)
                    except ValueFault as fault:
                        self._fault(name, f"not readable: {fault}", mapped, issues)
        if isinstance(answers, Answers) or self._unmapped is not None:
            rest = self._unmapped.answers(scope) if self._unmapped is not None else {}
            for name, reason in self._unmapped.unread(scope) if self._unmapped is not None else ():
                self._fault(f"answers.{name}", f"not readable: {reason}", mapped, issues)
            rest |= answers.rest() if isinstance(answers, Answers) else {}
            given = row[self._place["answers"]]
            if given is not None:
                stated = json.loads(given)
                rest |= stated if isinstance(stated, dict) else {"answers": stated}
            row[self._place["answers"]] = canonical_json(rest) if rest else None
        else:
            given = row[self._place["answers"]]
            rest = json.loads(given) if given is not None else {}
        if isinstance(rest, dict):
            denied = self._denied_by(rest, mapped, issues)
        for name, default in self._channel.rules.defaults.items():
            if row[self._place[name]] is None:
                row[self._place[name]] = default
        return denied

    def _denied_by(
        self, answers: dict[str, Any], mapped: MappedRecord, issues: list[dict[str, str]]
    ) -> set[str]:
        """The consents that answers deny: they stay answers, and are denials too."""
        denied: set[str] = set()
        for one in self._answer_denials.read(answers) if self._answer_denials and answers else ():
            denied.update(one.fields)
            self._fault(f"answers.{one.question}", one.told, mapped, issues, one.answer)
        return denied

    def _deny(
        self,
        row: list[Any],
        denied: set[str],
        mapped: MappedRecord,
        issues: list[dict[str, str]],
    ) -> None:
        """The consents that another column denies: a name, the wish for no channel, a remark."""
        for name, find in self._denials:
            position = self._place[name]
            if row[position] is None or (denial := find(row[position])) is None:
                continue
            row[position] = denial.rest
            denied.update(denial.fields)
            told = f"{show(denial.words)} denies {' and '.join(denial.fields)}"
            self._fault(name, f"holds a denial: {told}", mapped, issues, denial)
        denials = self._answer_denials
        for name, kind in self._texts.items():
            text = row[self._place[name]]
            fields = denials.in_text(text, kind) if denials and text else ()
            if fields:
                denied.update(fields)
                told = f"{show(text)} denies {' and '.join(fields)}"
                self._fault(name, f"holds a denial: {told}", mapped, issues, text)
            if fields is None or (fields and denials and denials.leaves_open(text, kind)):
                self._fault(name, UNCLEAR_DENIAL, mapped, issues, text)

    def _hear(
        self,
        row: list[Any],
        scope: Scope,
        denied: set[str],
        mapped: MappedRecord,
        issues: list[dict[str, str]],
    ) -> None:
        """What else the record of an event or outcome denies: it has no columns for consents."""
        if self._answer_denials is None:
            return
        content = scope["item"] if self._each is not None else scope
        if not isinstance(content, dict):
            return
        content = {name: value for name, value in content.items() if name not in _DERIVED}
        is_spoken = self._kind == "outcome" or row[self._place["event_type"]] in _SPOKEN_EVENTS
        for one in self._answer_denials.in_record(content, reads_remarks=is_spoken):
            if not one.fields or not denied.issuperset(one.fields):
                denied.update(one.fields)
                self._fault(one.question, one.told, mapped, issues, one.answer)

    def tell_consents(self, record: _RecordFacts, denied: set[str], row: list[Any]) -> None:
        """The consents that the record denies by the rules of a submission which it is not: the
        row that somebody was deleted may say that he opted out."""
        if self._kind != "submission" or self._each is not None:
            return
        issues: list[dict[str, str]] = []
        for name, _, read in self._readers:
            if name not in CONSENTS:
                continue
            value = None
            try:
                value = read(record.scope)
            except ValueFault as fault:
                value = fault.kept if isinstance(fault, PartFault) else None
                denied.update(fault.fields if isinstance(fault, DenialElsewhere) else ())
                self._fault(name, f"not readable: {fault}", record.mapped, issues, value)
            except PathError as fault:
                self._fault(name, f"not readable: {fault}", record.mapped, issues)
            if value == "denied":
                denied.add(name)
        if issues:
            place = _PLACES[record.mapped.items[0][0]]["issues"]
            row[place] = canonical_json([*json.loads(row[place] or "[]"), *issues])

    def _tell_refused(
        self, row: list[Any], scope: Scope, mapped: MappedRecord, issues: list[dict[str, str]]
    ) -> None:
        """Answers that cannot be what their question asks for, where nothing else says it."""
        answers = scope.get("_answers")
        for name, question, reason in answers.refused if isinstance(answers, Answers) else ():
            if row[self._place[name]] is None and name not in self._essential:
                told = f"not taken: the answer to {show(question)} {reason}"
                self._fault(name, told, mapped, issues)

    def _id(self, mapped: MappedRecord, item: tuple[str, ...]) -> str:
        version = (mapped.content_hash,) if self._channel.rules.on_conflict == "update" else ()
        parts = (self._channel.name, str(mapped.record_id), *version, *self._suffix, *item)
        return hashed_id(ID_PREFIXES[self._kind], *parts)


def _essential_fields(rule: EmitRule) -> frozenset[str]:
    """The fields without which there is no item."""
    names = {TIME_FIELDS[rule.kind], *rule.required}
    if rule.kind in TYPE_FIELDS:
        names.add(TYPE_FIELDS[rule.kind])
    return frozenset(names)


class _ItemChecks:
    """What an item must have whatever its channel: a time, a known type, an identity."""

    def __init__(
        self,
        rule: EmitRule,
        channel: Channel,
        place: dict[str, int],
        contracts: list[tuple[str, int, Check]],
    ) -> None:
        self._rule = rule
        self._channel = channel
        self._place = place
        self._contracts = contracts
        self._needed = {name: place[name] for name in (TIME_FIELDS[rule.kind], *rule.required)}

    def faults(self, row: list[Any]) -> list[str]:
        """Every reason against the row."""
        return self._own_faults(row) or [
            f"{name} not allowed: {broken}"
            for name, position, check in self._contracts
            if row[position] is not None and (broken := check(row[position])) is not None
        ]

    def _own_faults(self, row: list[Any]) -> list[str]:
        place, kind = self._place, self._rule.kind
        faults = [self._missing(name) for name, at in self._needed.items() if row[at] is None]
        faults += self._time_faults(row)
        if kind == "submission" and not self._is_identified(row):
            faults.append(
                "no identity: email, phone, person id and name with company are all empty; "
                "at least one is needed"
            )
        if kind != "submission":
            name = TYPE_FIELDS[kind]
            if row[place[name]] not in VOCABULARIES[name]:
                faults.append(
                    f"unknown {name}: {show(row[place[name]])}; allowed: "
                    f"{', '.join(sorted(VOCABULARIES[name]))}; map it with `values`"
                )
        return faults

    def _time_faults(self, row: list[Any]) -> list[str]:
        name = TIME_FIELDS[self._rule.kind]
        instant = row[self._place[name]]
        if instant is None:
            return []
        is_meeting = self._rule.kind == "outcome" and row[self._place["outcome_type"]] == "meeting"
        try:
            check_instant(
                instant,
                row[self._place["received_at"]],
                MEETING_HORIZON if is_meeting else CLOCK_SKEW,
            )
        except ValueFault as fault:
            return [f"{name} absurd: {fault}"]
        return []

    def _missing(self, name: str) -> str:
        rule = self._rule.fields.get(name)
        where = f" ({rule.described()})" if rule is not None else ""
        return f"{name} missing: it is required{where}; fill it at the source"

    def _is_identified(self, row: list[Any]) -> bool:
        place = self._place
        if any(row[place[name]] is not None for name in _IDENTITY):
            return True
        named = any(row[place[name]] is not None for name in NAMES)
        return named and row[place["company_name"]] is not None
