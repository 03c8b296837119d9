"""Turns the value rules of a channel into functions from a record to a typed value.

Owns finding, extracting, replacing and typing of one field. Which fields an item has, and what
must be filled, belongs to `mapping`.
"""

import math
import operator
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from copy import copy
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from lead_platform.capture.answer_denials import AnswerDenials
from lead_platform.capture.cells import parsing, splitting, stripping
from lead_platform.capture.channels import RECEIVED_AT, Channel
from lead_platform.capture.columns import FIELD_TYPES, TIME_FIELDS, Kind
from lead_platform.capture.custom import custom_reader
from lead_platform.capture.denials import DenialReader
from lead_platform.capture.documents import (
    holds_no_number,
    is_no_number,
    told_no_number,
    without_no_numbers,
)
from lead_platform.capture.joins import compile_join
from lead_platform.capture.last_names import join_last_name
from lead_platform.capture.numbers import (
    NumberMarks,
    UnitOfFigures,
    plain_figures,
    read_amount,
    read_currency,
    read_integer,
    read_money,
    read_number,
)
from lead_platform.capture.paths import Getter, PathError, compile_path, is_true
from lead_platform.capture.phone_codes import with_area_code, with_calling_code
from lead_platform.capture.phrases import PhraseFinder
from lead_platform.capture.questions import QuestionReader
from lead_platform.capture.source_ids import IDENTIFIER_FIELDS, SourceIds
from lead_platform.capture.value_rules import FieldRule
from lead_platform.capture.values import (
    CLOCK_SKEW,
    PART_IS_NO_NUMBER,
    CellError,
    DenialElsewhere,
    PartFault,
    ValueFault,
    canonical_json,
    check_instant,
    consent_reader,
    instant_reader,
    opt_out_reader,
    read_list,
    read_text,
    show,
    told_repeat,
    truth_reader,
)
from lead_platform.capture.zones import zones_of
from lead_platform.fields import ValueType
from lead_platform.patterns import Pattern
from lead_platform.vocabularies.repeats import spellings
from lead_platform.vocabularies.text import fold

Join = Callable[[Sequence[str], str], str]
"""How the values of several columns become one, with a text between them."""

_PLAIN_RULE = {"path", "first_of", "column", "join", "joined_by"}
# Texts that normalisation reads figures of, without knowing the source's marks.
_FIGURES = frozenset({"employee_count", "annual_revenue"})
_LONGEST_STAGE = 200
# Of the blanks with a number sign those that are no error of a spreadsheet.
_MARKS_OF_NOTHING = frozenset({"#EMPTY", "#NULL", "#null"})
# What is the same time in both has a zone of its own, or none is needed.
_ANY_ZONES = (UTC, timezone(timedelta(hours=1)))


