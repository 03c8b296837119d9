"""The queue of what waits for a person: one item a question, by what is at stake.

Owns which open reviews are one question, what each is worth, and how many a day brings. What a
verdict says is leads/reversal.py's, how an item is shown cli/pages/'s.
"""

import datetime as dt
from dataclasses import dataclass

import duckdb
import pandas as pd

from lead_platform.identity.engine.clusters import label_clusters
from lead_platform.identity.engine.specification import APART, CANNOT_LINK

# Where a guard speaks against a pair, the model's probability is one of two opinions.
_EVEN = 0.5


@dataclass(frozen=True)
class Item:
    """One question: open reviews that hang together through the leads they are about.

    `review_ids`: that with the most at stake first, whose id names the item; `lead_ids`: all it is
    about, sorted. `is_split`: one lead that may be several. `at_stake`: how many submissions are
    expected to stand in the wrong lead as long as nobody answers. `probability`: of a match, of the
    first review.
    """

    review_ids: tuple[str, ...]
    lead_ids: tuple[str, ...]
    is_split: bool
    at_stake: float
    probability: float
    opened_at: dt.datetime

    @property
    def is_group(self) -> bool:
        """Whether it asks about more leads than two."""
        return len(self.lead_ids) > 2

    @property
    def review_id(self) -> str:
        """The review that names the item."""
        return self.review_ids[0]


@dataclass(frozen=True)
class Day:
    """What a day brings: its items, those decided already, and how many more wait."""

    items: tuple[Item, ...]
    decided: int
    waiting: int


# Of two leads the likeliest pair asks for all of both. A pair's answer moves the smaller lead, a
# proposal's all parts but the largest.
_WAITING = f"""
with asked as (
    select r.review_id, r.left_record_id, r.right_record_id, r.match_probability, r.opened_at,
        least(l.lead_id, o.lead_id) as one_lead, greatest(l.lead_id, o.lead_id) as other_lead
    from identity.match_reviews as r
    join (select distinct match_record_id, lead_id from identity.lead_members) as l
        on l.match_record_id = r.left_record_id
    join (select distinct match_record_id, lead_id from identity.lead_members) as o
        on o.match_record_id = r.right_record_id
    where r.status = 'open'
    qualify one_lead = other_lead or row_number() over (
        partition by one_lead, other_lead order by r.match_probability desc, r.review_id
    ) = 1
),
sizes as (
    select lead_id, count(*) as submissions from identity.lead_members
    where lead_id in (select one_lead from asked union all select other_lead from asked)
    group by lead_id
),
parts as (
    select review_id, sum(submissions) - max(submissions) as moving
    from (
        select p.review_id, p.part, count(*) as submissions
        from identity.split_parts as p
        join identity.lead_members as m on m.match_record_id = p.record_id
        where p.review_id in (select review_id from asked)
        group by all
    )
    group by review_id
)
select a.review_id, a.one_lead, a.other_lead, a.one_lead = a.other_lead as is_split,
    a.match_probability, a.opened_at,
    case when a.one_lead = a.other_lead
        then (1 - a.match_probability) * coalesce(s.moving, 1)
        else case when p.decision in ('{CANNOT_LINK}', '{APART}')
            then least(a.match_probability, {_EVEN}) else a.match_probability end
            * least(l.submissions, o.submissions)
    end as at_stake
from asked as a
join sizes as l on l.lead_id = a.one_lead
join sizes as o on o.lead_id = a.other_lead
left join parts as s on s.review_id = a.review_id
left join identity.match_pairs as p
    on p.left_record_id = a.left_record_id and p.right_record_id = a.right_record_id
order by at_stake desc, a.match_probability desc, a.review_id
"""

_DECIDED = """
select count(distinct act_id) from identity.match_verdicts
where source = 'review' and decided_at >= $day and decided_at < $day + interval 1 day
"""


def list_items(connection: duckdb.DuckDBPyConnection) -> list[Item]:
    """All that waits, what is most at stake first.

    Leads to take apart come before leads to merge: a wrong merge does harm every day.
    """
    waiting = connection.execute(_WAITING).df()
    splits = waiting[waiting["is_split"]]
    items = [_item(review) for _, review in splits.groupby(splits.index)]
    merges = waiting[~waiting["is_split"]]
    if not merges.empty:
        items += _questions(merges)
    return sorted(
        items, key=lambda one: (not one.is_split, -one.at_stake, -one.probability, one.review_id)
    )


def _questions(merges: pd.DataFrame) -> list[Item]:
    """What hangs together through its leads is one question."""
    leads = pd.Series(pd.unique(merges[["one_lead", "other_lead"]].to_numpy().ravel()))
    ends = merges[["one_lead", "other_lead"]].set_axis(["left", "right"], axis=1)
    question = dict(zip(leads, label_clusters(leads, ends), strict=True))
    return [_item(reviews) for _, reviews in merges.groupby(merges["one_lead"].map(question))]


def todays_items(connection: duckdb.DuckDBPyConnection, per_day: int, now: dt.datetime) -> Day:
    """Of what waits as much as is left of the day (`now` is UTC, naive), `per_day` in all."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    row = connection.execute(_DECIDED, {"day": day}).fetchone()
    decided = int(row[0]) if row else 0
    items = list_items(connection)
    shown = items[: max(0, per_day - decided)]
    return Day(tuple(shown), decided, len(items) - len(shown))


def find_item(connection: duckdb.DuckDBPyConnection, review_id: str) -> Item | None:
    """The item that the review is part of; None where it does not wait, or speaks for another."""
    return next((one for one in list_items(connection) if review_id in one.review_ids), None)


def _item(reviews: pd.DataFrame) -> Item:
    first = reviews.iloc[0]
    leads = sorted({*reviews["one_lead"], *reviews["other_lead"]})
    return Item(
        review_ids=tuple(map(str, reviews["review_id"])),
        lead_ids=tuple(map(str, leads)),
        is_split=bool(first["is_split"]),
        at_stake=float(reviews["at_stake"].sum()),
        probability=float(first["match_probability"]),
        opened_at=first["opened_at"].to_pydatetime(),
    )
