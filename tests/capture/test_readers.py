import csv
import io
import json
import math
import os
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lead_platform.capture.channels import ChannelRules
from lead_platform.capture.json_files import is_too_deep
from lead_platform.capture.lines import DEPTH_LIMIT, RecordLines
from lead_platform.capture.readers import (
    BadRecord,
    RawRecord,
    Record,
    UnreadableFileError,
    read_records,
)
from lead_platform.capture.tabular.rows import Row, text_rows
from lead_platform.lake.brake import Brake, WorkflowStoppedError
from lead_platform.lake.switches import Switch, open_switches
from lead_platform.settings import Settings

EMIT = [{"kind": "submission", "fields": {"submitted_at": "at"}}]
Read = Callable[..., list[Record]]


def rules(**options: object) -> ChannelRules:
    return ChannelRules.model_validate(
        {"name": "x", "description": "", "format": "csv", "record_id": {"path": "id"}}
        | {"emits": EMIT}
        | options
    )


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read_content(content: str | bytes, name: str = "f.csv", **options: object) -> list[Record]:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return list(read_records(path, rules(**options)))

    return read_content


def contents(records: list[Record]) -> list[dict]:
    return [record.content for record in records if isinstance(record, RawRecord)]


def reasons(records: list[Record]) -> list[tuple[int | None, str]]:
    return [
        (record.number, record.reason.split(":")[0])
        for record in records
        if isinstance(record, BadRecord)
    ]


def test_csv_rows_become_records(read: Read) -> None:
    records = read('id,"a b"\r\n1,"x, ""y""\nz"\r\n\r\n2,\r\n')
    assert contents(records) == [{"id": "1", "a b": 'x, "y"\nz'}, {"id": "2", "a b": ""}]
    assert [record.number for record in records] == [1, 2]


@pytest.mark.parametrize(
    ("data", "options"),
    [
        ("id,n\n1,Zoë\n".encode("utf-8-sig"), {}),
        ("id,n\n1,Zoë\n".encode("utf-16"), {}),
        ("id,n\n1,Zoë\n".encode("cp1252"), {"csv": {"fallback_encoding": "cp1252"}}),
        ("id;n\n1;Zoë\n".encode(), {"csv": {"delimiter": ";"}}),
    ],
)
def test_encodings_and_delimiters(read: Read, data: bytes, options: dict) -> None:
    assert contents(read(data, **options)) == [{"id": "1", "n": "Zoë"}]


@pytest.mark.parametrize(
    "damaged",
    [
        b"1,\xcd\xf5\xd0\xa1\xc3\xf7\n2,Ann\n",
        "1,Zo\udceb\n2,Ann\n3,Zoë\n".encode("utf-8", "surrogateescape"),
    ],
)
def test_a_row_in_an_encoding_nobody_can_tell_is_refused_alone(read: Read, damaged: bytes) -> None:
    records = read(b"id,n\n" + damaged)
    assert reasons(records) == [(1, "wrong encoding")]
    assert contents(records)[0] == {"id": "2", "n": "Ann"}
    assert "`encoding` under `table`" in records[0].reason  # type: ignore[union-attr]


def test_ragged_rows_are_refused_not_shifted(read: Read) -> None:
    records = read("id,n\n1,Ann,extra\n2\n3,Bob\n4,Cid,,\n")
    assert reasons(records) == [(1, "ragged row"), (2, "ragged row")]
    assert contents(records) == [{"id": "3", "n": "Bob"}, {"id": "4", "n": "Cid"}]


def test_a_quote_that_never_closes_costs_its_own_row_only(read: Read) -> None:
    records = read('id,n\n1,"Ann\n2,Bob\n3,"Cid"\n4,Dan\n')
    assert reasons(records) == [(1, "broken quoting")]
    assert contents(records) == [
        {"id": "2", "n": "Bob"},
        {"id": "3", "n": "Cid"},
        {"id": "4", "n": "Dan"},
    ]


def test_a_file_cut_off_inside_a_quoted_field_loses_its_last_row_only(read: Read) -> None:
    records = read('id,n\n1,Ann\n2,"Bo')
    assert contents(records) == [{"id": "1", "n": "Ann"}]
    assert reasons(records) == [(2, "broken quoting")]


LINES = st.lists(st.text('a",\r', max_size=6).map(lambda text: text + "\n"), max_size=30)


class CountingStream(io.BytesIO):
    """Counts the bytes that are read of it."""

    count = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        self.count += len(line)
        return line


