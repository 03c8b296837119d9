"""A record that was set aside is left out of every delivery, and comes back once it is released."""

import itertools
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_platform.capture.channels import Channel, load_channels
from lead_platform.capture.deliveries import Intake, list_records, parse_deliveries, take_in
from lead_platform.capture.quarantine import MOST_CONTENTS, trace_contents
from lead_platform.capture.returns import list_returns, mark_returned
from lead_platform.cli.pages.summary import gather_summary
from lead_platform.governance.quarantine import decide
from lead_platform.lake.lake import Lake
from lead_platform.lake.quarantine import Hold, Separation, Subject, write_holds
from lead_platform.settings import Settings
from tests.capture.conftest import PROJECT, RECEIVED_AT

DEALS = "outcome_id,type,occurred_at,amount,currency\n" + "".join(
    f"o{n},closed_won,2026-01-01,{n}.50,EUR\n" for n in range(1, 5)
)


@pytest.fixture
def channels() -> dict[str, Channel]:
    return load_channels(PROJECT / "config")


def deliver(
    lake: Lake, channels: dict[str, Channel], path: Path, text: str = DEALS, *, at: int = 0
) -> Intake:
    """Take in a file as the asset does, what comes back with it."""
    received_at = RECEIVED_AT.replace(minute=at)
    path.write_text(text, encoding="utf-8")
    parsed, faults = parse_deliveries(
        [(path, "crm_outcomes")],
        channels,
        received_at=received_at,
        inbox=path.parent / "inbox",
        spools=path.parent,
    )
    assert not faults
    with lake.write("intake") as candidate:
        returned = list_returns(candidate.connection, channels, received_at=received_at)
        done = take_in(candidate.connection, [*parsed, *returned], run_id="run")
        taken = (item.delivery for item in done.taken)
        mark_returned(candidate.connection, channels, taken, at=received_at)
        return done


def hold(lake: Lake, kind: str, subject_id: str) -> None:
    with lake.write("hold") as candidate:
        write_holds(
            candidate.connection,
            [Hold(Subject(kind, subject_id), "capture.outcomes", "expect_better", "{}")],
            step="intake",
            release_id=None,
            run_id="run",
            held_at=RECEIVED_AT,
        )


def let_go(lake: Lake, state: str) -> None:
    with lake.write("verdict") as candidate:
        candidate.connection.execute(f"update governance.quarantine set state = '{state}'")


def rows(lake: Lake, query: str) -> list[tuple]:
    with lake.read() as connection:
        return connection.execute(query).fetchall()


def told_of(lake: Lake) -> dict[str, int]:
    """What `lead-platform status` counts of records; what its reasons add up to."""
    with lake.read() as connection:
        summary = gather_summary(connection)
    assert sum(summary.rejected.values()) == summary.received["rejected"]
    return {name: summary.received[name] for name in ("received", "taken", "repeats", "rejected")}


# All but when and with what they came.
OUTCOMES = """
select columns(* exclude (delivery_id, received_seq, received_at)) from capture.outcomes
where record_id <> 'o9' order by record_id
"""


