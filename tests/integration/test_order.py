"""What sorts decisions is their sequence: whatever the clocks said, things stand as they would.

A run started with `--as-of` in the past, or after the clock had stepped back, was outranked by what
it had replaced: its owners, versions and merges were taken for the earlier ones.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lead_platform.identity.judgement.verdicts import Act, Verdict, VerdictError, record_verdicts
from lead_platform.identity.leads.reversal import MergeFilter, plan_undo
from lead_platform.routing.assignments import UndoError
from lead_platform.routing.configuration import RoutingConfiguration
from lead_platform.routing.dispatch import route, undo_assignments
from lead_platform.routing.versions import write_configuration
from lead_platform.scoring.scorecard import Scorecard, load_scorecard
from lead_platform.scoring.scorecard_versions import write_scorecard
from tests.identity.lead_world import SPECIFICATION, empty_lake, receive, resolve, submission
from tests.routing.conftest import configuration, with_reps
from tests.routing.test_assignments import OTHER_TABLES

__all__ = ["configuration", "with_reps"]

ROOT = Path(__file__).resolve().parents[2]
START = dt.datetime.fromisoformat("2026-03-02T09:00:00")
JANE = {"first_name": "Jane", "last_name": "Roe"}
LINKEDIN = {"linkedin_url": "https://linkedin.com/in/roe"}
PEOPLE = (
    submission(1, email="jane@acme.com", country="NL", **JANE),
    submission(2, email="jane77@gmail.com", country="US", **JANE),
    submission(3, country="IN", **LINKEDIN, **JANE),
)
STATE = {
    "members": "select submission_id, lead_id from identity.lead_members order by all",
    "crosswalk": "select lead_id, relation, related_lead_id from identity.lead_crosswalk "
    "order by all",
    "owners": "select lead_id, rule, coalesce(owner_rep_id, queue), is_held "
    "from routing.assignments order by all",
    "decisions": "select lead_id, rule, destination from routing.routing_decisions "
    "order by decision_seq, lead_id",
    "routing": "select routing_version from routing.routing_versions order by version_seq",
    "scorecard": "select name from scoring.scorecard_versions order by version_seq",
    "done": "select workflow, action, before, after from governance.audit_log "
    "order by audit_seq, workflow, action, before, after",
}


class World:
    """A lake in memory on which runs and people act, each at a time of its own."""

    def __init__(
        self, times: Iterator[dt.datetime], configurations: list[RoutingConfiguration]
    ) -> None:
        self.lake = empty_lake()
        self._times = times
        self._configurations = configurations
        self._cards = scorecards()
        self._band = "high"
        self._runs = 0
        self.refused: list[str] = []
        for layer in ("enrichment", "scoring", "routing"):
            self.lake.execute(f"create schema {layer}")
        for layer in ("scoring", "routing"):
            self.lake.execute((ROOT / "lead_platform" / layer / "tables.sql").read_text())
        self.lake.execute(OTHER_TABLES)
        receive(self.lake, PEOPLE)
        self.run()

    def run(self) -> None:
        """What a job does, in one go and at one time."""
        now = next(self._times)
        run_id = f"run_{(number := self._number())}"
        write_scorecard(self.lake, self._cards[0], effective_at=now, run_id=run_id)
        write_configuration(self.lake, self._configurations[0], effective_at=now, run_id=run_id)
        resolve(self.lake, run_id, decided_at=now)
        self._profile(number)
        route(self.lake, self._configurations[0], decided_at=now, run_id=run_id)

    def _number(self) -> int:
        self._runs += 1
        return self._runs

    def _profile(self, number: int) -> None:
        """A golden record and a score for every lead, as its submissions stand."""
        self.lake.execute("delete from identity.lead_versions")
        self.lake.execute("delete from enrichment.lead_profiles")
        self.lake.execute("delete from scoring.lead_scores")
        self.lake.execute(f"""
            insert into identity.lead_versions
            select lead_id, string_agg(submission_id, ' ' order by submission_id), 'v'
            from identity.lead_members group by lead_id;
            insert into enrichment.lead_profiles
            select m.lead_id, any_value(v.lead_version), null, null, min(s.country), null, 250,
                false
            from identity.lead_members as m
            join identity.normalized_submissions as s using (submission_id)
            join identity.lead_versions as v using (lead_id) group by m.lead_id;
            insert into scoring.lead_scores
            select lead_id, profile_version, 'card', 50, '{self._band}', false
            from enrichment.lead_profiles;
            delete from routing.assignments
            where lead_id not in (select lead_id from identity.lead_versions);
        """)

    def arrive(self) -> None:
        """One who shows that the second and the third are one person."""
        number = 4 + self._runs
        receive(self.lake, [submission(number, email="jane77@gmail.com", **LINKEDIN, **JANE)])
        self.run()

    def say(self, verdict: str) -> None:
        """A person says what the first and the second are."""
        self._judge([Verdict(("sub_0001", "sub_0002"), verdict)])

    def undo_merges(self) -> None:
        """A person takes back the last merge of whoever the third is."""
        [(lead_id,)] = self.lake.execute(
            "select lead_id from identity.lead_members where submission_id = 'sub_0003'"
        ).fetchall()
        for parting in plan_undo(self.lake, MergeFilter(lead_id), SPECIFICATION):
            self._judge(parting.verdicts)

    def _judge(self, verdicts: list[Verdict]) -> None:
        act = Act("judge", "lead", "x", "review", "looked", "Dana", next(self._times))
        record_verdicts(self.lake, [(act, verdicts)])
        self.run()

    def take_back(self) -> None:
        """A person takes the first's lead back from whoever has it."""
        [(lead_id,)] = self.lake.execute(
            "select lead_id from identity.lead_members where submission_id = 'sub_0001'"
        ).fetchall()
        undo_assignments(
            self.lake, [lead_id], undone_by="Dana", reason="wrong", undone_at=next(self._times)
        )
        self.run()

    def swap_reps(self) -> None:
        """A rep leaves, or comes back."""
        self._configurations.reverse()
        self.run()

    def swap_scorecards(self) -> None:
        """Another scorecard takes effect, or the former one again."""
        self._cards.reverse()
        self.run()

    def swap_bands(self) -> None:
        """Everybody's score falls, or rises again."""
        self._band = {"high": "low", "low": "high"}[self._band]
        self.run()

    def act(self, step: str) -> None:
        """One step; what is refused is noted."""
        try:
            STEPS[step](self)
        except (UndoError, VerdictError, LookupError) as refusal:
            self.refused.append(type(refusal).__name__)

    def state(self) -> dict[str, list[tuple]]:
        """All that stands, without the times."""
        found = {name: self.lake.execute(query).fetchall() for name, query in STATE.items()}
        return found | {"refused": [tuple(self.refused)]}


