"""Items of the review queue: as rows of a list, and the leads of one side by side."""

from collections.abc import Iterable, Sequence
from typing import Any

import duckdb
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lead_platform.cli.pages.rows import fetch_rows
from lead_platform.cli.pages.story import short_id
from lead_platform.identity.judgement.queue import Item

# More leads of one question than a person looks at on a screen.
_MOST_LEADS = 20


def item_rows(connection: duckdb.DuckDBPyConnection, items: Sequence[Item]) -> list[dict[str, Any]]:
    """The items as rows of a list, each with the two sides of its first review."""
    told = {
        row["review_id"]: row
        for row in fetch_rows(connection, _TOLD, {"reviews": [one.review_id for one in items]})
    }
    return [
        {
            "review_id": one.review_id,
            "asks": _asks(one),
            "leads": len(one.lead_ids),
            "at_stake": round(one.at_stake, 2),
            "probability": round(one.probability, 4),
            "one": told[one.review_id]["one"],
            "other": told[one.review_id]["other"],
            "reason": told[one.review_id]["reason"],
            "opened_at": f"{one.opened_at:%Y-%m-%d %H:%M}",
        }
        for one in items
    ]


def _asks(item: Item) -> str:
    if item.is_split:
        return "split?"
    return "merge?" if len(item.lead_ids) == 2 else "which are one?"


def render_leads(connection: duckdb.DuckDBPyConnection, lead_ids: Iterable[str]) -> RenderableType:
    """A row per lead: what it says."""
    rows = fetch_rows(connection, _LEADS, {"leads": list(lead_ids)})
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("lead", "name", "email", "phone", "company", "place", "submissions"):
        table.add_column(name, overflow="fold")
    for row in rows[:_MOST_LEADS]:
        values = (short_id(row["lead_id"]), *list(row.values())[1:])
        table.add_row(*(Text("" if value is None else str(value)) for value in values))
    more = f" {len(rows) - _MOST_LEADS} more are not shown." if len(rows) > _MOST_LEADS else ""
    question = f"One question about {len(rows)} leads: which of them are one person?{more}"
    return Group(table, Text(question, style="bold"))


_TOLD = """
with records as (
    select m.match_record_id as record_id,
        concat_ws(', ', n.full_name, n.email, n.phone, n.company_name) as told
    from identity.lead_members as m
    join identity.normalized_submissions as n on n.submission_id = m.submission_id
    where m.match_record_id in (
        select unnest([left_record_id, right_record_id]) from identity.match_reviews
        where list_contains($reviews, review_id)
    )
    qualify row_number() over (
        partition by m.match_record_id order by n.received_seq, m.submission_id
    ) = 1
)
select r.review_id, l.told as one, o.told as other, r.reason
from identity.match_reviews as r
join records as l on l.record_id = r.left_record_id
join records as o on o.record_id = r.right_record_id
where list_contains($reviews, r.review_id)
"""


def _all_of(field: str) -> str:
    return f"string_agg(distinct {field}, ', ' order by {field})"


_LEADS = f"""
select m.lead_id, {_all_of("n.full_name")} as name, {_all_of("n.email")} as email,
    {_all_of("n.phone")} as phone, {_all_of("n.company_name")} as company,
    {_all_of("n.city")} as place, count(*) as submissions
from identity.lead_members as m
join identity.normalized_submissions as n on n.submission_id = m.submission_id
where list_contains($leads, m.lead_id)
group by m.lead_id
order by name, email, m.lead_id
"""
