"""A forecast: what of leads would change, were all that is behind made anew now.

All of it is written inside one gated write that is always taken back, and compared with what is
published: the same code on the same rows, so it tells what will be. What is set aside is left out
and what is to be tried again is tried, as in each stage of a run. The writer lock is held
meanwhile, and providers are asked as in a run.
"""

from dataclasses import dataclass
from datetime import datetime

import duckdb

from lead_platform.capture.contracts import load_contracts, takeable_channels
from lead_platform.capture.rereading import STAGE as REREAD
from lead_platform.capture.rereading import STEP as INTAKE
from lead_platform.capture.rereading import reread_items
from lead_platform.enrichment.configuration import load_providers
from lead_platform.enrichment.provider import ProviderContext
from lead_platform.enrichment.results import enrich_pending, keep_answers
from lead_platform.governance.backlog import count_backlog
from lead_platform.identity.leads.specification import load_lead_specification, own_columns
from lead_platform.identity.resolution import (
    normalize_anew,
    resolve,
    withdraw_non_persons,
    write_normalized,
)
from lead_platform.lake.brake import check_brake
from lead_platform.lake.changes import current_snapshot
from lead_platform.lake.gate import Gate
from lead_platform.lake.lake import Candidate, Lake
from lead_platform.lake.quarantine import Separation
from lead_platform.lake.readings import Reading
from lead_platform.lake.steps import Models, Part, Prepared, Stage
from lead_platform.lake.suites import usable_suites
from lead_platform.routing.configuration import load_routing
from lead_platform.routing.dispatch import route
from lead_platform.routing.versions import write_configuration
from lead_platform.scoring.scorecard import load_scorecard
from lead_platform.scoring.scorecard_versions import newest_scorecard, write_scorecard
from lead_platform.settings import Settings
from lead_platform.vocabularies.folder import load_intake_lists, load_vocabularies

# Of each kind at a time: 100 MB in Python.
ROWS = 20_000
_LABEL = "rebuild --dry-run"
# The stages as a run has them, by whose names the quarantine knows what they leave out.
_STAGES = (
    REREAD,
    "normalize",
    "resolve",
    "golden_records",
    "enrich",
    "profiles",
    "scores",
    "route",
)
# The models with all they are made of.
_GOLDEN, _SCORES = "+leads", "+lead_scores"


@dataclass(frozen=True)
class Change:
    """What would become of a lead: it `merges` into another, another `splits` off, a submission of
    it `moves`, it would `appear` or be `gone`; its `band` or `owner` would be another one."""

    what: str
    lead_id: str
    before: str | None
    after: str | None


class _TakenBackError(Exception):
    """Ends the write before it is judged."""


def forecast(lake: Lake, *, as_of: datetime) -> list[Change]:
    """What would change, by kind of change and lead. Nothing is published.

    Raises WriterLockTimeoutError where another writer is at work for too long.
    """
    found: list[Change] = []
    try:
        separations = [Separation(stage) for stage in _STAGES]
        with lake.supervise(_LABEL, rows=ROWS, separations=separations) as candidate:
            since = current_snapshot(candidate.connection)
            _make_anew(candidate, lake.settings, as_of, since)
            found += _compare(candidate.connection, since)
            raise _TakenBackError
    except _TakenBackError:
        return found


def _make_anew(candidate: Candidate, settings: Settings, as_of: datetime, since: int) -> None:
    """From what was captured to owners, with the configuration as it is."""
    _identify(candidate, settings, as_of)
    connection, folder = candidate.connection, settings.config_dir
    _begin(candidate, "golden_records")
    _build(candidate, settings, _GOLDEN, {"as_of": as_of.isoformat()})
    _cascade(candidate, settings, since)
    providers = load_providers(
        folder, ProviderContext(load_vocabularies(folder), settings.reference)
    )
    with candidate.transaction():
        _begin(candidate, "enrich")
        behind = count_backlog(connection, settings, as_of).enriched
        answers = enrich_pending(connection, providers, as_of, rows=behind)
        keep_answers(connection, answers, providers)
        card = load_scorecard(folder / "scorecard.yaml")
        if newest_scorecard(connection) != card.version:
            write_scorecard(connection, card, effective_at=as_of, run_id=_LABEL)
    _begin(candidate, "profiles", "scores")
    variables = {"as_of": as_of.isoformat(), "scorecard_version": card.version, "rescore": False}
    _build(candidate, settings, _SCORES, variables)
    _cascade(candidate, settings, since)
    with candidate.transaction():
        _begin(candidate, "route")
        configuration = load_routing(folder)
        write_configuration(connection, configuration, effective_at=as_of, run_id=_LABEL)
        route(connection, configuration, decided_at=as_of, run_id=_LABEL)


