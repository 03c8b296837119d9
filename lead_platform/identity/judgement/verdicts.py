"""Verdicts of people on pairs of submissions, and what they mean for the records they stand for.

Owns writing verdicts down, withdrawing them, and which one counts: `same` joins two records
whatever the model says, `different` keeps them apart, also through others. They are about people
(LEADS), or about the companies submissions name (account_verdicts.py). What follows for leads is
leads/members.py's, for accounts accounts/assignment.py's, in the next run.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb
import pandas as pd
import pyarrow as pa

from lead_platform.lake.audit import record_actions
from lead_platform.lake.quarantine import held

SAME, DIFFERENT, UNSURE, WITHDRAWN = "same", "different", "unsure", "withdrawn"
VERDICTS = (SAME, DIFFERENT, UNSURE)
# The source of verdicts that a review asked for.
REVIEW = "review"

Pair = tuple[str, str]
"""Two submission ids, or two match record ids; the smaller first."""


class VerdictError(ValueError):
    """A verdict that cannot be taken: what is wrong and what to do instead."""


@dataclass(frozen=True)
class Grain:
    """What verdicts are about, and where they are kept.

    `table` holds them, `subject` names one that a step leaves out. `records` is SQL: of each
    submission_id the record_id it stands for, what says the same to matching; `members` the same
    of those that a run has placed. The others are words and commands for messages.
    """

    table: str
    subject: str
    records: str
    members: str
    contradiction: str
    look_up: str
    list_decided: str
    withdraw: str


LEADS = Grain(
    table="identity.match_verdicts",
    subject="match_verdict",
    records="select submission_id, match_record_id as record_id "
    "from identity.normalized_submissions",
    members="select submission_id, match_record_id as record_id from identity.lead_members",
    contradiction="records would be one person through others and yet different people",
    look_up="lead-platform lead <e-mail address or lead id>",
    list_decided="lead-platform reviews list --decided",
    withdraw="lead-platform reviews withdraw",
)


@dataclass(frozen=True)
class Act:
    """What a person does in one go. `action` names it in the audit log, `subject_id` its object.

    `decided_at` is UTC, naive. Raises VerdictError without a person and a reason.
    """

    action: str
    subject_type: str
    subject_id: str
    source: str
    reason: str
    decided_by: str
    decided_at: dt.datetime
    before: str = ""
    after: str = ""

    def __post_init__(self) -> None:
        if not self.decided_by.strip() or not self.reason.strip():
            raise VerdictError("A verdict needs a person (--by) and a reason (--reason).")


@dataclass(frozen=True)
class Verdict:
    """What a person says of a pair of submissions; `source_id` is the review or decision meant."""

    pair: Pair
    verdict: str
    source_id: str = ""


def ordered(one: str, other: str) -> Pair:
    """The two ids as a pair."""
    return (one, other) if one < other else (other, one)


def record_verdicts(
    connection: duckdb.DuckDBPyConnection,
    acts: Sequence[tuple[Act, Sequence[Verdict]]],
    grain: Grain = LEADS,
) -> list[str]:
    """Appends the verdicts with one audit record per act; the ids of the acts that said anything.

    What stands already is not written again. Raises VerdictError where an act would leave two
    records both `same` through others and `different`, before anything of it is written.
    """
    written = []
    for act, verdicts in acts:
        fresh = _fresh(connection, verdicts, grain)
        if not fresh:
            continue
        refuse_contradictions(connection, fresh, grain)
        act_id, rows = _rows(connection, act, fresh, grain)
        connection.register("given_verdicts", pa.Table.from_pylist(rows, schema=_SCHEMA))
        connection.execute(f"insert into {grain.table} by name select * from given_verdicts")
        connection.unregister("given_verdicts")
        _audit(connection, act, act_id)
        written.append(act_id)
    if written and grain is LEADS:
        settle_reviews(connection)
    return written


def is_unfinished(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether something was said that no run has carried to its end: the job was ended in between.

    A run ends with `report` (`reconcile` in earlier versions); verdicts are releases of their own.
    """
    row = connection.execute(
        """
        select max(snapshot_id) filter (label in ('verdicts', 'account verdicts'))
            > coalesce(max(snapshot_id) filter (label in ('report', 'reconcile')), 0)
        from governance.releases where status = 'passed'
        """
    ).fetchone()
    return bool(row and row[0])


