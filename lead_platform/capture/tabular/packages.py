"""The parts of an Office package: XML in a ZIP file, read a little at a time and bounded.

Owns what a crafted file could do: parts that unpack to gigabytes, entities that stand for each
other, damage of any kind. What the parts mean belongs to `workbooks`. A reader of the whole, such
as openpyxl, builds rows up to whatever number a file states, and refuses the odd styles of exports
that Excel itself opens.
"""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from xml.parsers import expat

from lead_platform.capture.lines import open_regular
from lead_platform.capture.parquet import DECODED_LIMIT, DECODED_RATIO
from lead_platform.capture.tabular.headers import TableFault
from lead_platform.lake.brake import check_brake

_CHUNK_BYTES = 65_536
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, expat.ExpatError, EOFError, NotImplementedError, RuntimeError,
    UnicodeDecodeError,
)  # fmt: skip


class PartReader(Protocol):
    """Takes what stands in a part, element by element; names come without prefixes."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, data: str) -> None:
        """Text between two tags, perhaps not all of it at once."""


class Package:
    """An open package. `allowed` is how many bytes its parts may be together, unpacked."""

    def __init__(self, archive: zipfile.ZipFile, allowed: int) -> None:
        self._archive = archive
        self._allowed = allowed
        self._names = {name.lower(): name for name in archive.namelist()}

    def has(self, name: str) -> bool:
        """Whether there is such a part; capitals do not count."""
        return name.lower() in self._names

    def spend(self, size: int) -> None:
        """Counts what has been unpacked. Raises TableFault once it is too much."""
        self._allowed -= size
        if self._allowed < 0:
            raise TableFault(
                "too large when decoded: the workbook stands for more than it may for a file of "
                "its size; save it in several files, or as CSV"
            )

    def read(self, name: str, reader: PartReader) -> None:
        """All of a part; nothing where there is none. Raises TableFault."""
        for _ in self.read_on(name, reader):
            pass

    def read_on(self, name: str, reader: PartReader) -> Iterator[None]:
        """The same, with a pause after each piece."""
        if not self.has(name):
            return
        parser = _parser(reader)
        with _told_as_fault(), self._archive.open(self._names[name.lower()]) as part:
            while chunk := part.read(_CHUNK_BYTES):
                check_brake()
                self.spend(len(chunk))
                parser.Parse(chunk, False)
                yield
            parser.Parse(b"", True)
            yield

    def pieces(self, name: str) -> Iterator[bytes]:
        """The bytes of a part that is read as XML later, which counts them. Raises TableFault."""
        size = 0
        with _told_as_fault(), self._archive.open(self._names[name.lower()]) as part:
            while chunk := part.read(_CHUNK_BYTES):
                check_brake()
                size += len(chunk)
                if size > self._allowed:
                    return
                yield chunk


@contextmanager
def open_package(path: Path) -> Iterator[Package]:
    """The package at `path`. Raises TableFault where it is none, OSError."""
    allowed = max(DECODED_LIMIT, DECODED_RATIO * path.stat().st_size)
    with open_regular(path) as stream:
        with _told_as_fault():
            archive = zipfile.ZipFile(stream)
        with archive:
            yield Package(archive, allowed)


@contextmanager
def _told_as_fault() -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise TableFault(
            f"broken workbook: {str(error)[:200]}; open it and save it again, without a password"
        ) from error


def _parser(reader: PartReader) -> Any:
    local_names: dict[str, str] = {}

    def local(name: str) -> str:
        return local_names.setdefault(name, name.rpartition(":")[2])

    def start(name: str, attributes: dict[str, str]) -> None:
        reader.start(local(name), attributes)

    def end(name: str) -> None:
        reader.end(local(name))

    def refuse(*_: Any) -> None:
        raise TableFault("broken workbook: it declares a document type, which no spreadsheet does")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = refuse
    return parser