class RuleCompiler:
    """Turns value rules into functions, with the channel's blanks, date formats and look-ups."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.channel_rules = channel.rules
        extra = {form for blank in channel.rules.blanks for form in _spellings(blank)}
        self._no_errors = extra | _MARKS_OF_NOTHING
        self.blanks = channel.lists.blanks | extra
        listed = (blank for blank in channel.lists.blanks if blank.casefold() == "nan")
        self._no_numbers = frozenset(listed) - extra
        self.repeats = spellings(channel.lists.repeats) - self.blanks
        self.without_value = self.blanks | self.repeats
        self._macros = channel.lists.macros
        self.denials = DenialReader(channel.lists)
        self.ids = SourceIds(
            channel.rules.id_form,
            channel.rules.source_system,
            channel.rules.format,
            channel.lists.placeholders,
        )
        self._custom = {field.name: field for field in channel.custom_fields}
        numbers = channel.rules.numbers
        self._marks = None if numbers is None else numbers.marks
        self._consent_field = ""
        self._zone: tzinfo | None = None

    def field(
        self, name: str, kind: Kind, rule: FieldRule, received_at: datetime
    ) -> Callable[[Any], Any]:
        """A function from a scope to the typed value of a canonical field."""
        if rule.zone is not None:
            local = rule.model_copy(update={"zone": None})
            return self._by_zone(
                rule.zone, lambda compiler: compiler.field(name, kind, local, received_at)
            )
        if rule.has_codes:
            return self._dialled(name, kind, rule, received_at)
        custom = self._custom.get(name) if kind == "submission" else None
        value_type = FIELD_TYPES[kind][name] if custom is None else custom.type
        if rule.default == RECEIVED_AT and value_type == "instant":
            rule, fallback = rule.model_copy(update={"default": None}), received_at
        else:
            fallback = None
        is_number = value_type in _NUMBER_TYPES or name in _FIGURES
        join = join_last_name if name == "last_name" else _join
        scaling = self._scaling(rule, name, value_type)
        of_field = self._speaking_of(name) if value_type == "consent" else self
        find = of_field._shaped(rule, self._no_numbers if is_number else frozenset(), join, scaling)
        convert = of_field._converter(rule, value_type)
        if custom is not None:
            convert = custom_reader(custom, convert)
        if name == "merged_person_ids":
            convert = self._merged_ids
        if name in IDENTIFIER_FIELDS:
            convert = self.ids.read_one
        if name in _FIGURES and self._marks is not None and rule.scale is None:
            convert = self._figures
        if value_type == "instant" and name != TIME_FIELDS[kind]:
            convert = _plausible(convert, received_at)
        macro_starts = self._macros.starts
        default = rule.default

        def read(scope: Any) -> Any:
            try:
                value = find(scope)
            except CellError as fault:
                kept = fallback if default is None else convert(default)
                raise PartFault(str(fault), kept) from None
            if value is None:
                return fallback
            if type(value) is str:
                if value[:1] in macro_starts:
                    self.refuse_macro(value)
            elif is_no_number(value):
                kept = fallback if default is None else convert(default)
                raise PartFault(told_no_number(value), kept)
            elif isinstance(value, list | dict) and holds_no_number(value):
                raise PartFault(PART_IS_NO_NUMBER, convert(without_no_numbers(value)))
            return convert(value)

        return read

    def _dialled(
        self, name: str, kind: Kind, rule: FieldRule, received_at: datetime
    ) -> Callable[[Any], Any]:
        """Reads a phone with the codes that stand beside it, the country's first."""
        own = rule.model_copy(update={"calling_code": None, "area_code": None})
        find = self.field(name, kind, own, received_at)
        codes = [
            (join, self.value(code))
            for join, code in (
                (with_area_code, rule.area_code),
                (with_calling_code, rule.calling_code),
            )
            if code is not None
        ]

        def read(scope: Any) -> Any:
            number = find(scope)
            for join, find_code in codes:
                try:
                    code = read_text(find_code(scope))
                except CellError as fault:
                    raise PartFault(f"its code: {fault}", number) from None
                if number is not None:
                    number = join(number, code)
            return number

        return read

    def _by_zone(
        self, rule: FieldRule, compiled: Callable[["RuleCompiler"], Callable[[Any], Any]]
    ) -> Callable[[Any], Any]:
        """Reads points in time in the zone that the record states; where it states none, in that
        of the field or the channel. By every meaning of its name it has to be the same time."""
        find = self.value(rule)
        readers: dict[tzinfo | None, Callable[[Any], Any]] = {None: compiled(self)}

        def read(scope: Any) -> Any:
            name = read_text(find(scope))
            zones: tuple[tzinfo | None, ...] = zones_of(name) if name else (None,)
            for zone in zones or _ANY_ZONES:
                if zone not in readers:
                    readers[zone] = compiled(self._within(zone))
            found = {readers[zone](scope) for zone in zones or _ANY_ZONES}
            if len(found) > 1:
                raise ValueFault(_unclear_zone(name, zones) if zones else _unknown_zone(name))
            return found.pop()

        return read

    def _within(self, zone: tzinfo | None) -> "RuleCompiler":
        """The same for points in time that are local to `zone`."""
        compiler = copy(self)
        compiler._zone = zone
        return compiler

    def _speaking_of(self, consent_field: str) -> "RuleCompiler":
        """The same for one field of consent: a word that refuses calls denies calls alone."""
        compiler = copy(self)
        compiler._consent_field = consent_field
        return compiler

    def _hearing(self, values: Mapping[str, Any] | None) -> "RuleCompiler":
        """The same for a rule that says of a blank what it means: there it is none."""
        if not values:
            return self
        keys = {key.strip().lower() for key in values}
        stated = {blank for blank in self.blanks if blank and blank.lower() in keys}
        if not stated:
            return self
        compiler = copy(self)
        compiler.blanks = self.blanks - stated
        compiler.without_value = self.without_value - stated
        return compiler

    def instant(self, rule: FieldRule, received_at: datetime) -> Callable[[Any], datetime | None]:
        """A function from a scope to a plausible instant, UTC without zone; None where blank."""
        if rule.zone is not None:
            local = rule.model_copy(update={"zone": None})
            return self._by_zone(rule.zone, lambda compiler: compiler.instant(local, received_at))
        find, convert = self.value(rule), _plausible(self._instant(rule), received_at)

        def read(scope: Any) -> datetime | None:
            value = find(scope)
            return None if value is None else convert(value)

        return read

    def questions(self) -> QuestionReader | None:
        """What knows questions by their name, where the channel reads them so."""
        names, rule = self._channel.field_names, self.channel_rules.answers
        if names is None or rule is None or not rule.by_name:
            return None
        return QuestionReader(names, self._channel.lists.consents)

    def answer_denials(self) -> AnswerDenials | None:
        """What knows the denials that answers state, where the channel keeps any."""
        names = self._channel.field_names
        return None if names is None else AnswerDenials(names, self._channel.lists)

    def is_macro(self, text: str) -> bool:
        """Whether it is what some system was to fill in and did not."""
        return self._macros.find(text) is not None

    def refuse_macro(self, value: Any) -> None:
        """Raises ValueFault where `value` is one."""
        if type(value) is str and (system := self._macros.find(value)) is not None:
            raise ValueFault(f"{show(value)} is an unreplaced macro ({system})")

    def value(self, rule: FieldRule) -> Callable[[Any], Any]:
        """A function from a scope to the shaped, not yet typed value; None where blank."""
        return self._shaped(rule, frozenset(), _join, self._scaling(rule, "", "number"))

    def _shaped(
        self,
        rule: FieldRule,
        no_numbers: frozenset[str],
        join: Join,
        scaling: Callable[[Any], Any] | None,
    ) -> Callable[[Any], Any]:
        """The same; of the blanks, `no_numbers` become NaN."""
        compiler = self._hearing(rule.values)
        find = compiler._found(rule, no_numbers, join)
        if not rule.model_fields_set - _PLAIN_RULE - {"formats", "time_zone", "missing"}:
            return find
        steps = [
            step
            for step in (
                parsing(rule.parse, rule.at) if rule.parse is not None else None,
                stripping(rule.strip_prefix) if rule.strip_prefix else None,
                splitting(rule.split, rule.take, compiler.without_value) if rule.split else None,
                self._extracting(rule),
                self._replacing(rule, self._naming(rule) or self._consenting(rule)),
                self._prefixing(rule),
                scaling,
            )
            if step is not None
        ]
        default = rule.default

        def read(scope: Any) -> Any:
            value = find(scope)
            for step in steps:
                if value is None or is_no_number(value):
                    break
                value = step(value)
            return default if value is None else value

        return read

    def _found(self, rule: FieldRule, no_numbers: frozenset[str], join: Join) -> Getter:
        if rule.constant is not None:
            constant = rule.constant
            return lambda _scope: constant
        if rule.strictest_of:
            return self._strictest(rule)
        if rule.joined_by is not None:
            return self._all_filled(rule, rule.joined_by, join)
        if rule.column or rule.first_of:
            return self._first_filled(rule, no_numbers)
        if rule.join is not None:
            return self._unblanked(compile_join(rule.join), no_numbers)
        if len(rule.path) == 1:
            return self._unblanked(compile_path(rule.path[0]), no_numbers)
        if not rule.path:
            return no_value
        parts = [self._unblanked(compile_path(path), frozenset()) for path in rule.path]

        def find(scope: Any) -> str | None:
            values = [read_text(part(scope)) for part in parts]
            return "|".join(value or "" for value in values) if any(values) else None

        return find

    def _all_filled(self, rule: FieldRule, between: str, join: Join) -> Getter:
        """The columns or paths with a value, joined: van der + Berg."""
        places: list[Getter] = [operator.methodcaller("get", name) for name in rule.column]
        places += [compile_path(path) for path in rule.path]
        finds = [self._unblanked(place, frozenset()) for place in places]

        def find(scope: Any) -> str | None:
            values = [value for one in finds if (value := read_text(one(scope)))]
            for value in values:
                self.refuse_macro(value)
            return join(values, between) or None

        return find

    def _strictest(self, rule: FieldRule) -> Getter:
        """The strictest of several consents: a denial wherever it stands, a grant only where every
        other one could be read: what nobody understands may be a denial."""
        read_word = consent_reader(self._channel.lists, self._consent_field)
        parts = [(part.described(), self.value(part)) for part in rule.strictest_of]

        def find(scope: Any) -> str | None:
            stated: set[str] = set()
            faults: list[str] = []
            elsewhere: dict[str, str] = {}
            for name, read in parts:
                try:
                    value = read(scope)
                    if value is not None:
                        stated.add(read_word(value))
                except DenialElsewhere as fault:
                    stated.update(() if fault.kept is None else (fault.kept,))
                    elsewhere.update(dict.fromkeys(fault.fields, f"{name}: {fault}"))
                except (ValueFault, PathError) as fault:
                    faults.append(f"{name}: {fault}")
            if elsewhere:
                is_open = bool(faults) and "denied" not in stated
                kept = None if is_open else _strictest_of(stated)
                told = "; ".join(dict.fromkeys([*faults, *elsewhere.values()]))
                raise DenialElsewhere(told, kept, tuple(elsewhere))
            if faults and "denied" in stated:
                raise PartFault("; ".join(faults), "denied")
            if faults:
                raise ValueFault("; ".join(faults))
            return _strictest_of(stated)

        return find

    def _first_filled(self, rule: FieldRule, no_numbers: frozenset[str]) -> Getter:
        """The first column or path with a value; most rules name one."""
        places: list[Getter] = [operator.methodcaller("get", name) for name in rule.column]
        places += [compile_path(path) for path in rule.first_of]
        finds = [self._unblanked(place, no_numbers) for place in places]
        if len(finds) == 1:
            return finds[0]

        def find(scope: Any) -> Any:
            no_number = repeat = None
            for find_one in finds:
                try:
                    value = find_one(scope)
                except ValueFault as fault:
                    repeat = repeat or fault
                    continue
                if is_true(value):
                    return value
                if is_no_number(value):
                    no_number = value
            if repeat is not None:
                raise repeat
            return no_number

        return find

    def _unblanked(self, get: Getter, no_numbers: frozenset[str]) -> Getter:
        without_value, repeats, no_errors = self.without_value, self.repeats, self._no_errors

        def find(scope: Any) -> Any:
            value = get(scope)
            if type(value) is str:
                value = value.strip()
                if value in without_value:
                    if value in repeats:
                        raise ValueFault(told_repeat(value))
                    if value[:1] == "#" and value not in no_errors:
                        raise CellError(value)
                    return math.nan if value in no_numbers else None
            return value

        return find

    def _extracting(self, rule: FieldRule) -> Callable[[Any], Any] | None:
        if rule.extract is None:
            return None
        pattern, keeps = Pattern(rule.extract), rule.unmatched == "keep"

        def extract(value: Any) -> str | None:
            text = read_text(value) or ""
            found = pattern.search(text)
            return found.first_group if found else (text if keeps else None)

        return extract

    def _replacing(
        self, rule: FieldRule, read_by_list: Callable[[Any], Any] | None
    ) -> Callable[[Any], Any] | None:
        """By the channel's own table; what that leaves open, by a list of the configuration."""
        table: Mapping[str, Any]
        if rule.lookup is not None:
            table = self._channel.lookups[rule.lookup]
        elif rule.values is not None:
            table = {key.strip().lower(): value for key, value in rule.values.items()}
        else:
            return read_by_list
        exact = rule.lookup is not None
        key_of = self._key_form(rule.lookup)

        def replace(value: Any) -> Any:
            text = read_text(value) or ""
            key = key_of(text)
            if key in table:
                return table[key]
            if read_by_list is not None:
                return read_by_list(value)
            if rule.has_otherwise:
                return rule.otherwise
            if exact:
                raise ValueFault(_not_listed(text, str(rule.lookup), self._channel))
            return value

        return replace

    def _key_form(self, lookup: str | None) -> Callable[[str], str]:
        """How a text is written as a key of the look-up, or of `values`."""
        if lookup is None:
            return str.lower
        rule = self.channel_rules.lookups[lookup]
        if rule.among is not None:
            tables = self._channel.lookups
            return PhraseFinder(tables[lookup], tables[rule.among]).key
        return fold if rule.folded else str

    def _naming(self, rule: FieldRule) -> Callable[[Any], Any] | None:
        """What a list of the configuration calls it; what it does not list is told."""
        if rule.vocabulary is None:
            return None
        if rule.vocabulary == "truths":
            return truth_reader(self._channel.lists.truths)
        words = self._channel.lists.deal_stages

        def name(value: Any) -> str:
            text = read_text(value) or ""
            found = words.find(text) if len(text) <= _LONGEST_STAGE else None
            if found is not None:
                return found
            told = f"{show(text)} is not in config/vocabularies/{words.file_name}; add it there"
            if rule.has_otherwise:
                raise PartFault(f"{told}; taken as {rule.otherwise}", rule.otherwise)
            raise ValueFault(told)

        return name

    def _consenting(self, rule: FieldRule) -> Callable[[Any], Any] | None:
        """What a column says about consent: of an opt-out, yes denies and no says nothing."""
        lists = self._channel.lists
        if rule.consent == "opt_out":
            return opt_out_reader(lists, self._consent_field)
        if rule.consent == "opt_out_at":
            return lambda value: "denied" if is_true(value) else None
        return None if rule.consent is None else consent_reader(lists, self._consent_field)

    def _prefixing(self, rule: FieldRule) -> Callable[[Any], Any] | None:
        prefix = rule.prefix
        if prefix is None:
            return None
        return lambda value: f"{prefix}{(read_text(value) or '').removeprefix(prefix)}"

    def _scaling(
        self, rule: FieldRule, name: str, value_type: ValueType
    ) -> Callable[[Any], Any] | None:
        """In the unit of the column; what stands with a figure (`13 €`, `10-50`, `ca. 10`) is read
        as it is read where there is no unit."""
        scale, marks, lists = rule.scale, self._marks, self._channel.lists
        if scale is None:
            return None
        if value_type == "amount":
            factor = Decimal(str(scale))
            return lambda value: read_money(value, lists.currencies, marks) * factor
        if name not in _FIGURES:
            return lambda value: read_number(value, marks) * scale
        unit = UnitOfFigures(scale, lists.currencies, lists.quantities, marks)

        def multiply(value: Any) -> Any:
            try:
                return read_number(value, marks) * scale
            except ValueFault:
                if not isinstance(value, str):
                    raise
                return unit.applied(value)

        return multiply

    def _converter(self, rule: FieldRule, value_type: ValueType) -> Callable[[Any], Any]:
        if value_type in ("instant", "date"):
            return self._instant(rule)
        if value_type == "json":
            return self._object
        if value_type == "text":
            return self._text
        if value_type == "truth":
            return truth_reader(self._channel.lists.truths)
        if value_type == "consent":
            return consent_reader(self._channel.lists, self._consent_field)
        if value_type == "list":
            return self._list
        currencies = self._channel.lists.currencies
        if value_type == "currency":
            return partial(read_currency, currencies=currencies)
        if value_type == "amount":
            return partial(read_amount, currencies=currencies, marks=self._number_marks(rule))
        return partial(_NUMBER_READERS[value_type], marks=self._number_marks(rule))

    def _number_marks(self, rule: FieldRule) -> NumberMarks | None:
        """A scaled value is a number already, and so written with a point."""
        return self._marks if rule.scale is None else None

    def _figures(self, value: Any) -> str | None:
        """A text with figures that are written as everybody reads them."""
        text = self._text(value)
        if text is None or self._marks is None or not isinstance(value, str):
            return text
        return plain_figures(text, self._marks)

    def _text(self, value: Any) -> str | None:
        text = value.strip() if type(value) is str else read_text(value)
        return text or None

    def _instant(self, rule: FieldRule) -> Callable[[Any], datetime]:
        rules = self._channel.rules
        formats = rules.formats if rule.formats is None else rule.formats
        zone = self._zone or ZoneInfo(rule.time_zone or rules.time_zone)
        return instant_reader(formats, zone)

    def _list(self, value: Any) -> str | None:
        given = read_list(value)
        texts = [text for text in given if text not in self.without_value]
        read = canonical_json(texts) if texts else None
        self._tell_repeats(given, read)
        return read

    def _tell_repeats(self, texts: Iterable[str], kept: str | None) -> None:
        """Raises PartFault where one of the texts stands for what another record has."""
        if (repeat := next((text for text in texts if text in self.repeats), None)) is not None:
            raise PartFault(told_repeat(repeat), kept)

    def _merged_ids(self, value: Any) -> str | None:
        """A list of person ids, without those that are no longer whole."""
        whole, faults = self.ids.read_several(value)
        if faults:
            raise PartFault("; ".join(faults), self._list(whole))
        return self._list(whole)

    def _object(self, value: Any) -> str | None:
        """A JSON object without blanks; a list of {question, answer} stays a list."""
        if isinstance(value, dict):
            given = {str(key): text for key, part in value.items() if (text := read_text(part))}
            value = {key: text for key, text in given.items() if text not in self.without_value}
            self._tell_repeats(given.values(), canonical_json(value) if value else None)
        return canonical_json(value) if value else None