def as_marked(line: str) -> list[str] | None:
    """The cells of a line that has lone quotes for some, and no other quotes."""
    cells = line.rstrip("\r\n").split(",")
    quoted = [cell for cell in cells if '"' in cell]
    is_marked = len(cells) > 1 and quoted and all(cell.strip() == '"' for cell in quoted)
    return cells if is_marked and "\r" not in "".join(cells) else None


def width_alone(line: str) -> int:
    try:
        return len(as_marked(line) or next(csv.reader([line], strict=True), []))
    except csv.Error:
        return 0


def rows_tried_from_each_line(lines: list[str]) -> Iterator[list[str] | None]:
    """What to expect: a row that fails costs its first line, and the next line is tried anew. With
    lone quotes for cells the line is a row, where it fails or one of them swallowed others."""
    signs, width = ("\r", "\n", ","), 0
    while lines:
        reader = csv.reader(lines, strict=True)
        marked = as_marked(lines[0])
        try:
            cells = next(reader)
        except csv.Error:
            lines, width = lines[1:], len(marked or ()) or width
            yield marked
            continue
        behind = [width_alone(line) for line in lines[1 : reader.line_num]]
        swallowed = [c for c in cells if len(c) > 1 and c[0] in signs and c[-1] in signs]
        is_odd = reader.line_num > 1 or len(cells) != width
        if (
            marked
            and swallowed
            and is_odd
            and len(marked) == (width or len(cells))
            and (not behind or 2 * behind.count(len(marked)) > len(behind))
        ):
            lines, width = lines[1:], len(marked)
            yield marked
            continue
        lines = lines[reader.line_num :]
        width = len(cells) if any(cells) else width
        if cells:
            yield cells


@given(lines=LINES)
@example(lines=['a",b,"c\n'] * 1_000)
@example(lines=['a",b,"c\n'] * 1_000 + ['"x"y\n'])
def test_rows_are_those_tried_from_each_line_read_twice_at_most(lines: list[str]) -> None:
    """Rows that each ran to the end of the file read it once for each: 64 kB took 32 seconds."""
    stream = CountingStream("".join(lines).encode())
    read = [
        row.cells if isinstance(row, Row) else None
        for row in text_rows(RecordLines(stream, ",", None))
        if not isinstance(row, Row) or row.cells
    ]
    assert read == list(rows_tried_from_each_line(lines))
    assert stream.count <= 2 * len(stream.getvalue())


@given(text=st.text('a"\\[]{', max_size=40))
@example(text='"' + '\\"' * 100_000)
def test_brackets_in_texts_are_not_nested(text: str) -> None:
    """A text that never closed was tried again at each of its quotes: 900 kB took hours."""
    nested = "[" * DEPTH_LIMIT
    assert not is_too_deep(nested + json.dumps(text) + "]" * DEPTH_LIMIT)
    assert is_too_deep(nested + json.dumps(text) + "[")
    assert not is_too_deep(nested + json.dumps(text)[:-1])


@pytest.mark.parametrize(
    ("name", "start", "repeated", "end"),
    [
        ("a_field_of_many_lines.csv", 'id\n1\n"', "\n", '"\n'),
        ("a_long_element.json", '[{"id": 1}, {"id": "', "x" * 1_000, '"}]'),
    ],
)
def test_a_thrown_switch_stops_within_one_record(
    embedded_settings: Settings, tmp_path: Path, name: str, start: str, repeated: str, end: str
) -> None:
    (tmp_path / name).write_text(start + repeated * 3_000 + end)
    switches = open_switches(embedded_settings)
    brake = Brake(switches, "capture")
    records = read_records(tmp_path / name, rules())
    assert isinstance(next(records), RawRecord)
    with brake.watching():
        switches.throw(Switch("capture", False, "Dana", "a trial", datetime(2026, 7, 1)))
        with suppress(WorkflowStoppedError):
            brake.look()
        with pytest.raises(WorkflowStoppedError):
            next(records)


def test_nul_bytes_are_refused(read: Read) -> None:
    records = read(b"id,n\n1,A\0nn\n2,Bob\n")
    assert reasons(records) == [(1, "NUL byte")]
    assert contents(records) == [{"id": "2", "n": "Bob"}]


