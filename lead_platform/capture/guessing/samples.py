"""The first records of a file that no channel describes, as columns of text.

Owns where the records of a document are, and how nested records become columns. Decoding and
tables are the readers'.
"""

import json
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from lead_platform.capture.channels import ChannelRules, FileFormat
from lead_platform.capture.formats import RefusedFormatError, format_of
from lead_platform.capture.guessing.labelled_lists import LabelledList, labelled_lists
from lead_platform.capture.guessing.left_parts import LeftPart, left_lists, lists_of, parts_of
from lead_platform.capture.guessing.names import FieldNames
from lead_platform.capture.guessing.notation import path_of
from lead_platform.capture.guessing.section_titles import ask_about_titles_of_rows
from lead_platform.capture.guessing.shapes import MOST_READ, Column, repeat_question, sample_cells
from lead_platform.capture.json_columns import rows_of_columns
from lead_platform.capture.names import shown
from lead_platform.capture.readers import (
    BadRecord,
    RawRecord,
    RecordStream,
    UnreadableFileError,
    read_records,
)
from lead_platform.capture.tabular.readings import TableReading
from lead_platform.capture.tabular.rules import TableRule
from lead_platform.capture.tabular.wanted import Wanted
from lead_platform.capture.values import readable_text
from lead_platform.vocabularies.tables import IntakeLists

SAMPLED_RECORDS = 500
_DEPTH = 6
_FEW_COLUMNS = 3
_LEAST_KEYED = 2
_MAIL_WEIGHT = 1_000
_ENCODING_QUESTION = (
    "To answer: which encoding? The file is not UTF-8, and several fit. The proposal reads it as "
    "cp1252 (Western Europe): look at names with accents; where they are wrong, propose again with "
    "--encoding cp1250 (Central Europe) or another"
)
_TABLE_KEY = re.compile(
    r"`(encoding|delimiter|header_row|sheet)`(?: under `table`)?(?: of the channel)?"
)
# Envelopes of APIs and exports; a list under another name may be part of one record.
_ENVELOPES = (
    "data", "results", "records", "items", "elements", "leads", "contacts", "entries", "responses",
    "submissions", "rows", "objects", "values", "list", "members", "people", "persons", "customers",
    "subscribers", "attendees", "registrants", "participants", "prospects", "users", "connections",
    "value",
)  # fmt: skip
_QUESTIONS = (
    "name", "key", "question", "label", "title", "field", "column_id", "column_name", "ref", "id",
)  # fmt: skip
_ANSWERS = (
    "value", "values", "answer", "string_value", "text", "response", "content", "answers",
)  # fmt: skip


class NothingToGuessError(ValueError):
    """The file has no records that a channel could be proposed for."""


@dataclass(frozen=True)
class AnswerList:
    """A list of questions and answers in each record: `path` is where it stands, `name` and `value`
    the keys of an element, `is_many` whether an answer is a list itself. With `is_object` it is
    an object whose values are the elements."""

    path: tuple[str, ...]
    name: str
    value: str
    is_many: bool
    is_object: bool


@dataclass(frozen=True)
class Sample:
    """The beginning of a file as columns.

    `settings`: keys of the channel that say how it is read; `records`: the path to the records.
    Columns of `answers` have the path ("_answers", question); `left` is of what there are none.
    """

    format: FileFormat
    columns: tuple[Column, ...]
    rows: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    records: str | None = None
    answers: AnswerList | None = None
    notes: tuple[str, ...] = ()
    left: tuple[LeftPart, ...] = ()


