"""Documents of a JSON file: of each line, of each element of an array, or the only one.

Owns their sizes and depth, and names that stand twice in an object. Which records a document holds
belongs to `readers`, numbers that are none to `documents`.
"""

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from lead_platform.capture.contents import RefusedFile, Unreadable, excerpt_of
from lead_platform.capture.documents import ObjectReader
from lead_platform.capture.lines import DEPTH_LIMIT, RecordLines, open_utf8
from lead_platform.capture.tabular.rules import TableRule
from lead_platform.lake.brake import check_brake

JSON_ELEMENT_LIMIT = 8 * 1_048_576
"""Characters one element of a JSON array may have, which may hold several records."""

JSON_DOCUMENT_LIMIT = 32 * 1_048_576
"""Bytes a JSON object with its list of records may have: it is read whole, and empty lists take 25
times their text. Arrays, JSONL, CSV and Parquet are streamed."""

_SPACE = re.compile(r"[ \t\r\n]*")


def json_lines(path: Path, rule: TableRule) -> Iterator[Any]:
    """What each line holds: a document, or why there is none. Raises OSError."""
    reader = ObjectReader()
    with open_utf8(path, rule.encoding) as stream:
        lines = RecordLines(stream, ",", rule.fallback_encoding)
        if _first_sign(stream) == b"[":
            yield from json_documents(path, rule)
            return
        for line, text, fault in lines.records():
            if fault is not None:
                yield Unreadable(fault, excerpt_of(text))
            elif not text.isspace():
                yield _parsed_line(reader, text, line)


def _parsed_line(reader: ObjectReader, text: str, line: int) -> Any:
    if is_too_deep(text):
        return Unreadable(f"nested too deeply: {_DEPTH_REASON}", excerpt_of(text))
    try:
        return reader.parse(text.strip())
    except json.JSONDecodeError as error:
        reason = f"broken JSON: line {line} column {error.colno}: {error.msg}; deliver it again"
    except (ValueError, RecursionError) as error:
        reason = f"broken JSON: line {line}: {_brief(error)}"
    return Unreadable(reason, excerpt_of(text))


_DEPTH_REASON = f"at most {DEPTH_LIMIT} levels are read; send the record flatter"
# A text that is never closed goes on to the end: tried again at each of its quotes, one of 900 kB
# took hours.
_TEXTS_AND_BRACKETS = re.compile(r'"[^"]*"?|[\[\]{}]')


def is_too_deep(text: str) -> bool:
    """Whether brackets are open within each other beyond the limit; those in texts do not count."""
    if text.count("[") + text.count("{") <= DEPTH_LIMIT:
        return False
    depth = 0
    for found in _TEXTS_AND_BRACKETS.finditer(_without_escapes(text)):
        sign = found.group()[0]
        depth += sign in "[{"
        depth -= sign in "]}"
        if depth > DEPTH_LIMIT:
            return True
    return False


def _without_escapes(text: str) -> str:
    """Without the backslashes and quotes that are part of texts: a quote that is left ends one."""
    return text.replace("\\\\", "").replace('\\"', "")


def _first_sign(stream: BinaryIO) -> bytes:
    place = stream.tell()
    sign = stream.read(64).lstrip()[:1]
    stream.seek(place)
    return sign


def json_documents(path: Path, rule: TableRule) -> Iterator[Any]:
    """The elements of an array one by one, or the one document the file holds.

    The whole file is checked before the first element is given out: half of a truncated file
    must not look like all of it. Raises OSError.
    """
    try:
        with open_utf8(path, rule.encoding) as stream:
            is_array = _first_sign(stream) == b"["
        if not is_array:
            yield from _one_document(path, rule)
            return
        for _ in _array_elements(path, rule):
            pass
    except json.JSONDecodeError as error:
        yield RefusedFile(
            f"broken JSON: line {error.lineno} column {error.colno}: {error.msg}; the file may be "
            "cut off, deliver it again",
            excerpt_of(error.doc),
        )
        return
    except UnicodeDecodeError as error:
        yield RefusedFile(
            f"wrong encoding: byte 0x{error.object[error.start]:02x} at {error.start} is not UTF-8;"
            " deliver UTF-8 or write the file's own as `encoding` under `table` of the channel"
        )
        return
    except (ValueError, RecursionError) as error:
        yield RefusedFile(f"broken JSON: {_brief(error)}")
        return
    yield from _array_elements(path, rule)


