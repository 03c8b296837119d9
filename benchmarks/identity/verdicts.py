"""What verdicts are worth: models trained with and without them, on the pairs nobody judged.

    python -m benchmarks.identity.verdicts

Verdicts are drawn from what waits for review, answered from the truth, some of them wrongly. Told
are log-loss and accuracy of the other pairs of that queue, and pairwise precision, recall and F1 of
the merging pairs at the same threshold, verdicts left out.
"""

import argparse
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.identity.evaluation import specification_for
from benchmarks.identity.populations import POPULATIONS, SPECIFICATION
from benchmarks.identity.sets import load_set
from lead_platform.identity.engine.linking import as_new, match_records, same_ids
from lead_platform.identity.engine.model import MatchModel, load_model
from lead_platform.identity.engine.pairs import find_pairs, open_scratch, take_as_new
from lead_platform.identity.engine.specification import LinkageSpecification
from lead_platform.identity.leads.records import collect_all, prepare
from lead_platform.identity.modelling.learning import learn_from_verdicts, weigh_pairs
from lead_platform.identity.modelling.training import train_model

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("LEAD_PLATFORM_SHARED_DATA") or ROOT.parent / "shared" / "data")
LEADS = {"leads_demo": ("demo", 50_000, 21), "leads_people": ("people", 50_000, 22)}
SETS = ("fake_1000", "historical_50k")
PLANS = ((0, 0.0), (30, 0.0), (100, 0.0), (300, 0.0), (100, 0.1), (300, 0.1))
PAIR = ["left_record_id", "right_record_id"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", action="append", choices=[*SETS, *LEADS], dest="sets")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(
        f"{'set':<16}{'verdicts':>8}{'wrong':>6}{'queue':>8}{'log-loss':>10}{'accuracy':>9}"
        f"{'precision':>10}{'recall':>8}{'F1':>8}"
    )
    for name in options.sets or [*SETS, *LEADS]:
        compare(name, options.data, options.seed)


def compare(name: str, data: Path, seed: int) -> None:
    """One row per plan: the model without verdicts, then with so many, so many of them wrong."""
    records, person, specification, model = _given(name, data)
    before = _kept(records, specification, model)
    settled = before[before["decision"] == "merge"]
    queue = before[before["decision"] == "review"].sort_values(PAIR, ignore_index=True)
    queue = queue[PAIR].assign(is_same=_is_same(queue, person))
    sizes = person.value_counts()
    total = int((sizes * (sizes - 1) // 2).sum())
    for number, (count, wrong) in enumerate(PLANS):
        rng = np.random.default_rng([seed, number])
        chosen = rng.permutation(len(queue))[:count]
        verdicts = queue.iloc[chosen].copy()
        is_wrong = rng.random(len(verdicts)) < wrong
        verdicts["is_same"] = verdicts["is_same"].to_numpy() ^ is_wrong
        taught, lesson = learn_from_verdicts(model, records, specification, verdicts, settled)
        rest = queue.drop(queue.index[chosen])
        for way, one in (("without", model), ("with", taught)):
            if way == "with" and not count:
                continue
            judged = weigh_pairs(one, records, specification, rest)
            kept = before if one is model else _kept(records, specification, one)
            scores = _scores(judged, kept, queue.iloc[chosen], person, total)
            print(f"{name:<16}{count:>8}{wrong:>6.0%}{len(rest):>8} {scores} {way}", flush=True)
        print(f"  {lesson.tell()}")


def _given(name: str, data: Path) -> tuple[pa.Table, pd.Series, LinkageSpecification, MatchModel]:
    """Match records, whose each is, the specification, and the model without verdicts."""
    if name in LEADS:
        kind, submissions, seed = LEADS[name]
        population = POPULATIONS[kind](submissions, seed)
        prepare(population.lake, SPECIFICATION)
        records = collect_all(population.lake)
        person = population.truth.groupby("match_record_id")["person"].first()
        return records, person, SPECIFICATION, load_model(SPECIFICATION)
    labelled = load_set(name, data)
    specification = specification_for(labelled)
    ids = same_ids(labelled.records)
    records = match_records(labelled.records, specification, ids)
    records = as_new(records)
    model = train_model(records, specification, name=specification.model)
    return records, pd.Series(labelled.truth.to_numpy(), index=ids), specification, model


def _kept(
    records: pa.Table, specification: LinkageSpecification, model: MatchModel
) -> pd.DataFrame:
    with open_scratch(records.num_rows) as scratch:
        take_as_new(scratch, records)
        return find_pairs(scratch, specification, model).pairs.to_pandas()


def _is_same(pairs: pd.DataFrame, person: pd.Series) -> np.ndarray:
    left, right = (person.loc[pairs[side]].to_numpy() for side in PAIR)
    return np.asarray(left == right)


def _scores(
    judged: pd.DataFrame, kept: pd.DataFrame, verdicts: pd.DataFrame, person: pd.Series, total: int
) -> str:
    chance = judged["match_probability"].clip(1e-6, 1 - 1e-6).to_numpy()
    is_same = judged["is_same"].to_numpy(dtype=bool)
    loss = -np.log2(np.where(is_same, chance, 1 - chance)).mean()
    right = ((chance >= 0.5) == is_same).mean()
    merged = kept[kept["decision"] == "merge"]
    known = pd.MultiIndex.from_frame(verdicts[PAIR])
    merged = merged[~pd.MultiIndex.from_frame(merged[PAIR]).isin(known)]
    hits = int(_is_same(merged, person).sum())
    precision = hits / max(1, len(merged))
    recall = hits / (total - int(_is_same(verdicts, person).sum()))
    f1 = 2 * precision * recall / (precision + recall)
    return f"{loss:9.4f}{right:9.4f}{precision:10.5f}{recall:8.4f}{f1:8.4f}"


if __name__ == "__main__":
    main()