def sample_file(
    path: Path, names: FieldNames, lists: IntakeLists, table: TableRule | None = None
) -> Sample:
    """The first records of `path`, read as `table` sets. Raises NothingToGuessError,
    UnreadableFileError."""
    stated = table.stated() if table is not None else {}
    file_format, settings = _format(path), dict[str, Any]({"table": stated} if stated else {})
    wanted = Wanted(is_name=names.has, fields_of=names.fields_of)
    records, faults, stream = _read(path, file_format, settings, wanted)
    notes: tuple[str, ...] = ()
    if "encoding" not in stated and any(fault.startswith("wrong encoding") for fault in faults):
        settings = {"table": {**stated, "fallback_encoding": "cp1252"}}
        records, faults, stream = _read(path, file_format, settings, wanted)
        notes = (_ENCODING_QUESTION,)
    contents = [record.content for record in records]
    envelope = _envelope(contents, names) if file_format == "json" else None
    if envelope is not None:
        records, faults, stream = _read(path, file_format, {"records": envelope}, wanted)
    contents = [record.content for record in records if _is_record(record.content)]
    if not contents:
        told = _as_options(faults[0]) if faults else "it holds no records"
        raise NothingToGuessError(f"nothing can be proposed for {path.name}: {told}")
    reading = stream.reading
    held = lists_of(contents)
    judged = labelled_lists(held, names)
    labelled = {path: each for path, each in judged.items() if each is not None}
    answers = _answer_list(contents, judged)
    rows = [_flat(content, answers, labelled) for content in contents]
    if reading is not None:
        notes = (*map(_as_options, reading.describe()), *notes)
    if faults:
        told = _as_options(faults[0])
        notes += (f"{len(faults)} of the first records cannot be read: {told}",)
    columns = tuple(_told_by(reading, column) for column in _columns(rows, lists))
    places = {path: at for each in labelled.values() for path, at in each.places()}
    columns = tuple(replace(each, at=places.get(each.path)) for each in columns)
    notes += tuple(told for each in labelled.values() for told in each.told())
    if answers is not None:
        held.pop(answers.path, None)
    within = left_lists(held, labelled)
    # Where such a list is empty, a record seems to have a blank.
    lists_at = held.keys() - labelled.keys()
    columns = tuple(each for each in columns if each.values or each.path not in lists_at)
    notes += tuple(f"To answer: {question}" for question in _repeats(rows, columns, lists))
    left = (*within, *parts_of(stream.beside, is_beside=True))
    placed = ((record.row, record.content) for record in records if record.row is not None)
    titles = ask_about_titles_of_rows(placed, names, lists)
    notes += tuple(f"To answer: {question}" for question in titles)
    sheets = reading.sheets if reading is not None else ()
    only = [column.path[-1] for column in columns[:1] if len(columns) == 1]
    notes += tuple(_ask_about_denials((path.stem, *sheets, *only), names))
    return Sample(file_format, columns, len(rows), settings, envelope, answers, notes, left)


def _ask_about_denials(titles: Iterable[str], names: FieldNames) -> Iterator[str]:
    """Whether the file lists who may not be reached, as the name of it, of its sheet or of its only
    column says."""
    title = next(filter(names.lists_denials, titles), None)
    if title is not None:
        yield (
            f"To answer: {shown(title)}: does the file list people who may not be written to or "
            "called? Its name says so, and each comes in as any other lead. Where it does, add "
            "to the fields what is denied: `consent_email: {constant: denied}`, and so "
            "`consent_phone`, `consent_sms` or `consent_whatsapp`"
        )


def _format(path: Path) -> FileFormat:
    try:
        return format_of(path, "csv")
    except RefusedFormatError as error:
        raise NothingToGuessError(f"nothing can be proposed for {path.name}: {error}") from None
    except OSError as error:
        raise UnreadableFileError(f"{path} cannot be read: {error.strerror or error}") from None


def _read(
    path: Path, file_format: FileFormat, settings: Mapping[str, Any], wanted: Wanted
) -> tuple[list[RawRecord], list[str], RecordStream]:
    """Records, why others cannot be read, and the stream they came from."""
    document = {
        "name": "sample",
        "description": "",
        "format": file_format,
        "record_id": "content",
        "emits": [{"kind": "submission", "fields": {}}],
        **settings,
    }
    stream = read_records(path, ChannelRules.model_validate(document), wanted)
    records = list(islice(stream, SAMPLED_RECORDS))
    read = [record for record in records if not isinstance(record, BadRecord)]
    faults = [record.reason for record in records if isinstance(record, BadRecord)]
    return read, faults, stream