@pytest.mark.parametrize("quote", [b"", b'"'])
def test_a_50_mb_field_is_refused_without_being_held(read: Read, quote: bytes) -> None:
    data = b"id,n\n1," + quote + b"x" * 50_000_000 + quote + b"\n2,Bob\n"
    tracemalloc.start()
    records = read(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reasons(records) == [(1, "record too large")]
    assert contents(records) == [{"id": "2", "n": "Bob"}]
    assert peak < 20_000_000
    assert len(records[0].excerpt) <= 10_000  # type: ignore[union-attr]


def test_a_50_mb_field_of_many_lines_is_one_refused_record(read: Read) -> None:
    data = b'id,n\n1,"' + (b"a line, " * 60 + b"\n") * 100_000 + b'"\n2,Bob\n'
    records = read(data)
    assert reasons(records) == [(1, "record too large")]
    assert contents(records) == [{"id": "2", "n": "Bob"}]


def test_missing_columns_refuse_the_file_as_a_whole(read: Read) -> None:
    records = read("Id,Name\n1,Ann\n2,Bob\n")
    assert reasons(records) == [(None, "columns missing")]


def test_unnamed_and_doubled_columns(read: Read) -> None:
    records = read("id,n,n,\n1,a,b,\n2,a,b,c\n")
    assert contents(records) == [
        {"id": "1", "n": "a", "n (3)": "b"},
        {"id": "2", "n": "a", "n (3)": "b", "(column 4)": "c"},
    ]


@pytest.mark.parametrize("name", ["f.csv", "f.json", "f.jsonl", "f.parquet"])
def test_an_empty_file_is_refused(read: Read, name: str) -> None:
    assert reasons(read("", name)) == [(None, "empty file")]


@pytest.mark.parametrize(
    ("content", "name"), [("id,n\n", "f.csv"), ("[]", "f.json"), ("\n\n", "f.jsonl")]
)
def test_a_file_without_records_is_refused(read: Read, content: str, name: str) -> None:
    assert reasons(read(content, name)) == [(None, "no records")]


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="No such file"):
        list(read_records(tmp_path / "gone.csv", rules()))
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        list(read_records(tmp_path, rules()))
    if os.geteuid() != 0:
        locked = tmp_path / "locked.csv"
        locked.write_text("id\n1\n")
        locked.chmod(0)
        with pytest.raises(UnreadableFileError, match="Permission denied"):
            list(read_records(locked, rules()))


def test_a_section_of_a_report(read: Read) -> None:
    report = (
        "Attendee Report\nTopic,Id\nDemo,7\nHost Details\nid,n\n0,Host\n"
        "Attendee Details,\nid,n\n1,Ann\n2,Bob\nOther Attended\nid\n3\n"
    )
    options = {
        "section": "Attendee Details",
        "other_sections": ["Host Details", "Other Attended"],
        "report_header": "Topic",
    }
    demo = {"Topic": "Demo", "Id": "7"}
    assert contents(read(report, csv=options)) == [
        {"id": "1", "n": "Ann", "report": demo},
        {"id": "2", "n": "Bob", "report": demo},
    ]
    missing = read("Topic,Id\nDemo,7\n", csv=options)
    assert reasons(missing) == [(None, "section missing")]


@pytest.mark.parametrize("name", ["f.json", "f.jsonl"])
def test_json_documents_arrays_and_lines(read: Read, name: str) -> None:
    one, two = {"id": 1}, {"id": 2}
    assert contents(read(json.dumps(one), name)) == [one]
    assert contents(read(json.dumps([one, two]), name)) == [one, two]
    assert contents(read(f"{json.dumps(one)}\n{json.dumps(two)}\n", name)) == [one, two]


def test_records_inside_an_envelope(read: Read) -> None:
    page = {"elements": [{"id": 1}, {"id": 2}], "paging": {}}
    assert contents(read(json.dumps(page), "f.json", records="elements")) == page["elements"]
    assert contents(read(json.dumps({"id": 3}), "f.json", records="elements")) == [{"id": 3}]
    both = json.dumps([page, {"elements": [{"id": 4}]}])
    assert [c["id"] for c in contents(read(both, "f.json", records="elements"))] == [1, 2, 4]


def test_a_list_inside_a_record_can_be_exploded(read: Read) -> None:
    record = {"from": "x", "messages": [{"id": 1}, {"id": 2}]}
    assert contents(read(json.dumps(record), "f.json", explode="messages")) == [
        {"from": "x", "messages": [{"id": 1}]},
        {"from": "x", "messages": [{"id": 2}]},
    ]


@given(cut=st.integers(1, 60))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None
)
def test_a_cut_off_array_is_refused_whole_with_its_place(read: Read, cut: int) -> None:
    text = json.dumps([{"id": n, "name": "x" * 5} for n in range(20)], indent=1)
    records = read(text[:-cut], "f.json")
    assert reasons(records) == [(None, "broken JSON")]
    assert " line " in records[0].reason  # type: ignore[union-attr]
    assert " column " in records[0].reason  # type: ignore[union-attr]


