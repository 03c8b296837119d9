"""The state of a release: each count is that of the list it speaks of."""

from collections.abc import Iterator
from datetime import datetime

import duckdb
import pytest

from lead_platform.cli.pages.summary import Summary, gather_summary
from lead_platform.governance.quarantine import list_entries, list_entries_of_lead
from lead_platform.identity.judgement.queue import list_items
from lead_platform.settings import PROJECT_ROOT

NOW = datetime(2026, 3, 1)
LAYERS = ("lake", "capture", "identity", "enrichment", "scoring", "routing", "governance")


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """Four leads: one with an owner, three without a score, in the review queue."""
    with duckdb.connect() as release:
        for layer in LAYERS:
            release.execute(f"create schema if not exists {layer}")
        for layer in LAYERS:
            tables = PROJECT_ROOT / "lead_platform" / layer / "tables.sql"
            release.execute(tables.read_text(encoding="utf-8"))
        release.execute(
            "create table identity.leads as select 'lead_' || n as lead_id from range(4) r(n)"
        )
        release.execute(
            "create table scoring.lead_scores as "
            "select lead_id, if(lead_id = 'lead_0', 'high', null) as band, 50 as total "
            "from identity.leads"
        )
        release.execute("insert into routing.reps by name select 'r' as rep_id, 'Dana' as name")
        release.execute(
            "insert into routing.assignments by name "
            "select lead_id, if(lead_id = 'lead_0', 'rep', 'queue') as destination_kind, "
            "if(lead_id = 'lead_0', 'r', null) as owner_rep_id, "
            "if(lead_id = 'lead_0', null, 'review') as queue from identity.leads"
        )
        yield release


def hold(
    connection: duckdb.DuckDBPyConnection,
    subject_id: str,
    state: str,
    kind: str = "lead",
    is_tried: bool = False,
) -> None:
    connection.execute(
        "insert into governance.quarantine by name select 'qua_' || ? as quarantine_id, "
        "'scores' as step, ? as subject_type, ? as subject_id, ? as state, ? as held_at, "
        "'scoring.lead_scores' as table_name, 'x' as expectation, '{}' as arguments, "
        "case when ? then held_at end as tried_at",
        [subject_id, kind, subject_id, state, NOW, is_tried],
    )


def told(connection: duckdb.DuckDBPyConnection) -> Summary:
    return gather_summary(connection)


def test_what_was_discarded_waits_for_nobody(connection: duckdb.DuckDBPyConnection) -> None:
    """A lead a person had discarded was counted as waiting for his review ever after."""
    hold(connection, "lead_1", "held")
    hold(connection, "lead_2", "discarded")
    hold(connection, "lead_3", "released")
    # That it was discarded takes no lead from its owner.
    hold(connection, "lead_0", "discarded")
    assert told(connection).owners == {
        "Dana": 1, "queue: review": 2, "discarded in quarantine": 1,
    }  # fmt: skip


def test_what_is_set_aside_is_counted_as_it_is_listed(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """The list showed what was discarded too, and was longer than its count. What was let go and
    not tried since, for its step is switched off, was in neither."""
    for number, state in enumerate(("held", "held", "discarded", "released", "superseded")):
        hold(connection, f"lead_{number}", state, is_tried=True)
    assert told(connection).set_aside == {"scores": 2, "scores, discarded": 1}
    assert sum(told(connection).set_aside.values()) == len(list_entries(connection))
    hold(connection, "lead_5", "released")
    hold(connection, "lead_6", "superseded")
    assert told(connection).set_aside == {"scores": 4, "scores, discarded": 1}
    assert sum(told(connection).set_aside.values()) == len(list_entries(connection))


def test_questions_to_review_are_counted_as_they_are_listed(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """Each pair of records was counted, though what hangs together is one question."""
    connection.execute(
        "insert into identity.lead_members by name "
        "select 'sub_' || n as submission_id, 'lead_' || n % 2 as lead_id, "
        "'mrec_' || n as match_record_id from range(4) r(n)"
    )
    connection.execute(
        "insert into identity.normalized_submissions by name "
        "select submission_id, match_record_id, 1 as received_seq from identity.lead_members"
    )
    connection.execute(
        "insert into identity.match_reviews by name "
        "select 'rev_' || row_number() over () as review_id, l.match_record_id as left_record_id, "
        "r.match_record_id as right_record_id, 0.5 as match_probability, "
        f"'open' as status, timestamp '{NOW}' as opened_at "
        "from identity.lead_members l join identity.lead_members r "
        "on l.match_record_id < r.match_record_id and l.lead_id <> r.lead_id"
    )
    assert connection.execute("select count(*) from identity.match_reviews").fetchone() == (4,)
    assert told(connection).identity["questions to review"] == len(list_items(connection)) == 1


def test_every_rejected_record_is_counted(connection: duckdb.DuckDBPyConnection) -> None:
    """The ninth reason and those rarer were left out without a word."""
    connection.execute(
        "insert into capture.rejected_records by name "
        "select 'rej_' || n as rejected_id, '[\"reason ' || n % 12 || ': x\"]' as reasons "
        "from range(40) r(n)"
    )
    rejected = told(connection).rejected
    assert sum(rejected.values()) == 40
    assert rejected["other reasons"] == 12


def test_what_is_left_out_of_a_lead_is_found(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "insert into identity.lead_members by name "
        "select 'sub_1' as submission_id, 'lead_1' as lead_id"
    )
    for kind in ("event", "outcome"):
        connection.execute(
            f"insert into capture.{kind}s by name "
            f"select '{kind}_with_it' as {kind}_id, 'sub_1' as submission_id"
        )
        connection.execute(
            f"insert into identity.lead_{kind}s by name "
            f"select '{kind}_found' as {kind}_id, 'lead_1' as lead_id"
        )
    for kind, name in (
        ("lead", "lead_1"), ("submission", "sub_1"), ("event", "event_with_it"),
        ("event", "event_found"), ("outcome", "outcome_with_it"), ("outcome", "outcome_found"),
    ):  # fmt: skip
        hold(connection, name, "held", kind)
    for kind, name in (("lead", "lead_2"), ("submission", "sub_2"), ("lead", "sub_1")):
        hold(connection, name, "discarded", kind)
    assert len(list_entries_of_lead(connection, "lead_1")) == 6
    assert len(list_entries_of_lead(connection, "lead_3")) == 0