def refuse_contradictions(
    connection: duckdb.DuckDBPyConnection, verdicts: Sequence[Verdict], grain: Grain
) -> None:
    """Raises VerdictError where records would be one through others and yet kept apart, or one is
    to be apart from itself."""
    record = _records_of(connection, verdicts, grain)
    for verdict in verdicts:
        one, other = verdict.pair
        if verdict.verdict == DIFFERENT and record[one] == record[other]:
            raise VerdictError(
                f"{one} and {other} say the same to matching, which could not tell the next one of "
                "them apart: they cannot be different."
            )
    said = {
        ordered(record[verdict.pair[0]], record[verdict.pair[1]]): verdict.verdict
        for verdict in verdicts
    }
    standing = {
        verdict: {
            pair for pair in standing_verdicts(connection, verdict, grain) if pair not in said
        }
        | {pair for pair, word in said.items() if word == verdict}
        for verdict in (SAME, DIFFERENT)
    }
    group = _groups(sorted(standing[SAME]))
    judged = {group[record] for pair in said for record in pair if record in group}
    torn = {
        group[left]
        for left, right in standing[DIFFERENT]
        if group.get(left, left) == group.get(right, right)
    } & judged
    if not torn:
        return
    members = {record for record, root in group.items() if root in torn}
    acts = connection.execute(
        f"""
        select distinct act_id || ' (' || verdict || ', by ' || decided_by || ': ' || reason || ')'
        from ({newest_sql(grain)})
        where verdict in ('{SAME}', '{DIFFERENT}')
            and list_contains($members, left_record_id) and list_contains($members, right_record_id)
        order by all
        """,
        {"members": sorted(members)},
    ).fetchall()
    raise VerdictError(
        f"That contradicts what was said before: {grain.contradiction}. "
        f"Withdraw one of these first, with {grain.withdraw}:\n"
        + "\n".join(f"  {act}" for (act,) in acts[:10])
    )


def plan_withdrawal(
    connection: duckdb.DuckDBPyConnection, name: str, grain: Grain = LEADS
) -> list[Verdict]:
    """What takes back all that stands of an act, a verdict or a review.

    Raises VerdictError where nothing of that name stands.
    """
    pairs = connection.execute(
        f"""
        select distinct v.left_submission_id, v.right_submission_id
        from ({newest_sql(grain)}) as v
        where $name in (v.act_id, v.verdict_id, v.source_id) and v.verdict <> '{WITHDRAWN}'
        order by all
        """,
        {"name": name},
    ).fetchall()
    if not pairs:
        raise VerdictError(
            f"No verdict goes by {name!r}, or it was withdrawn or changed since. Known are ids of "
            f"acts, verdicts and reviews; look one up with: {grain.list_decided}"
        )
    return [Verdict((left, right), WITHDRAWN, name) for left, right in pairs]


_SCHEMA = pa.schema(
    [
        ("verdict_id", pa.string()), ("act_id", pa.string()), ("verdict_seq", pa.int64()),
        ("left_submission_id", pa.string()), ("right_submission_id", pa.string()),
        ("verdict", pa.string()), ("source", pa.string()), ("source_id", pa.string()),
        ("reason", pa.string()), ("decided_by", pa.string()), ("decided_at", pa.timestamp("us")),
    ]
)  # fmt: skip


def newest_sql(grain: Grain) -> str:
    """SQL for the verdicts that count, the newest of two records, with left_record_id and
    right_record_id, the smaller first.

    By records: a verdict counts for everything that says the same to matching. Submissions that
    are not there yet wait; two that have become one record cannot be judged; what `resolve` had to
    leave out counts as never said.
    """
    return f"""
        select v.*, least(l.record_id, r.record_id) as left_record_id,
            greatest(l.record_id, r.record_id) as right_record_id
        from {grain.table} as v
        join ({grain.records}) as l on l.submission_id = v.left_submission_id
        join ({grain.records}) as r on r.submission_id = v.right_submission_id
        anti join {held("resolve", grain.subject)} as h on h.subject_id = v.verdict_id
        where l.record_id <> r.record_id
        qualify row_number() over (
            partition by left_record_id, right_record_id order by v.verdict_seq desc
        ) = 1
    """


