"""Accuracy, seconds and peak memory of matching on labelled sets, beside two anchors.

    python -m benchmarks.identity                       all sets
    python -m benchmarks.identity --set febrl_3         one set
    python -m benchmarks.identity --out charts/         with charts as files
    python -m benchmarks.identity --speed 1000000       with the times at a million leads as well

Last come the leads: the demo world and generated people, 100,000 submissions each, with what every
threshold would do. Each set runs in a process of its own. Models of sets are trained on the set
without its truth, leads are matched by the shipped model; thresholds are those of person.yaml,
organisation.yaml and config/identity.yaml, whatever the set.
"""

import argparse
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.identity.evaluation import Figures, run_set
from benchmarks.identity.leads import SEED, leads_rows
from benchmarks.identity.sets import known_sets
from benchmarks.matching import measure_times

ROOT = Path(__file__).resolve().parents[2]
LEADS_SUBMISSIONS, NEW_SUBMISSIONS = 100_000, 1_000
_LEADS = {"leads_demo": "demo", "leads_people": "people"}
DATA = Path(os.environ.get("LEAD_PLATFORM_SHARED_DATA") or ROOT.parent / "shared" / "data")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    choices = [*known_sets(), *_LEADS]
    parser.add_argument("--set", action="append", choices=choices, dest="sets")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, help="folder for charts")
    parser.add_argument("--speed", type=int, metavar="LEADS", help="time matching of so many")
    options = parser.parse_args()
    print(
        f"{'set':<22}{'way':<14}{'precision':>9}{'recall':>8}{'F1':>8}{'B-cubed':>9}"
        f"{'seconds':>9}{'GB':>6}  reach"
    )
    spawn = multiprocessing.get_context("spawn")
    for name in options.sets or choices:
        with ProcessPoolExecutor(1, mp_context=spawn) as pool:
            if name in _LEADS:
                given = (_LEADS[name], LEADS_SUBMISSIONS, SEED, options.out)
                figures, curve = pool.submit(leads_rows, *given).result()
                reach = None
            else:
                figures, reach = pool.submit(run_set, name, options.data, options.out).result()
                curve = ""
        for one in figures:
            print(row(name, one, reach), flush=True)
        if curve:
            print(curve, flush=True)
    if options.speed:
        with ProcessPoolExecutor(1, mp_context=spawn) as pool:
            pool.submit(measure_times, options.speed, NEW_SUBMISSIONS).result()


def row(name: str, figures: Figures, reach: float | None) -> str:
    accuracy = figures.accuracy
    b_cubed = f"{accuracy.b_cubed:9.4f}" if accuracy.b_cubed is not None else " " * 9
    notes = []
    if figures.candidates:
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
