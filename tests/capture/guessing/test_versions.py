"""An id that comes again with another time of change names a record and its versions."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.capture.guessing.exports import Columns
from tests.capture.guessing.test_exports import proposed, write_export

PEOPLE = ("Ada Abel", "Ben Brandt", "Cleo Cole", "Dan Dahl", "Eve Eng", "Finn Fuchs", "Gil Gray")


def versions(counts: list[int], id_header: str) -> Columns:
    """`counts[n]` versions of person n, each with another mailbox and a later change."""
    rows = [(number, version) for number, count in enumerate(counts) for version in range(count)]
    return [
        (id_header, None, *[f"C{number}" for number, _ in rows]),
        ("first_name", None, *[PEOPLE[number].split()[0] for number, _ in rows]),
        ("last_name", None, *[PEOPLE[number].split()[1] for number, _ in rows]),
        ("email", None, *[f"m{version}@firm{number}.example" for number, version in rows]),
        ("updated_at", None, *[f"2026-10-{version + 1:02}T10:00:00Z" for _, version in rows]),
    ]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25
)
@given(
    counts=st.lists(st.integers(1, 4), min_size=2, max_size=7).filter(lambda found: max(found) > 1),
    id_header=st.sampled_from(["contact_id", "Record ID", "id", "Lead ID"]),
)
def test_versions_keep_their_id(tmp_path: Path, counts: list[int], id_header: str) -> None:
    """`updated_at` was told as found, while the channel got `record_id: content` without it: an old
    version was a record of its own, or the newest by chance."""
    draft = proposed(write_export(tmp_path / "x.csv", versions(counts, id_header))).draft
    assert draft is not None
    assert draft.fields["record_id"] == (id_header,)
    assert draft.fields["last_name"] == ("last_name",)
    assert "on_conflict: update\nmodified_at: updated_at" in draft.text


def asked(path: Path) -> list[str]:
    return [question.partition(":")[0] for question in proposed(path).found.questions]


@pytest.mark.parametrize("same", ["change", "nobody"])
def test_an_id_that_may_not_be_a_records_is_asked_about(tmp_path: Path, same: str) -> None:
    """One time for all rows of an id tells no versions; strangers with one id are no record."""
    columns = versions([3, 3, 3], "contact_id")
    if same == "change":
        columns[4] = ("updated_at", None, *["2026-10-01"] * 9)
    else:
        columns[1:3] = [("Name", None, *PEOPLE, "Hal Hill", "Ina Iversen")]
    path = write_export(tmp_path / "x.csv", columns)
    draft = proposed(path).draft
    assert draft is not None
    assert "record_id" not in draft.fields
    assert asked(path) == ["updated_at"]


def test_an_owners_id_is_no_records(tmp_path: Path) -> None:
    """The id of a list comes again with later changes, and one mailbox stands in all its rows."""
    columns: Columns = [
        ("id", None, *["L1"] * 4, *["L2"] * 3),
        ("Email", None, *["sales@ours.example"] * 7),
        ("Full Name", None, *PEOPLE),
        ("Phone", None, *[f"+49305550{number:03}" for number in range(7)]),
        ("Last modified", None, *[f"2026-10-{day:02}" for day in range(1, 8)]),
    ]
    draft = proposed(write_export(tmp_path / "x.csv", columns)).draft
    assert draft is not None
    assert "record_id" not in draft.fields


@pytest.mark.parametrize("header", ["is_deleted", "IsDeleted", "Gelöscht", "Supprimé", "archived"])
def test_deleted_records_are_asked_about(tmp_path: Path, header: str) -> None:
    columns: Columns = [
        ("Email", None, "a@b.example", "c@d.example"),
        (header, None, "true", "false"),
    ]
    assert asked(write_export(tmp_path / "x.csv", columns)) == [header]


def test_of_several_marks_of_deletion_any_counts(tmp_path: Path) -> None:
    """Each question told to write `is_deleted`: who followed both had one mark left."""
    columns: Columns = [
        ("Email", None, "a@b.example", "c@d.example"),
        ("is_deleted", None, "false", "false"),
        ("archived", None, "true", "false"),
    ]
    questions = proposed(write_export(tmp_path / "x.csv", columns)).found.questions
    told = "".join(questions)
    assert "derive: {is_deleted: {column: 'is_deleted', vocabulary: truths}}" in told
    assert "derive: {is_deleted_2: {column: 'archived', vocabulary: truths}}" in told
    assert told.count("`when: '!(_derived.is_deleted || _derived.is_deleted_2)'`") == 2
