"""Lines of a delivered file: decoded, bounded in size, with a place to return to.

Owns encodings, oversized and damaged lines. Which lines make a record belongs to `readers`.
"""

import codecs
import csv
import errno
import io
import os
import re
import shutil
import stat
import tempfile
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

# The csv module's own limit (131,072) raises in the middle of a field and loses its place;
# RecordLines below bounds what reaches it instead.
csv.field_size_limit(2**31 - 1)


@dataclass
class RecordLines:
    """Physical lines of a byte stream, decoded, of bounded size, with a place to return to.

    The csv reader pulls lines from it; `begin` marks where a record starts, `rewind` returns to
    the line after that start (the resynchronisation after a quote that never closes). What is
    wrong with the lines of the current record stands in `fault`.

    A record that failed was open at the end of each of its lines but the last. Any record that is
    open at the end of one of them would be read from the same lines and fail at the same place, so
    it ends there: a file whose every line opens a quote is read twice, not once for each line.
    """

    stream: BinaryIO
    delimiter: str
    fallback_encoding: str | None
    line_number: int = 0
    fault: str | None = None
    first_line: str = ""
    start_line: int = 1
    lines_taken: int = 0
    _size: int = 0
    _offset: int = 0
    _second_offset: int = 0
    _failed_line: int = 0
    _ordinary: re.Pattern[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._offset = self.stream.tell()
        self._ordinary = re.compile(rb'[^"\r\n' + re.escape(self.delimiter.encode()) + rb"]{2,}")

    def begin(self) -> None:
        """A record starts at the next line."""
        self.fault = None
        self._size = 0
        self.lines_taken = 0
        self.start_line = self.line_number + 1

    def rewind(self) -> None:
        """Go back to the line after the first line of the current record, which failed."""
        self._failed_line = self.line_number
        self._offset = self._second_offset
        self.stream.seek(self._offset)
        self.line_number = self.start_line

    def __iter__(self) -> "RecordLines":
        return self

    def __next__(self) -> str:
        if self.lines_taken and self.line_number < self._failed_line:
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
        self.lines_taken += 1
        text = self._decoded(line)
        if self.lines_taken == 1:
            self.first_line = text
            self._second_offset = self._offset
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
                f"NUL byte: line {self.line_number} is damaged or the file is UTF-16 without a "
                "mark; deliver it as UTF-8"
            )
            line = line.replace(b"\0", b"?")
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError as error:
            return self._decoded_otherwise(line, error)

    def _decoded_otherwise(self, line: bytes, error: UnicodeDecodeError) -> str:
        try:
            if self.fallback_encoding is not None:
                return line.decode(self.fallback_encoding)
        except UnicodeDecodeError:
            pass
        tried = " and ".join(name for name in ("utf-8", self.fallback_encoding) if name)
        self.fault = self.fault or (
            f"wrong encoding: line {self.line_number} is not {tried} (byte "
            f"0x{line[error.start]:02x} at {error.start}); deliver UTF-8 or declare "
            "csv.fallback_encoding in the channel"
        )
        return line.decode("utf-8", errors="replace")


def open_regular(path: Path) -> BinaryIO:
    """The file for reading. Raises OSError where it is a pipe or a device, without waiting."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return open(descriptor, "rb")
    os.close(descriptor)
    raise OSError(errno.EINVAL, "it is no regular file")


def open_text(path: Path) -> BinaryIO:
    """The file as bytes of an ASCII-compatible encoding, after any byte order mark."""
    stream = open_regular(path)
    mark = stream.read(3)
    if mark.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        with stream:
            return _as_utf8(path)
    stream.seek(3 if mark == codecs.BOM_UTF8 else 0)
    return stream


def _as_utf8(path: Path) -> BinaryIO:
    copy = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115  (the reader closes it)
    with io.TextIOWrapper(open_regular(path), "utf-16", "replace", newline="") as source:
        shutil.copyfileobj(source, codecs.getwriter("utf-8")(copy))
    copy.seek(0)
    return copy