def test_a_held_record_is_rejected_whole_and_comes_back_when_released(
    lake: Lake, new_lake: Callable[..., Lake], channels: dict[str, Channel], tmp_path: Path
) -> None:
    healthy = new_lake("healthy")
    deliver(healthy, channels, tmp_path / "healthy.csv")
    [(bad,)] = rows(healthy, "select outcome_id from capture.outcomes where record_id = 'o2'")
    hold(lake, "outcome", bad)

    counts = deliver(lake, channels, tmp_path / "deals.csv").totals
    assert (counts["taken"], counts["rejected"]) == (3, 1)
    [(reasons,)] = rows(
        lake,
        "select r.reasons from capture.rejected_records as r "
        "join governance.quarantine as q on q.payload_id = r.rejected_id",
    )
    assert "set aside: capture.outcomes expect_better" in reasons
    other = deliver(lake, channels, tmp_path / "again.csv", DEALS + "o9,meeting,2026-01-02,,\n")
    assert (other.totals["taken"], other.totals["repeats"], other.totals["rejected"]) == (1, 3, 1)

    let_go(lake, "released")
    returned = deliver(lake, channels, tmp_path / "deals.csv", at=5).totals
    assert (returned["taken"], returned["repeats"], returned["rejected"]) == (1, 4, 0)
    assert rows(lake, OUTCOMES) == rows(healthy, OUTCOMES)
    # What came back was counted once more as received, and as rejected all the same.
    assert told_of(lake) == {"received": 13, "taken": 5, "repeats": 7, "rejected": 1}
    with lake.read() as connection:
        assert not list_returns(connection, channels, received_at=RECEIVED_AT)
    assert deliver(lake, channels, tmp_path / "deals.csv", at=9).totals["taken"] == 0


def test_a_released_record_waits_for_its_channel(
    lake: Lake, new_lake: Callable[..., Lake], channels: dict[str, Channel], tmp_path: Path
) -> None:
    other = new_lake("other")
    deliver(other, channels, tmp_path / "one.csv")
    [(bad,)] = rows(other, "select outcome_id from capture.outcomes where record_id = 'o2'")
    hold(lake, "outcome", bad)
    deliver(lake, channels, tmp_path / "one.csv")
    let_go(lake, "released")
    with lake.write("intake") as candidate:
        assert not list_returns(candidate.connection, {}, received_at=RECEIVED_AT)
    assert deliver(lake, channels, tmp_path / "one.csv", at=5).totals["taken"] == 1


def test_a_file_of_conflicts_says_so(
    lake: Lake, channels: dict[str, Channel], tmp_path: Path
) -> None:
    """What is rejected while it is written was told as "rejected ()"."""
    deliver(lake, channels, tmp_path / "one.csv")
    changed = DEALS.replace("2026-01-", "2026-02-")
    assert changed != DEALS
    [fault] = deliver(lake, channels, tmp_path / "two.csv", changed, at=5).mostly_rejected
    assert "(conflicting contents)" in fault.reason


def test_what_is_discarded_does_not_come_back(
    lake: Lake, channels: dict[str, Channel], tmp_path: Path
) -> None:
    deliver(lake, channels, tmp_path / "one.csv", DEALS.split("o2")[0])
    [(known,)] = rows(lake, "select outcome_id from capture.outcomes")
    hold(lake, "outcome", known)
    let_go(lake, "discarded")
    counts = deliver(lake, channels, tmp_path / "deals.csv").totals
    assert (counts["taken"], counts["repeats"]) == (3, 1), "what is taken in stays taken in"


def test_a_held_delivery_stays_where_it_is(
    lake: Lake, channels: dict[str, Channel], tmp_path: Path
) -> None:
    path = tmp_path / "deals.csv"
    path.write_text(DEALS, encoding="utf-8")
    parsed, _ = parse_deliveries(
        [(path, "crm_outcomes")],
        channels,
        received_at=RECEIVED_AT,
        inbox=tmp_path / "inbox",
        spools=tmp_path,
    )
    hold(lake, "delivery", parsed[0].delivery.delivery_id)
    done = deliver(lake, channels, path)
    assert (list(done.taken), [item.path for item in done.set_aside]) == ([], [path])
    assert "quarantine list" in str(done.faults[0])
    assert rows(lake, "select * from capture.outcomes") == []
    let_go(lake, "released")
    assert deliver(lake, channels, path).totals["taken"] == 4


# --- records that are corrected at their source ----------------------------------------------

Row = tuple[str, str]
BAD, WORSE, GOOD, BETTER = "bad", "worse", "good", "better"