STEPS: dict[str, Callable[[World], None]] = {
    "arrive": World.arrive,
    "same": lambda world: world.say("same"),
    "different": lambda world: world.say("different"),
    "undo": World.undo_merges,
    "take back": World.take_back,
    "reps": World.swap_reps,
    "scorecards": World.swap_scorecards,
    "bands": World.swap_bands,
}


def scorecards() -> list[Scorecard]:
    """Two that may be in effect."""
    card = load_scorecard(ROOT / "config" / "scorecard.yaml")
    other = Scorecard.model_validate(card.model_dump(by_alias=True) | {"name": "other"})
    assert other.version != card.version
    return [card, other]


Clock = Iterator[dt.datetime]


@pytest.fixture(scope="module")
def new_world(
    configuration: RoutingConfiguration, with_reps: Callable[..., RoutingConfiguration]
) -> Callable[[Clock], World]:
    """A world under the shipped configuration; under the other one, who has most leads has left."""
    other = with_reps(ben_fischer={"is_active": False})
    return lambda clock: World(clock, [configuration, other])


def honest() -> Iterator[dt.datetime]:
    """A clock that goes on."""
    now = START
    while True:
        yield now
        now += dt.timedelta(hours=1)


def given_hours(hours: list[int]) -> Iterator[dt.datetime]:
    """A clock that shows these hours in turn."""
    while True:
        yield from (START + dt.timedelta(hours=hour) for hour in hours)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(steps=["reps", "take back", "scorecards", "scorecards", "reps"], hours=[5, 4, 3, 2, 1, 0])
@example(steps=["arrive", "undo", "same", "undo", "take back"], hours=[0])
@given(
    steps=st.lists(st.sampled_from(sorted(STEPS)), min_size=2, max_size=5),
    hours=st.lists(st.integers(-48, 48), min_size=1, max_size=20),
)
def test_things_stand_as_they_would_whatever_the_clocks_said(
    new_world: Callable[[Clock], World], steps: list[str], hours: list[int]
) -> None:
    worlds = [new_world(honest()), new_world(given_hours(hours))]
    for world in worlds:
        for step in steps:
            world.act(step)
    assert worlds[1].state() == worlds[0].state()