def _as_options(fault: str) -> str:
    """A fault whose advice can be followed before there is a channel."""
    return _TABLE_KEY.sub(lambda found: f"`--{found[1].replace('_', '-')}`", fault)


def _is_record(content: Mapping[str, Any]) -> bool:
    """No blank row, and no title or total with a single cell beside many empty ones."""
    filled = sum(value not in (None, "") for value in content.values())
    return filled > (len(content) > _FEW_COLUMNS)


def _envelope(contents: list[dict[str, Any]], names: FieldNames) -> str | None:
    """The path to the records of a single document: a list, a table by its columns, or an object
    whose names are the ids of its records."""
    if len(contents) != 1:
        return None
    (document,) = contents
    for name in _ENVELOPES:
        found = document.get(name)
        if isinstance(found, list) and found and all(isinstance(part, dict) for part in found):
            return name if _list_of_answers(found) is None else None
        if isinstance(found, dict) and rows_of_columns(found) is not None:
            return name
        if isinstance(found, dict) and _are_keyed(found, names):
            return f"values({name})"
    if (of_persons := _list_of_persons(document, names)) is not None:
        return path_of((of_persons,))
    return "values(@)" if _are_keyed(document, names) else None


def _list_of_persons(document: Mapping[str, Any], names: FieldNames) -> str | None:
    """The only list of objects of a document that itself names nobody, where most of them have a
    mailbox of their own."""
    lists = [name for name, part in document.items() if isinstance(part, list) and part]
    if len(lists) != 1 or any(map(names.has, document)):
        return None
    elements = document[lists[0]]
    if len(elements) < _LEAST_KEYED or not all(isinstance(each, dict) for each in elements):
        return None
    mails = [re.findall(r'"([^"\s]+@[^"\s]+\.[^"\s]+)"', json.dumps(each)) for each in elements]
    first = {found[0] for found in mails if found}
    is_of_persons = len(first) >= MOST_READ * len(elements)
    return lists[0] if is_of_persons and _list_of_answers(elements) is None else None


def _are_keyed(document: Mapping[str, Any], names: FieldNames) -> bool:
    """Whether every name is an id and no field's, each of an object like the others."""
    if len(document) < _LEAST_KEYED or not all(isinstance(p, dict) for p in document.values()):
        return False
    if not all(key.isdecimal() or _is_id(key, names) for key in document):
        return False
    common = set.intersection(*(set(part) for part in document.values()))
    is_named = any(names.has(name) for name in common)
    return is_named and _list_of_answers(list(document.values())) is None


def _is_id(key: str, names: FieldNames) -> bool:
    return any(map(str.isdigit, key)) and not names.has(key)


def _answer_list(
    contents: list[dict[str, Any]], labelled: Container[tuple[str, ...]]
) -> AnswerList | None:
    """The list of questions and answers of the records that says most of a person; none whose
    elements are mailboxes or numbers."""
    found: Counter[AnswerList] = Counter()
    for content in contents[:20]:
        for path, held in _groups(content, ()):
            elements = _elements(held)
            keys = _list_of_answers(elements)
            if keys is not None and path not in labelled:
                many = any(isinstance(element[keys[1]], list) for element in elements)
                # Of several groups, that with a mailbox is the form's.
                mails = sum("@" in str(element[keys[1]]) for element in elements)
                weight = len(elements) + (_MAIL_WEIGHT if mails else 0)
                found[AnswerList(path, *keys, many, isinstance(held, dict))] += weight
    return found.most_common(1)[0][0] if found else None


