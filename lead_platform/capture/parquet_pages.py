"""What the pages of a Parquet file say they hold, which its footer may not.

Decoding takes memory for a whole page at a time, and for all values of a row. How much and how
many is in the page's own header, beside the compressed bytes; the sums of the footer are another
writer's word, or an attacker's.
"""

import mmap
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow.parquet as pq
from thrift.protocol.TCompactProtocol import TCompactProtocol
from thrift.Thrift import TType
from thrift.transport.TTransport import TMemoryBuffer

VALUE_BYTES = 8
"""What a value takes at least, so that nulls and repeated numbers count as well."""

LISTED_VALUE_BYTES = 16
"""The same in a list, of which a whole row is decoded at once: nulls took 14 bytes each."""

# What a page counts for at least: reading its header takes 30 microseconds, and chunks of the
# footer may name the same pages again and again. Of an ordinary file it takes 100 bytes and more.
_PAGE_BYTES = 8_192

# Statistics of the page are in it: far more than any writer puts there. Usually it has 30 bytes.
_LONGEST_HEADER = 1_048_576
_USUAL_HEADER = 512
_GROWTH = 8

# Fields of PageHeader in parquet.thrift, and the first of each header for a kind of page.
_UNCOMPRESSED_SIZE, _COMPRESSED_SIZE = 2, 3
_KINDS = frozenset({5, 7, 8})  # data, dictionary, data of version 2
_NUM_VALUES = 1


class PageFault(ValueError):
    """A page header that cannot be read, or leads out of its column."""


class _Headers(TCompactProtocol):  # type: ignore[misc]
    """Statistics of a page are bytes, whatever the library calls them."""

    def readString(self) -> bytes:
        return bytes(self.readBinary())


@dataclass(frozen=True)
class _Chunk:
    """Where the pages of one column of one row group begin and end."""

    start: int
    end: int
    value_bytes: int


@dataclass(frozen=True)
class _Page:
    """What the header of a page states, and its own length."""

    header_size: int
    stored_size: int
    decoded_size: int
    num_values: int


def stated_values_size(metadata: pq.FileMetaData) -> int:
    """Bytes that the values of all columns take at least, by their numbers in the footer."""
    return sum(
        max(0, metadata.row_group(number).column(position).num_values) * value_bytes
        for position, value_bytes in enumerate(_value_bytes(metadata))
        for number in range(metadata.num_row_groups)
    )


def decoded_size(source: BinaryIO, metadata: pq.FileMetaData, limit: int) -> int:
    """Bytes that the pages of all columns stand for; counted no further than beyond `limit`.

    Raises PageFault.
    """
    with mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as contents:
        total = 0
        for chunk in _chunks(metadata):
            for page in _pages(contents, chunk.start, min(chunk.end, len(contents))):
                values_size = page.num_values * chunk.value_bytes
                total += max(page.decoded_size, values_size, _PAGE_BYTES)
                if total > limit:
                    return total
    return total


def _value_bytes(metadata: pq.FileMetaData) -> list[int]:
    """By column."""
    columns = (metadata.schema.column(position) for position in range(metadata.num_columns))
    return [LISTED_VALUE_BYTES if each.max_repetition_level else VALUE_BYTES for each in columns]


def _chunks(metadata: pq.FileMetaData) -> Iterator[_Chunk]:
    """Those of each column of each row group; of a column without values no page is read."""
    value_bytes = _value_bytes(metadata)
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for position in range(group.num_columns):
            column = group.column(position)
            if not column.num_values:
                continue
            start = column.data_page_offset
            if column.dictionary_page_offset:
                start = min(start, column.dictionary_page_offset)
            yield _Chunk(start, start + column.total_compressed_size, value_bytes[position])


def _pages(contents: mmap.mmap, start: int, end: int) -> Iterator[_Page]:
    while start < end:
        page = _read_page(contents, start, end)
        if min(page.decoded_size, page.stored_size, page.num_values) < 0:
            raise PageFault(f"the page header at byte {start:,} states no size")
        yield page
        start += page.header_size + page.stored_size


def _read_page(contents: mmap.mmap, start: int, end: int) -> _Page:
    """From a slice that grows until the header ends in it: each is a copy."""
    length = _USUAL_HEADER
    while True:
        header = TMemoryBuffer(contents[start : min(end, start + length)])
        try:
            fields = _read_numbers(_Headers(header), _KINDS)
        # The library raises what the bytes happen to break.
        except Exception as error:
            if length >= min(end - start, _LONGEST_HEADER):
                raise PageFault(f"the page header at byte {start:,} cannot be read") from error
            length *= _GROWTH
            continue
        return _Page(
            header_size=header.cstringio_buf.tell(),
            stored_size=fields.get((_COMPRESSED_SIZE,), -1),
            decoded_size=fields.get((_UNCOMPRESSED_SIZE,), -1),
            num_values=max(fields.get((kind, _NUM_VALUES), 0) for kind in _KINDS),
        )


def _read_numbers(protocol: _Headers, within: Container[int] = ()) -> dict[tuple[int, ...], int]:
    """The numbers of one struct, and of the structs `within` it, by their path of fields."""
    numbers: dict[tuple[int, ...], int] = {}
    protocol.readStructBegin()
    while True:
        _, kind, field = protocol.readFieldBegin()
        if kind == TType.STOP:
            break
        if kind == TType.I32:
            numbers[field,] = protocol.readI32()
        elif kind == TType.STRUCT and field in within:
            inner = _read_numbers(protocol)
            numbers |= {(field, *path): number for path, number in inner.items()}
        else:
            protocol.skip(kind)
        protocol.readFieldEnd()
    protocol.readStructEnd()
    return numbers
