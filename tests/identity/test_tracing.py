"""Behind a bad row of identity stand the submissions, events or outcomes that brought it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb
import pytest

from lead_platform.identity.judgement.verdicts import decision_id_sql
from lead_platform.identity.leads.tracing import trace_arrivals
from lead_platform.lake.changes import current_snapshot
from lead_platform.lake.lake import Lake
from lead_platform.lake.quarantine import Subject

KNOWN = (
    "insert into identity.normalized_submissions (submission_id, match_record_id, "
    "company_record_id) values ('old', 'rec_old', 'crec_old'), ('joins', 'rec_joins', 'crec_old'), "
    "('new', 'rec_new', 'crec_new'), ('twin', 'rec_new', null)",
    "insert into identity.lead_members values ('old', 'lead_old', 'rec_old', null)",
    "insert into identity.account_members (record_id, account_id) values ('crec_old', 'acc_old')",
)
ARRIVED = (
    "insert into identity.lead_members values ('joins', 'lead_old', 'rec_joins', null), "
    "('new', 'lead_new', 'rec_new', null), ('twin', 'lead_new', 'rec_new', null)",
    "update identity.lead_members set lead_id = 'lead_moved' where submission_id = 'old'",
    "update identity.lead_members set lead_id = 'lead_old' where submission_id = 'old'",
    "insert into identity.account_members (record_id, account_id) values ('crec_new', 'acc_old')",
    "insert into identity.lead_events (event_id, lead_id) values ('click', 'lead_quiet')",
    "insert into identity.lead_outcomes (outcome_id, lead_id) values ('deal', 'lead_won')",
)


class _UndoError(Exception):
    """Ends a write that is not to be published."""


@contextmanager
def arrived(
    lake: Lake, known: Sequence[str] = KNOWN, arriving: Sequence[str] = ARRIVED
) -> Iterator[tuple[duckdb.DuckDBPyConnection, int]]:
    """The state a run leaves before it is judged, and the snapshot it began at."""
    try:
        with lake.supervise("trace") as candidate:
            for statement in known:
                candidate.connection.execute(statement)
            since = current_snapshot(candidate.connection)
            for statement in arriving:
                candidate.connection.execute(statement)
            yield candidate.connection, since
            raise _UndoError
    except _UndoError:
        pass


def test_the_nearest_arrivals_are_left_out(lake: Lake) -> None:
    expected = {
        ("submission", "new"): {"new"},
        # Known before: what joined its lead changed it.
        ("submission", "old"): {"joins"},
        ("match_record", "rec_new"): {"new", "twin"},
        ("match_record", "rec_old"): {"joins"},
        ("lead", "lead_new"): {"new", "twin"},
        ("lead", "lead_quiet"): {"click"},
        ("lead", "lead_won"): {"deal"},
        ("lead", "lead_untouched"): set(),
        ("company_record", "crec_new"): {"new"},
        ("company_record", "crec_old"): {"joins"},
        ("account", "acc_old"): {"new", "joins"},
        ("event", "click"): {"click"},
        ("outcome", "deal"): {"deal"},
    }
    with arrived(lake) as (connection, since):
        for (kind, traced), arrivals in expected.items():
            found = trace_arrivals(connection, kind, [traced], since).get(traced, [])
            assert {subject.subject_id for subject in found} == arrivals, (kind, traced)
        found = trace_arrivals(connection, "lead", ["lead_quiet", "lead_new"], since)
    assert found["lead_quiet"] == [Subject("event", "click")]
    assert found["lead_new"][0].type == "submission"


JUDGED = (
    "insert into identity.match_verdicts (verdict_id, verdict) "
    "select unnest(['bad', 'innocent', 'chained']), 'same'",
    "insert into identity.lead_members values ('s1', 'lead_1', 'rec_1', null), "
    "('s2', 'lead_2', 'rec_2', null), ('s3', 'lead_3', 'rec_3', null), "
    "('s4', 'lead_4', 'rec_4', null), ('s5', 'lead_5', 'rec_5', null)",
)
TOOK_EFFECT = (
    "update identity.lead_members set lead_id = 'lead_1' where lead_id in ('lead_2', 'lead_5')",
    "update identity.lead_members set lead_id = 'lead_3' where lead_id = 'lead_4'",
    "insert into identity.lead_crosswalk (lead_id, related_lead_id, relation) values "
    "('lead_2', 'lead_1', 'merged_into'), ('lead_5', 'lead_1', 'merged_into'), "
    "('lead_4', 'lead_3', 'merged_into')",
    "insert into identity.merge_decisions (decision_id, left_record_id, right_record_id) "
    f"select {decision_id_sql('said')}, one, other from (values ('bad', 'rec_1', 'rec_2'), "
    "('chained', 'rec_2', 'rec_5'), ('innocent', 'rec_3', 'rec_4')) as v(said, one, other)",
)


@pytest.mark.parametrize(
    ("kind", "traced", "blamed"),
    [
        ("lead", ["lead_3", "lead_4"], {"innocent"}),
        # The retired lead alone; the pair; what a third record hangs on.
        ("lead", ["lead_4"], {"innocent"}),
        ("match_record", ["rec_1", "rec_2"], {"bad"}),
        ("lead", ["lead_1", "lead_5"], {"chained"}),
        ("submission", ["s3"], {"innocent"}),
        ("lead", ["lead_elsewhere"], {"bad", "chained", "innocent"}),
    ],
)
def test_only_what_was_said_of_a_bad_row_is_left_out(
    lake: Lake, kind: str, traced: list[str], blamed: set[str]
) -> None:
    """All verdicts of a run were undone for one."""
    with arrived(lake, JUDGED, TOOK_EFFECT) as (connection, since):
        found = trace_arrivals(connection, kind, traced, since)
    assert {said.subject_id for subjects in found.values() for said in subjects} == blamed
    assert found.keys() == set(traced)
