"""Accuracy, seconds and peak memory of matching on labelled sets, beside two anchors.

    python -m benchmarks.identity                       all sets
    python -m benchmarks.identity --set febrl_3         one set
    python -m benchmarks.identity --out charts/         with charts as files

Each set runs in a process of its own. Models are trained on the set without its truth; thresholds
are those of person.yaml and organisation.yaml, whatever the set.
"""

import argparse
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.identity.evaluation import Figures, run_set
from benchmarks.identity.sets import known_sets

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("LEAD_PLATFORM_SHARED_DATA") or ROOT.parent / "shared" / "data")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", action="append", choices=known_sets(), dest="sets")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, help="folder for charts")
    options = parser.parse_args()
    print(
        f"{'set':<22}{'way':<14}{'precision':>9}{'recall':>8}{'F1':>8}{'B-cubed':>9}"
        f"{'seconds':>9}{'GB':>6}  reach"
    )
    spawn = multiprocessing.get_context("spawn")
    for name in options.sets or known_sets():
        with ProcessPoolExecutor(1, mp_context=spawn) as pool:
            figures, reach = pool.submit(run_set, name, options.data, options.out).result()
        for one in figures:
            print(row(name, one, reach), flush=True)


def row(name: str, figures: Figures, reach: float | None) -> str:
    accuracy = figures.accuracy
    b_cubed = f"{accuracy.b_cubed:9.4f}" if accuracy.b_cubed is not None else " " * 9
    notes = []
    if figures.way == "engine":
        if reach is not None:
            notes.append(f"{reach:.3f} {'reached' if round(accuracy.f1, 3) >= reach else 'missed'}")
        notes.append(f"{figures.candidates:,} compared")
    if accuracy.apart_merged is not None:
        notes.append(f"{accuracy.apart_merged} of {accuracy.apart} related pairs merged")
    return (
        f"{name:<22}{figures.way:<14}{accuracy.precision:9.4f}{accuracy.recall:8.4f}"
        f"{accuracy.f1:8.4f}{b_cubed}{figures.seconds:9.1f}{figures.memory:6.2f}  "
        + ", ".join(notes)
    )


if __name__ == "__main__":
    main()