def test_a_bad_line_is_refused_and_the_rest_goes_on(read: Read) -> None:
    records = read('{"id": 1}\n{"id": \n[1]\n7\n{"id": NaN}\n{"id": 2}', "f.jsonl")
    assert reasons(records) == [(2, "broken JSON"), (3, "not an object"), (4, "not an object")]
    assert repr(contents(records)) == repr([{"id": 1}, {"id": math.nan}, {"id": 2}])


def test_deeply_nested_json_is_refused(read: Read) -> None:
    assert reasons(read("[" * 100_000, "f.json")) == [(None, "broken JSON")]
    assert reasons(read('{"a":' * 100_000, "f.jsonl")) == [(1, "nested too deeply")]
    assert reasons(read("[" + '{"a":' * 101 + "1" + "}" * 101 + ',{"b":"[[["}]', "f.json")) == [
        (1, "nested too deeply")
    ]


def test_parquet_values_become_json_values(tmp_path: Path) -> None:
    path = tmp_path / "f.parquet"
    row = {
        "id": 1, "at": datetime(2026, 1, 2, 3), "amount": Decimal("1.50"), "none": None,
        "nan": float("nan"), "tags": ["a", "b"], "person": {"name": "Ann"}, "raw": b"\xff",
    }  # fmt: skip
    pq.write_table(pa.Table.from_pylist([row]), path)
    assert contents(list(read_records(path, rules()))) == [
        row | {"at": "2026-01-02T03:00:00", "amount": "1.50", "nan": None, "raw": "�"}
    ]


def test_a_broken_parquet_file_is_refused_whole(read: Read, tmp_path: Path) -> None:
    assert reasons(read(b"PAR1 no parquet", "f.parquet")) == [(None, "broken Parquet")]
    path = tmp_path / "cut.parquet"
    pq.write_table(pa.table({"id": list(range(1000))}), path)
    assert reasons(read(path.read_bytes()[:-20], "f.parquet")) == [(None, "broken Parquet")]


@given(data=st.binary(max_size=300) | st.text('id,n"\n\r; é0[]{}:', max_size=120))
@pytest.mark.parametrize("name", ["f.csv", "f.json", "f.jsonl"])
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None
)
def test_no_content_makes_a_reader_fail(read: Read, name: str, data: bytes | str) -> None:
    records = read(b"id,n\n" + data if isinstance(data, bytes) else "id,n\n" + data, name)
    assert records
    numbers = [record.number for record in records if record.number is not None]
    assert numbers == sorted(set(numbers))


DITTOS = ["Ann,a@b.example,Acme,Rome", 'Bo,b@b.example,",Rome', 'Cy,c@b.example,",Rome',
          'Di,d@b.example,Zed,"', "Flo,f@b.example,Zed,Rome", '",g@b.example,Zed,Rome',
          '",h@b.example,Zed,"', '",i@b.example,Zed,Rome', "Ida,j@b.example,Zed,Rome"]  # fmt: skip


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("rows", [DITTOS[n:m] for n in range(9) for m in range(n + 1, 10)])
def test_lone_quotes_swallow_no_rows(read: Read, delimiter: str, end: str, rows: list[str]) -> None:
    """From one `"` that says "as above" to the next, whole rows became the value of a cell."""
    lines = [line.replace(",", delimiter) for line in ["id,mail,company,at", *rows]]
    records = read(end.join([*lines, ""]))
    assert reasons(records) == []
    assert [list(content.values()) for content in contents(records)] == [
        row.split(",") for row in rows
    ]


@pytest.mark.parametrize(
    "note",
    [
        "\nHigh St 1,\nRome",
        "\nHello,\nplease call me back,",
        "first\nsecond,",
        "\n\n",
        ",\n",
        "a\nb",
        'say ""hi""\n,x',
    ],
)
def test_cells_of_several_lines_stay(read: Read, note: str) -> None:
    wanted = [note.replace('""', '"'), ""]
    for header, first, second in (
        ("id,note,at", f'Ann,"{note}",Rome', "Bo,,Graz"),
        ("id,at,note", f'Ann,Rome,"{note}"', "Bo,Graz,"),
        ("note,id,at", f'"{note}",Ann,Rome', ",Bo,Graz"),
    ):
        records = read(f"{header}\n{first}\n{second}\n")
        assert [content["note"] for content in contents(records)] == wanted
