"""Nothing is lost: do the counts of received records add up, from the files to the leads?"""

from dataclasses import dataclass
from datetime import datetime

import duckdb

from lead_platform.capture.kinds import IS_PERSON
from lead_platform.lake.quarantine import LEFT_OUT, LET_GO


@dataclass(frozen=True)
class Reconciliation:
    """Two counts that must be equal, and what they mean."""

    check_name: str
    expected: int
    actual: int
    detail: str

    @property
    def passed(self) -> bool:
        """Whether they are."""
        return self.expected == self.actual


_RECONCILIATIONS = (
    (
        "received_is_taken_or_repeat_or_rejected",
        "records received against records taken, repeated and rejected",
        """
        select coalesce(sum(records), 0), coalesce(sum(taken + repeats + rejected), 0)
        from capture.deliveries
        """,
    ),
    (
        "taken_is_kept",
        "records taken against records with a submission, an event or an outcome",
        """
        select
            (select coalesce(sum(taken), 0) from capture.deliveries),
            (
                select count(*) from (
                    select delivery_id, record_number from capture.submissions
                    union select delivery_id, record_number from capture.events
                    union select delivery_id, record_number from capture.outcomes
                )
            )
        """,
    ),
    (
        "rejected_is_kept",
        "records rejected, those set aside included, against rows with their reasons",
        """
        select
            (select coalesce(sum(rejected), 0) from capture.deliveries),
            (select count(*) from capture.rejected_records)
        """,
    ),
    (
        # A submission that arrived after the newest one resolved is waiting, not lost; so is one
        # that is set aside, or was let go since its step last ran.
        # What is no person's is kept, marked with the reason, and belongs to no lead.
        "submission_belongs_to_a_lead",
        "submissions of persons, up to the newest resolved one, against members of leads and those "
        "set aside",
        f"""
        with resolved as (
            select count(*) as members, coalesce(max(submissions.received_seq), 0) as newest
            from identity.lead_members join capture.submissions using (submission_id)
        ),
        set_aside as (
            select count(distinct submission_id) as submissions
            from governance.quarantine
            join capture.submissions on subject_id = submission_id
            anti join identity.lead_members using (submission_id)
            where step in ('normalize', 'resolve') and subject_type = 'submission'
                and (state in {LEFT_OUT} or {LET_GO})
                and {IS_PERSON}
                and received_seq <= (select newest from resolved)
        )
        select
            (
                select count(*) from capture.submissions
                where received_seq <= resolved.newest and {IS_PERSON}
            ),
            resolved.members + set_aside.submissions
        from resolved cross join set_aside
        """,
    ),
    (
        "member_belongs_to_one_lead",
        "members against distinct submissions among them",
        "select count(*), count(distinct submission_id) from identity.lead_members",
    ),
)


def reconcile(connection: duckdb.DuckDBPyConnection) -> list[Reconciliation]:
    """One per rule, on whatever state the connection sees."""
    # Each query gives one row: side by side they are one statement.
    counted = ", ".join(
        f"({query}) as counted_{place} (expected, actual)"
        for place, (_, _, query) in enumerate(_RECONCILIATIONS)
    )
    row = connection.execute(f"from {counted}").fetchone()
    assert row is not None
    return [
        Reconciliation(name, int(row[2 * place]), int(row[2 * place + 1]), detail)
        for place, (name, detail, _) in enumerate(_RECONCILIATIONS)
    ]


def record(
    connection: duckdb.DuckDBPyConnection,
    results: list[Reconciliation],
    *,
    run_id: str,
    checked_at: datetime,
) -> None:
    """Keep the results in `governance.data_quality`."""
    connection.executemany(
        "insert into governance.data_quality values (?, ?, ?, ?, ?, ?, ?)",
        [
            [
                result.check_name,
                run_id,
                result.passed,
                result.expected,
                result.actual,
                result.detail,
                checked_at,
            ]
            for result in results
        ],
    )
