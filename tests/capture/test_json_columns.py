"""`df.to_json()` of three people came in as one person with three mailboxes in a row."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_platform.capture.json_columns import rows_of_columns
from tests.capture.guessing.test_exports import proposed

PEOPLE = [
    {"full_name": "Ada Ashby", "email": "ada@firm1.example", "city": "Leeds"},
    {"full_name": "Bo Brock", "email": "bo@firm2.example", "city": None},
    {"full_name": "Cy Crane", "email": "cy@firm3.example", "city": "York"},
]
FRAME = pd.DataFrame(PEOPLE)
LISTS = {name: [one[name] for one in PEOPLE] for name in PEOPLE[0]}
KEYED = {f"-N{n}x": one for n, one in enumerate(PEOPLE)}
FORMS: dict[str, Any] = {
    "to_json": json.loads(FRAME.to_json()),
    "by id": json.loads(FRAME.set_index(pd.Index([101, 205, 340])).to_json()),
    "index": json.loads(FRAME.to_json(orient="index")),
    "lists": LISTS,
    "lists in an envelope": {"data": LISTS, "total": 3},
    "columns in an envelope": {"results": json.loads(FRAME.to_json())},
    "keyed": KEYED,
    "keyed in an envelope": {"contacts": KEYED, "next": None},
}
NO_TABLES: tuple[dict[str, Any], ...] = (
    {"email": ["ada@firm1.example"], "name": ["Ada Ashby"]},
    {"mail": ["a@b.example", "b@b.example"], "cn": ["Ada Ashby"]},
    {"id": 1, "emails": ["a@b.example", "b@b.example"]},
    {"billing": {"city": "Leeds"}, "shipping": {"city": "York"}},
    {"emails": ["a@b.example", "b@b.example"]},
    {"people": [{"name": "Ada"}, {"name": "Bo"}], "tags": ["a", "b"]},
    {},
)
NAMES = st.lists(st.text("abcxyz_", min_size=1, max_size=6), min_size=2, max_size=5, unique=True)
CELLS = st.none() | st.text(max_size=5) | st.integers() | st.booleans()


@pytest.mark.parametrize("form", FORMS)
def test_each_row_is_a_person(tmp_path: Path, form: str) -> None:
    path = tmp_path / "people.json"
    path.write_text(json.dumps(FORMS[form]), encoding="utf-8")
    proposal = proposed(path)
    assert proposal.sample.rows == len(PEOPLE)
    assert proposal.preview is not None
    by_name = {field.field: field.values for field in proposal.preview.fields}
    for name in PEOPLE[0]:
        assert by_name[name] == tuple(one[name] for one in PEOPLE)


@given(names=NAMES, data=st.data(), rows=st.integers(2, 5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_columns_give_the_rows_they_were_made_of(
    names: list[str], data: st.DataObject, rows: int
) -> None:
    records = [{name: data.draw(CELLS) for name in names} for _ in range(rows)]
    lists = {name: [record[name] for record in records] for name in names}
    numbered = {name: {str(n): r[name] for n, r in enumerate(records)} for name in names}
    assert rows_of_columns(lists) == records
    assert rows_of_columns(numbered) == records


@pytest.mark.parametrize("document", NO_TABLES)
def test_records_of_lists_and_objects_stay_as_they_are(document: dict[str, Any]) -> None:
    assert rows_of_columns(document) is None


def test_a_number_is_no_name(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_text(json.dumps({"1": PEOPLE[0], "total": 1}), encoding="utf-8")
    assert proposed(path).draft is None
