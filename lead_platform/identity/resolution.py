"""One run of identity: submissions normalised, then resolved to leads with what they did.

Normalised is what is new. What was mapped anew since, or normalised with other lists, is read anew
by slices, when it is asked for: a new lead does not wait for it.
"""

import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd

from lead_platform.capture.kinds import IS_PERSON
from lead_platform.identity.accounts.assignment import account_actions, resolve_accounts
from lead_platform.identity.accounts.specification import load_account_specification
from lead_platform.identity.engine.evidence import tell_parts
from lead_platform.identity.leads.attribution import STEP as ATTRIBUTING
from lead_platform.identity.leads.attribution import (
    Rereading,
    attribute_events,
    attribute_outcomes,
    collect_keys,
)
from lead_platform.identity.leads.crosswalk import LAST_STEP
from lead_platform.identity.leads.members import resolve_leads
from lead_platform.identity.leads.rereading import leave_companies, replace_forms
from lead_platform.identity.leads.specification import load_lead_specification
from lead_platform.identity.leads.versions import refresh_versions
from lead_platform.identity.modelling.proposals import model_at_work
from lead_platform.identity.normalization.categories import page_category
from lead_platform.identity.normalization.submissions import normalize_keys, normalize_submissions
from lead_platform.identity.withdrawal import withdraw_submissions
from lead_platform.lake.audit import record_actions
from lead_platform.lake.faults import Fault, work_around
from lead_platform.lake.order import read_place
from lead_platform.lake.quarantine import Subject, held
from lead_platform.lake.readings import Reading
from lead_platform.parallel import map_in_processes
from lead_platform.vocabularies.folder import load_vocabularies
from lead_platform.vocabularies.tables import Vocabularies

# From this many submissions on, normalising is spread over processes: about four seconds.
PARALLEL_ROWS = 25_000

# The one door of identity: what is no person's submission has no normal form, and so no lead.
# Joined by the sequence number: files that hold none of those that wait are not read.
_NEW = f"""
with pending as (
    select received_seq, submission_id from capture.submissions
    anti join identity.normalized_submissions using (submission_id)
    anti join {held("normalize", "submission")} as held on submission_id = held.subject_id
)
select submissions.* from capture.submissions as submissions
semi join pending using (received_seq, submission_id)
where {IS_PERSON}
order by received_seq
"""

# Mapped anew since, which comes first, or normalised with other lists.
_BEHIND = f"""
select captured.received_seq, submission_id
from identity.normalized_submissions as forms
join capture.submissions as captured using (submission_id)
anti join {held("normalize", "submission")} as held on submission_id = held.subject_id
where (
    forms.normalization_version <> $lists
    or coalesce(captured.reading, 0) > coalesce(forms.reading, 0)
) and {IS_PERSON}
"""

_NEXT_BEHIND = f"""
with pending as (
    {_BEHIND}
    order by coalesce(captured.reading, 0) > coalesce(forms.reading, 0) desc, captured.received_seq
    limit $rows
)
select submissions.* from capture.submissions as submissions
semi join pending using (received_seq, submission_id)
order by received_seq
"""

_NO_PERSONS = f"""
select submission_id from identity.normalized_submissions
semi join (
    select submission_id from capture.submissions where reading is not null and not ({IS_PERSON})
) using (submission_id)
order by submission_id
"""

# Merges and splits of this run, and leads that stopped being one of their own by them, or became
# one again.
_ACTIONS = """
select
    'identity' as workflow,
    decision as action,
    'match_pair' as subject_type,
    decision_id as subject_id,
    rule,
    model_version as rule_version,
    coalesce(reason, rule) as reason,
    left_record_id as before,
    right_record_id as after,
    decided_at as occurred_at
from identity.merge_decisions
where decided_by = $decided_by
union all
select
    'identity', 'retire_lead', 'lead', lead_id, 'survivor', null,
    'proved to be one person with an older lead', lead_id, related_lead_id, merged_at
from identity.lead_crosswalk
where relation = 'merged_into' and merge_seq > $since
union all
select
    'identity', 'split_lead', 'lead', crosswalk.lead_id,
    coalesce(min(splits.rule), 'verdict'), null,
    coalesce(min(splits.reason), 'a person said it is somebody else'),
    crosswalk.related_lead_id, crosswalk.lead_id, crosswalk.split_at
from identity.lead_crosswalk as crosswalk
join identity.lead_members as members on members.lead_id = crosswalk.lead_id
left join identity.merge_decisions as splits
    on members.match_record_id in (splits.left_record_id, splits.right_record_id)
    and splits.decision = 'split' and splits.decided_by = $decided_by
where crosswalk.relation = 'split_from' and crosswalk.split_seq > $since
group by all
"""