_NEWEST = newest_sql(LEADS)


def decision_id_sql(verdict_id: str) -> str:
    """SQL for the id under which a verdict that took effect stands in merge_decisions."""
    return f"'dec_' || left(sha256('verdict' || chr(31) || {verdict_id}), 24)"


# Those that no run has made take effect yet, with those that count for nothing any more.
PENDING_VERDICTS = f"""
select verdict_id, verdict_seq from identity.match_verdicts
where {decision_id_sql("verdict_id")} not in (select decision_id from identity.merge_decisions)
"""


def collect_links(connection: duckdb.DuckDBPyConnection) -> int:
    """Fills temp table `verdict_links`; returns how many verdicts wait to take effect.

    One row per pair of match records with a verdict that counts: `same` and `different`, and
    whatever was said since the last run (`is_pending`), withdrawals too.
    """
    connection.execute(f"""
        create or replace temp table verdict_links as
        select v.left_record_id, v.right_record_id, v.verdict, v.verdict_id, v.verdict_seq,
            v.reason, v.decided_by, v.decided_at,
            {decision_id_sql("v.verdict_id")} not in (
                select decision_id from identity.merge_decisions
            ) as is_pending
        from ({_NEWEST}) as v
        where v.verdict in ('{SAME}', '{DIFFERENT}') or is_pending
    """)
    row = connection.execute("select count(*) from verdict_links where is_pending").fetchone()
    return int(row[0]) if row else 0


def standing_verdicts(
    connection: duckdb.DuckDBPyConnection, verdict: str, grain: Grain = LEADS
) -> list[tuple[str, str]]:
    """The pairs of records of which people say so, as things stand; sorted."""
    rows = connection.execute(
        f"select left_record_id, right_record_id from ({newest_sql(grain)}) where verdict = ? "
        "order by all",
        [verdict],
    ).fetchall()
    return [(str(left), str(right)) for left, right in rows]


def reviewed_pairs(connection: duckdb.DuckDBPyConnection, grain: Grain = LEADS) -> pd.DataFrame:
    """left_record_id, right_record_id, is_same: what people say of pairs that a review showed them.

    The newest verdict of a pair counts, `unsure` for nothing. Merges undone and leads split are
    left out: people went for those because they were wrong, and nobody confirms the right ones.
    """
    return connection.execute(f"""
        select left_record_id, right_record_id, verdict = '{SAME}' as is_same
        from ({newest_sql(grain)})
        where verdict in ('{SAME}', '{DIFFERENT}') and source = '{REVIEW}' order by all
    """).df()


