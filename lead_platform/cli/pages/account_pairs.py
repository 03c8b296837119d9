"""Accounts for a person's judgement: what was merged, what waits, two sides, what would become."""

from collections.abc import Sequence
from typing import Any

import duckdb
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lead_platform.cli.pages.account_story import UnknownAccountError, merge_lines, tell_account
from lead_platform.cli.pages.rows import Row, Rows, fetch_row, fetch_rows
from lead_platform.cli.pages.story import render_section, short_id
from lead_platform.cli.pages.waterfall import render_waterfall
from lead_platform.identity.accounts.reversal import AccountChange, Company, list_companies
from lead_platform.identity.judgement.account_verdicts import SAID_OF_ACCOUNTS


def list_merged(connection: duckdb.DuckDBPyConnection, limit: int) -> Rows:
    """Accounts of several names or domains, those to which others were merged last first."""
    return fetch_rows(connection, _MERGED, {"limit": limit})


def list_waiting(connection: duckdb.DuckDBPyConnection, limit: int, *, related: bool) -> Rows:
    """Pairs of accounts that may be one and nobody judged, the likeliest first.

    `related`: also those that a guard holds to be related only.
    """
    return fetch_rows(connection, _WAITING, {"limit": limit, "related": related})


def list_decided(connection: duckdb.DuckDBPyConnection, limit: int) -> Rows:
    """What people said of companies, the newest first."""
    return fetch_rows(connection, _DECIDED, {"limit": limit})


def render_merged(connection: duckdb.DuckDBPyConnection, account_id: str) -> RenderableType:
    """The stated companies of an account, as `split` takes them, and what holds them together."""
    companies = list_companies(connection, {account_id})
    story = tell_account(connection, account_id)
    table = Table(title=f"Account {account_id}", title_justify="left", box=box.SIMPLE_HEAD)
    for column in ("name", "domain", "company records", "named first by"):
        table.add_column(column, overflow="fold")
    for one in companies:
        table.add_row(
            Text(one.company_key or ""), Text(one.company_domain or ""),
            str(len(one.record_ids)), short_id(one.submission_id),
        )  # fmt: skip
    took_in = [f"lead-platform accounts undo {retired}" for retired in story.retired_ids]
    return Group(
        table,
        render_section("Why they are one company", merge_lines(story)),
        render_section("Merged into it; give one back with", took_in),
        Text(f"Take companies out with: lead-platform accounts split {account_id} COMPANY …"),
    )


def render_pair(connection: duckdb.DuckDBPyConnection, pair_id: str) -> RenderableType:
    """The accounts of a pair side by side, and the parts of its match weight.

    Raises UnknownAccountError for an unknown pair.
    """
    pair = fetch_row(connection, _PAIR, {"pair": pair_id})
    if pair is None:
        raise UnknownAccountError(
            f"No pair of companies goes by {pair_id!r}. List what waits with: "
            "lead-platform accounts list --to-review"
        )
    sides = [
        fetch_row(connection, _SIDE, {"account": pair[name]}) or {}
        for name in ("left_account_id", "right_account_id")
    ]
    table = Table(title="Are they one company?", title_justify="left", box=box.SIMPLE_HEAD)
    for column in ("", pair["left_account_id"], pair["right_account_id"]):
        table.add_column(column, overflow="fold")
    for label in sides[0]:
        values = [Text(str(side[label] or "")) for side in sides]
        if any(value.plain for value in values):
            table.add_row(label, *values)
    aside = f", but {pair['set_aside']}" if pair["set_aside"] else ""
    is_one = pair["left_account_id"] == pair["right_account_id"]
    return Group(
        table,
        render_waterfall(
            pair["parts"],
            pair["match_weight"],
            pair["match_probability"],
            "one company",
            "two companies",
        ),
        Text(f"Brought together by {pair['rule']}; {pair['decision']}{aside}: {pair['reason']}."),
        Text("They are one account." if is_one else "They are two accounts.", style="bold"),
    )


