"""Lines of a delivered file: decoded, bounded in size, with a place to return to.

Owns encodings, oversized and damaged lines. Which lines make a record belongs to `readers`.
"""

import codecs
import csv
import errno
import io
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from lead_platform.lake.brake import check_brake

RECORD_LIMIT = 1_048_576
"""Bytes one record may have. A chat of an hour is near 100 kB; a 50 MB field is damage."""

COLUMN_LIMIT = 2_000
"""Columns a table may have. The widest export of a CRM seen here has 330."""

DEPTH_LIMIT = 100
"""How deep a record may be nested; the deepest payload of a provider seen here has nine levels."""

# How many lines are read between two looks at the brake: some milliseconds.
_BRAKED_LINES = 1_000

HEAD_BYTES = 65_536
"""Bytes by which a file's kind, encoding and line ends are told."""

# Of wide characters of any script, delimiters, digits and line ends alone make more than a tenth
# NUL; a stray NUL is one in thousands.
_WIDE_SHARE = 0.1
_STRAY_SHARE = 0.02

_COPIED = 1_048_576
_QUOTED = re.compile(rb'"[^"]*"?')

# The csv module's own limit (131,072) raises in the middle of a field and loses its place;
# RecordLines below bounds what reaches it instead.
csv.field_size_limit(2**31 - 1)


def _none(_line: bytes) -> None:
    return None


