"""Small files that stand for much: refused with the limit they pass, in time and memory that a
machine has. Each is read in a process of its own, whose memory is bounded."""

import json
import resource
from collections.abc import Callable
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lead_platform.capture.batches import parse_file
from lead_platform.capture.channels import load_channel
from lead_platform.capture.spool import Spool
from tests.capture.conftest import CONTACTS, MakeChannel
from tests.lake import workers

pytestmark = pytest.mark.slow

MEMORY = 3 * 1_073_741_824
SECONDS = 60
RECEIVED_AT = datetime(2026, 11, 22, 12)
EXPLODING = CONTACTS.replace("format: csv", "format: jsonl\n    explode: messages")


def repeated_text(path: Path) -> None:
    """One text of 64 kB, 200,000 times by reference: 13 GB in 100 kB."""
    values = pa.DictionaryArray.from_arrays(pa.array([0] * 200_000, pa.int32()), ["x" * 65_536])
    pq.write_table(pa.table({"id": values}), path, compression="zstd")


def repeated_nested_text(path: Path) -> None:
    """The same inside lists, which are not read by reference."""
    lists = pa.array([["x" * 65_536]] * 20_000)
    pq.write_table(pa.table({"id": lists}), path, compression="zstd")


def nothing_many_times(path: Path) -> None:
    """25 million rows of nulls."""
    with pq.ParquetWriter(path, pa.schema([("id", pa.int64())])) as writer:
        nulls = pa.table({"id": pa.nulls(5_000_000, pa.int64())})
        for _ in range(5):
            writer.write_table(nulls)


def one_list_of_nulls(path: Path) -> None:
    """100 million nulls in one row and 728 bytes; the memory they took was counted afterwards."""
    nulls = pa.nulls(100_000_000, pa.int8())
    lists = pa.ListArray.from_arrays([0, len(nulls)], nulls)
    pq.write_table(pa.table({"id": lists}), path, write_statistics=False)


def understated_list_of_nulls(path: Path) -> None:
    """The same in a file whose footer speaks of one value."""
    one_list_of_nulls(path)
    contents, count = path.read_bytes(), _number(100_000_000)
    start = len(contents) - 8 - int.from_bytes(contents[-8:-4], "little")
    footer = contents[start:].replace(count, _number(1, of_length=len(count)))
    path.write_bytes(contents[:start] + footer)
    assert pq.read_metadata(path).row_group(0).column(0).num_values == 1


def one_list_of_objects(path: Path) -> None:
    """Few enough to be decoded, and 400 bytes each as Python has them."""
    objects = pa.StructArray.from_arrays([pa.nulls(3_000_000, pa.int8())], ["a"])
    pq.write_table(pa.table({"id": pa.ListArray.from_arrays([0, len(objects)], objects)}), path)


def tiny_pages(path: Path) -> None:
    """100,000 pages of one value each: for every header, a megabyte was copied."""
    pq.write_table(
        pa.table({"id": range(100_000)}), path, data_page_size=1, write_batch_size=1,
        use_dictionary=False, write_statistics=False,
    )  # fmt: skip


def understated_page(path: Path) -> None:
    """One page of 1.5 GB in a file whose footer speaks of one byte."""
    text = pa.array([b"x" * 1_500_000_000], pa.large_binary())
    pq.write_table(
        pa.table({"id": text}), path, compression="zstd", use_dictionary=False,
        write_statistics=False,
    )  # fmt: skip
    size = pq.read_metadata(path).row_group(0).column(0).total_uncompressed_size
    contents = path.read_bytes()
    pages, footer = contents[:-100_000], contents[-100_000:]
    assert footer.count(_number(size)) >= 2
    path.write_bytes(pages + footer.replace(_number(size), _number(1, of_length=5)))


def _number(value: int, of_length: int = 0) -> bytes:
    """As Thrift's compact protocol writes it, zigzag in groups of seven bits."""
    rest, written = value << 1, bytearray()
    while rest > 0x7F or len(written) + 1 < of_length:
        written.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*written, rest])


def many_parquet_columns(path: Path) -> None:
    pq.write_table(pa.table({f"c{n}": [1] for n in range(3_000)}), path)


def many_columns(path: Path) -> None:
    """A header of 40,000 equal names took 19 seconds; each was compared with all before it."""
    path.write_text("a," * 40_000 + "\n" + "1," * 40_000 + "\n")


def many_empty_lists(path: Path) -> None:
    """36 MB of them took 25 times that."""
    path.write_text('{"id": [' + "[]," * 12_000_000 + "[]]}")


def one_long_element(path: Path) -> None:
    path.write_text("[[" + "[]," * 6_000_000 + "[]]]")


def exploding(path: Path) -> None:
    """100,000 elements, each with the 500 kB around it: 50 GB."""
    path.write_text(json.dumps({"id": 1, "note": "x" * 500_000, "messages": [1] * 100_000}))


def ones(path: Path) -> None:
    """300,000 records of one sign, each rejected with a reason of 80."""
    path.write_text("1\n" * 300_000)


UNCLOSED = '{"a":[' + "[]," * 101 + '"' + '\\"' * 450_000
"""A text that never ends: tried again at each of its quotes, it took hours."""


