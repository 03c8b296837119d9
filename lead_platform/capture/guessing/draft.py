"""Writes a proposed channel as the YAML a person would write, each field with its reason."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from lead_platform.capture.columns import CONSENTS, FIELD_TYPES
from lead_platform.capture.guessing.choices import (
    A_FURTHER_ONE,
    BY_VALUES,
    Assignment,
    Choice,
)
from lead_platform.capture.guessing.kept_answers import kept_answer_lines
from lead_platform.capture.guessing.names import (
    CRM_RECORD_ID,
    DENIED_AT,
    OPT_OUTS,
    WITHDRAWN_AT,
)
from lead_platform.capture.guessing.notation import (
    all_of,
    flow,
    path_of,
    quoted,
    reference,
    scalar,
    where,
    where_both,
)
from lead_platform.capture.guessing.phone_codes import code_parts
from lead_platform.capture.guessing.samples import AnswerList, Sample
from lead_platform.capture.guessing.seconds import FURTHER_EMAILS
from lead_platform.capture.guessing.shapes import MOST_READ, SEPARATOR, Column, is_mail, is_phone
from lead_platform.capture.guessing.zones import zone_rule

_CRM_ID = re.compile(r"00[Q3][0-9A-Za-z]{12}(?:[0-9A-Za-z]{3})?")


@dataclass(frozen=True)
class Draft:
    """A proposed channel: its `text`, and the fields it fills with the columns they come from."""

    text: str
    fields: Mapping[str, tuple[str, ...]]


class NoPersonError(ValueError):
    """No column says who a lead is, and none which deal it is about."""


def draft_channel(name: str, described: str, sample: Sample, found: Assignment) -> Draft:
    """The channel called `name`. Raises NoPersonError where neither person nor deal is named."""
    is_deal = found.is_of_deals
    if not is_deal and not _names_persons(found):
        raise NoPersonError(_told_nobody(name, described, sample, found))
    person = _person_id(found)
    record = _record_id(found, person)
    lines = [
        f"name: {name}",
        f"description: {scalar(described)}",
        f"format: {sample.format}",
        *_reading_lines(sample),
        *_identity_lines(name, record, person, found),
        *_answers_lines(sample.answers),
        "emits:",
        *(_outcome_lines(found) if is_deal else _submission_lines(sample, found)),
    ]
    return Draft("\n".join(lines) + "\n", _filled(found, record, person, is_deal=is_deal))


def without_unemitted(found: Assignment) -> dict[str, tuple[Choice, ...]]:
    """The choices of columns that the channel makes something of: a lead has no stage, and a deal
    no consent. All of them where no channel can be proposed."""
    is_deal = found.is_of_deals
    if not is_deal and not _names_persons(found):
        return dict(found.choices)
    person = _person_id(found)
    record = _record_id(found, person)
    fields = dict(_deal_fields(found) if is_deal else _submission_fields(found))
    made = [*record, *((person,) if person else ())]
    made += [choice for choices in fields.values() for choice in choices]
    made += found.choices.get("modified_at", ()) if record else ()
    emitted = {choice.column.path for choice in made}
    kept = {
        name: tuple(choice for choice in choices if choice.column.path in emitted)
        for name, choices in found.choices.items()
    }
    return {name: choices for name, choices in kept.items() if choices}


_NEARLY_ALL = 0.9
_OF_SEVERAL = frozenset({"email", "phone", FURTHER_EMAILS})
_NAMES = ("full_name", "first_name", "last_name")
_COMPANY_FACTS = (
    "company_name", "company_website", "industry", "employee_count", "annual_revenue",
)  # fmt: skip


def _names_persons(found: Assignment) -> bool:
    """Whether rows can be leads. The telephone number in a list of companies is a company's."""
    if any(found.first(name) for name in ("email", "person_id")):
        return True
    has_name = any(found.first(name) for name in _NAMES)
    has_company = found.first("company_name") is not None
    if found.first("phone") is not None:
        return has_name or not any(found.first(name) for name in _COMPANY_FACTS)
    return has_name and (has_company or found.first("record_id") is not None)


