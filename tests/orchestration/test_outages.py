"""Stores that stay out of reach reach a person, once, and are settled; a restart is no outage."""

from collections.abc import Iterable

import pytest

from lead_platform.governance.alerts import Signal
from lead_platform.orchestration.outages import AGAIN_SECONDS, KIND, LASTING_SECONDS, OutageWatch
from lead_platform.orchestration.stores import CATALOG, DAGSTER, POSTGRESQL, StoreStatus


class Ears:
    """What was told: which stores are out of reach, and which are in order again."""

    def __init__(self) -> None:
        self.heard: list[tuple[list[str], list[str]]] = []

    def __call__(self, signals: list[Signal], over: Iterable[tuple[str, str]]) -> None:
        assert {signal.kind for signal in signals} <= {KIND}
        self.heard.append(
            ([signal.subject for signal in signals], [subject for _, subject in over])
        )


@pytest.fixture
def ears() -> Ears:
    return Ears()


def out(name: str, seconds: float) -> StoreStatus:
    return StoreStatus(name, "silent", f"{name} does not answer", seconds)


def well(name: str) -> StoreStatus:
    return StoreStatus(name, "well", f"{name} answers", 0.0)


def test_what_lasts_is_told_within_seconds_and_settled_at_its_return(ears: Ears) -> None:
    watch = OutageWatch(ears)
    watch.look([well(POSTGRESQL)], 0.0)
    ears.heard.clear()
    for second in range(60):
        watch.look([out(POSTGRESQL, float(second))], 100.0 + second)
        if ears.heard:
            break
    assert second <= LASTING_SECONDS + 1
    assert ears.heard == [([POSTGRESQL], [])]
    watch.look([well(POSTGRESQL)], 200.0)
    assert ears.heard[1:] == [([], [POSTGRESQL])]
    watch.look([well(POSTGRESQL)], 300.0)
    assert len(ears.heard) == 2


def test_messages_are_tried_again_while_it_lasts(ears: Ears) -> None:
    watch = OutageWatch(ears)
    watch.look([well(CATALOG), well(DAGSTER)], 0.0)
    ears.heard.clear()
    for second in range(0, int(3 * AGAIN_SECONDS), 3):
        watch.look([out(CATALOG, float(second)), well(DAGSTER)], 1.0 + second)
    assert ears.heard == [([CATALOG], [])] * 3


def test_server_that_is_started_again_is_told_to_nobody(ears: Ears) -> None:
    watch = OutageWatch(ears)
    watch.look([well(POSTGRESQL)], 0.0)
    ears.heard.clear()
    for start in (10.0, 50.0):
        for second in range(int(LASTING_SECONDS)):
            watch.look([out(POSTGRESQL, float(second))], start + second)
        watch.look([well(POSTGRESQL)], start + LASTING_SECONDS)
    assert [begun for begun, _ in ears.heard if begun] == []


def test_one_look_after_a_pause_of_its_own_is_no_proof(ears: Ears) -> None:
    """`up` was stopped while it waited for an answer, which is there a moment later."""
    watch = OutageWatch(ears)
    watch.look([well(POSTGRESQL)], 0.0)
    watch.look([out(POSTGRESQL, 3600.0)], 3600.0)
    watch.look([well(POSTGRESQL)], 3603.0)
    assert [begun for begun, _ in ears.heard if begun] == []


def test_what_an_earlier_up_left_open_is_settled_once_it_has_answered(ears: Ears) -> None:
    watch = OutageWatch(ears)
    watch.look([StoreStatus(POSTGRESQL, "starting", "", 0.0)], 0.0)
    assert all(POSTGRESQL not in over for _, over in ears.heard)
    watch.look([out(POSTGRESQL, 1.0)], 3.0)
    assert all(POSTGRESQL not in over for _, over in ears.heard)
    watch.look([well(POSTGRESQL)], 6.0)
    assert ears.heard[-1] == ([], [POSTGRESQL])