def _strictest_of(stated: Collection[str]) -> str | None:
    """What counts of several consents: a denial wherever it stands."""
    return "denied" if "denied" in stated else next(iter(stated), None)


def _join(values: Sequence[str], between: str) -> str:
    return between.join(values)


def _spellings(blank: str) -> set[str]:
    return {blank, blank.lower(), blank.upper()}


def _plausible(
    read_instant: Callable[[Any], datetime], received_at: datetime
) -> Callable[[Any], datetime]:
    """Of an instant beside the item's own, which is checked with the item."""

    def read(value: Any) -> datetime:
        instant = read_instant(value)
        check_instant(instant, received_at, CLOCK_SKEW)
        return instant

    return read


def _unknown_zone(name: str | None) -> str:
    return (
        f"its zone {show(name)} is not known; allowed: names such as Europe/Berlin, UTC, +02:00; "
        "write what it means with `values` at `zone`"
    )


def _unclear_zone(name: str | None, zones: Sequence[tzinfo | None]) -> str:
    return (
        f"its zone {show(name)} may be {' or '.join(map(str, zones))}, which differ then; write "
        f"which it is with `values` at `zone`, such as `values: {{{name}: {zones[0]}}}`"
    )


def no_value(_scope: Any) -> None:
    return None


def _not_listed(text: str, lookup: str, channel: Channel) -> str:
    files = channel.rules.lookups[lookup].files
    return (
        f"{show(text)} is not in look-up {lookup!r}; add it to config/channels/{files} and deliver "
        "the file again"
    )


_NUMBER_TYPES: frozenset[ValueType] = frozenset({"integer", "number", "amount"})
_NUMBER_READERS: dict[ValueType, Callable[..., Any]] = {
    "integer": read_integer,
    "number": read_number,
}