def _told_nobody(name: str, described: str, sample: Sample, found: Assignment) -> str:
    """Why rows are no leads, and what to write where they are."""
    phone, named = found.first("phone"), next(filter(None, map(found.first, _NAMES)), None)
    company = next(filter(None, map(found.first, _COMPANY_FACTS)), None)
    field, column = _may_say_who(found)
    if phone is not None and company is not None and column is not None:
        told = (
            f"no column says who a lead is. {phone.column.name} may hold numbers of companies: "
            f"{company.column.name} stands beside it, and no person's name. Where they are numbers "
            "of persons, write"
        )
    else:
        needed = "a mailbox, a telephone number, a person's id, or a name with a company"
        only = f" {named.column.name} alone does not." if named is not None else ""
        told = (
            f"no column says who a lead is: {needed}.{only} Where one does, add its name to "
            "config/vocabularies/field_names.csv"
        )
        if column is None:
            return f"{told} and guess again"
        told += f" as `{field},en,{_in_csv(' '.join(column.path[-2:]))}` and guess again, or write"
    lines = [
        f"name: {name}",
        f"description: {scalar(described)}",
        f"format: {sample.format}",
        *_reading_lines(sample),
        "record_id: content",
        *_answers_lines(sample.answers),
        "emits:",
        "  - kind: submission",
        "    fields:",
        "      submitted_at: {default: received_at}",
        f"      {field}: {reference((column,))}",
    ]
    return f"{told} config/channels/{name}.yaml by hand, at the least:\n" + "\n".join(lines)


def _may_say_who(found: Assignment) -> tuple[str, Column | None]:
    """The column that says who a lead is if any does, and the field it would fill."""
    if (phone := found.first("phone")) is not None:
        return "phone", phone.column
    for field, is_such in (("email", is_mail), ("phone", is_phone)):
        for column, near in found.rest:
            if near in (None, A_FURTHER_ONE) and column.share(is_such) >= MOST_READ:
                return field, column
    return "email", None


def _in_csv(text: str) -> str:
    text = text.removeprefix("_answers ")
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',"') else text


def _filled(
    found: Assignment, record: tuple[Choice, ...], person: Choice | None, *, is_deal: bool
) -> dict[str, tuple[str, ...]]:
    chosen = dict(_deal_fields(found) if is_deal else _submission_fields(found))
    if record:
        chosen["record_id"] = record
    if person is not None:
        chosen["person_id"] = (person,)
    return {
        name: tuple(column.name for choice in choices for column in choice.columns)
        for name, choices in chosen.items()
    }


# --- who and which -----------------------------------------------------------------------------


def _person_id(found: Assignment) -> Choice | None:
    """Whose id it is: said by its name, or the record's where records are persons."""
    if (stated := found.first("person_id")) is not None:
        return stated
    record = found.first("record_id")
    if record is None or not any(found.first(name) for name in _NAMES):
        return None
    if _is_crm_id(record):
        return replace(record, reason=f"{record.reason}; a lead or contact of Salesforce")
    crm = found.first(CRM_RECORD_ID)
    if (crm is not None and crm.column.path == record.column.path) or found.first("modified_at"):
        return replace(record, reason=f"{record.reason}; the records are persons, and change")
    if not _are_reached(found):
        reason = f"{record.reason}; in many records nothing else says who the person is"
        return replace(record, confidence=BY_VALUES, reason=reason)
    return None


def _is_crm_id(choice: Choice) -> bool:
    """Whether the values are ids of leads or contacts in Salesforce."""
    return choice.column.share(_CRM_ID.fullmatch) >= 0.9


def _are_reached(found: Assignment) -> bool:
    """Whether nearly every record that names a person has a mailbox or a telephone number. One
    without a name, such as a webhook's ping, needs no id to be somebody."""
    reached = _filled_rows(found, ("email", "phone"))
    named = _filled_rows(found, _NAMES)
    if not reached:
        return False
    of_named = [is_reached for is_reached, is_named in zip(reached, named, strict=True) if is_named]
    return bool(of_named) and sum(of_named) >= _NEARLY_ALL * len(of_named)


def _filled_rows(found: Assignment, fields: Iterable[str]) -> list[bool]:
    """Of each row of the sample, whether a column of one of the fields says something."""
    cells = [choice.column.cells for name in fields for choice in found.choices.get(name, ())]
    rows = max((len(column) for column in cells), default=0)
    return [any(column[row] for column in cells) for row in range(rows)]


def _record_id(found: Assignment, person: Choice | None) -> tuple[Choice, ...]:
    """The id of the record: one column, or a number within a list and the list's id."""
    deal = found.first("opportunity_id")
    for choice in (found.first("record_id"), person, deal):
        if choice is not None and choice.is_of_records:
            return (choice,)
    number, container = found.first("row_number"), found.first("form_id")
    if number is not None and container is not None and number.column.is_unique:
        return (container, number)
    return ()