_EXAMPLES = """
select m.lead_id, min_by(p.parts, d.decision_id), min_by(d.rule, d.decision_id),
    min_by(d.match_probability, d.decision_id)
from identity.merge_decisions as d
join identity.match_pairs as p
    on p.left_record_id = d.left_record_id and p.right_record_id = d.right_record_id
join identity.lead_members as m on m.match_record_id = d.left_record_id
where d.decided_by = $decided_by and d.decision = 'merge' and not starts_with(d.reason, 'same ')
group by m.lead_id order by m.lead_id limit 5
"""


@dataclass(frozen=True)
class Normalized:
    """Rows of identity.normalized_submissions, and the submissions that broke normalising, those
    that did before apart."""

    rows: pd.DataFrame
    faults: list[Fault] = field(default_factory=list)
    faults_again: list[Fault] = field(default_factory=list)

    @property
    def submissions(self) -> int:
        """How many were tried."""
        return len(self.rows) + len(self.faults) + len(self.faults_again)


def normalize_pending(
    connection: duckdb.DuckDBPyConnection,
    vocabularies: Vocabularies,
    own_fields: Sequence[str] = (),
) -> Normalized:
    """Normal forms of the submissions that have none yet. The connection may be a reader's.
    `own_fields`: the fields of config/fields.yaml that people are matched by."""
    new = connection.execute(_NEW).to_arrow_table().to_pandas()
    return _normalize(new, vocabularies, own_fields, _left_out_before(connection))


def normalize_anew(
    connection: duckdb.DuckDBPyConnection,
    vocabularies: Vocabularies,
    rows: int,
    own_fields: Sequence[str] = (),
) -> Normalized:
    """Normal forms of the submissions that have none yet, and of the oldest `rows` that were mapped
    anew since they had theirs, or have them from other lists than these."""
    given = {"lists": vocabularies.version, "rows": rows}
    behind = connection.execute(_NEXT_BEHIND, given).to_arrow_table().to_pandas()
    new = connection.execute(_NEW).to_arrow_table().to_pandas()
    pending = pd.concat([behind, new], ignore_index=True)
    return _normalize(pending, vocabularies, own_fields, _left_out_before(connection))


