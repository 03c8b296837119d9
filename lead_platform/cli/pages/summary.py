"""The state of a release in one readable page: received, leads, bands, owners, open work."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lead_platform.capture.returns import RETURNED_PREFIX
from lead_platform.governance.quarantine import count_entries
from lead_platform.identity.judgement.queue import list_items
from lead_platform.lake.releases import Release


@dataclass(frozen=True)
class Summary:
    """Counts over the whole release; every mapping is ordered as it is to be shown."""

    received: Mapping[str, int]
    rejected: Mapping[str, int]
    set_aside: Mapping[str, int]
    identity: Mapping[str, int]
    enriched: Mapping[str, int]
    not_set_up: Mapping[str, str]
    bands: Mapping[str, int]
    owners: Mapping[str, int]


def gather_summary(connection: duckdb.DuckDBPyConnection) -> Summary:
    """The counts a person wants to see after a run."""
    return Summary(
        received=_one_row(connection, _RECEIVED),
        rejected=_rejections(connection),
        set_aside=count_entries(connection),
        identity=_one_row(connection, _IDENTITY)
        | {"questions to review": len(list_items(connection))},
        enriched=_pairs(connection, _ENRICHED),
        not_set_up=dict(connection.execute(_NOT_SET_UP).fetchall()),
        bands=_pairs(connection, _BANDS),
        owners=_pairs(connection, _OWNERS),
    )


def render_summary(
    summary: Summary, release: Release, seconds_by_step: Mapping[str, float] | None = None
) -> RenderableType:
    """The summary as tables side by side, with where to look next."""
    left = [
        _table("Records", summary.received),
        _table("Rejected, by reason", summary.rejected),
        *([_table("Set aside, by step", summary.set_aside)] if summary.set_aside else []),
        _table("Leads", summary.identity),
        _table("Enrichment", summary.enriched),
    ]
    right = [
        _table("Score bands", summary.bands),
        _table("Owners and queues", summary.owners),
    ]
    if seconds_by_step:
        timed = {step: f"{seconds:.1f} s" for step, seconds in seconds_by_step.items()}
        total = sum(seconds_by_step.values())
        right.append(_table("Wall time by stage", {**timed, "all stages": f"{total:.1f} s"}))
    page = Table.grid(padding=(0, 4))
    page.add_row(Group(*left), Group(*right))
    published = (
        f"Release {release.release_id} at snapshot {release.snapshot_id}, "
        f"published {release.released_at:%Y-%m-%d %H:%M:%S} UTC"
    )
    hints = [
        f"Enrichment by {provider} is not set up: {reason}."
        for provider, reason in summary.not_set_up.items()
    ]
    return Group(page, *hints, published, _NEXT)


_NEXT = """
Look next:
  lead-platform sql "select email, company_name, total, band from identity.leads
      join scoring.lead_scores using (lead_id) order by total desc limit 10"
  lead-platform lead <an e-mail address or lead id>    the whole story of one lead
  lead-platform releases                               what changed, release by release
  lead-platform up                                     lineage and checks at localhost:3000"""

# What was set aside and came back was received once, and is rejected no more.
_IS_RETURNED = f"starts_with(file_name, '{RETURNED_PREFIX}')"
_RECEIVED = f"""
select
    coalesce(sum(records) filter (not {_IS_RETURNED}), 0)::bigint as received,
    coalesce(sum(taken), 0)::bigint as taken,
    coalesce(sum(repeats), 0)::bigint as repeats,
    coalesce(sum(if({_IS_RETURNED}, rejected - records, rejected)), 0)::bigint as rejected,
    coalesce(sum(submissions), 0)::bigint as submissions,
    coalesce(sum(events), 0)::bigint as events,
    coalesce(sum(outcomes), 0)::bigint as outcomes
from capture.deliveries
"""

_IDENTITY = """
select
    (select count(*) from identity.lead_members) as "submissions resolved",
    (select count(*) from identity.leads) as leads,
    (select count(*) - count(distinct lead_id) from identity.lead_members)
        as "submissions merged into a lead",
    (select count(*) from identity.lead_crosswalk where relation = 'merged_into')
        as "lead ids retired"
"""

_ENRICHED = """
select provider || ', ' || replace(status, '_', ' ') as outcome, count(*)
from enrichment.enrichment_results semi join identity.leads using (lead_id)
group by all order by outcome
"""

_NOT_SET_UP = """
select provider, any_value(reason) from enrichment.enrichment_results
where status = 'not_set_up' group by provider order by provider
"""

_BANDS = """
select coalesce(band, 'no score'), count(*) from scoring.lead_scores
group by all order by min(coalesce(total, -1)) desc
"""

# A lead that was discarded waits in no queue: a person has looked at it.
_OWNERS = """
with discarded as (
    select distinct subject_id as lead_id from governance.quarantine
    where subject_type = 'lead' and state = 'discarded'
)
select
    case
        when assignments.destination_kind = 'queue' and discarded.lead_id is not null
            then 'discarded in quarantine'
        else coalesce(reps.name, 'queue: ' || assignments.queue)
    end,
    count(*)
from routing.assignments as assignments
left join routing.reps as reps on reps.rep_id = assignments.owner_rep_id
left join discarded on discarded.lead_id = assignments.lead_id
group by all order by min(assignments.destination_kind) desc, count(*) desc, 1
"""

# Of each content as many rejections count no more as came back.
_REJECTIONS = f"""
with returned as (
    select channel, content_hash, count(*) as times
    from capture.deliveries where {_IS_RETURNED} group by all
),
numbered as (
    select rejected_id, channel, sha256(payload) as content_hash, row_number() over (
        partition by channel, sha256(payload) order by rejected_at, rejected_id
    ) as place
    from capture.rejected_records semi join returned using (channel)
),
over as (
    select rejected_id from numbered join returned using (channel, content_hash)
    where place <= times
)
select reasons, count(*) from capture.rejected_records anti join over using (rejected_id)
group by all
"""

# Reasons that are told apart.
_MOST_REASONS = 8


def _rejections(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rejected records by what their first reason is about, the part before its colon; of the
    rarest the sum."""
    rows = connection.execute(_REJECTIONS).fetchall()
    counts: Counter[str] = Counter()
    for reasons, count in rows:
        first = (json.loads(reasons) or ["unknown"])[0]
        counts[first.split(":")[0]] += count
    common = dict(counts.most_common(_MOST_REASONS))
    others = counts.total() - sum(common.values())
    return common | ({"other reasons": others} if others else {})


def _one_row(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, int]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or []]
    row = cursor.fetchone()
    return dict(zip(names, row, strict=True)) if row else {}


def _pairs(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, int]:
    return dict(connection.execute(query).fetchall())


def _table(title: str, values: Mapping[str, object]) -> Table:
    table = Table(title=title, title_justify="left", show_header=False, min_width=44)
    table.add_column(overflow="fold")
    table.add_column(justify="right")
    for name, value in values.items():
        table.add_row(Text(name), f"{value:,}" if isinstance(value, int) else str(value))
    if not values:
        table.add_row("none", "")
    return table