def _identity_lines(
    name: str, record: tuple[Choice, ...], person: Choice | None, found: Assignment
) -> Iterator[str]:
    if not record:
        yield "# No column has an id of its own for each record: equal records are one."
        yield "record_id: content"
    elif len(record) == 1:
        yield _line("record_id", reference((record[0].column,)), record[0])
    else:
        paths = ", ".join(scalar(where(choice.column)) for choice in record)
        yield _line("record_id", f"{{path: [{paths}]}}", record[-1])
    is_person = person is not None and [c.column for c in record] == [person.column]
    changes = found.first("modified_at") is not None or is_person
    if record and (changes or not record[-1].column.is_unique):
        yield "# A record that comes again with other contents is a newer one, not a fault."
        yield "on_conflict: update"
        yield from _time_rule("modified_at", found)
    if person is not None:
        yield f"source_system: {'salesforce' if _is_crm_id(person) else name}"
        yield _line("person_id", reference((person.column,)), person)
    else:
        yield "# No person id: name one with `source_system` and `person_id` where there is one."


# --- reading -----------------------------------------------------------------------------------


def _reading_lines(sample: Sample) -> Iterator[str]:
    for key, value in sample.settings.items():
        yield f"{key}: {flow(value)}"
    if sample.records is not None:
        yield f"records: {scalar(sample.records)}"


def _answers_lines(answers: AnswerList | None) -> Iterator[str]:
    if answers is not None:
        value = path_of(("item", answers.value))
        joined = f"join(', ', {value}[].to_string(@))" if answers.is_many else value
        yield "answers:"
        each = path_of(answers.path)
        yield f"  each: {scalar(f'values({each})' if answers.is_object else each)}"
        yield f"  name: {scalar(path_of(('item', answers.name)))}"
        yield f"  value: {scalar(joined)}"


# --- submissions -------------------------------------------------------------------------------


def _submission_lines(sample: Sample, found: Assignment) -> Iterator[str]:
    yield "  - kind: submission"
    yield "    fields:"
    yield from _indented(_time_line("submitted_at", found.choices.get("submitted_at", ())))
    for name, choices in _submission_fields(found):
        if name != "submitted_at":
            rule = _consent_rule(choices) if name in CONSENTS else _rule(choices)
            yield from _indented([_line(name, rule, choices[0])])
    yield from _indented(kept_answer_lines(found))


def _submission_fields(found: Assignment) -> Iterator[tuple[str, tuple[Choice, ...]]]:
    """In the order of the table; an opt-out outranks an opt-in."""
    stated = {name: choices for name, choices in found.choices.items() if name not in OPT_OUTS}
    for name, choices in found.choices.items():
        for field in OPT_OUTS.get(name, ()):
            stated[field] = (*choices, *stated.get(field, ()))
    for name in DENIED_AT:
        left = found.choices.get(name, ())
        for field in _denied_at(name, found) if left else ():
            stated[field] = (*left, *stated.get(field, ()))
        dated = tuple(choice for choice in left if choice.dates is not None)
        if dated:
            stated["consent_at"] = (*dated, *stated.get("consent_at", ()))
    names = (*FIELD_TYPES["submission"], *(field.name for field in found.custom))
    return ((name, stated[name]) for name in names if name in stated)


def _denied_at(name: str, found: Assignment) -> tuple[str, ...]:
    """The consents that a date of this kind denies."""
    if name != WITHDRAWN_AT:
        return DENIED_AT[name]
    return tuple(field for field in DENIED_AT[name] if field in found.choices)


def _time_rule(name: str, found: Assignment) -> Iterator[str]:
    """The line of a date that the channel itself has, where there is one."""
    choice = found.first(name)
    if choice is not None and choice.column.values:
        yield _line(name, _rule((choice,)), choice)


def _time_line(name: str, choices: tuple[Choice, ...]) -> list[str]:
    if not choices:
        return [f"{name}: {{default: received_at}}  # no column was taken for its date"]
    choice = choices[0]
    parts = [reference((choice.column,), bare=False)]
    if choice.beside is not None:
        paths = (scalar(where(column)) for column in (choice.column, choice.beside))
        parts = [f"path: [{', '.join(paths)}]"]
    if choice.dates is not None and choice.dates.formats:
        parts.append(f"formats: {flow(list(choice.dates.formats))}")
    if choice.zone is not None:
        parts.append(f"time_zone: {choice.zone}")
    if choice.zoned_by is not None:
        parts.append(f"zone: {zone_rule(choice.zoned_by)}")
    if choice.column.filled < 1:
        parts.append("default: received_at")
    if len(parts) == 1:
        return [_line(name, reference((choice.column,)), choice)]
    return [_line(name, "{" + ", ".join(parts) + "}", choice)]