def forbid(lake_settings: Settings, values: Sequence[str]) -> None:
    """Have the suite of outcomes refuse rows with these reasons, which intake does not check."""
    shutil.copytree(PROJECT / "expectations", lake_settings.expectations_dir, dirs_exist_ok=True)
    path = lake_settings.expectations_dir / "capture" / "outcomes.json"
    suite = json.loads(path.read_text(encoding="utf-8"))
    forbidden = {"column": "reason", "value_set": list(values)}
    rule = {"type": "expect_column_values_to_not_be_in_set", "kwargs": forbidden}
    suite["expectations"].append(rule)
    path.write_text(json.dumps(suite), encoding="utf-8")


@dataclass
class Source:
    """A CRM that delivers outcomes, of which a record says who it is and a reason what is in it."""

    lake: Lake
    channels: dict[str, Channel]
    folder: Path
    names: Any = field(default_factory=itertools.count)
    received: int = 0

    def run(self, *files: Sequence[Row], prefix: str = "") -> dict[str, int]:
        """One run of intake over these files, as the asset does it; the counts of its records."""
        number = next(self.names)
        self.received += sum(map(len, files))
        received_at = RECEIVED_AT + timedelta(minutes=number)
        paths = [self.folder / f"{number}-{place}.csv" for place in range(len(files))]
        for path, file in zip(paths, files, strict=True):
            lines = (f"{prefix}{one},closed_lost,2026-01-01,{reason}\n" for one, reason in file)
            path.write_text("outcome_id,type,occurred_at,reason\n" + "".join(lines))
        parsed, _ = parse_deliveries(
            [(path, "crm_outcomes") for path in paths],
            self.channels,
            received_at=received_at,
            inbox=self.folder / "inbox",
            spools=self.folder,
        )

        def trace(
            connection: duckdb.DuckDBPyConnection, kind: str, ids: Sequence[str], since: int
        ) -> dict[str, list[Subject]]:
            return trace_contents(connection, kind, ids, list_records([*parsed, *returned]))

        for place in range(MOST_CONTENTS + 1):
            separation = Separation("intake", trace, is_last=place == MOST_CONTENTS)
            with self.lake.write("intake", separations=[separation]) as candidate:
                connection = candidate.connection
                returned = list_returns(connection, self.channels, received_at=received_at)
                done = take_in(connection, [*parsed, *returned], run_id="run")
                taken = (item.delivery for item in done.taken)
                mark_returned(connection, self.channels, taken, at=received_at)
            if not candidate.is_to_repeat:
                break
        return done.totals

    def release(self, record_id: str) -> None:
        """What a person does: the oldest entry of the record, then the next run."""
        with self.lake.write("verdict") as candidate:
            found = candidate.connection.execute(f"{ENTRIES} limit 1", [record_id]).fetchall()
            ids = [quarantine_id for quarantine_id, _ in found]
            decide(
                candidate.connection, ids, "released", by="Dana", reason="corrected", at=RECEIVED_AT
            )
        self.run()

    def held(self, record_id: str) -> list[str]:
        """The contents of a record that are held, the oldest first."""
        with self.lake.read() as connection:
            return [reason for _, reason in connection.execute(ENTRIES, [record_id]).fetchall()]

    def taken(self, record_id: str) -> list[str]:
        """The contents of a record that are taken in."""
        query = f"select reason from capture.outcomes where record_id = '{record_id}'"
        return [reason for (reason,) in rows(self.lake, query)]


ENTRIES = """
select quarantine_id, payload ->> 'reason'
from governance.quarantine join capture.rejected_records on rejected_id = payload_id
where state = 'held' and record_id = ? order by rejected_at, hold_number
"""
COUNTS = """
select sum(records) = sum(taken + repeats + rejected),
    sum(rejected) = (select count(*) from capture.rejected_records),
    sum(taken) = (select count(*) from capture.outcomes)
from capture.deliveries
"""


@pytest.fixture
def source(new_lake: Callable[..., Lake], channels: dict[str, Channel], tmp_path: Path) -> Source:
    """A source whose records with the reasons `bad` and `worse` the gate refuses."""
    strict = new_lake("strict", expectations_dir=tmp_path / "expectations")
    forbid(strict.settings, [BAD, WORSE])
    return Source(strict, channels, tmp_path)


