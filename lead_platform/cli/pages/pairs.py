"""Pairs of people side by side: what the two sides say, and why they are, or are not, one lead."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from lead_platform.cli.pages.rows import fetch_row, fetch_rows
from lead_platform.cli.pages.story import find_lead, short_id
from lead_platform.cli.pages.waterfall import render_waterfall
from lead_platform.identity.engine.evidence import tell_parts
from lead_platform.identity.leads.reversal import Merge, Parting, proposed_parts


@dataclass(frozen=True)
class PairView:
    """Two sides, or the parts of a lead, and what was found of them.

    Each side is named and tells its values field by field; several are joined by commas. `pair`
    is the row of identity.match_pairs, `review` that of identity.match_reviews, if there are any.
    """

    names: tuple[str, ...]
    sides: tuple[dict[str, Any], ...]
    is_one_lead: bool
    pair: dict[str, Any] | None
    verdict: dict[str, Any] | None
    review: dict[str, Any] | None = None


class UnknownNameError(LookupError):
    """Nothing goes by what was asked for."""


def compare_records(connection: duckdb.DuckDBPyConnection, left: str, right: str) -> PairView:
    """Two match records: their leads side by side, or the records where they are in one lead."""
    leads = [_lead_of_record(connection, record) for record in (left, right)]
    is_one_lead = leads[0] == leads[1]
    names = (left, right) if is_one_lead else (leads[0], leads[1])
    column = "match_record_id" if is_one_lead else "lead_id"
    first, second = (_side(connection, column, [name]) for name in names)
    pair = fetch_row(connection, _PAIR, {"left": left, "right": right})
    verdict = fetch_row(connection, _VERDICT, {"left": left, "right": right})
    return PairView(names, (first, second), is_one_lead, pair, verdict)


def compare_names(connection: duckdb.DuckDBPyConnection, one: str, other: str) -> PairView:
    """Two submissions, match records, leads or e-mail addresses: the strongest pair between them.

    Raises LookupError where either is unknown, or both are the same match record.
    """
    records = [_records_of(connection, name) for name in (one, other)]
    between = connection.execute(
        """
        select left_record_id, right_record_id from identity.match_pairs
        where (list_contains($one, left_record_id) and list_contains($other, right_record_id))
            or (list_contains($other, left_record_id) and list_contains($one, right_record_id))
        order by match_weight desc, pair_id limit 1
        """,
        {"one": records[0], "other": records[1]},
    ).fetchone()
    left, right = between or (records[0][0], next(iter(records[1])))
    if left == right:
        raise UnknownNameError(
            f"{one} and {other} say the same to matching: one match record, {left}."
        )
    return compare_records(connection, str(left), str(right))


def compare_review(connection: duckdb.DuckDBPyConnection, review_id: str) -> PairView:
    """The two sides of a review, or the parts of the lead it proposes to take apart.

    Raises LookupError for an unknown one.
    """
    review = fetch_row(
        connection, "from identity.match_reviews where review_id = $review", {"review": review_id}
    )
    if review is None:
        raise UnknownNameError(
            f"No review goes by {review_id!r}. List what waits with: lead-platform reviews list"
        )
    left, right = review["left_record_id"], review["right_record_id"]
    view = replace(compare_records(connection, left, right), review=review)
    parts = proposed_parts(connection, review_id) if view.is_one_lead else []
    if not parts:
        return view
    sides = tuple(_side(connection, "match_record_id", part) for part in parts)
    return replace(
        view, sides=sides, names=tuple(f"part {number}" for number in range(1, len(parts) + 1))
    )


def list_decided(
    connection: duckdb.DuckDBPyConnection, limit: int | None = None
) -> list[dict[str, Any]]:
    """What people said, the newest act first."""
    bounded = f" limit {int(limit)}" if limit is not None else ""
    return fetch_rows(connection, _DECIDED + bounded)


def render_pair(view: PairView) -> RenderableType:
    """Side by side, then why."""
    return Group(_side_by_side(view, _DETAILS), render_evidence(view), *_notes(view), _state(view))


def render_pair_briefly(view: PairView) -> RenderableType:
    """As `render_pair`, so that it fits a small terminal: why in a line."""
    pair = view.pair
    why = (
        f"{pair['match_probability']:.2%}: {tell_parts(pair['parts'], limit=5)}"
        if pair
        else _NO_PAIR
    )
    return Group(_side_by_side(view), Text(why), *_notes(view), _state(view))


def render_evidence(view: PairView) -> RenderableType:
    """The parts of the match weight as a waterfall."""
    if view.pair is None:
        return Text(_NO_PAIR)
    pair = view.pair
    return Group(
        render_waterfall(pair["parts"], pair["match_weight"], pair["match_probability"]),
        Text(
            f"Brought together by {pair['rule']}; {pair['decision']}: {pair['reason']} "
            f"(model {pair['model_version']})."
        ),
    )


_NO_PAIR = (
    "Not kept as a pair: they share no key that is compared, or the model found them too unlike."
)


def _notes(view: PairView) -> list[Text]:
    """Why a person is asked, and what a person said."""
    notes = []
    if view.review and view.review["status"] == "open":
        notes.append(f"Waits since {view.review['opened_at']:%Y-%m-%d}: {view.review['reason']}.")
    if view.verdict:
        said = view.verdict
        notes.append(
            f"{said['decided_by']} said {said['verdict']} on {said['decided_at']:%Y-%m-%d}: "
            f"{said['reason']} ({said['act_id']})."
        )
    return [Text(note) for note in notes]


def _state(view: PairView) -> Text:
    if not view.is_one_lead:
        return Text("They are two leads.", style="bold")
    is_proposal = view.names[0] == "part 1"
    told = "They are one lead."
    if is_proposal:
        told += f" `same` keeps it so; `different` makes it {len(view.names)} leads."
    return Text(told, style="bold")


def render_partings(partings: Sequence[Parting]) -> RenderableType:
    """What becomes of each lead."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("lead", no_wrap=True)
    table.add_column("becomes", no_wrap=True)
    table.add_column("submissions", overflow="fold")
    for parting in partings:
        for place, (lead_id, submissions) in enumerate(parting.becomes):
            name = parting.lead_id if place == 0 else ""
            listed = ", ".join(short_id(one) for one in submissions[:6])
            more = " …" if len(submissions) > 6 else ""
            table.add_row(name, lead_id, f"{len(submissions)}: {listed}{more}")
    leads = sum(len(parting.becomes) for parting in partings)
    one_or_more = "lead becomes" if len(partings) == 1 else "leads become"
    return Group(table, Text(f"{len(partings)} {one_or_more} {leads}."))


