"""Labelled sets: their files, how their columns are called here, and their truth.

A set is a YAML in sets/. Its truth is a column (or what a pattern finds in it), a file of row
pairs, or verdicts on pairs of names. `apart`: pairs of truth values that are related, not the
same, such as a company and its subsidiary.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from lead_platform.configuration import load_yaml
from lead_platform.identity.linkage.fields import join_columns
from lead_platform.identity.linkage.specification import SOURCE

FOLDER = Path(__file__).parent / "sets"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Truth(_Part):
    """A column, or a file of pairs of row numbers."""

    column: str | None = None
    pattern: str | None = None
    pairs: str | None = None
    left: str = ""
    right: str = ""


class PairsFile(_Part):
    """Pairs in a file: its own (`file`), or the set's (then with the verdict's column)."""

    file: str = ""
    left: str
    right: str
    verdict: str = ""


class SetDescription(_Part):
    """One set's YAML. `reach`: the pairwise F1 it should have."""

    kind: Literal["person", "organisation"]
    files: tuple[str, ...]
    columns: dict[str, tuple[str, ...]] = {}
    link: Literal["within", "between"] = "within"
    truth: Truth = Truth()
    name_pairs: PairsFile | None = None
    apart: PairsFile | None = None
    reach: float | None = None


@dataclass(frozen=True)
class LabelledSet:
    """`records` has the columns the specifications start from; `truth` one value per record.

    `judged`: where only some pairs have a verdict, left, right (row numbers) and is_match.
    `apart`: pairs of truth values that must not meet.
    """

    name: str
    description: SetDescription
    records: pd.DataFrame
    truth: pd.Series
    judged: pd.DataFrame | None = None
    apart: pd.DataFrame | None = None


def known_sets() -> list[str]:
    """The names of all sets, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load_set(name: str, data: Path) -> LabelledSet:
    """The set with its truth; `data` is the folder its files are in."""
    description = load_yaml(FOLDER / f"{name}.yaml", SetDescription)
    frames = [_read(data / file).assign(**{SOURCE: file}) for file in description.files]
    frame = pd.concat(frames, ignore_index=True)
    if description.name_pairs is not None:
        return _named_pairs(name, description, description.name_pairs, frame)
    records = pd.DataFrame(
        {field: join_columns(frame, given) for field, given in description.columns.items()}
    )
    if description.link == "between":
        records[SOURCE] = frame[SOURCE]
    truth = _truth(description.truth, frame, data)
    apart = None
    if description.apart is not None:
        pairs = _read(data / description.apart.file)
        apart = pairs[[description.apart.left, description.apart.right]]
        apart = apart.set_axis(["left", "right"], axis=1)
    return LabelledSet(name, description, records, truth, apart=apart)


def _read(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix == ".xlsx":
        return pd.read_excel(path, dtype=str)
    frame = pd.read_csv(path, dtype=str, encoding="utf-8-sig", skipinitialspace=True)
    return frame.rename(columns=str.strip)


def _truth(truth: Truth, frame: pd.DataFrame, data: Path) -> pd.Series:
    if truth.pairs:
        pairs = _read(data / truth.pairs)
        left, right = pairs[truth.left].astype(int), pairs[truth.right].astype(int)
        ones = (left >= 0).astype(int)
        graph = coo_matrix(
            (ones.to_numpy(), (left.to_numpy(), right.to_numpy())), shape=(len(frame), len(frame))
        )
        return pd.Series(connected_components(graph, directed=False)[1], index=frame.index)
    values = frame[truth.column].astype(str)
    if truth.pattern:
        return values.map(lambda value: re.findall(str(truth.pattern), value)[0])
    return values


def _named_pairs(
    name: str, description: SetDescription, pairs: PairsFile, frame: pd.DataFrame
) -> LabelledSet:
    names = pd.unique(pd.concat([frame[pairs.left], frame[pairs.right]]))
    number = {value: row for row, value in enumerate(names)}
    judged = pd.DataFrame({
        "left": frame[pairs.left].map(number),
        "right": frame[pairs.right].map(number),
        "is_match": frame[pairs.verdict].astype(int) == 1,
    })  # fmt: skip
    records = pd.DataFrame({"name": names})
    truth = pd.Series(range(len(names)))
    return LabelledSet(name, description, records, truth, judged=judged)
