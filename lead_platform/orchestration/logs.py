"""What the processes of `lead-platform up` log: what comes again and again is told once, then how
often.

While PostgreSQL is down, each of Dagster's threads tries it again and logs that with its stack:
30,000 lines in three minutes, in which no other error is found.
"""

import logging
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass

from dagster_shared.error import SerializableErrorInfo

# What goes on is told again so often, in one line.
AGAIN_SECONDS = 600.0

# More kinds of messages than that are no repetition: the oldest are forgotten.
MOST_KNOWN = 1_000


@dataclass
class _Told:
    """A message: when it was told, when it came last, and how often since."""

    told_at: float
    came_at: float
    more: int = 0


class Folding(logging.Filter):
    """Lets a message pass that is new, or that has not been told for a while.

    Messages are one if they are of one level and speak of the same error, raised at the same place;
    those of no error, if they say the same.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._known: dict[Hashable, _Told] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is told; each handler that has this filter asks of the same one."""
        judged = record.__dict__
        if "is_told" not in judged:
            with self._lock:
                judged["is_told"] = self._passes(record)
        return bool(judged["is_told"])

    def _passes(self, record: logging.LogRecord) -> bool:
        now, message = self._clock(), (record.levelno, *_told_by(record))
        known = self._known.pop(message, None)
        if known is not None and now - known.told_at < AGAIN_SECONDS:
            known.more += 1
            known.came_at = now
            self._known[message] = known
            return False
        if known is not None and known.more:
            _count(record, known, goes_on=now - known.came_at < AGAIN_SECONDS)
        self._known[message] = _Told(now, now)
        if len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]
        return True


def _count(record: logging.LogRecord, known: _Told, *, goes_on: bool) -> None:
    """Have the record say how often it came; without its stack where that was told just now."""
    text = record.getMessage()
    if goes_on:
        text = next(iter(text.strip().splitlines()), "")
        record.exc_info = record.exc_text = record.stack_info = None
    minutes = (known.came_at - known.told_at) / 60
    record.msg = f"{known.more} times more within {minutes:.0f} minutes: {text}"
    record.args = ()


def _told_by(record: logging.LogRecord) -> tuple[Hashable, ...]:
    error = next(_errors_of(record), None)
    if isinstance(error, BaseException):
        return _of_exception(error)
    if error is not None:
        return _of_described(error)
    return (record.name, record.getMessage())


def _errors_of(record: logging.LogRecord) -> Iterator[BaseException | SerializableErrorInfo]:
    """What it was logged with, or what its words are of."""
    if record.exc_info and record.exc_info[1]:
        yield record.exc_info[1]
    if isinstance(record.args, tuple):
        yield from (
            each for each in record.args if isinstance(each, BaseException | SerializableErrorInfo)
        )


def _of_exception(error: BaseException) -> tuple[Hashable, ...]:
    """The error that those above it were raised from, and where it was."""
    while error.__cause__ is not None:
        error = error.__cause__
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = (trace.tb_frame.f_code.co_filename, trace.tb_lineno) if trace else ()
    return (type(error).__name__, str(error), place)


def _of_described(error: SerializableErrorInfo) -> tuple[Hashable, ...]:
    """As of an exception, of what Dagster made of one."""
    while error.cause is not None:
        error = error.cause
    return (error.cls_name, error.message, error.stack[-1] if error.stack else "")


def fold_repeats() -> None:
    """From now on have the handlers that are there fold what comes again and again.

    `logging.warning` would set up a handler of the root that tells all once more.
    """
    folding = Folding()
    loggers = [each for each in _loggers() if each.handlers]
    if not logging.root.handlers:
        plain = logging.StreamHandler()
        plain.setLevel(logging.WARNING)
        plain.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s"))
        logging.root.addHandler(plain)
    for handler in logging.root.handlers:
        handler.addFilter(_is_told_by_root)
    for logger in (logging.root, *loggers):
        for handler in logger.handlers:
            handler.addFilter(folding)


def _loggers() -> Iterator[logging.Logger]:
    for each in list(logging.root.manager.loggerDict.values()):
        if isinstance(each, logging.Logger):
            yield each


def _is_told_by_root(record: logging.LogRecord) -> bool:
    """Whether no handler below the root tells it."""
    logger: logging.Logger | None = logging.getLogger(record.name)
    while logger is not None and logger is not logging.root:
        if logger.handlers:
            return False
        logger = logger.parent
    return True
