"""Rows of a Parquet file as JSON has them, decoded a little at a time.

A file of 100 kB may stand for gigabytes: a value is stored once and repeated by reference, a
billion nulls take a few bytes. So texts stay references until they are rows, and what is decoded
is counted and bounded.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import accumulate
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lead_platform.capture.lines import COLUMN_LIMIT, DEPTH_LIMIT, open_regular
from lead_platform.capture.parquet_pages import (
    LISTED_VALUE_BYTES,
    VALUE_BYTES,
    PageFault,
    decoded_size,
    stated_values_size,
)

DECODED_LIMIT = 128 * 1_048_576
"""Bytes a file may always stand for."""

DECODED_RATIO = 100
"""Beyond that, how many times its own size. Columns of the real exports seen here reach 15."""

ROW_VALUES_LIMIT = 1_000_000
"""Values, lists and objects within one row, which are all in memory at once: 400 bytes each."""

_BATCH_BYTES = 16 * 1_048_576
_BATCH_ROWS = 5_000
# What a row takes at least, beside its values.
_ROW_BYTES = 64


class ParquetFault(ValueError):
    """The file as a whole cannot be taken in, or not from here on; the message says why."""


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Every row in order. Raises ParquetFault, OSError, and Arrow's exceptions for damage."""
    allowed = max(DECODED_LIMIT, DECODED_RATIO * path.stat().st_size)
    with open_regular(path) as source, pq.ParquetFile(source) as head:
        _check_shape(head, allowed)
        _check_pages(source, head, allowed)
        texts = [
            name
            for name, kind in zip(head.schema_arrow.names, head.schema_arrow.types, strict=True)
            if _is_text(kind)
        ]
        rows_at_once = _rows_at_once(head)
    decoded = 0
    with open_regular(path) as source, pq.ParquetFile(source, read_dictionary=texts) as file:
        for batch in file.iter_batches(batch_size=rows_at_once):
            sizes = _row_sizes(batch)
            decoded += sum(sizes)
            if decoded > allowed:
                raise ParquetFault(_too_large(decoded, allowed))
            for piece in _pieces(batch, sizes):
                columns = [_values(column) for column in piece.columns]
                for values in zip(*columns, strict=True):
                    yield dict(zip(batch.schema.names, values, strict=True))


def _check_shape(file: pq.ParquetFile, allowed: int) -> None:
    metadata = file.metadata
    if metadata.num_columns > COLUMN_LIMIT:
        raise ParquetFault(
            f"too many columns: {metadata.num_columns:,}, at most {COLUMN_LIMIT:,} are read; "
            "leave out those the channel does not name"
        )
    depth = max(map(_depth, file.schema_arrow.types), default=0)
    if depth > DEPTH_LIMIT:
        raise ParquetFault(f"nested too deeply: {depth} levels, at most {DEPTH_LIMIT} are read")
    rows = metadata.num_rows * (_ROW_BYTES + VALUE_BYTES * metadata.num_columns)
    least = max(rows, stated_values_size(metadata))
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    stated = sum(group.total_byte_size for group in groups)
    if max(least, stated) > allowed:
        raise ParquetFault(_too_large(max(least, stated), allowed))


def _check_pages(source: BinaryIO, file: pq.ParquetFile, allowed: int) -> None:
    """The footer may state less than the pages do."""
    try:
        decoded = decoded_size(source, file.metadata, allowed)
    except PageFault as fault:
        raise ParquetFault(f"broken Parquet: {fault}; deliver the file again") from fault
    if decoded > allowed:
        raise ParquetFault(_too_large(decoded, allowed))


def _too_large(decoded: int, allowed: int) -> str:
    return (
        f"too large when decoded: {decoded:,} bytes and more, the limit for a file of this size is "
        f"{allowed:,}; deliver it in several files, or as JSON lines"
    )


def _rows_at_once(file: pq.ParquetFile) -> int:
    """Nested texts are decoded as they are: few rows at a time, should each repeat the largest."""
    metadata = file.metadata
    nested = 0
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        columns = [group.column(position) for position in range(group.num_columns)]
        size = sum(c.total_uncompressed_size for c in columns if "." in c.path_in_schema)
        nested = max(nested, size)
    fixed = sum(_fixed_width(kind) for kind in file.schema_arrow.types)
    return max(1, min(_BATCH_ROWS, _BATCH_BYTES // max(1, nested, fixed)))


def _fixed_width(kind: pa.DataType) -> int:
    return int(kind.byte_width) if pa.types.is_fixed_size_binary(kind) else VALUE_BYTES


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )


def _depth(kind: pa.DataType) -> int:
    children = [kind.field(position).type for position in range(kind.num_fields)]
    return 1 + max(map(_depth, children), default=0)


def _row_sizes(batch: pa.RecordBatch) -> list[int]:
    """Bytes of each row once decoded; values in lists count as the batch's average."""
    sizes = [_ROW_BYTES] * batch.num_rows
    for column in batch.columns:
        if isinstance(column, pa.DictionaryArray):
            lengths = pc.binary_length(column.dictionary).to_pylist()
            for row, index in enumerate(column.indices.to_pylist()):
                sizes[row] += VALUE_BYTES + (lengths[index] or 0 if index is not None else 0)
        else:
            size = column.nbytes + LISTED_VALUE_BYTES * _nested_values(column)
            share = VALUE_BYTES + size // max(1, batch.num_rows)
            sizes = [size + share for size in sizes]
    return sizes


def _nested_values(column: pa.Array) -> int:
    """How many values, lists and objects there are within those of the column."""
    if isinstance(column, pa.ExtensionArray):
        return _nested_values(column.storage)
    if not column.type.num_fields:
        return 0
    within = column.flatten()
    parts = within if isinstance(within, list) else [within]
    return sum(len(part) + _nested_values(part) for part in parts)


def _pieces(batch: pa.RecordBatch, sizes: Sequence[int]) -> Iterator[pa.RecordBatch]:
    """The batch in slices whose rows, as Python values, are of bounded size."""
    start, limit = 0, _BATCH_BYTES
    for row, total in enumerate(accumulate(sizes)):
        if total > limit and row > start:
            yield from _halves(batch.slice(start, row - start))
            start, limit = row, total - sizes[row] + _BATCH_BYTES
    yield from _halves(batch.slice(start))


def _halves(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Slices of bounded count: lists are of different length, their sizes an average."""
    if sum(map(_nested_values, batch.columns)) <= ROW_VALUES_LIMIT:
        yield batch
    elif batch.num_rows == 1:
        raise ParquetFault(
            f"too many values in the lists of one row, at most {ROW_VALUES_LIMIT:,} are read; "
            "deliver them in several rows"
        )
    else:
        middle = batch.num_rows // 2
        yield from _halves(batch.slice(0, middle))
        yield from _halves(batch.slice(middle))


def _values(column: pa.Array) -> list[Any]:
    if isinstance(column, pa.DictionaryArray):
        known = [_plain(value) for value in column.dictionary.to_pylist()]
        return [None if index is None else known[index] for index in column.indices.to_pylist()]
    return [_plain(value) for value in column.to_pylist()]


def _plain(value: Any) -> Any:
    """A Parquet value as JSON has it."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        # Tables of columns have no other way to say that a number is missing.
        return None if math.isnan(value) else value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal | timedelta):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return str(value)
