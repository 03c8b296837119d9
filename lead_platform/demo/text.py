"""Text columns as Arrow arrays, and draws from weighted lists: the few moves all generators share.

Arrow keeps a million-row concatenation at milliseconds; Python strings would cost seconds each.
"""

import unicodedata
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Text: TypeAlias = Any
Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]

_KIND = pa.large_string()
_SPELLED_OUT = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "Ä": "Ae",
        "Ö": "Oe",
        "Ü": "Ue",
        "ß": "ss",
        "ø": "o",
        "å": "a",
    }
)


def make_text(values: Sequence[str | None] | pd.Series | npt.NDArray[np.str_]) -> Text:
    """A text column from Python values or a Series."""
    return pa.array(values, type=_KIND)


def make_frame(columns: dict[str, object]) -> pd.DataFrame:
    """A frame of these columns that holds each one once: the Arrow copies are let go on the way."""
    table = pa.table(columns)
    columns.clear()
    return table.to_pandas(split_blocks=True, self_destruct=True)


def take(values: Text, index: npt.NDArray[Any]) -> Text:
    """``values[index]``; a negative index gives null."""
    positions = pa.array(index, mask=np.asarray(index) < 0)
    return values.take(positions)


def join(*parts: Text | str) -> Text:
    """Concatenate row by row; null where any part is null."""
    scalars = [pa.scalar(part, _KIND) if isinstance(part, str) else part for part in parts]
    return pc.binary_join_element_wise(*scalars, pa.scalar("", _KIND))


def choose(mask: Flags, yes: Text | str | None, no: Text | str | None) -> Text:
    """``yes`` where the mask holds, else ``no``."""
    left, right = (
        pa.scalar(value, _KIND) if value is None or isinstance(value, str) else value
        for value in (yes, no)
    )
    return pc.if_else(pa.array(mask), left, right)


def choose_one(selector: Ints, options: Sequence[Text | str | None]) -> Text:
    """``options[selector]`` row by row."""
    result = options[0]
    for number, option in enumerate(options[1:], start=1):
        result = choose(selector == number, option, result)
    return result


def blank(mask: Flags, values: Text) -> Text:
    """Null where the mask holds."""
    return choose(mask, None, values)


def fill(values: Text, otherwise: Text | str) -> Text:
    """``otherwise`` where the value is null."""
    return pc.coalesce(
        values, pa.scalar(otherwise, _KIND) if isinstance(otherwise, str) else otherwise
    )


def is_present(values: Text) -> Flags:
    """True where there is a value."""
    return np.asarray(pc.is_valid(values))


def format_number(values: Ints, width: int = 0) -> Text:
    """Integers as text, padded with zeros to ``width``."""
    return pc.utf8_lpad(pa.array(values).cast(_KIND), width, "0")


def cut(values: Text, start: int, stop: int | None = None) -> Text:
    """Characters ``start`` to ``stop`` of each value."""
    return pc.utf8_slice_codeunits(values, start, stop)


def lower(values: Text) -> Text:
    """Lower case."""
    return pc.utf8_lower(values)


def upper(values: Text) -> Text:
    """Upper case."""
    return pc.utf8_upper(values)


def count_earlier(*keys: Text | npt.NDArray[Any]) -> Ints:
    """For each row, how many earlier rows hold the same keys."""
    frame = pd.DataFrame(
        {
            str(number): key if isinstance(key, np.ndarray) else key.to_pandas()
            for number, key in enumerate(keys)
        }
    )
    counts = frame.groupby(list(frame.columns), sort=False).cumcount()
    return np.asarray(counts, dtype=np.int64)


def draw(rng: np.random.Generator, weights: Sequence[float] | Floats, size: int) -> Ints:
    """Positions drawn by weight."""
    steps = np.cumsum(np.asarray(weights, dtype=np.float64))
    found = np.searchsorted(steps / steps[-1], rng.random(size), side="right")
    return np.asarray(np.minimum(found, len(steps) - 1), dtype=np.int64)


def draw_within(rng: np.random.Generator, groups: Ints, weights: Sequence[Floats]) -> Ints:
    """Positions drawn by the weights of each row's group; groups count from 0."""
    result = np.zeros(len(groups), dtype=np.int64)
    for group, group_weights in enumerate(weights):
        rows = np.flatnonzero(groups == group)
        if len(rows):
            result[rows] = draw(rng, group_weights, len(rows))
    return result


def hit(rng: np.random.Generator, share: float | Floats, size: int) -> Flags:
    """True for about ``share`` of the rows."""
    return np.asarray(rng.random(size) < share, dtype=np.bool_)


def strip_marks(word: str) -> str:
    """The word as people without the right keyboard type it: Jürgen becomes Juergen, José Jose."""
    return (
        unicodedata.normalize("NFKD", word.translate(_SPELLED_OUT))  # noqa: TID251  (its own words)
        .encode("ascii", "ignore")
        .decode("ascii")
    )


def make_slug(word: str) -> str:
    """Letters and digits only, lower case, for addresses and domains."""
    return "".join(letter for letter in strip_marks(word).lower() if letter.isalnum())