def _left_out_before(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """What normalising has left out at any time: if it is pending, it is tried again."""
    rows = connection.execute(
        "select distinct subject_id from governance.quarantine where step = 'normalize'"
    ).fetchall()
    return frozenset(subject_id for (subject_id,) in rows)


def count_behind(connection: duckdb.DuckDBPyConnection, vocabularies: Vocabularies) -> int:
    """How many normal forms are to be made anew."""
    row = connection.execute(
        f"select count(*) from ({_BEHIND})", {"lists": vocabularies.version}
    ).fetchone()
    return int(row[0]) if row else 0


def _normalize(
    pending: pd.DataFrame,
    vocabularies: Vocabularies,
    own_fields: Sequence[str],
    again: frozenset[str],
) -> Normalized:
    normalize = functools.partial(
        _normalize_around, vocabularies=vocabularies, own_fields=own_fields, again=again
    )
    if len(pending) < PARALLEL_ROWS:
        return normalize(pending)
    share = -(-len(pending) // (os.cpu_count() or 1))
    shares = [pending.iloc[start : start + share] for start in range(0, len(pending), share)]
    parts = map_in_processes(normalize, shares)
    return Normalized(
        pd.concat([part.rows for part in parts], ignore_index=True),
        [fault for part in parts for fault in part.faults],
        [fault for part in parts for fault in part.faults_again],
    )


def withdraw_non_persons(connection: duckdb.DuckDBPyConnection) -> int:
    """Takes out of identity what was found, when it was read anew, to be no person's; how many.

    The caller owns the transaction.
    """
    found = [str(row[0]) for row in connection.execute(_NO_PERSONS).fetchall()]
    if found:
        withdraw_submissions(connection, found)
    return len(found)


def list_unnormalized(connection: duckdb.DuckDBPyConnection) -> list[Subject]:
    """The submissions that have no normal form, in the order they were received."""
    rows = connection.execute(
        "select submission_id from capture.submissions "
        "anti join identity.normalized_submissions using (submission_id) "
        f"where {IS_PERSON} order by received_seq"
    ).fetchall()
    return [Subject("submission", row[0]) for row in rows]


def _normalize_around(
    pending: pd.DataFrame,
    vocabularies: Vocabularies,
    own_fields: Sequence[str],
    again: frozenset[str],
) -> Normalized:
    normalize = functools.partial(_normal_forms, vocabularies=vocabularies, own_fields=own_fields)
    rows, faults = work_around(normalize, pending, "submission_id", again)
    return Normalized(
        rows,
        [fault for fault in faults if fault.subject_id not in again],
        [fault for fault in faults if fault.subject_id in again],
    )


def _normal_forms(
    pending: pd.DataFrame, vocabularies: Vocabularies, own_fields: Sequence[str]
) -> pd.DataFrame:
    """With the reading of the submissions they are made of."""
    forms = normalize_submissions(pending, vocabularies=vocabularies, own_fields=own_fields)
    return forms.assign(reading=pending["reading"].astype("Int32").array)


def write_normalized(
    connection: duckdb.DuckDBPyConnection, normalized: pd.DataFrame, lists: Reading | None = None
) -> dict[str, int]:
    """Add the normal forms that are still missing, and those that say otherwise now in the place of
    the earlier ones, but for what is set aside. `lists`: with what they were read anew."""
    if normalized.empty:
        return {"normalized": 0}
    connection.register("normalized", normalized)
    read_anew = replace_forms(connection, lists)
    connection.execute(
        "insert into identity.normalized_submissions by name select * from normalized "
        "anti join identity.normalized_submissions using (submission_id) "
        f"anti join {held('normalize', 'submission')} as held on submission_id = held.subject_id "
        "anti join (select submission_id from capture.submissions "
        f"semi join normalized using (received_seq, submission_id) where not ({IS_PERSON})"
        ") as others using (submission_id)"
    )
    connection.unregister("normalized")
    return {"normalized": len(normalized), "read_anew": read_anew}


def resolve(
    connection: duckdb.DuckDBPyConnection,
    config_dir: Path,
    models_dir: Path,
    *,
    decided_at: datetime,
    run_id: str,
    rows: int = 0,
) -> dict[str, int | str]:
    """New submissions to leads and accounts, events and outcomes to their leads, versions of what
    changed.

    `rows`: of events and outcomes, how many of those attributed with other lists are read anew.
    """
    vocabularies = load_vocabularies(config_dir)
    people = model_at_work(load_lead_specification(config_dir), models_dir)
    organisations = load_account_specification(config_dir)
    companies = model_at_work(organisations, models_dir / organisations.name)
    since = read_place(connection, LAST_STEP)
    summary = resolve_leads(
        connection,
        model=people.model,
        specification=people.specification,
        decided_at=decided_at,
        run_id=run_id,
    )
    left = leave_companies(connection) if summary.reread or rows else []
    accounts = resolve_accounts(
        connection,
        specification=companies.specification,
        model=companies.model,
        lead_ids=summary.touched_lead_ids,
        decided_at=decided_at,
        account_ids=left,
    )
    normalize = functools.partial(normalize_keys, vocabularies=vocabularies)
    categorize = functools.partial(page_category, vocabularies=vocabularies)
    changed_lead_ids = collect_keys(connection)
    lists = Reading(ATTRIBUTING, vocabularies.version, decided_at, run_id)
    rereading = Rereading(lists, rows)
    events = attribute_events(
        connection,
        normalize_keys=normalize,
        categorize_pages=categorize,
        rereading=rereading,
    )
    outcomes = attribute_outcomes(connection, normalize_keys=normalize, rereading=rereading)
    touched = {
        *changed_lead_ids,
        *summary.touched_lead_ids,
        *accounts.moved_lead_ids,
        *events.touched_lead_ids,
        *outcomes.touched_lead_ids,
    }
    refresh_versions(connection, sorted(touched))
    actions = [
        list_actions(connection, run_id, since),
        account_actions(connection, decided_at),
    ]
    record_actions(connection, pd.concat(actions, ignore_index=True), run_id=run_id)
    return {
        "submissions": summary.submissions,
        "read_anew": summary.reread,
        "leads_born": summary.leads_born,
        "joined": summary.joined,
        "leads_retired": summary.leads_retired,
        "leads_split": summary.leads_split,
        "merges_set_aside": summary.set_aside,
        "pairs_to_review": summary.reviews,
        "companies_stated": accounts.records,
        "accounts_retired": accounts.accounts_retired,
        "accounts_split": accounts.accounts_split,
        "examples": "\n".join(_examples(connection, f"automation:{run_id}")),
        "not_weighed": " ".join([*people.warnings(), *companies.warnings()]),
    }


def list_actions(connection: duckdb.DuckDBPyConnection, run_id: str, since: int) -> pd.DataFrame:
    """What a run did to pairs and leads, which came after step `since`, for the audit log."""
    return connection.execute(_ACTIONS, {"decided_by": f"automation:{run_id}", "since": since}).df()


def _examples(connection: duckdb.DuckDBPyConnection, decided_by: str) -> list[str]:
    """Some of this run's merges that exact keys alone do not explain, in plain words."""
    rows = connection.execute(_EXAMPLES, {"decided_by": decided_by}).fetchall()
    return [
        f"{lead_id}: {tell_parts(parts)} ({rule}, probability {probability:.2%})"
        for lead_id, parts, rule, probability in rows
    ]
