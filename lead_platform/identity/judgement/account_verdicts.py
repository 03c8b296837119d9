"""Verdicts of people on companies: where they are kept, and which of them a run must look at.

Owns what a verdict on companies speaks of: a stated company, which is everything under one web
domain and name, or a company record where no domain counts. Writing them down and withdrawing them
is verdicts.py's, what follows for accounts accounts/clusters.py's.
"""

import datetime as dt
from dataclasses import replace

import duckdb

from lead_platform.identity.judgement.verdicts import WITHDRAWN, Grain, newest_sql
from lead_platform.lake.quarantine import held


def stated_id_sql(domain: str, letters: str, record_id: str) -> str:
    """SQL for the stated company of a record, given SQL for the domain that counts (else null), its
    name's letters and its record_id. What says the same has one: a verdict counts for all of it."""
    return f"coalesce('domain ' || {domain} || ' ' || coalesce({letters}, ''), {record_id})"


def counting_domain_sql(record: str) -> str:
    """SQL for the domain of a record (`record` is an alias) that makes an account.

    Of a shared domain, what names nothing else stays together and apart from all others.
    """
    return (
        f"case when not {record}.is_shared_domain or {record}.company_key is null "
        f"then {record}.company_domain end"
    )


_STATED = (
    "select n.submission_id, "
    + stated_id_sql(counting_domain_sql("m"), "m.company_letters", "m.record_id")
    + " as record_id from identity.normalized_submissions as n "
    "join identity.account_members as m on m.record_id = n.company_record_id"
)

ACCOUNTS = Grain(
    table="identity.account_verdicts",
    subject="account_verdict",
    records=_STATED,
    members=_STATED,
    contradiction="companies would be one account through others and yet different ones",
    look_up="lead-platform account <domain, name or account id>",
    list_decided="lead-platform accounts list --decided",
    withdraw="lead-platform accounts withdraw",
)

# What stands of verdicts, each with the accounts its two submissions are in now.
SAID_OF_ACCOUNTS = f"""
select v.*, l.account_id as left_account_id, r.account_id as right_account_id
from ({newest_sql(ACCOUNTS)}) as v
join identity.normalized_submissions as a on a.submission_id = v.left_submission_id
join identity.normalized_submissions as b on b.submission_id = v.right_submission_id
join identity.account_members as l on l.record_id = a.company_record_id
join identity.account_members as r on r.record_id = b.company_record_id
where v.verdict <> '{WITHDRAWN}'
"""

# The same by company record: the two that were named, which is what a model compares.
_NAMED = (
    "select submission_id, company_record_id as record_id from identity.normalized_submissions "
    "where company_record_id is not null"
)
COMPANY_RECORDS = replace(ACCOUNTS, records=_NAMED, members=_NAMED)

# A verdict is looked up once, when its submissions are there, so that a run without new ones only
# reads two short tables.
_LINKS = f"""
create or replace temp table company_links as
    select v.verdict_id, v.verdict_seq, v.verdict, d.left_record_id, d.right_record_id,
        d.verdict_id is null as is_pending
    from identity.account_verdicts as v
    left join identity.account_decisions as d on d.verdict_id = v.verdict_id
    anti join {held("resolve", ACCOUNTS.subject)} as h on h.subject_id = v.verdict_id
"""
PENDING_ACCOUNT_VERDICTS = """
select verdict_id, verdict_seq from identity.account_verdicts
anti join identity.account_decisions using (verdict_id)
"""
_PENDING = """
create or replace temp table company_links as
    select l.* from company_links as l where not l.is_pending
    union all
    select v.verdict_id, v.verdict_seq, v.verdict, a.company_record_id, b.company_record_id, true
    from identity.account_verdicts as v
    join identity.normalized_submissions as a on a.submission_id = v.left_submission_id
    join identity.normalized_submissions as b on b.submission_id = v.right_submission_id
    where v.verdict_id in (select verdict_id from company_links where is_pending)
        and a.company_record_id is not null and b.company_record_id is not null
"""


def collect_links(connection: duckdb.DuckDBPyConnection) -> int:
    """Fills temp table `company_links`; returns how many verdicts wait to take effect.

    One row per verdict whose submissions are there, withdrawals and what newer ones overrule too;
    `is_pending`: said since the last run.
    """
    connection.execute(_LINKS)
    if not _pending(connection):
        return 0
    connection.execute(_PENDING)
    return _pending(connection)


def _pending(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("select count(*) from company_links where is_pending").fetchone()
    return int(row[0]) if row else 0


def store_links(connection: duckdb.DuckDBPyConnection, effective_at: dt.datetime) -> None:
    """Writes down which verdicts took effect. `effective_at` is UTC, naive."""
    connection.execute(
        "insert into identity.account_decisions by name "
        "select verdict_id, left_record_id, right_record_id, $at::timestamp as effective_at "
        "from company_links where is_pending",
        {"at": effective_at},
    )