def test_a_corrected_record_is_judged_for_itself(source: Source) -> None:
    """It was set aside on its id alone, and a release brought back the contents that had failed."""
    assert source.run([("q1", BAD), ("q2", GOOD)])["rejected"] == 1
    assert (source.held("q1"), source.taken("q1")) == ([BAD], [])
    again = source.run([("q1", BAD)])
    assert (again["rejected"], source.held("q1")) == (1, [BAD]), "the same again is held still"

    counts = source.run([("q1", GOOD)])
    assert (counts["taken"], counts["rejected"]) == (1, 0)
    assert (source.held("q1"), source.taken("q1")) == ([], [GOOD])
    [(state, reason, is_tried)] = rows(
        source.lake,
        "select state, decision_reason, tried_at is not null from governance.quarantine",
    )
    assert (state, reason, is_tried) == ("superseded", "corrected at its source", True)
    late = source.run([("q1", BAD), ("q3", GOOD)])
    assert (late["taken"], late["rejected"]) == (1, 1), "in conflict with what was taken in"
    assert (source.held("q1"), source.taken("q1")) == ([], [GOOD])


def test_a_release_brings_back_the_newest_contents(source: Source) -> None:
    source.run([("q1", BAD)])
    source.run([("q1", WORSE)])
    assert (source.held("q1"), source.taken("q1")) == ([BAD, WORSE], [])
    source.release("q1")
    assert source.held("q1") == [WORSE], "which alone was tried, and failed again"
    forbid(source.lake.settings, [])
    source.lake = Lake(source.lake.settings)
    source.run()
    assert (source.held("q1"), source.taken("q1")) == ([], [WORSE])
    assert source.run()["received"] == 0, "each is returned once"


def test_a_record_with_any_number_of_contents_stops_no_run(source: Source) -> None:
    """Each that failed would cost the run a try, and, after the last, the whole batch."""
    reasons = [f"bad {number}" for number in range(MOST_CONTENTS + 3)]
    forbid(source.lake.settings, reasons)
    counts = source.run([("q1", reason) for reason in reasons] + [("q2", GOOD)])
    assert (counts["taken"], counts["rejected"]) == (1, len(reasons))
    assert source.held("q1") == reasons
    assert source.run([("q1", GOOD)])["taken"] == 1
    assert source.held("q1") == []


FILES = st.lists(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from([BAD, WORSE, GOOD, BETTER])),
        min_size=1,
        max_size=3,
    ),
    min_size=1,
    max_size=3,
)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(files=FILES, is_one_run=st.booleans(), is_released=st.booleans())
def test_what_is_taken_and_held_follows_from_what_came(
    source: Source, files: list[list[Row]], is_one_run: bool, is_released: bool
) -> None:
    """The first contents that pass are taken; until then all that failed are held, each once."""
    prefix = f"{next(source.names)}-"
    contents = {
        one: {reason for file in files for who, reason in file if who == one} for one in "ab"
    }
    if is_one_run and all(len(reasons) <= MOST_CONTENTS for reasons in contents.values()):
        source.run(*files, prefix=prefix)
    else:
        for file in files:
            source.run(file, prefix=prefix)
    for one in "ab":
        came = [reason for file in files for who, reason in file if who == one]
        good = [reason for reason in came if reason in (GOOD, BETTER)]
        bad = list(dict.fromkeys(reason for reason in came if not good))
        assert source.taken(prefix + one) == good[:1]
        assert source.held(prefix + one) == bad
        if is_released and bad:
            source.release(prefix + one)
            assert (source.held(prefix + one), source.taken(prefix + one)) == (bad[-1:], [])
    assert rows(source.lake, COUNTS) == [(True, True, True)]
    told = told_of(source.lake)
    assert told["received"] == source.received
    assert told["received"] == told["taken"] + told["repeats"] + told["rejected"]
