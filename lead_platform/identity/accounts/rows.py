"""What an account's row shows: made of its submissions, each value the one stated most often.

Which submissions an account has is assignment.py's.
"""

from collections.abc import Collection

import duckdb
import pyarrow as pa

from lead_platform.lake.statements import count_rows


def refresh_rows(
    connection: duckdb.DuckDBPyConnection,
    lead_ids: Collection[str],
    account_ids: Collection[str] = (),
) -> None:
    """Makes the rows of touched accounts what their submissions say, writing differences only.

    Touched are the accounts of temp table `company_placed`, those that the leads' submissions
    name, and `account_ids`. Writes identity.accounts; the caller owns the transaction.
    """
    given = {"given_leads": ("lead_id", lead_ids), "given_accounts": ("account_id", account_ids)}
    for name, (column, ids) in given.items():
        connection.register(name, pa.table({column: pa.array(sorted(set(ids)), pa.string())}))
    refreshed = count_rows(connection, _REFRESHED)
    for name in given:
        connection.unregister(name)
    if not refreshed:
        return
    connection.execute(_NEXT_ACCOUNTS)
    if count_rows(connection, _CHANGED_ACCOUNTS):
        connection.execute(_STORE_ACCOUNTS)


_REFRESHED = """
create or replace temp table accounts_refreshed as
    select account_id from company_placed
    union
    select account_id from given_accounts
    union
    select former_account_id from company_placed where former_account_id is not null
    union
    select m.account_id
    from identity.lead_members as l
    join identity.normalized_submissions as n on n.submission_id = l.submission_id
    join identity.account_members as m on m.record_id = n.company_record_id
    where l.lead_id in (select lead_id from given_leads)
"""

_FIELDS = ("company_name", "company_key", "company_domain", "country", "region", "city", "industry",
           "employee_count")  # fmt: skip


def _most_stated(field: str) -> str:
    """SQL for the value most submissions state, of equals the one stated first."""
    return f"arg_max(value, (times, -first_seq)) filter (field = '{field}')"


def _all_stated(field: str) -> str:
    """SQL for all values of a field as a JSON list, the most stated first."""
    listed = f"list(value order by times desc, first_seq) filter (field = '{field}')"
    return f"to_json(coalesce({listed}, []))::varchar"


_NEXT_ACCOUNTS = f"""
create or replace temp table next_accounts as
    with members as (
        select m.account_id, m.is_shared_domain and m.company_key is null as is_shared_domain,
            n.submission_id, n.received_seq, n.submitted_at, l.lead_id,
            {", ".join(f"n.{name}" for name in _FIELDS)}
        from identity.account_members as m
        join identity.normalized_submissions as n on n.company_record_id = m.record_id
        left join identity.lead_members as l on l.submission_id = n.submission_id
        where m.account_id in (from accounts_refreshed)
    ),
    stated as (
        select account_id, field, value, count(*) as times, min(received_seq) as first_seq
        from (
            select account_id, received_seq, unnest([
                {", ".join(f"{{'field': '{name}', 'value': {name}::varchar}}" for name in _FIELDS)}
            ], recursive := true)
            from members
        )
        where value is not null
        group by all
    ),
    described as (
        select account_id,
            {", ".join(f"{_most_stated(name)} as {name}" for name in _FIELDS)},
            {_all_stated("company_name")} as names,
            {_all_stated("company_domain")} as domains
        from stated group by account_id
    ),
    counted as (
        select account_id, bool_or(is_shared_domain) as is_shared_domain,
            count(distinct lead_id)::integer as lead_count, count(*)::integer as submission_count,
            min_by(submission_id, (received_seq, submission_id)) as first_submission_id,
            min(submitted_at) as first_seen_at, max(submitted_at) as last_seen_at
        from members group by account_id
    )
    select c.account_id, coalesce(d.company_name, d.company_domain) as name, d.company_key,
        d.names as names, d.company_domain, d.domains, c.is_shared_domain, d.country,
        d.region, d.city, d.industry, d.employee_count::integer as employee_count, c.lead_count,
        c.submission_count, c.first_submission_id, c.first_seen_at, c.last_seen_at
    from counted as c
    join described as d on d.account_id = c.account_id
"""

_CHANGED_ACCOUNTS = """
create or replace temp table changed_accounts as
    with stored as (
        from identity.accounts where account_id in (select account_id from accounts_refreshed)
    )
    select account_id from (from stored except from next_accounts)
    union
    select account_id from (from next_accounts except from stored)
"""

_STORE_ACCOUNTS = """
delete from identity.accounts where account_id in (from changed_accounts);

insert into identity.accounts by name
select * from next_accounts where account_id in (from changed_accounts)
"""
