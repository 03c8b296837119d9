"""Parsed batches of a delivery between parsing and writing: in memory, or in files where many.

What is held in memory does not depend on how much a file turns out to hold.
"""

import pickle
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import mkstemp

from lead_platform.capture.batches import ParsedBatch
from lead_platform.capture.columns import Kind
from lead_platform.capture.profiles import Profile, add_batch, profile_batches

# A micro-batch stays far below; with 500 files in a run the sum is still a fraction of a gigabyte.
MEMORY_BYTES = 32 * 1_048_576


class Spool:
    """The batches of one delivery, in order, as often as wanted; they travel between processes."""

    def __init__(self, folder: Path) -> None:
        """`folder` is where files may be made; who gives it removes it."""
        self._folder = folder
        self._kept: list[ParsedBatch | Path] = []
        self._in_memory = 0
        self.profiles: dict[Kind, Profile] = {}

    def keep(self, batch: ParsedBatch) -> None:
        """Adds a batch at the end, counted: reading it again would cost a large file twice."""
        add_batch(self.profiles, batch)
        size = batch.size_bytes
        if self._in_memory + size <= MEMORY_BYTES:
            self._in_memory += size
            self._kept.append(batch)
            return
        handle, name = mkstemp(dir=self._folder, suffix=".batch")
        with open(handle, "wb") as file:
            pickle.dump(batch, file, protocol=5)
        self._kept.append(Path(name))

    def __iter__(self) -> Iterator[ParsedBatch]:
        for entry in self._kept:
            yield _read(entry) if isinstance(entry, Path) else entry


def profiles_of(batches: Iterable[ParsedBatch]) -> dict[Kind, Profile]:
    """What the batches of one delivery hold, by kind."""
    return batches.profiles if isinstance(batches, Spool) else profile_batches(batches)


def _read(path: Path) -> ParsedBatch:
    # Written by this very run, into a folder nobody else may enter.
    with path.open("rb") as file:
        batch = pickle.load(file)
    assert isinstance(batch, ParsedBatch)
    return batch
