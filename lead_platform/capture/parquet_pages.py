"""What the pages of a Parquet file say they hold, which its footer may not.

Decoding takes memory for a whole page at a time. How much is in the page's own header, beside the
compressed bytes; the sums of the footer are another writer's word, or an attacker's.
"""

import mmap
from collections.abc import Iterator
from typing import BinaryIO

import pyarrow.parquet as pq
from thrift.protocol.TCompactProtocol import TCompactProtocol
from thrift.Thrift import TType
from thrift.transport.TTransport import TMemoryBuffer

# Statistics of the page are in it: far more than any writer puts there.
_LONGEST_HEADER = 1_048_576

# Fields of PageHeader in parquet.thrift.
_UNCOMPRESSED_SIZE, _COMPRESSED_SIZE = 2, 3


class PageFault(ValueError):
    """A page header that cannot be read, or leads out of its column."""


class _Headers(TCompactProtocol):  # type: ignore[misc]
    """Statistics of a page are bytes, whatever the library calls them."""

    def readString(self) -> bytes:
        return bytes(self.readBinary())


def decoded_size(source: BinaryIO, metadata: pq.FileMetaData, limit: int) -> int:
    """Bytes that the pages of all columns stand for; counted no further than beyond `limit`.

    Raises PageFault.
    """
    with mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as contents:
        total = 0
        for start, end in _chunks(metadata):
            for size in _page_sizes(contents, start, min(end, len(contents))):
                total += size
                if total > limit:
                    return total
    return total


def _chunks(metadata: pq.FileMetaData) -> Iterator[tuple[int, int]]:
    """Where the pages of each column of each row group begin and end; none without values."""
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for position in range(group.num_columns):
            column = group.column(position)
            if not column.num_values:
                continue
            start = column.data_page_offset
            if column.dictionary_page_offset:
                start = min(start, column.dictionary_page_offset)
            yield start, start + column.total_compressed_size


def _page_sizes(contents: mmap.mmap, start: int, end: int) -> Iterator[int]:
    while start < end:
        header = TMemoryBuffer(contents[start : min(end, start + _LONGEST_HEADER)])
        try:
            sizes = _read_sizes(_Headers(header))
        # The library raises what the bytes happen to break.
        except Exception as error:
            raise PageFault(f"the page header at byte {start:,} cannot be read") from error
        decoded, stored = sizes.get(_UNCOMPRESSED_SIZE, -1), sizes.get(_COMPRESSED_SIZE, -1)
        if decoded < 0 or stored < 0:
            raise PageFault(f"the page header at byte {start:,} states no size")
        yield decoded
        start += header.cstringio_buf.tell() + stored


def _read_sizes(protocol: _Headers) -> dict[int, int]:
    """The numbers of one header, by field; what is nested in it is passed over."""
    sizes: dict[int, int] = {}
    protocol.readStructBegin()
    while True:
        _, kind, field = protocol.readFieldBegin()
        if kind == TType.STOP:
            break
        if kind == TType.I32:
            sizes[field] = protocol.readI32()
        else:
            protocol.skip(kind)
        protocol.readFieldEnd()
    protocol.readStructEnd()
    return sizes