def _one_document(path: Path, rule: TableRule) -> Iterator[Any]:
    """The object a file holds; several of them, one per line, are JSON lines."""
    with open_utf8(path, rule.encoding) as stream:
        data = stream.read(JSON_DOCUMENT_LIMIT + 1)
    if len(data) > JSON_DOCUMENT_LIMIT:
        first = data.partition(b"\n")[0]
        if not _is_json(first):
            raise ValueError(
                f"the document has more than {JSON_DOCUMENT_LIMIT:,} bytes, the limit; deliver an "
                "array of records, or JSON lines (.jsonl)"
            )
        yield from json_lines(path, rule)
        return
    text = data.decode("utf-8")
    try:
        if is_too_deep(text):
            raise ValueError(f"nested too deeply: {_DEPTH_REASON}")
        yield ObjectReader().parse(text)
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            raise
        yield from json_lines(path, rule)


def _is_json(line: bytes) -> bool:
    try:
        ObjectReader().parse(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return False
    return True


@dataclass
class _Window:
    """The part of a text that is being read: what is behind `position` is forgotten."""

    stream: TextIO
    text: str = ""
    position: int = 0
    is_at_end: bool = False
    lines_behind: int = 0
    reader: ObjectReader = field(default_factory=ObjectReader)

    def grow(self) -> None:
        """Reads on: as much again as there is, so that a long element is tried a few times only."""
        check_brake()
        rest = self.text[self.position :]
        if len(rest) >= JSON_ELEMENT_LIMIT:
            raise ValueError(
                f"an element has more than {JSON_ELEMENT_LIMIT:,} characters, the limit, or never "
                "ends; deliver smaller ones"
            )
        self.lines_behind += self.text.count("\n", 0, self.position)
        more = self.stream.read(min(max(_WINDOW, len(rest)), JSON_ELEMENT_LIMIT))
        self.is_at_end = not more
        self.text, self.position = rest + more, 0

    def sign(self) -> str:
        """The next sign that is no space, not yet taken; empty at the end."""
        while True:
            self.position = _past_space(self.text, self.position)
            if self.position < len(self.text) or self.is_at_end:
                return self.text[self.position : self.position + 1]
            self.grow()

    def expect(self, wanted: str) -> None:
        """Takes the next sign. Raises JSONDecodeError where it is another."""
        if self.sign() != wanted:
            message = f"Expecting {wanted!r}" if wanted else "Text after the end of the array"
            raise json.JSONDecodeError(message, self.text, self.position)
        self.position += 1

    def element(self) -> Any:
        """The next value. Raises JSONDecodeError where there is none."""
        while True:
            self.sign()
            try:
                value, end = self.reader.element(self.text, self.position)
            except json.JSONDecodeError:
                if self.is_at_end:
                    raise
                self.grow()
                continue
            if end == len(self.text) and not self.is_at_end:
                # A number may go on behind what has been read.
                self.grow()
                continue
            start, self.position = self.position, end
            if is_too_deep(self.text[start:end]):
                return Unreadable(f"nested too deeply: {_DEPTH_REASON}")
            return value


_WINDOW = 2 * 1_048_576


def _array_elements(path: Path, rule: TableRule) -> Iterator[Any]:
    """Elements of the array the file holds. Raises ValueError where it breaks."""
    with io.TextIOWrapper(open_utf8(path, rule.encoding), "utf-8") as stream:
        window = _Window(stream)
        try:
            yield from _elements_in(window)
        except json.JSONDecodeError as error:
            raise ValueError(
                f"line {window.lines_behind + error.lineno} column {error.colno}: {error.msg}; the "
                "file may be cut off, deliver it again"
            ) from None


def _elements_in(window: _Window) -> Iterator[Any]:
    window.sign()
    window.position += 1
    if window.sign() == "]":
        window.position += 1
    else:
        yield window.element()
        while window.sign() == ",":
            window.position += 1
            yield window.element()
        window.expect("]")
    window.expect("")


def _past_space(text: str, position: int) -> int:
    return _SPACE.match(text, position).end()  # type: ignore[union-attr]


def _brief(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