def merge_rows(merges: Sequence[Merge]) -> list[tuple[Any, ...]]:
    """Merges as rows of a list."""
    return [
        (
            merge.decision_id,
            f"{merge.decided_at:%Y-%m-%d %H:%M}",
            merge.lead_id,
            merge.retired_lead_id or "",
            merge.rule,
            f"{merge.match_probability:.4f}" if merge.match_probability is not None else "",
            merge.reason,
            merge.decided_by,
        )
        for merge in merges
    ]


MERGE_HEADER = [
    "decision", "decided_at", "lead", "retired lead", "rule", "probability", "reason", "by",
]  # fmt: skip


# What helps to look something up, not to tell people apart.
_DETAILS = ("submission ids", "lead")
# Equal values here say nothing about one person.
_TELLS_NOTHING = ("channel", "submissions", "seen", *_DETAILS)
# More columns do not fit a terminal.
_MOST_SIDES = 4


def _side_by_side(view: PairView, details: Sequence[str] = ()) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for name in view.names[:_MOST_SIDES]:
        table.add_column(name, overflow="fold", ratio=1)
    table.add_column("")
    for label in view.sides[0]:
        if label in _DETAILS and label not in details:
            continue
        values = [str(side[label] or "") for side in view.sides[:_MOST_SIDES]]
        if any(values):
            is_same = all(values) and len({value.casefold() for value in values}) == 1
            mark = "=" if is_same and label not in _TELLS_NOTHING else ""
            table.add_row(label, *(Text(value) for value in values), mark)
    more = len(view.sides) - _MOST_SIDES
    title = "Are they one person?" + (f" {more} more parts are not shown." if more > 0 else "")
    return Panel(table, title=title, title_align="left")