def _rule(choices: tuple[Choice, ...]) -> str:
    choice = choices[0]
    if choice.where is not None:
        return f"{{path: {quoted(where_both((choice.where,), choice.column))}}}"
    parts = [reference(tuple(each.column for each in choices), bare=False)]
    if choice.joined:
        parts = [all_of(choice.joined), "joined_by: ' '"]
    forms = [form for c in choices if c.dates is not None for form in c.dates.formats]
    if forms:
        parts.append(f"formats: {flow(list(dict.fromkeys(forms)))}")
    if choice.zone is not None:
        parts.append(f"time_zone: {choice.zone}")
    if choice.scale is not None:
        parts.append(f"scale: {choice.scale}")
    parts += code_parts(choice)
    if any(each.column.has_several for each in choices) and choice.field in _OF_SEVERAL:
        take = "all" if choice.field == FURTHER_EMAILS else "first"
        parts.append(f"split: {quoted(SEPARATOR)}, take: {take}")
    if choice.extract is not None:
        parts.append(f"extract: {quoted(choice.extract)}")
    elif (prefix := choice.column.vendor_prefix) and len(choices) == 1:
        parts.append(f"extract: {quoted(f'^(?:{prefix})?(.+)$')}")
    if len(parts) == 1:
        return reference(tuple(each.column for each in choices))
    return "{" + ", ".join(parts) + "}"


def _consent_rule(choices: tuple[Choice, ...]) -> str:
    """Words are left to the lists, which later records are read by too. Of several columns, the
    strictest counts."""
    if len(choices) == 1:
        return _consent_part(choices[0])
    return f"{{strictest_of: [{', '.join(map(_consent_part, choices))}]}}"


def _consent_part(choice: Choice) -> str:
    if choice.field in DENIED_AT and not choice.is_flag:
        said = "opt_out_at"
    elif choice.field in OPT_OUTS or choice.field in DENIED_AT:
        said = "opt_out"
    else:
        return _rule((choice,))
    return f"{{{reference((choice.column,), bare=False)}, consent: {said}}}"


# --- outcomes ----------------------------------------------------------------------------------


def _outcome_lines(found: Assignment) -> Iterator[str]:
    yield "  - kind: outcome"
    yield "    fields:"
    stage = found.first("stage")
    if stage is None:
        yield "      outcome_type: {constant: opportunity}"
    else:
        where = reference((stage.column,), bare=False)
        rule = f"{{{where}, vocabulary: deal_stages, otherwise: stage_change}}"
        yield f"      {_line('outcome_type', rule, stage)}"
    yield from _indented(_closing_lines(found))
    for name, choices in _deal_fields(found):
        if name not in ("outcome_type", "occurred_at"):
            yield from _indented([_line(name, _rule(choices), choices[0])])


def _deal_fields(found: Assignment) -> Iterator[tuple[str, tuple[Choice, ...]]]:
    """In the order of the table; what a submission calls otherwise goes by its name there."""
    dated = tuple(c for c in (found.first("closed_at"), found.first("submitted_at")) if c)
    stated = found.choices | {
        "account_name": found.choices.get("company_name", ()),
        "product": found.choices.get("product_interest", ()),
        "outcome_type": found.choices.get("stage", ()),
        "opportunity_id": found.choices.get("opportunity_id") or found.choices.get("record_id", ()),
        "occurred_at": dated,
    }
    return ((name, stated[name]) for name in FIELD_TYPES["outcome"] if stated.get(name))


def _closing_lines(found: Assignment) -> list[str]:
    dated = dict(_deal_fields(found)).get("occurred_at", ())
    if not dated:
        return _time_line("occurred_at", ())
    formats = [form for c in dated if c.dates is not None for form in c.dates.formats]
    parts = [reference(tuple(c.column for c in dated), bare=False), "default: received_at"]
    if formats:
        parts.insert(1, f"formats: {flow(list(dict.fromkeys(formats)))}")
    if dated[0].zone is not None:
        parts.append(f"time_zone: {dated[0].zone}")
    return [_line("occurred_at", "{" + ", ".join(parts) + "}", dated[0])]


# --- YAML --------------------------------------------------------------------------------------


def _line(name: str, rule: str, choice: Choice) -> str:
    told = f"{choice.confidence:.0%}: {choice.reason}".replace("%", " %", 1)
    return f"{name}: {rule}  # {told}"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"      {line}" for line in lines)
