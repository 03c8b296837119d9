"""Work goes on without the few records that break it."""

from collections.abc import Sequence

import duckdb
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lead_platform.lake.faults import few_of, find_culprits, may_be_of_a_record, work_around
from lead_platform.processes import WorkerDiedError


class BrokenError(Exception):
    """What the work raises on a bad record."""


class ConnectionLostError(Exception):
    """What the machine raises, in words nobody knows."""


def doubled(frame: pd.DataFrame) -> list[int]:
    """Twice each value; a negative one breaks it."""
    if (frame["value"] < 0).any():
        raise BrokenError("a message that may quote the record")
    return [2 * int(value) for value in frame["value"]]


def frame_of(values: list[int]) -> pd.DataFrame:
    return pd.DataFrame(
        {"id": [f"id_{n}" for n in range(len(values))], "value": pd.array(values, "int64")}
    )


@given(st.lists(st.integers(-1, 5), max_size=60), st.sets(st.integers(0, 59)))
def test_the_rest_is_worked_on_as_if_the_bad_had_never_been_there(
    values: list[int], again: set[int]
) -> None:
    """However many are bad: eleven kept all others from going on, and every later batch."""
    bad = [f"id_{n}" for n, value in enumerate(values) if value < 0]
    known = {f"id_{n}" for n in again}
    new = [one for one in bad if one not in known]
    if len(bad) == len(values) and len(new) > few_of(len(values)):
        with pytest.raises(BrokenError):
            work_around(doubled, frame_of(values), "id", known)
        return
    result, faults = work_around(doubled, frame_of(values), "id", known)
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


@given(st.integers(2, 40), st.data())
def test_a_fault_of_the_machine_while_it_is_looked_for_blames_nobody(
    size: int, data: st.DataObject
) -> None:
    """One row was really at fault; another that met a full memory meanwhile was set aside too."""
    bad, unlucky = data.draw(st.permutations(range(size)))[:2]
    tries = data.draw(st.integers(0, 12))
    passing = data.draw(st.sampled_from([MemoryError, WorkerDiedError, BrokenError]))
    seen = 0

    def work(frame: pd.DataFrame) -> int:
        nonlocal seen
        if bad in set(frame["value"]):
            raise BrokenError
        if unlucky in set(frame["value"]):
            seen += 1
            if seen == tries:
                raise passing("once")
        return len(frame)

    try:
        count, faults = work_around(work, frame_of(list(range(size))), "id")
    except passing:
        return
    assert (count, [fault.subject_id for fault in faults]) == (size - 1, [f"id_{bad}"])


def test_the_machines_faults_are_no_records() -> None:
    def full(frame: pd.DataFrame) -> int:
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        work_around(full, frame_of([1, 2]), "id")


@given(
    st.integers(1, 40).flatmap(
        lambda size: st.tuples(
            st.just(size),
            st.lists(
                st.frozensets(st.integers(0, size - 1), min_size=1, max_size=3),
                min_size=1,
                max_size=5,
            ),
        )
    )
)
def test_without_the_culprits_the_work_goes_through(case: tuple[int, list[frozenset[int]]]) -> None:
    """Whatever combinations of items break it, and each culprit is the last of one of them."""
    size, breaking = case

    def attempt(left_out: Sequence[int]) -> Exception | None:
        there = set(range(size)) - set(left_out)
        broken = [one for one in breaking if one <= there]
        return BrokenError(min(max(one) for one in broken)) if broken else None

    found = find_culprits(range(size), attempt, lambda *_: True)
    culprits = [item for item, _ in found]
    assert attempt(culprits) is None
    assert culprits
    assert set(culprits) <= {max(one) for one in breaking}
    assert len(set(culprits)) == len(culprits)


def is_worth(culprits: int, sound: int) -> bool:
    """As a step has it: more than few only where they do not outnumber the others."""
    return culprits <= max(few_of(0), sound)


@given(st.sets(st.integers(0, 59), min_size=1), st.integers(60, 200))
@example(set(range(11)), 100)
@example(set(range(60)), 120)
def test_however_many_are_found_as_long_as_others_go_through(broken: set[int], size: int) -> None:
    """Eleven new records that broke a step kept all others from going through, run after run."""

    def attempt(left_out: Sequence[int]) -> Exception | None:
        return BrokenError() if broken - set(left_out) else None

    found = {item for item, _ in find_culprits(range(size), attempt, is_worth)}
    # Few at the beginning, and then more than all others: not found is what outnumbers them.
    assert found == (broken if is_worth(len(broken), size - len(broken)) else set())


@pytest.mark.parametrize("sound", [set(), {0}, {999}, {300, 700}])
def test_work_that_is_broken_for_nearly_all_is_given_up_soon(sound: set[int]) -> None:
    tried = []

    def attempt(left_out: Sequence[int]) -> Exception | None:
        tried.append(left_out)
        return BrokenError() if set(range(1_000)) - sound - set(left_out) else None

    assert find_culprits(range(1_000), attempt, is_worth) == []
    assert len(tried) < 100


@given(st.sets(st.integers(0, 199), min_size=11, max_size=60), st.integers(2, 120))
def test_those_not_told_apart_in_time_are_left_out_together(broken: set[int], most: int) -> None:
    tried = 0

    def attempt(left_out: Sequence[int]) -> Exception | None:
        nonlocal tried
        tried += 1
        return BrokenError() if broken - set(left_out) else None

    found = [
        item for item, _ in find_culprits(range(200), attempt, is_worth, lambda: tried >= most)
    ]
    assert len(set(found)) == len(found)
    if found:
        assert broken <= set(found)
        assert len(found) <= 100
    assert tried <= most + 30


def test_what_fails_without_any_item_has_no_culprit() -> None:
    tried = []

    def attempt(left_out: Sequence[int]) -> Exception | None:
        tried.append(left_out)
        return BrokenError()

    assert find_culprits(range(1_000), attempt, is_worth) == []
    assert len(tried) == 2


@given(st.integers(1, 40), st.frozensets(st.integers(0, 39), max_size=2), st.data())
def test_nobody_is_blamed_for_an_error_that_passes(
    size: int, breaking: frozenset[int], data: st.DataObject
) -> None:
    """An error that did not come back once held the last lead of the base: whatever else breaks,
    and however long the machine fails meanwhile, only what breaks the work itself is blamed."""
    breaking = frozenset(item for item in breaking if item < size)
    begins = data.draw(st.integers(0, 20), label="the outage begins")
    lasts = data.draw(st.integers(0, 20), label="and takes so many tries")
    tries = 0

    def attempt(left_out: Sequence[int]) -> Exception | None:
        nonlocal tries
        tries += 1
        if begins < tries <= begins + lasts:
            return ConnectionLostError()
        return BrokenError() if breaking - set(left_out) else None

    found = {item for item, _ in find_culprits(range(size), attempt, lambda *_: True)}
    assert found in (set(), breaking)
    if not lasts:
        assert found == breaking


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(28, "No space left on device"),
        duckdb.InterruptException(),
        duckdb.IOException(),
        KeyboardInterrupt(),
    ],
)
def test_no_record_is_blamed_for_the_machine(error: BaseException) -> None:
    assert not may_be_of_a_record(error)
    told_otherwise = BrokenError()
    told_otherwise.__cause__ = error
    assert not may_be_of_a_record(told_otherwise)
