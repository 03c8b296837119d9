"""The story of one account: its names, leads and owner, what it is related to, why it is one."""

from dataclasses import dataclass
from typing import Any

import duckdb
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from lead_platform.cli.pages.rows import Rows, fetch_rows
from lead_platform.cli.pages.story import render_section
from lead_platform.identity.engine.evidence import tell_parts
from lead_platform.identity.judgement.account_verdicts import SAID_OF_ACCOUNTS


class UnknownAccountError(LookupError):
    """No account goes by what was asked for, or several do."""


@dataclass(frozen=True)
class AccountStory:
    """Everything the release knows of one account."""

    account: dict[str, Any]
    retired_ids: list[str]
    split_from: list[str]
    leads: Rows
    records: Rows
    merges: Rows
    verdicts: Rows
    relations: Rows
    history: Rows


def tell_account(connection: duckdb.DuckDBPyConnection, who: str) -> AccountStory:
    """The story of the account a domain, a company name or an account id (retired ones too) names.

    Raises UnknownAccountError, naming the accounts to choose from where there are several.
    """
    account_id = find_account(connection, who)

    def rows(query: str) -> Rows:
        return fetch_rows(connection, query, {"account_id": account_id})

    return AccountStory(
        account=rows(_ACCOUNT)[0],
        retired_ids=[row["account_id"] for row in rows(_RETIRED)],
        split_from=[row["related_account_id"] for row in rows(_SPLIT_FROM)],
        leads=rows(_LEADS),
        records=rows(_RECORDS),
        merges=rows(_MERGES),
        verdicts=rows(_VERDICTS),
        relations=rows(_RELATIONS),
        history=rows(_HISTORY),
    )


def find_account(connection: duckdb.DuckDBPyConnection, who: str) -> str:
    """The living account that `who` names. Raises UnknownAccountError with the next step."""
    from lead_platform.identity.normalization.companies import company_key

    name = who.strip()
    found = connection.execute(
        _FIND, {"who": name, "domain": name.lower(), "key": company_key(name) or name.lower()}
    ).fetchall()
    if not found:
        raise UnknownAccountError(
            f"No account goes by {who!r}. Known are web domains, company names and account ids "
            "(retired ones too); look one up with: lead-platform sql "
            '"select account_id, name, company_domain from identity.accounts limit 10"'
        )
    if len(found) > 1:
        listed = "\n".join(
            f"  {account_id}  {title}, {domain or 'no domain'}, {country or 'no country'}, "
            f"{leads} leads"
            for account_id, title, domain, country, leads in found
        )
        raise UnknownAccountError(
            f"{len(found)} accounts go by {who!r}; ask for one by its id or domain:\n{listed}"
        )
    return str(found[0][0])


def render_account(story: AccountStory) -> RenderableType:
    """The story top to bottom."""
    sections = {
        "Leads": [_lead_line(row) for row in story.leads],
        "Stated as": [_record_line(row) for row in story.records],
        "Why they are one company": merge_lines(story),
        "What people said": [_verdict_line(row) for row in story.verdicts],
        "Related, not the same": [_relation_line(row) for row in story.relations],
        "History": [
            f"{row['occurred_at']:%Y-%m-%d %H:%M}  {row['action']}: {row['reason']} "
            f"({row['before']} to {row['after']})"
            for row in story.history
        ],
    }
    return Group(
        _headline(story), *(render_section(title, lines) for title, lines in sections.items())
    )


def merge_lines(story: AccountStory) -> list[str]:
    """What holds an account together, a line per reason."""
    said = [row for row in story.verdicts if row["verdict"] == "same" and not row["others"]]
    return [_merge_line(row) for row in story.merges] + [_verdict_line(row) for row in said]


def _headline(story: AccountStory) -> Panel:
    account = story.account
    place = ", ".join(str(account[name]) for name in ("city", "country") if account[name])
    size = f"{account['employee_count']:,} employees" if account["employee_count"] else ""
    owners = sorted({row["owner"] for row in story.leads if row["owner"]})
    lines = [
        " · ".join(part for part in (account["name"], place, account["industry"], size) if part),
        f"Domains: {', '.join(account['domains']) or 'none stated'}",
        f"Names: {'; '.join(account['names']) or 'none stated'}",
        f"Owner: {', '.join(owners) or 'nobody yet'}",
        f"{account['lead_count']} leads, {account['submission_count']} submissions since "
        f"{account['first_seen_at']:%Y-%m-%d}",
    ]
    if account["is_shared_domain"]:
        lines.append("A mail domain of many companies: no lead rolls up to it.")
    if story.retired_ids:
        lines.append(f"Also known as {', '.join(story.retired_ids)} (merged).")
    if story.split_from:
        lines.append(f"Split from {', '.join(story.split_from)}.")
    return Panel(
        Text("\n".join(lines)), title=f"Account {account['account_id']}", title_align="left"
    )


def _lead_line(row: dict[str, Any]) -> str:
    told = ", ".join(str(row[name]) for name in ("full_name", "job_title", "email") if row[name])
    where = (
        row["owner"] or f"queue {row['queue']}" if row["owner"] or row["queue"] else "not routed"
    )
    return f"{row['lead_id']}  {told or '(no name)'}: {row['band'] or 'no score'}, {where}"