def render_change(change: AccountChange) -> RenderableType:
    """What becomes of the accounts."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("account", "then holds", "of"):
        table.add_column(column, overflow="fold")
    for account_id, companies in change.becomes:
        listed = "; ".join(_told(one) for one in companies[:6])
        more = f" … {len(companies)} companies" if len(companies) > 6 else ""
        former = sorted({one.account_id for one in companies})
        table.add_row(account_id, Text(f"{listed}{more}"), ", ".join(former))
    before, after = len(change.account_ids), len(change.becomes)
    one_or_more = "account becomes" if before == 1 else "accounts become"
    return Group(table, Text(f"{before} {one_or_more} {after}."))


def row_values(rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """Rows as a list prints them."""
    return [tuple(row.values()) for row in rows]


def _told(company: Company) -> str:
    return ", ".join(x for x in (company.company_key, company.company_domain) if x)


_MERGED = """
with held as (
    select account_id, count(*) as company_records,
        count(distinct coalesce(company_letters, '') || ' ' || coalesce(company_domain, ''))
            as companies,
        max(received_seq) as newest_seq
    from identity.account_members group by account_id
),
retired as (
    select related_account_id as account_id, string_agg(account_id, ', ' order by account_id)
            as merged_into_it,
        max(merged_at) as merged_at
    from identity.account_crosswalk where relation = 'merged_into' group by all
),
merges as (
    select surviving_account_id as account_id, max(merge_seq) as merge_seq
    from identity.merged_account_members group by all
)
select a.account_id, a.name,
    array_to_string(json_extract_string(a.names, '$[*]')[:5], '; ') as names,
    array_to_string(json_extract_string(a.domains, '$[*]')[:5], ', ') as domains,
    h.company_records, a.lead_count as leads, r.merged_into_it,
    strftime(r.merged_at, '%Y-%m-%d %H:%M') as merged_at
from held as h
join identity.accounts as a on a.account_id = h.account_id
left join retired as r on r.account_id = h.account_id
left join merges as m on m.account_id = h.account_id
where h.companies > 1 or r.account_id is not null
order by m.merge_seq desc nulls last, h.newest_seq desc limit $limit
"""

_WAITING = f"""
select r.pair_id, r.relation, round(r.match_probability, 4) as probability,
    l.account_id as one, concat_ws(', ', l.name, l.company_domain, l.country) as told_one,
    o.account_id as other, concat_ws(', ', o.name, o.company_domain, o.country) as told_other,
    r.reason
from identity.account_relations as r
join identity.accounts as l on l.account_id = r.left_account_id
join identity.accounts as o on o.account_id = r.right_account_id
where (r.relation = 'possible_duplicate' or ($related and r.relation <> 'told_apart'))
    and (r.left_account_id, r.right_account_id) not in (
        select least(left_account_id, right_account_id),
            greatest(left_account_id, right_account_id)
        from ({SAID_OF_ACCOUNTS})
    )
order by r.relation = 'possible_duplicate' desc, r.match_probability desc, r.pair_id limit $limit
"""

_DECIDED = """
select act_id, source, source_id as about, verdict, count(*) as pairs, reason, decided_by,
    strftime(decided_at, '%Y-%m-%d %H:%M') as decided_at
from identity.account_verdicts
group by all order by max(verdict_seq) desc limit $limit
"""

_PAIR = """
select p.*, l.account_id as left_account_id, r.account_id as right_account_id
from identity.account_pairs as p
join identity.account_members as l on l.record_id = p.left_record_id
join identity.account_members as r on r.record_id = p.right_record_id
where p.pair_id = $pair
"""

_SIDE = """
select array_to_string(json_extract_string(names, '$[*]')[:5], '; ') as names,
    array_to_string(json_extract_string(domains, '$[*]')[:5], ', ') as domains,
    concat_ws(', ', city, region, country) as place, industry, employee_count as employees,
    lead_count as leads, submission_count as submissions,
    strftime(first_seen_at, '%Y-%m-%d') as "first seen"
from identity.accounts where account_id = $account
"""