def settle_reviews(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the status of every review what verdicts and members say; writes differences only.

    A verdict on the pair counts first; the rest is open as long as there is something to decide:
    two leads to join, or, where a split is proposed, one to take apart.
    """
    connection.execute(f"""
        create or replace temp table settled_reviews as
        with verdicts as (select * from ({_NEWEST}) where verdict <> '{WITHDRAWN}'),
        record_leads as (
            select distinct match_record_id, lead_id from identity.lead_members
            where match_record_id in (
                select left_record_id from identity.match_reviews
                union select right_record_id from identity.match_reviews
            )
        )
        select r.review_id,
            case when v.verdict is not null then v.verdict
                when (a.lead_id = b.lead_id) <> (
                    r.review_id in (select review_id from identity.split_parts)
                ) then 'superseded'
                else 'open'
            end as status
        from identity.match_reviews as r
        left join verdicts as v
            on v.left_record_id = least(r.left_record_id, r.right_record_id)
            and v.right_record_id = greatest(r.left_record_id, r.right_record_id)
        left join record_leads as a on a.match_record_id = r.left_record_id
        left join record_leads as b on b.match_record_id = r.right_record_id
    """)
    connection.execute("""
        update identity.match_reviews as r set status = s.status
        from (
            select settled_reviews.* from settled_reviews
            join identity.match_reviews as stored using (review_id)
            where stored.status is distinct from settled_reviews.status
        ) as s
        where r.review_id = s.review_id
    """)


def _fresh(
    connection: duckdb.DuckDBPyConnection, verdicts: Sequence[Verdict], grain: Grain
) -> list[Verdict]:
    """Those that say something else than what stands; each pair once."""
    known = _records_of(connection, verdicts, grain)
    strangers = sorted({name for v in verdicts for name in v.pair} - known.keys())
    if strangers:
        raise VerdictError(
            f"No submission goes by {', '.join(strangers[:5])}. Look one up with: {grain.look_up}"
        )
    asked = {ordered(*verdict.pair): verdict for verdict in verdicts}
    standing = _standing(connection, list(asked), grain)
    return [
        verdict
        for pair, verdict in sorted(asked.items())
        if standing.get(pair, WITHDRAWN) != verdict.verdict
    ]


def _records_of(
    connection: duckdb.DuckDBPyConnection, verdicts: Sequence[Verdict], grain: Grain
) -> dict[str, str]:
    """The record each submission stands for that these speak of; unknown ones are left out."""
    names = sorted({name for verdict in verdicts for name in verdict.pair})
    connection.register("asked_ids", pa.table({"submission_id": pa.array(names, pa.string())}))
    rows = connection.execute(
        f"select submission_id, record_id from ({grain.members}) "
        "semi join asked_ids using (submission_id)"
    ).fetchall()
    connection.unregister("asked_ids")
    return dict(rows)


def _standing(
    connection: duckdb.DuckDBPyConnection, pairs: Sequence[Pair], grain: Grain
) -> dict[Pair, str]:
    """What counts now for the records of each pair of submissions."""
    asked = {"left_id": [left for left, _ in pairs], "right_id": [right for _, right in pairs]}
    text = {name: pa.array(values, pa.string()) for name, values in asked.items()}
    connection.register("asked_pairs", pa.table(text))
    rows = connection.execute(f"""
        select p.left_id, p.right_id, v.verdict
        from asked_pairs as p
        join ({grain.records}) as l on l.submission_id = p.left_id
        join ({grain.records}) as r on r.submission_id = p.right_id
        join ({newest_sql(grain)}) as v
            on v.left_record_id = least(l.record_id, r.record_id)
            and v.right_record_id = greatest(l.record_id, r.record_id)
    """).fetchall()
    connection.unregister("asked_pairs")
    return {(str(left), str(right)): str(verdict) for left, right, verdict in rows}


def _rows(
    connection: duckdb.DuckDBPyConnection, act: Act, verdicts: Sequence[Verdict], grain: Grain
) -> tuple[str, list[dict[str, object]]]:
    """The act's id and the verdicts as rows of the table."""
    newest = connection.execute(
        f"select coalesce(max(verdict_seq), 0) from {grain.table}"
    ).fetchone()
    first = int(newest[0]) + 1 if newest else 1
    act_id = _named("act", act.action, act.subject_id, str(first))
    return act_id, [
        {
            "verdict_id": _named("ver", *verdict.pair, str(number)),
            "act_id": act_id,
            "verdict_seq": number,
            "left_submission_id": verdict.pair[0],
            "right_submission_id": verdict.pair[1],
            "verdict": verdict.verdict,
            "source": act.source,
            "source_id": verdict.source_id or act.subject_id,
            "reason": act.reason,
            "decided_by": act.decided_by,
            "decided_at": act.decided_at,
        }
        for number, verdict in enumerate(verdicts, start=first)
    ]


def _named(prefix: str, *parts: str) -> str:
    return f"{prefix}_{hashlib.sha256(chr(31).join(parts).encode()).hexdigest()[:24]}"


def _audit(connection: duckdb.DuckDBPyConnection, act: Act, act_id: str) -> None:
    entry = {
        "workflow": "identity",
        "action": act.action,
        "subject_type": act.subject_type,
        "subject_id": act.subject_id,
        "rule": act_id,
        "reason": act.reason,
        "before": act.before,
        "after": act.after,
        "actor": act.decided_by,
        "occurred_at": act.decided_at,
    }
    record_actions(connection, pd.DataFrame([entry]), run_id="")


def _groups(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The representative of what hangs together through the pairs."""
    parents: dict[str, str] = {}

    def find(name: str) -> str:
        while parents.setdefault(name, name) != name:
            name = parents[name]
        return name

    for left, right in pairs:
        parents[find(left)] = find(right)
    return {name: find(name) for name in parents}