def unclosed_text(path: Path) -> None:
    path.write_text(UNCLOSED + "\n")


def unclosed_text_of_a_document(path: Path) -> None:
    path.write_text(UNCLOSED + '\\"' * 15_000_000)


def quotes_open_at_the_end(path: Path) -> None:
    """Every row takes the rest of the file into its last field: 64 kB took 32 seconds."""
    path.write_text("id,email,at\n" + 'a",b,"c\n' * 60_000)


def quotes_open_at_a_broken_line(path: Path) -> None:
    """The same, but each row fails long before the end."""
    path.write_text("id,email,at\n" + ('a",b,"c\n' * 6_000 + '"x"y\n') * 10)


ATTACKS: list[tuple[str, Callable[[Path], None], str, str]] = [
    ("f.parquet", repeated_text, CONTACTS, "too large when decoded"),
    ("f.parquet", repeated_nested_text, CONTACTS, "too large when decoded"),
    ("f.parquet", nothing_many_times, CONTACTS, "too large when decoded"),
    ("f.parquet", one_list_of_nulls, CONTACTS, "too large when decoded"),
    ("f.parquet", understated_list_of_nulls, CONTACTS, "too large when decoded"),
    ("f.parquet", one_list_of_objects, CONTACTS, "too many values in the lists of one row"),
    ("f.parquet", tiny_pages, CONTACTS, "too large when decoded"),
    ("f.parquet", understated_page, CONTACTS, "too large when decoded"),
    ("f.parquet", many_parquet_columns, CONTACTS, "too many columns: 3,000"),
    ("f.csv", many_columns, CONTACTS, "too many columns"),
    ("f.json", many_empty_lists, CONTACTS, "more than 33,554,432 bytes, the limit"),
    ("f.json", one_long_element, CONTACTS, "more than 8,388,608 characters, the limit"),
    ("f.jsonl", exploding, EXPLODING, "too many elements"),
    ("f.jsonl", ones, CONTACTS, "not an object"),
    ("f.jsonl", unclosed_text, CONTACTS, "Unterminated string"),
    ("f.json", unclosed_text_of_a_document, CONTACTS, "Unterminated string"),
    ("f.csv", quotes_open_at_the_end, CONTACTS, "broken quoting"),
    ("f.csv", quotes_open_at_a_broken_line, CONTACTS, "broken quoting"),
]


@pytest.mark.parametrize(
    ("name", "write", "channel", "reason"),
    ATTACKS,
    ids=[write.__name__ for _, write, *_ in ATTACKS],
)
def test_a_small_file_is_refused_with_the_limit_it_passes(
    make_channel: MakeChannel,
    tmp_path: Path,
    name: str,
    write: Callable[[Path], None],
    channel: str,
    reason: str,
) -> None:
    """A Parquet file of 100 kB took over 9 GB, and the machine with it."""
    make_channel(channel)
    write(tmp_path / name)
    (tmp_path / "spool").mkdir()
    answer, answers = workers.PROCESSES.Pipe(duplex=False)
    process = workers.start(_parse, tmp_path, name, answers)
    answers.close()
    assert answer.poll(SECONDS * 4)
    reasons, seconds = answer.recv()
    process.join()
    assert reason in reasons[-1]
    assert seconds < SECONDS


def _parse(folder: Path, name: str, answers: Connection) -> None:
    """Parse the file with a bounded memory: why its records were rejected, and the CPU seconds."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    channel = load_channel(folder / "config/channels/contacts.yaml")
    spool = Spool(folder / "spool")
    for batch in parse_file(folder / name, channel, received_at=RECEIVED_AT):
        spool.keep(batch)
    reasons = [told for batch in spool for told in batch.rejected["reasons"].to_pylist()]
    answers.send((reasons[-1:], resource.getrusage(resource.RUSAGE_SELF).ru_utime))


def test_repeated_values_of_an_ordinary_size_are_read(
    make_channel: MakeChannel, tmp_path: Path
) -> None:
    from lead_platform.capture.readers import RawRecord, read_records

    path = tmp_path / "f.parquet"
    table = {"id": [str(n) for n in range(20_000)], "name": ["Ann", None] * 10_000}
    pq.write_table(pa.table(table), path)
    records = list(read_records(path, make_channel().rules))
    assert [r.content for r in records if isinstance(r, RawRecord)][:2] == [
        {"id": "0", "name": "Ann"},
        {"id": "1", "name": None},
    ]
    assert len(records) == 20_000


def test_rows_whose_lists_fill_a_piece_together_are_read_one_by_one(tmp_path: Path) -> None:
    from lead_platform.capture.parquet import ROW_VALUES_LIMIT, read_rows

    lengths = [ROW_VALUES_LIMIT - 10, 0, 3, ROW_VALUES_LIMIT - 5, 1]
    offsets = pa.array([sum(lengths[:row]) for row in range(len(lengths) + 1)], pa.int32())
    lists = pa.ListArray.from_arrays(offsets, pa.nulls(sum(lengths), pa.int8()))
    path = tmp_path / "f.parquet"
    pq.write_table(pa.table({"id": lists}), path)
    assert [len(row["id"]) for row in read_rows(path)] == lengths
