"""Work goes on without the few records that break it."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.lake.faults import few_of, work_around


class BrokenError(Exception):
    """What the work raises on a bad record."""


def doubled(frame: pd.DataFrame) -> list[int]:
    """Twice each value; a negative one breaks it."""
    if (frame["value"] < 0).any():
        raise BrokenError("a message that may quote the record")
    return [2 * int(value) for value in frame["value"]]


def frame_of(values: list[int]) -> pd.DataFrame:
    return pd.DataFrame(
        {"id": [f"id_{n}" for n in range(len(values))], "value": pd.array(values, "int64")}
    )


@given(st.lists(st.integers(-1, 5), max_size=60))
def test_the_rest_is_worked_on_as_if_the_bad_had_never_been_there(values: list[int]) -> None:
    bad = [f"id_{n}" for n, value in enumerate(values) if value < 0]
    if len(bad) > few_of(len(values)):
        with pytest.raises(BrokenError):
            work_around(doubled, frame_of(values), "id")
        return
    result, faults = work_around(doubled, frame_of(values), "id")
    assert result == [2 * value for value in values if value >= 0]
    assert sorted(fault.subject_id for fault in faults) == sorted(bad)


def test_a_fault_tells_kind_and_place_and_nothing_of_the_record() -> None:
    _, [fault] = work_around(doubled, frame_of([1, -1, 2]), "id")
    assert fault.error == "BrokenError"
    assert fault.place.startswith("test_faults.py:")
    assert "quote" not in repr(fault)


def test_what_no_record_breaks_by_itself_is_raised() -> None:
    def together(frame: pd.DataFrame) -> int:
        if len(frame) == 4:
            raise BrokenError
        return len(frame)

    with pytest.raises(BrokenError):
        work_around(together, frame_of([1, 2, 3, 4]), "id")


def test_the_machines_faults_are_no_records() -> None:
    def full(frame: pd.DataFrame) -> int:
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        work_around(full, frame_of([1, 2]), "id")
