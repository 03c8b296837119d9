"""Documents of JSON files: their encoding, and names that stand twice in an object."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_platform.capture.readers import BadRecord, RawRecord, Record, read_records
from tests.capture.test_readers import rules

LAYOUTS: dict[str, Callable[[list[str]], str]] = {
    "lines.jsonl": "\n".join,
    "array.json": lambda texts: f"[{', '.join(texts)}]",
    "lines.json": "\n".join,
    "envelope.json": lambda texts: f'{{"page": 1, "leads": [{", ".join(texts)}]}}',
}


def read(path: Path, text: str, encoding: str = "utf-8", **options: Any) -> list[Record]:
    path.write_bytes(text.encode(encoding))
    records = "leads" if path.name.startswith("envelope") else None
    return list(read_records(path, rules(format=path.suffix[1:], records=records, **options)))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("encoding", ["cp1252", "cp1250", "iso8859-15", "cp932", "utf-16-le"])
def test_what_a_channel_sets_as_encoding_holds_for_json(
    tmp_path: Path, layout: str, encoding: str
) -> None:
    """The message advised `encoding` under `table`, and no JSON channel looked at it."""
    name = {"cp1252": "Zoë", "cp1250": "Łukasz", "cp932": "佐藤 花子"}.get(encoding, "Käthe")
    texts = [json.dumps({"id": str(n), "n": name}, ensure_ascii=False) for n in range(3)]
    found = read(tmp_path / layout, LAYOUTS[layout](texts), encoding, table={"encoding": encoding})
    assert [r.content["n"] for r in found if isinstance(r, RawRecord)] == [name] * 3


@pytest.mark.parametrize("layout", LAYOUTS)
def test_json_of_another_encoding_says_what_to_write(tmp_path: Path, layout: str) -> None:
    texts = ['{"id": "1", "n": "Ann"}', '{"id": "2", "n": "Zoë"}']
    found = read(tmp_path / layout, LAYOUTS[layout](texts), "cp1252")
    bad = [record for record in found if isinstance(record, BadRecord)]
    assert "`encoding` under `table`" in bad[0].reason
    assert len(bad) == 1


PLAIN = st.sampled_from(['{"id": "1", "email": "a@b.example"}', '{"id": "2", "tags": {"a": 1}}'])
SAME = '{"id": "3", "email": "a@b.example", "email": "a@b.example"}'
DOUBLED = st.sampled_from(
    [
        '{"id": "4", "email": "a@b.example", "email": "c@d.example"}',
        '{"id": "5", "utm": {"source": "x", "source": "y"}}',
        '{"id": "6", "list": [{"q": "A"}, {"q": "B", "q": null}]}',
        '{"id": "7", "id": "8", "id": "7"}',
        '{"id": "9", "deep": {"deep": [[{"k": [1], "k": [2]}]]}}',
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    layout=st.sampled_from([*LAYOUTS]),
    texts=st.lists(st.one_of(PLAIN, DOUBLED, st.just(SAME)), min_size=2, max_size=6),
)
def test_a_name_that_stands_twice_costs_its_record(
    tmp_path: Path, layout: str, texts: list[str]
) -> None:
    """The first of two mailboxes was lost without a word."""
    found = read(tmp_path / layout, LAYOUTS[layout](texts))
    assert len(found) == len(texts)
    for text, record in zip(texts, found, strict=True):
        is_doubled = text != SAME and json.loads(text)["id"] > "3"
        assert isinstance(record, BadRecord) == is_doubled
        if isinstance(record, RawRecord):
            assert record.content == json.loads(text)
            assert type(record.content) is dict
        else:
            assert record.reason.startswith("doubled name: ")


def test_both_values_are_kept_with_what_is_refused(tmp_path: Path) -> None:
    text = '{"id": "1", "utm": {"source": "spring", "source": "autumn"}}'
    (record,) = read(tmp_path / "one.json", text)
    assert isinstance(record, BadRecord)
    assert "'source' stands twice" in record.reason
    assert "spring" in record.excerpt
    assert "autumn" in record.excerpt


def test_a_list_of_records_that_stands_twice_loses_none(tmp_path: Path) -> None:
    text = '{"leads": [{"id": "1"}], "leads": [{"id": "2"}]}'
    (record,) = read(tmp_path / "envelope.json", text)
    assert isinstance(record, BadRecord)
    assert "'leads' stands twice" in record.reason
    assert "'1'" in record.excerpt