def _record_line(row: dict[str, Any]) -> str:
    told = ", ".join(
        str(row[name])
        for name in ("company_key", "company_domain", "places", "phones")
        if row[name]
    )
    shared = "; the domain is many companies' and does not count" if row["is_shared_domain"] else ""
    return f"{told} ({row['submissions']} submissions){shared}"


def _merge_line(row: dict[str, Any]) -> str:
    if row["parts"] is None:
        return f"{row['pairs']} records under the domain {row['reason']}"
    return f"{row['pairs']} pairs: {row['reason']} ({row['rule']}; {tell_parts(row['parts'])})"


def _verdict_line(row: dict[str, Any]) -> str:
    other = f" as {row['others']}" if row["others"] else ""
    return (
        f"{row['decided_by']} said {row['verdict']}{other} on {row['decided_at']:%Y-%m-%d}: "
        f"{row['reason']} ({row['act_id']})"
    )


def _relation_line(row: dict[str, Any]) -> str:
    known = ", ".join(str(row[name]) for name in ("name", "company_domain", "country") if row[name])
    return f"{row['account_id']}  {known}: {row['relation'].replace('_', ' ')}; {row['reason']}"


_FIND = """
with named as (
    select account_id, 0 as rank from identity.accounts where account_id = $who
    union all
    select related_account_id, 0 from identity.account_crosswalk
    where account_id = $who and relation = 'merged_into'
    union all
    -- An id is made from a record's, so one that no table knows still leads to where that went.
    select account_id, 1 from identity.account_members
    where starts_with($who, 'acct_') and 'acct_' || left(sha256(record_id), 24) = $who
    union all
    select account_id, 2 from identity.account_members
    where company_domain = $domain and (not is_shared_domain or company_key is null)
    union all
    select account_id, 3 from identity.account_members where company_key = $key
)
select distinct a.account_id, a.name, a.company_domain, a.country, a.lead_count
from named as n
join identity.accounts as a on a.account_id = n.account_id
where n.rank = (select min(rank) from named)
order by a.lead_count desc, a.account_id limit 20
"""
_ACCOUNT = """
select * replace (
    json_extract_string(names, '$[*]') as names, json_extract_string(domains, '$[*]') as domains
)
from identity.accounts where account_id = $account_id
"""
_RETIRED = """
select account_id from identity.account_crosswalk
where related_account_id = $account_id and relation = 'merged_into' order by merged_at, account_id
"""
_LEADS = """
select l.lead_id, l.full_name, l.job_title, l.email, s.band, a.queue,
    coalesce(r.name, a.owner_rep_id) as owner
from identity.leads as l
left join scoring.lead_scores as s on s.lead_id = l.lead_id
left join routing.assignments as a on a.lead_id = l.lead_id
left join routing.reps as r on r.rep_id = a.owner_rep_id
where l.account_id = $account_id order by s.total desc nulls last, l.lead_id limit 50
"""
_RECORDS = """
select m.company_key, m.company_domain, m.is_shared_domain,
    array_to_string(
        list_sort(list(distinct nullif(concat_ws(' ', m.country, m.city), ''))), ', '
    ) as places,
    array_to_string(list_sort(list(distinct m.phone)), ', ') as phones, count(*) as submissions
from identity.account_members as m
join identity.normalized_submissions as n on n.company_record_id = m.record_id
where m.account_id = $account_id
group by all order by submissions desc, company_key, company_domain limit 30
"""
# What holds the records together: the domain, and the pairs that were followed.
_MERGES = """
with members as (from identity.account_members where account_id = $account_id)
select company_domain as reason, 'domain' as rule, count(*) as pairs, null as parts
from members where company_domain is not null and not is_shared_domain
group by company_domain having count(*) > 1
union all
select reason, rule, count(*), arg_min(parts, pair_id)
from identity.account_pairs
where decision = 'merge' and set_aside is null
    and left_record_id in (select record_id from members)
group by reason, rule
order by pairs desc, reason
"""
_SPLIT_FROM = """
select related_account_id from identity.account_crosswalk
where account_id = $account_id and relation = 'split_from'
"""
# By act: what stands of it between this account and others, or within it.
_VERDICTS = f"""
select act_id, verdict, decided_by, decided_at, reason,
    string_agg(distinct nullif(
        if(left_account_id = $account_id, right_account_id, left_account_id), $account_id
    ), ', ') as others
from ({SAID_OF_ACCOUNTS}) where $account_id in (left_account_id, right_account_id)
group by all order by min(verdict_seq)
"""
_RELATIONS = """
select case when r.left_account_id = $account_id then r.right_account_id
        else r.left_account_id end as account_id,
    r.relation, r.reason, a.name, a.company_domain, a.country
from identity.account_relations as r
join identity.accounts as a on a.account_id = case
    when r.left_account_id = $account_id then r.right_account_id else r.left_account_id end
where $account_id in (r.left_account_id, r.right_account_id)
order by r.match_probability desc, account_id limit 30
"""
_HISTORY = """
select occurred_at, action, reason, before, after from governance.audit_log
where subject_type = 'account' and (subject_id = $account_id or after = $account_id)
order by audit_seq, occurred_at, audit_id
"""
