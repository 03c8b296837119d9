"""Traps: small groups of submissions that go wrong easily, and the leads they should be.

    python -m benchmarks.identity.traps              the groups that were looked at, one by one
    python -m benchmarks.identity.traps --held       those held back: figures only
    python -m benchmarks.identity.traps --held --show

Each group is normalised as the main job does it and resolved by the shipped model twice: in one
load, and backwards, one by one. Right is a group whose leads are those that trap_groups/ states
both times, with a person asked where it says so. A wrong merge is a pair in one lead that should
not be; through a third record, where the pair itself does not merge.
"""

import argparse
import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from pydantic import BaseModel, ConfigDict

from benchmarks.identity.populations import ROOT, SPECIFICATION, empty_lake
from lead_platform.configuration import load_yaml
from lead_platform.identity.engine.model import MatchModel, load_model
from lead_platform.identity.leads.members import resolve_leads
from lead_platform.identity.normalization.submissions import INSTANTS, normalize_submissions
from lead_platform.vocabularies.folder import load_vocabularies
from lead_platform.vocabularies.tables import Vocabularies

GROUPS = Path(__file__).parent / "trap_groups"
_DECIDED_AT = dt.datetime(2026, 3, 1, 12)  # noqa: DTZ001  (UTC, naive, as everywhere in the lake)

Leads = frozenset[frozenset[int]]


class Trap(BaseModel):
    """A group: `rows` by field of capture.submissions, `leads` by their places (from 1)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    kind: str
    rows: tuple[dict[str, str], ...]
    leads: tuple[tuple[int, ...], ...]
    asked: bool = False

    @property
    def right(self) -> Leads:
        """The leads as they should be."""
        return frozenset(map(frozenset, self.leads))


class _Traps(BaseModel):
    groups: tuple[Trap, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of a group. `leads`: one per order of arrival; `wrong`: pairs in one lead that
    should not be, `through_third`: those of them that do not merge themselves."""

    trap: Trap
    leads: tuple[Leads, ...]
    reasons: tuple[str, ...]
    wrong: frozenset[tuple[int, int]]
    through_third: frozenset[tuple[int, int]]

    @property
    def is_right(self) -> bool:
        """The same and the right leads in every order, and a person asked where one should be."""
        return set(self.leads) == {self.trap.right} and (bool(self.reasons) or not self.trap.asked)


def load_traps(half: str) -> tuple[Trap, ...]:
    """The groups of trap_groups/<half>.yaml. Raises ConfigurationError for faults in it."""
    return load_yaml(GROUPS / f"{half}.yaml", _Traps).groups


def spring(trap: Trap, vocabularies: Vocabularies, model: MatchModel) -> Outcome:
    """What becomes of a group in every order of arrival."""
    places = list(range(1, len(trap.rows) + 1))
    lake = _resolved(trap, [places], vocabularies, model)
    backwards = _resolved(trap, [[place] for place in places[::-1]], vocabularies, model)
    merged = _merging_pairs(lake)
    found = _leads(lake)
    together = {pair for lead in found for pair in combinations(sorted(lead), 2)}
    rightly = {pair for lead in trap.right for pair in combinations(sorted(lead), 2)}
    wrong = frozenset(together - rightly)
    return Outcome(trap, (found, _leads(backwards)), _reasons(lake), wrong, wrong - merged)


def _resolved(
    trap: Trap,
    slices: Sequence[Sequence[int]],
    vocabularies: Vocabularies,
    model: MatchModel,
) -> duckdb.DuckDBPyConnection:
    """A lake with the group's rows, slice after slice."""
    lake = empty_lake()
    lake.execute("set threads = 1")
    received = 0
    for number, places in enumerate(slices):
        rows: list[dict[str, Any]] = []
        for place in places:
            received += 1
            given = {"channel": "web_form", "source_system": "web", **trap.rows[place - 1]}
            rows.append({"submission_id": f"sub_{place}", "received_seq": received, **given})
        lake.register("normalized", normalize_submissions(_captured(lake, rows), vocabularies))
        lake.execute("insert into identity.normalized_submissions by name from normalized")
        lake.unregister("normalized")
        resolve_leads(
            lake,
            model=model,
            specification=SPECIFICATION,
            decided_at=_DECIDED_AT,
            run_id=f"{number}",
        )
    return lake


