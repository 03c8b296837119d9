"""What comes again and again is told once, then how often; nothing else is lost with it."""

import io
import logging
import subprocess
import sys
from collections.abc import Callable

import pytest
from dagster._utils.error import serializable_error_info_from_exc_info

from lead_platform.orchestration.logs import AGAIN_SECONDS, MOST_KNOWN, Folding


class Log:
    """A log of two handlers, and the clock of the test."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.stream, self.copy = io.StringIO(), io.StringIO()
        self.logger = logging.Logger("trial")
        folding = Folding(lambda: self.now)
        for stream in (self.stream, self.copy):
            handler = logging.StreamHandler(stream)
            handler.addFilter(folding)
            self.logger.addHandler(handler)

    @property
    def lines(self) -> list[str]:
        assert self.stream.getvalue() == self.copy.getvalue()
        return self.stream.getvalue().splitlines()


@pytest.fixture
def log() -> Log:
    return Log()


def unreachable() -> None:
    raise ConnectionError("connection refused")


def fails_elsewhere() -> None:
    raise ConnectionError("connection refused")


def wrapped(call: Callable[[], None], words: str) -> None:
    try:
        call()
    except ConnectionError as error:
        raise RuntimeError(words) from error


def test_an_error_is_told_once_whoever_meets_it_and_however_it_is_wrapped(log: Log) -> None:
    for words in ("retrying", "too many retries", "retrying"):
        try:
            wrapped(unreachable, words)
        except RuntimeError:
            log.logger.exception("a thread caught an error: %s", words)
    assert sum("Traceback" in line for line in log.lines) == 2, "the first, and its cause"
    assert sum("a thread caught" in line for line in log.lines) == 1


def test_same_words_from_another_place_and_other_words_are_other_errors(log: Log) -> None:
    for call in (unreachable, fails_elsewhere):
        try:
            call()
        except ConnectionError:
            log.logger.exception("caught")
    for value in ("a", "b"):
        try:
            raise KeyError(value)
        except KeyError as error:
            log.logger.warning("not there: %s", error)
    assert sum(line in ("caught", "not there: 'a'", "not there: 'b'") for line in log.lines) == 4


def test_error_that_dagster_describes_is_told_once(log: Log) -> None:
    for words in ("first", "second"):
        try:
            wrapped(unreachable, words)
        except RuntimeError:
            told = serializable_error_info_from_exc_info(sys.exc_info())
            log.logger.error("Failed to add heartbeat: \n%s", told)
    assert sum("Failed to add heartbeat" in line for line in log.lines) == 1


def test_what_goes_on_is_told_again_in_one_line_with_its_count(log: Log) -> None:
    for _ in range(int(3 * AGAIN_SECONDS)):
        log.now += 1
        try:
            unreachable()
        except ConnectionError:
            log.logger.exception("caught\nand more")
    counted = [line for line in log.lines if "times more" in line]
    assert counted == ["599 times more within 10 minutes: caught"] * 2
    assert sum("Traceback" in line for line in log.lines) == 1
    log.now += AGAIN_SECONDS
    try:
        unreachable()
    except ConnectionError:
        log.logger.exception("caught")
    assert sum("times more" in line for line in log.lines) == 3
    assert sum("Traceback" in line for line in log.lines) == 2, "after a pause in full"


def test_messages_without_an_error_are_one_only_if_they_say_the_same(log: Log) -> None:
    for number in (1, 2, 1, 1):
        log.logger.warning("run %d is over", number)
    log.logger.error("run %d is over", 1)
    assert log.lines == ["run 1 is over", "run 2 is over", "run 1 is over"]


def test_ever_new_messages_are_all_told_and_their_memory_is_bounded(log: Log) -> None:
    for number in range(2 * MOST_KNOWN):
        log.logger.warning("file %d", number)
    assert len(log.lines) == 2 * MOST_KNOWN
    folding = log.logger.handlers[0].filters[0]
    assert isinstance(folding, Folding)
    assert len(folding._known) == MOST_KNOWN


def test_each_message_of_a_process_is_printed_once_whatever_sets_up_the_root() -> None:
    """Dagster's lines came twice, once its storage had called `logging.warning`."""
    script = """
import logging
handler = logging.StreamHandler()
logging.getLogger("dagster").addHandler(handler)
from lead_platform.orchestration.logs import fold_repeats
fold_repeats()
for _ in range(5):
    logging.warning("from the root")
    logging.getLogger("dagster.daemon.Sensor").error("from a daemon")
    logging.getLogger("elsewhere").error("from elsewhere")
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    lines = ended.stderr.splitlines()
    assert len(lines) == 3, lines
    for told in ("from the root", "from a daemon", "from elsewhere"):
        assert sum(told in line for line in lines) == 1
