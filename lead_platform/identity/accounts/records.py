"""Company records: companies as submissions state them, and which of them a run must look at.

A record is a `company_record_id` of identity.normalized_submissions. Owns who is new, whose domain
is many companies', and the match columns; which records are one account is clusters.py's.
"""

import duckdb
import pyarrow as pa

from lead_platform.identity.accounts.specification import (
    STATED,
    STORED_KEYS,
    UNIT,
    AccountSpecification,
)
from lead_platform.identity.engine.blocking import key_expression
from lead_platform.identity.engine.linking import match_records
from lead_platform.lake.quarantine import held
from lead_platform.lake.statements import count_rows

_ARRIVED = f"""
create or replace temp table company_arrived as
    select company_record_id as record_id,
        min_by(submission_id, (received_seq, submission_id)) as first_submission_id,
        min(received_seq) as received_seq,
        any_value(company_domain) as company_domain, any_value(company_key) as company_key,
        any_value(country) as country, any_value(city) as city,
        any_value(postal_code) as postal_code, any_value(street) as street,
        any_value(
            case when phone_kind in ('fixed_line', 'fixed_line_or_mobile') then phone end
        ) as phone
    from identity.normalized_submissions
    anti join {held("resolve", "submission")} as held on submission_id = held.subject_id
    where company_record_id is not null
        and company_record_id not in (select record_id from identity.account_members)
    group by company_record_id
"""

# A domain's state is a function of its records, so slices and one load come to the same. Where it
# changes, the known records of the domain are looked at anew.
_DOMAINS = """
create or replace temp table company_domains as
    with members as (
        select record_id, company_domain, company_key from company_arrived
        where company_domain is not null
        union all
        select record_id, company_domain, company_key from identity.account_members
        where company_domain in (select company_domain from company_arrived)
    ),
    names as (
        select company_domain, split_part(company_key, ' ', 1) as first_word,
            count(*) as records
        from members where company_key is not null
        group by all
    )
    select m.company_domain,
        coalesce(
            any_value(n.names) >= $names
            and any_value(n.commonest) < $largest_share * any_value(n.records),
            false
        ) as is_shared_domain
    from (select distinct company_domain from members) as m
    left join (
        select company_domain, count(*) as names, max(records) as commonest,
            sum(records) as records
        from names group by company_domain
    ) as n on n.company_domain = m.company_domain
    group by m.company_domain
"""

_NEW = """
create or replace temp table company_new as
    select a.*, coalesce(d.is_shared_domain, false) as is_shared_domain, false as is_known
    from company_arrived as a
    left join company_domains as d on d.company_domain = a.company_domain
    union all by name
    select m.* exclude (account_id, is_shared_domain, company_letters, company_family),
        d.is_shared_domain, true as is_known
    from identity.account_members as m
    join company_domains as d on d.company_domain = m.company_domain
    where m.is_shared_domain <> d.is_shared_domain
"""

# A shared domain says nothing of a company, so to matching it is not there.
_STATED_BY = f"""
    select record_id, first_submission_id as submission_id, received_seq,
        case when not is_shared_domain then company_domain end as company_domain,
        {", ".join(name for name in STATED if name != "company_domain")}
    from {{source}}
"""


def collect_new(connection: duckdb.DuckDBPyConnection, specification: AccountSpecification) -> int:
    """Fills temp table `company_new`: records without an account, and known ones whose domain
    turned out to be many companies', or one's after all (`is_known`). Returns their number."""
    shared = specification.shared_domain
    connection.execute(_ARRIVED)
    connection.execute(_DOMAINS, {"names": shared.names, "largest_share": shared.largest_share})
    return count_rows(connection, _NEW)


def match_columns(
    connection: duckdb.DuckDBPyConnection, specification: AccountSpecification
) -> tuple[pa.Table, pa.Table]:
    """The rows of `company_new`, and of the known records that share a key with them, as pairs.py
    compares them. Fills temp table `company_keys`: record_id and the keys to store with it."""
    new = _derive(connection, "company_new", specification)
    connection.register("company_matched", new)
    connection.execute(
        "create or replace temp table company_keys as "
        f"select record_id, {', '.join(STORED_KEYS)} from company_matched"
    )
    shares_a_key = " or ".join(
        f"({key}) in (select {key} from company_matched)"
        for key in (key_expression(rule, specification) for rule in specification.rules)
    )
    connection.execute(f"""
        create or replace temp table company_known as
        select * from identity.account_members
        where ({shares_a_key}) and record_id not in (select record_id from company_new)
    """)
    connection.unregister("company_matched")
    return new, _derive(connection, "company_known", specification)


def collect_all(
    connection: duckdb.DuckDBPyConnection, specification: AccountSpecification
) -> pa.Table:
    """Every company record that has an account, as pairs.py compares them."""
    return _derive(connection, "identity.account_members", specification)


def _derive(
    connection: duckdb.DuckDBPyConnection, source: str, specification: AccountSpecification
) -> pa.Table:
    rows = connection.execute(_STATED_BY.format(source=source)).to_arrow_table()
    frame = rows.to_pandas()
    frame[UNIT] = frame["company_domain"].fillna(frame["record_id"])
    matched = match_records(frame, specification, frame["record_id"])
    for name in ("submission_id", "received_seq"):
        matched = matched.append_column(name, rows[name])
    return matched.append_column("is_known_record", pa.array([False] * rows.num_rows, pa.bool_()))