def _side(
    connection: duckdb.DuckDBPyConnection, column: str, names: Iterable[str]
) -> dict[str, Any]:
    found = fetch_row(connection, _SIDE.format(column=column), {"names": sorted(names)})
    assert found is not None
    return found


def _lead_of_record(connection: duckdb.DuckDBPyConnection, record_id: str) -> str:
    row = connection.execute(
        "select lead_id from identity.lead_members where match_record_id = ? limit 1", [record_id]
    ).fetchone()
    if row is None:
        raise UnknownNameError(f"No match record goes by {record_id!r}.")
    return str(row[0])


def _records_of(connection: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    """The match records a name stands for: one of a submission, all of a lead."""
    query = (
        "select distinct match_record_id from identity.lead_members where {} = $name order by all"
    )
    for column in ("submission_id", "match_record_id"):
        rows = connection.execute(query.format(column), {"name": name}).fetchall()
        if rows:
            return [str(row[0]) for row in rows]
    rows = connection.execute(
        query.format("lead_id"), {"name": find_lead(connection, name)}
    ).fetchall()
    return [str(row[0]) for row in rows]


_SIDE = """
with side as (
    select n.*, m.lead_id
    from identity.lead_members as m
    join identity.normalized_submissions as n on n.submission_id = m.submission_id
    where list_contains($names, m.{column})
)
select
    string_agg(distinct full_name, ', ' order by full_name) as name,
    string_agg(distinct email, ', ' order by email) as email,
    string_agg(distinct phone, ', ' order by phone) as phone,
    string_agg(distinct job_title, ', ' order by job_title) as title,
    string_agg(distinct company_name, ', ' order by company_name) as company,
    string_agg(distinct company_domain, ', ' order by company_domain) as "web domain",
    string_agg(distinct nullif(concat_ws(' ', city, country), ''), ', '
        order by nullif(concat_ws(' ', city, country), ''))
        as place,
    string_agg(distinct linkedin_url, ', ' order by linkedin_url) as linkedin,
    string_agg(distinct source_system || ' ' || source_person_id, ', '
        order by source_system || ' ' || source_person_id) as "person at the source",
    string_agg(distinct channel, ', ' order by channel) as channel,
    count(*) as submissions,
    concat_ws(' to ', strftime(min(submitted_at), '%Y-%m-%d'),
        nullif(strftime(max(submitted_at), '%Y-%m-%d'), strftime(min(submitted_at), '%Y-%m-%d'))
    ) as seen,
    string_agg(distinct submission_id, ', ' order by submission_id) as "submission ids",
    any_value(lead_id) as lead
from side
"""

_PAIR = """
from identity.match_pairs
where (left_record_id, right_record_id) in (($left, $right), ($right, $left))
order by match_weight desc limit 1
"""

_VERDICT = """
select v.* from identity.match_verdicts as v
join identity.lead_members as l on l.submission_id = v.left_submission_id
join identity.lead_members as r on r.submission_id = v.right_submission_id
where (l.match_record_id, r.match_record_id) in (($left, $right), ($right, $left))
order by v.verdict_seq desc limit 1
"""

_DECIDED = """
select v.act_id, v.source, v.source_id as about, v.verdict, count(*) as pairs, v.reason,
    v.decided_by, strftime(v.decided_at, '%Y-%m-%d %H:%M') as decided_at
from identity.match_verdicts as v
group by all order by max(v.verdict_seq) desc
"""