def _groups(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Lists, and objects of several objects."""
    if isinstance(value, list) and value:
        yield path, value
    elif isinstance(value, dict) and len(path) < _DEPTH:
        if path and len(value) > 1 and all(isinstance(part, dict) for part in value.values()):
            yield path, value
        for name, part in value.items():
            yield from _groups(part, (*path, name))


def _elements(held: Any) -> list[Any]:
    return list(held.values()) if isinstance(held, dict) else list(held)


def _list_of_answers(elements: list[Any]) -> tuple[str, str] | None:
    """The keys of question and answer, where every element has both and no question comes twice."""
    if not elements or not all(isinstance(element, dict) for element in elements):
        return None
    for name in _QUESTIONS:
        for value in _ANSWERS:
            if all(isinstance(e.get(name), str) and _is_answer(e, value) for e in elements):
                questions = [element[name] for element in elements]
                if len(set(questions)) == len(questions):
                    return name, value
    return None


def _is_answer(element: dict[str, Any], key: str) -> bool:
    """Whether the element has a plain value, or several, under `key`."""
    value = element.get(key)
    parts = value if isinstance(value, list) else [value]
    return key in element and not any(isinstance(part, dict | list) for part in parts)


def _flat(
    content: Mapping[str, Any],
    answers: AnswerList | None,
    labelled: Mapping[tuple[str, ...], LabelledList],
) -> dict[tuple[str, ...], str]:
    """Values by their path; lists of plain values as one text, lists of objects left out."""
    flat: dict[tuple[str, ...], str] = {}
    for path, value in _leaves(content, (), answers.path if answers is not None else None):
        if answers is not None and path == answers.path:
            for element in _elements(value) if isinstance(value, list | dict) else ():
                if isinstance(element, dict) and isinstance(element.get(answers.name), str):
                    text = readable_text(element.get(answers.value))
                    flat[("_answers", element[answers.name])] = text or ""
        elif path in labelled and isinstance(value, list):
            flat.update(labelled[path].cells(value))
        elif not isinstance(value, list) or not any(isinstance(part, dict) for part in value):
            flat[path] = readable_text(value) or ""
    return flat


def _leaves(
    value: Any, path: tuple[str, ...], whole: tuple[str, ...] | None
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Values that hold no others; what is at `whole` is not looked into."""
    if path == whole:
        yield path, value
    elif isinstance(value, dict) and len(path) < _DEPTH and value:
        for name, part in value.items():
            yield from _leaves(part, (*path, str(name)), whole)
    elif isinstance(value, dict):
        yield path, json.dumps(value) if value else ""
    else:
        yield path, value


def _columns(rows: list[dict[tuple[str, ...], str]], lists: IntakeLists) -> tuple[Column, ...]:
    paths: dict[tuple[str, ...], None] = {}
    for row in rows:
        paths.update(dict.fromkeys(row))
    return tuple(
        Column(path, sample_cells([row.get(path, "") for row in rows], lists))
        for path in paths
        if all(map(_is_usable, path))
    )


def _repeats(
    rows: list[dict[tuple[str, ...], str]], columns: Sequence[Column], lists: IntakeLists
) -> Iterator[str]:
    for column in columns:
        values = [row.get(column.path, "") for row in rows]
        if (question := repeat_question(column.name, values, lists)) is not None:
            yield question


def _told_by(reading: TableReading | None, column: Column) -> Column:
    """The column with what rows beside the one that names it say."""
    if reading is None:
        return column
    (name, *_) = column.path
    names = Counter(own for _, (_, own) in reading.groups)
    group = dict(reading.groups).get(name)
    if group is not None and names[group[1]] > 1:
        group = (group[0], "")
    return replace(column, unit=dict(reading.units).get(name, ""), group=group)


def _is_usable(name: str) -> bool:
    """Whether a channel file can name it: no column without a header, no control characters."""
    return "".join(name.split()).isprintable() and not name.startswith("(column ")
