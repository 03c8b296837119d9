"""Times, memory and accuracy of identity resolution on synthetic people with known truth.

    python -m benchmarks.matching 1000000 --new 1000

Cold: all submissions at once. Then some new ones onto that base. Skewed: 5 % share one phone and
10 % one company. Prints seconds, peak memory of the process, and pairwise precision and recall.
"""

import argparse
import datetime as dt
import resource
import time
from pathlib import Path

import duckdb
import pandas as pd

from lead_platform.demo.normalized_people import SyntheticPeople, generate_people
from lead_platform.identity.engine.model import load_model
from lead_platform.identity.engine.specification import load_specification
from lead_platform.identity.leads.members import ResolutionSummary, resolve_leads

ROOT = Path(__file__).resolve().parents[1]
SPECIFICATION = load_specification(ROOT / "config" / "identity.yaml")
MODEL = load_model(SPECIFICATION)


def empty_lake() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for layer in ("identity", "governance"):
        tables = (ROOT / "lead_platform" / layer / "tables.sql").read_text(encoding="utf-8")
        connection.execute(f"create schema {layer}; {tables}")
    return connection


def receive(connection: duckdb.DuckDBPyConnection, frame: pd.DataFrame) -> None:
    connection.register("given", frame)
    connection.execute("insert into identity.normalized_submissions by name from given")
    connection.unregister("given")


def resolve(connection: duckdb.DuckDBPyConnection) -> tuple[ResolutionSummary, float, float]:
    """The summary, and seconds: on the clock, and of all processors together."""
    started, worked = time.perf_counter(), time.process_time()
    summary = resolve_leads(
        connection,
        model=MODEL,
        specification=SPECIFICATION,
        decided_at=dt.datetime.fromisoformat("2026-01-01"),
        run_id="benchmark",
    )
    return summary, time.perf_counter() - started, time.process_time() - worked


def skew(frame: pd.DataFrame) -> pd.DataFrame:
    """5 % of the records with one phone, 10 % with one company."""
    skewed = frame.copy()
    skewed.loc[skewed.index % 20 == 3, "phone"] = "+12025550100"
    skewed.loc[skewed.index % 10 == 7, ["company_key", "company_domain"]] = ["self employed", None]
    skewed["match_record_id"] = skewed["submission_id"].str.replace("sub_", "rec_")
    return skewed


def accuracy(connection: duckdb.DuckDBPyConnection, people: SyntheticPeople) -> str:
    members = connection.execute("select submission_id, lead_id from identity.lead_members").df()
    joined = people.truth.merge(members, on="submission_id", validate="one_to_one")

    def pairs(*columns: str) -> int:
        sizes = joined.groupby(list(columns)).size()
        return int((sizes * (sizes - 1) // 2).sum())

    right = pairs("lead_id", "person")
    return f"precision {right / pairs('lead_id'):.4f}, recall {right / pairs('person'):.4f}"


def report(label: str, summary: ResolutionSummary, seconds: float, worked: float) -> None:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024
    print(
        f"{label:<8} {seconds:6.2f} s  {worked:6.2f} s of processors  {memory:5.2f} GB peak  "
        f"{summary.candidates:>9,} compared  "
        f"{summary.merges:>8,} merges  {summary.reviews:>7,} to review  "
        f"{summary.bounded_keys:>4} bounded keys"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("submissions", type=int, nargs="?", default=100_000)
    parser.add_argument("--new", type=int, default=1_000)
    options = parser.parse_args()
    measure_times(options.submissions, options.new)


def measure_times(submissions: int, new: int) -> None:
    """Prints a row each for a cold base, new leads onto it, and a skewed one."""
    people = generate_people(submissions + new, seed=42, specification=SPECIFICATION)
    resolve(empty_lake())
    lake = empty_lake()
    receive(lake, people.submissions.iloc[:submissions])
    report("cold", *resolve(lake))
    receive(lake, people.submissions.iloc[submissions:])
    report(f"{new} new", *resolve(lake))
    print(accuracy(lake, people))
    lake.close()
    skewed = empty_lake()
    receive(skewed, skew(people.submissions.iloc[:submissions]))
    report("skewed", *resolve(skewed))


if __name__ == "__main__":
    main()