@dataclass
class RecordLines:
    """Physical lines of a byte stream, decoded, of bounded size, with a place to return to.

    The csv reader pulls lines from it; `begin` marks where a record starts, `rewind` returns to
    the line after that start (the resynchronisation after a quote that never closes). What is
    wrong with the lines of the current record stands in `fault`. `doubt`: how a line that is not in
    `encoding` reads in others, where it is not certain which it is in.

    A record that failed was open at the end of each of its lines but the last. Any record that is
    open at the end of one of them would be read from the same lines and fail at the same place, so
    it ends there: a file whose every line opens a quote is read twice, not once for each line.
    """

    stream: BinaryIO
    delimiter: str
    fallback_encoding: str | None
    encoding: str = "utf-8"
    doubt: Callable[[bytes], str | None] = _none
    line_number: int = 0
    fault: str | None = None
    start_line: int = 1
    texts: list[str] = field(default_factory=list)
    _size: int = 0
    _offset: int = 0
    _second_offset: int = 0
    _failed_line: int = 0
    _ordinary: re.Pattern[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._offset = self.stream.tell()
        self._ordinary = re.compile(rb'[^"\r\n' + re.escape(self.delimiter.encode()) + rb"]{2,}")

    @property
    def first_line(self) -> str:
        """The line the record begins with."""
        return self.texts[0] if self.texts else ""

    def begin(self) -> None:
        """A record starts at the next line."""
        self.fault = None
        self._size = 0
        self.texts = []
        self.start_line = self.line_number + 1

    def records(self) -> Iterator[tuple[int, str, str | None]]:
        """Each line as a record: its number, its text, and why it cannot be read, if so."""
        while True:
            self.begin()
            text = next(self, None)
            if text is None:
                return
            yield self.start_line, text, self.fault

    def rewind(self) -> None:
        """Go back to the line after the first line of the current record, which failed."""
        self._failed_line = self.line_number
        self._offset = self._second_offset
        self.stream.seek(self._offset)
        self.line_number = self.start_line

    def __iter__(self) -> "RecordLines":
        return self

    def __next__(self) -> str:
        if self.texts and self.line_number < self._failed_line:
            raise StopIteration
        if self.line_number % _BRAKED_LINES == 0:
            check_brake()
        line = self.stream.readline(RECORD_LIMIT)
        if not line:
            raise StopIteration
        self._offset += len(line)
        self._size += len(line)
        if self._size > RECORD_LIMIT or not line.endswith(b"\n"):
            line = self._bounded(line)
        self.line_number += 1
        text = self._decoded(line)
        if not self.texts:
            self._second_offset = self._offset
        self.texts.append(text)
        return text

    def _bounded(self, line: bytes) -> bytes:
        """The whole line if it is of sane size; else only what decides where the record ends."""
        parts = [line]
        while parts[-1] and not parts[-1].endswith(b"\n"):
            part = self.stream.readline(RECORD_LIMIT)
            self._offset += len(part)
            self._size += len(part)
            parts.append(self._ordinary.sub(b"x", part) if self._size > RECORD_LIMIT else part)
        if self._size <= RECORD_LIMIT:
            return b"".join(parts)
        self.fault = (
            f"record too large: it has over {self._size:,} bytes from line {self.start_line} on, "
            f"the limit is {RECORD_LIMIT:,}; shorten the field at the source"
        )
        return self._ordinary.sub(b"x", b"".join(parts))

    def _decoded(self, line: bytes) -> str:
        if b"\0" in line:
            self.fault = self.fault or (
                f"NUL byte: line {self.line_number} is damaged; remove it at the source"
            )
        try:
            return line.decode(self.encoding)
        except UnicodeDecodeError as error:
            return self._decoded_otherwise(line, error)

    def _decoded_otherwise(self, line: bytes, error: UnicodeDecodeError) -> str:
        text, fallback = None, self.fallback_encoding
        if fallback is not None:
            with suppress(UnicodeDecodeError):
                text = line.decode(fallback)
        doubt = self.doubt(line)
        if text is not None and doubt is None:
            return text
        place = f"(byte 0x{line[error.start]:02x} at {error.start})"
        if doubt is not None:
            told = f"{self.encoding} {place} and may be {doubt}"
        else:
            names = (self.encoding, fallback)
            told = f"{' and '.join(name for name in names if name)} {place}"
        self.fault = self.fault or (
            f"wrong encoding: line {self.line_number} is not {told}; deliver UTF-8 or write the "
            "file's own as `encoding` under `table` of the channel"
        )
        return line.decode(self.encoding, errors="replace") if text is None else text


def open_regular(path: Path) -> BinaryIO:
    """The file for reading. Raises OSError where it is a pipe or a device, without waiting."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return open(descriptor, "rb")
    os.close(descriptor)
    raise OSError(errno.EINVAL, "it is no regular file")


def read_head(path: Path) -> bytes:
    """The beginning of a file: what kinds of files, encodings and lines are told by."""
    with open_regular(path) as stream:
        return stream.read(HEAD_BYTES)


def open_text(path: Path, encoding: str | None = None) -> BinaryIO:
    """The file as bytes of an ASCII-compatible encoding, after any mark, lines ending in LF.

    `encoding` names the file's own; without it a file of wide characters is known by its bytes.
    """
    head = read_head(path)
    wide = wide_encoding(head)
    if wide is not None:
        return _rewritten(path, wide, "replace")
    if encoding is not None and not is_narrow(encoding) and not head.startswith(codecs.BOM_UTF8):
        return _rewritten(path, encoding, _DAMAGE)
    start = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    stream = open_regular(path)
    stream.seek(start)
    return _with_line_feeds(stream) if _has_returns_only(head) else stream


def open_utf8(path: Path, encoding: str | None) -> BinaryIO:
    """The file as bytes of UTF-8, as far as it is in `encoding`, lines ending in LF."""
    if encoding is None or not is_narrow(encoding):
        return open_text(path, encoding)
    head = read_head(path)
    is_marked = head.startswith(codecs.BOM_UTF8) or wide_encoding(head) is not None
    is_utf8 = codecs.lookup(encoding).name == "utf-8"
    return open_text(path) if is_marked or is_utf8 else _rewritten(path, encoding, _DAMAGE)


def wide_encoding(head: bytes) -> str | None:
    """UTF-16 or UTF-32 where the file begins as such: with a mark, or NUL at every other byte."""
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    pairs = len(head) // 2
    first, second = head[: 2 * pairs : 2].count(0), head[1 : 2 * pairs : 2].count(0)
    if second > _WIDE_SHARE * pairs and first <= second * _STRAY_SHARE:
        return "utf-16-le" if _is_text(head, "utf-16-le") else None
    if first > _WIDE_SHARE * pairs and second <= first * _STRAY_SHARE:
        return "utf-16-be" if _is_text(head, "utf-16-be") else None
    return None


def is_narrow(encoding: str) -> bool:
    """Whether line ends, quotes and delimiters are found in its bytes: UTF-8 and single bytes."""
    if codecs.lookup(encoding).name == "utf-8":
        return True
    ascii_bytes = bytes(range(128))
    return (
        len(bytes(range(256)).decode(encoding, "replace")) == 256
        and ascii_bytes.decode(encoding, "replace") == ascii_bytes.decode()
    )


def _is_text(head: bytes, encoding: str) -> bool:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return False
    has_lines = "\n" in text or "\r" in text
    return has_lines and all(sign >= " " or sign in "\t\r\n\f" for sign in text)


def _has_returns_only(head: bytes) -> bool:
    """Whether lines end in CR, as on old Macs; line feeds inside of quotes end none."""
    return b"\r" in head and b"\n" not in _QUOTED.sub(b"", head)


def _with_line_feeds(source: BinaryIO) -> BinaryIO:
    copy = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115  (the reader closes it)
    with source:
        while chunk := source.read(_COPIED):
            check_brake()
            copy.write(chunk.replace(b"\r", b"\n"))
    copy.seek(0)
    return copy


def _rewritten(path: Path, encoding: str, errors: str) -> BinaryIO:
    """A copy of the file in UTF-8."""
    copy = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115  (the reader closes it)
    with io.TextIOWrapper(open_regular(path), encoding, errors, newline="") as source:
        while text := source.read(_COPIED):
            check_brake()
            copy.write(text.encode("utf-8", "surrogatepass"))
    copy.seek(0)
    has_returns_only = _has_returns_only(copy.read(HEAD_BYTES))
    copy.seek(0)
    return _with_line_feeds(copy) if has_returns_only else copy


def _damage(error: UnicodeError) -> tuple[str, int]:
    """Half a surrogate, which is no UTF-8: the line it is in is refused, and no other."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udcff", error.end


_DAMAGE = "lead_platform.damage"
codecs.register_error(_DAMAGE, _damage)