def _identify(candidate: Candidate, settings: Settings, as_of: datetime) -> None:
    """Slice by slice, until nothing is behind, or what is stays so."""
    connection, folder = candidate.connection, settings.config_dir
    lists, vocabularies = load_intake_lists(folder), load_vocabularies(folder)
    contracts = load_contracts(settings.expectations_dir)
    channels, _ = takeable_channels(folder, contracts)
    own_fields = own_columns(load_lead_specification(folder))
    left, before = 1, 0
    while left and left != before:
        check_brake()
        with candidate.transaction():
            _begin(candidate, REREAD)
            reading = Reading(INTAKE, lists.version, as_of, _LABEL)
            reread_items(connection, channels, contracts, lists, reading, rows=ROWS)
            _begin(candidate, "normalize")
            withdraw_non_persons(connection)
            forms = normalize_anew(connection, vocabularies, ROWS, own_fields)
            faults = [*forms.faults, *forms.faults_again]
            candidate.hold(faults, "submission", "identity.normalized_submissions")
            reading = Reading("normalize", vocabularies.version, as_of, _LABEL, kind="submission")
            write_normalized(connection, forms.rows, reading)
            _begin(candidate, "resolve")
            resolve(connection, folder, settings.models, decided_at=as_of, run_id=_LABEL, rows=ROWS)
            backlog = count_backlog(connection, settings, as_of)
        before, left = left, backlog.total - backlog.enriched


def _begin(candidate: Candidate, *stages: str) -> None:
    """The next stage: what it left out and need not any more, it tries."""
    for stage in stages:
        candidate.step = stage
        candidate.take_up({stage})


def _build(
    candidate: Candidate, settings: Settings, select: str, variables: dict[str, object]
) -> None:
    models = Prepared(models=Models(select, variables))
    stage = Stage(_LABEL, None, frozenset(), lambda: models)
    Part(((stage, models),)).write(candidate, settings)


def _cascade(candidate: Candidate, settings: Settings, since: int) -> None:
    """Rows that cannot outlive their lead go with it, as they do at the end of each step."""
    suites, unreadable = usable_suites(settings.expectations_dir)
    Gate(candidate.fence, suites, set(), unreadable).judge(since)


def _compare(connection: duckdb.DuckDBPyConnection, since: int) -> list[Change]:
    rows = connection.execute(_CHANGES.format(since=since)).fetchall()
    return [Change(*row) for row in rows]


# A table at a snapshot goes by no other name: it is named by a query around it.
_CHANGES = """
with was as (
    select * from (
        select submission_id, lead_id from identity.lead_members at (version => {since})
    )
),
is_now as (select submission_id, lead_id from identity.lead_members),
moved as (
    select was.lead_id as before, is_now.lead_id as after,
        was.lead_id in (select lead_id from is_now) as lives_on,
        is_now.lead_id in (select lead_id from was) as lived
    from was join is_now using (submission_id)
    where was.lead_id <> is_now.lead_id
    group by all
),
bands as (
    select former.lead_id, former.band as before, scores.band as after
    from (select * from scoring.lead_scores at (version => {since})) as former
    join scoring.lead_scores as scores on scores.lead_id = former.lead_id
    where scores.band is distinct from former.band
),
owners as (
    select former.lead_id, coalesce(former.owner_rep_id, former.queue) as before,
        coalesce(assigned.owner_rep_id, assigned.queue) as after
    from (select * from routing.assignments at (version => {since})) as former
    join routing.assignments as assigned on assigned.lead_id = former.lead_id
    where (assigned.owner_rep_id, assigned.queue)
        is distinct from (former.owner_rep_id, former.queue)
),
changes as (
    select 1 as place, 'merges' as what, before as lead_id, before, after from moved
    where not lives_on
    union all
    select 2, 'splits', before, before, after from moved where lives_on and not lived
    union all
    select 3, 'moves', before, before, after from moved where lives_on and lived
    union all
    select 4, 'appears', lead_id, null, lead_id from is_now
    where lead_id not in (select lead_id from was)
        and lead_id not in (select after from moved)
    group by lead_id
    union all
    select 5, 'gone', lead_id, lead_id, null from was
    where lead_id not in (select lead_id from is_now)
        and lead_id not in (select before from moved)
    group by lead_id
    union all
    select 6, 'band', lead_id, before, after from bands
    union all
    select 7, 'owner', lead_id, before, after from owners
)
select what, lead_id, before, after from changes order by place, lead_id, after
"""
