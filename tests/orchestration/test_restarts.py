"""Parts that keep being started again reach a person; one that died once does not."""

from collections.abc import Iterable

import pytest

from lead_platform.governance.alerts import Signal
from lead_platform.orchestration.restarts import KIND, OFTEN, WITHIN_SECONDS, RestartWatch
from lead_platform.orchestration.supervision import PartStatus


class Ears:
    """What was told: which parts began, and which are in order again."""

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


def parts(daemon: int = 0, worker: int = 0) -> list[PartStatus]:
    """How a supervisor tells its parts, with two workers of one count."""
    counts = {"daemon": daemon, "worker": worker}
    names = ["daemon", "worker", "worker"]
    return [
        PartStatus(name, "well", None, 1.0, 0.0, counts[name], "ended with signal SIGKILL")
        for name in names
    ]


def test_one_that_keeps_ending_is_told_once_and_settled_when_it_stays(ears: Ears) -> None:
    watch = RestartWatch(ears, began_at=0.0)
    for second in range(30):
        watch.look(parts(daemon=second // 10), float(second))
    assert ears.heard == []
    watch.look(parts(daemon=OFTEN), 30.0)
    watch.look(parts(daemon=OFTEN + 1), 31.0)
    assert ears.heard == [(["daemon"], [])]
    watch.look(parts(daemon=OFTEN + 1), 31.0 + WITHIN_SECONDS + 1)
    assert ears.heard[-1] == ([], ["daemon", "worker"])


def test_restarts_far_apart_are_accidents(ears: Ears) -> None:
    watch = RestartWatch(ears, began_at=0.0)
    for count in range(20):
        watch.look(parts(daemon=count, worker=count), count * WITHIN_SECONDS / (OFTEN - 1) + count)
    assert [begun for begun, _ in ears.heard if begun] == []


def test_a_burst_between_two_looks_counts_whole_and_workers_are_counted_once(ears: Ears) -> None:
    watch = RestartWatch(ears, began_at=0.0)
    watch.look(parts(worker=OFTEN - 1), 1.0)
    assert ears.heard == []
    watch.look(parts(worker=OFTEN), 2.0)
    assert ears.heard == [(["worker"], [])]


def test_while_it_lasts_messages_are_tried_again(ears: Ears) -> None:
    watch = RestartWatch(ears, began_at=0.0)
    for second in range(121):
        watch.look(parts(daemon=OFTEN), float(second))
    assert ears.heard == [(["daemon"], []), ([], []), ([], [])]


def test_what_an_earlier_up_left_open_is_settled_after_a_quiet_time(ears: Ears) -> None:
    watch = RestartWatch(ears, began_at=0.0)
    watch.look(parts(), 1.0)
    assert ears.heard == []
    watch.look(parts(), WITHIN_SECONDS)
    assert ears.heard == [([], ["daemon", "worker"])]