def _captured(lake: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]]) -> pd.DataFrame:
    columns = lake.table("capture.submissions").columns
    unknown = sorted({name for row in rows for name in row} - set(columns))
    if unknown:
        raise ValueError(f"capture.submissions has no {', '.join(unknown)}; see its tables.sql")
    frame = pd.DataFrame(rows).reindex(columns=columns)
    for name in INSTANTS:
        frame[name] = pd.to_datetime(frame[name])
    return frame


def _leads(lake: duckdb.DuckDBPyConnection) -> Leads:
    rows = lake.execute(
        "select list(replace(submission_id, 'sub_', '')::integer) from identity.lead_members "
        "group by lead_id"
    ).fetchall()
    return frozenset(frozenset(row[0]) for row in rows)


def _merging_pairs(lake: duckdb.DuckDBPyConnection) -> set[tuple[int, int]]:
    """Pairs of places of which the records are the same, or merge by themselves."""
    rows = lake.execute("""
        select distinct least(l.place, r.place), greatest(l.place, r.place)
        from (select replace(submission_id, 'sub_', '')::integer as place, match_record_id
              from identity.lead_members) as l
        join (select replace(submission_id, 'sub_', '')::integer as place, match_record_id
              from identity.lead_members) as r on r.place <> l.place
        left join identity.match_pairs as p
            on p.left_record_id = least(l.match_record_id, r.match_record_id)
            and p.right_record_id = greatest(l.match_record_id, r.match_record_id)
        where l.match_record_id = r.match_record_id or p.decision = 'merge'
    """).fetchall()
    return {(int(one), int(other)) for one, other in rows}


def _reasons(lake: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    rows = lake.execute(
        "select reason from identity.match_reviews where status = 'open' order by review_id"
    ).fetchall()
    return tuple(str(row[0]) for row in rows)


def _told(outcome: Outcome) -> Iterator[str]:
    yield f"{outcome.trap.name} ({outcome.trap.kind})"
    yield f"    should be {_shown(outcome.trap.right)}"
    for leads in dict.fromkeys(outcome.leads):
        yield f"    became    {_shown(leads)}"
    for reason in outcome.reasons:
        yield f"    asked: {reason}"


def _shown(leads: Leads) -> str:
    return " | ".join("".join(map(str, lead)) for lead in sorted(map(sorted, leads)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--held", action="store_true", help="the groups held back")
    parser.add_argument("--show", action="store_true", help="those that went wrong, one by one")
    parser.add_argument("--all", action="store_true", help="show also those that went right")
    options = parser.parse_args()
    half = "held" if options.held else "seen"
    vocabularies, model = load_vocabularies(ROOT / "config"), load_model(SPECIFICATION)
    outcomes = [spring(trap, vocabularies, model) for trap in load_traps(half)]
    for outcome in outcomes:
        if (options.show or not options.held) and (options.all or not outcome.is_right):
            print("\n".join(_told(outcome)))
    kinds = Counter(outcome.trap.kind for outcome in outcomes)
    right = Counter(outcome.trap.kind for outcome in outcomes if outcome.is_right)
    for kind, count in sorted(kinds.items()):
        print(f"{kind:<24}{right[kind]:>3} of {count}")
    print(
        f"{half}: {right.total()} of {len(outcomes)} right, "
        f"{sum(len(one.wrong) for one in outcomes)} wrong merges, "
        f"{sum(len(one.through_third) for one in outcomes)} of them through a third record"
    )


if __name__ == "__main__":
    main()
