"""Attribution: which lead a behaviour event or a CRM outcome belongs to.

Owns the way from what an event names (submission, person at the source, email, phone) to a living
lead, also for events that came before their lead and for leads that merged since. How a mailbox,
number or page is normalized is the normalization's and passed in.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import duckdb
import pandas as pd
import pyarrow as pa

from lead_platform.identity.leads.versions import stale_leads
from lead_platform.lake.quarantine import held
from lead_platform.lake.readings import (
    NO_BACKLOG,
    Backlog,
    Reading,
    begin_reading,
    find_backlog,
    next_reading,
    note_reading,
)
from lead_platform.lake.statements import count_rows

KeyNormalizer = Callable[[pd.DataFrame], pd.DataFrame]
"""Takes columns email and phone (raw text or null); returns both normalized, same index."""
PageCategorizer = Callable[[pd.Series], pd.Series]
"""Takes URLs; returns the page category of each (vocabulary page_category), same index."""


@dataclass(frozen=True)
class AttributionSummary:
    """`considered`: events looked at; of these newly `attributed`, `moved` to another lead, or
    `withdrawn` because what they name has become ambiguous. `touched_lead_ids`: leads that
    gained or lost any, sorted."""

    considered: int = 0
    attributed: int = 0
    moved: int = 0
    withdrawn: int = 0
    touched_lead_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Stream:
    """A captured table and the table of what of it belongs to leads."""

    subject: str
    source: str
    target: str
    key: str
    columns: str


_EVENTS = _Stream(
    subject="event",
    source="capture.events",
    target="identity.lead_events",
    key="event_id",
    columns="event_type, occurred_at, quantity, duration_seconds, channel, campaign",
)
_OUTCOMES = _Stream(
    subject="outcome",
    source="capture.outcomes",
    target="identity.lead_outcomes",
    key="outcome_id",
    columns="outcome_type, occurred_at, opportunity_id, stage, amount, currency, reason, owner, "
    "product",
)


STEP = "attribute"


@dataclass(frozen=True)
class Rereading:
    """With which lists events and outcomes are attributed, and how many of those attributed with
    others are looked at anew: page, keys and so the lead may be others by now."""

    reading: Reading
    rows: int = 0


@dataclass(frozen=True)
class _Anew:
    """What of a stream is looked at anew: the next of its backlog (up to `until_seq`), and whether
    what was mapped anew is."""

    backlog: Backlog = NO_BACKLOG
    until_seq: int = 0
    has_mapped: bool = False


def collect_keys(
    connection: duckdb.DuckDBPyConnection, lead_ids: Collection[str] | None = None
) -> list[str]:
    """Fills temp table `lead_keys` with what leads go by, for both kinds of attribution.

    `lead_ids` are the changed leads, by default those that differ from identity.lead_versions, so
    call this before refresh_versions. Returns them, sorted.
    """
    changed = stale_leads(connection) if lead_ids is None else sorted(set(lead_ids))
    connection.register("given_leads", pa.table({"lead_id": pa.array(changed, pa.string())}))
    connection.execute("create or replace temp table changed_leads as from given_leads")
    connection.unregister("given_leads")
    connection.execute(_LEAD_KEYS)
    return changed


def attribute_events(
    connection: duckdb.DuckDBPyConnection,
    *,
    normalize_keys: KeyNormalizer,
    categorize_pages: PageCategorizer,
    rereading: Rereading | None = None,
) -> AttributionSummary:
    """Brings identity.lead_events up to date with capture.events and the keys collected.

    Looked at are events without a lead whose keys some lead has, events of changed leads or that
    name a key of one, and of those with a lead as many as `rereading` says. Events nobody can claim
    stay out until their lead appears.
    """
    anew, considered = _find(connection, _EVENTS, normalize_keys, rereading)
    if considered:
        _categorize(connection, categorize_pages)
    return _finish(connection, _EVENTS, anew, rereading, considered, "page_category")


def attribute_outcomes(
    connection: duckdb.DuckDBPyConnection,
    *,
    normalize_keys: KeyNormalizer,
    rereading: Rereading | None = None,
) -> AttributionSummary:
    """Brings identity.lead_outcomes up to date; as attribute_events."""
    anew, considered = _find(connection, _OUTCOMES, normalize_keys, rereading)
    return _finish(connection, _OUTCOMES, anew, rereading, considered)


def count_behind(connection: duckdb.DuckDBPyConnection, version: str) -> int:
    """How many events and outcomes were looked at with other lists, or mapped anew since."""
    total = 0
    for stream in (_EVENTS, _OUTCOMES):
        backlog = find_backlog(connection, STEP, stream.subject, version)
        backlog = backlog or Backlog(0, _attributed_until(connection, stream))
        row = connection.execute(
            f"select count(*) from {stream.source} as e "
            f"left join {stream.target} as t on t.{stream.key} = e.{stream.key} "
            f"where (e.received_seq > ? and e.received_seq <= ?) or (t.{stream.key} is not null "
            "and coalesce(e.reading, 0) > coalesce(t.reading, 0))",
            [backlog.after_seq, backlog.until_seq],
        ).fetchone()
        total += int(row[0]) if row else 0
    return total


def _find(
    connection: duckdb.DuckDBPyConnection,
    stream: _Stream,
    normalize_keys: KeyNormalizer,
    rereading: Rereading | None,
) -> tuple[_Anew, int]:
    """Fills temp table `attribution_changes`: key, lead_id (null: withdraw), former_lead_id. How
    many were looked at; where it is none, the table is left alone."""
    anew = _plan(connection, stream, rereading) if rereading else _Anew()
    given = {
        "after": anew.backlog.after_seq, "until": anew.until_seq, "has_mapped": anew.has_mapped
    }  # fmt: skip
    considered = count_rows(connection, _candidates_sql(stream), given)
    if considered:
        _normalize(connection, normalize_keys)
        connection.execute(_CLAIMS)
        connection.execute(_changes_sql(stream))
    return anew, considered


def _plan(connection: duckdb.DuckDBPyConnection, stream: _Stream, rereading: Rereading) -> _Anew:
    """What is next of what was attributed with other lists; where these are news, that is noted."""
    reading = replace(rereading.reading, kind=stream.subject)
    backlog = find_backlog(connection, STEP, stream.subject, reading.version)
    if backlog is None:
        attributed = _attributed_until(connection, stream)
        backlog = begin_reading(connection, reading, behind_seq=attributed)
    if not rereading.rows:
        return _Anew()
    row = connection.execute(
        "select count(*), max(received_seq) from ("
        f"select received_seq from {stream.source} where received_seq > ? and received_seq <= ? "
        "order by received_seq limit ?)",
        [backlog.after_seq, backlog.until_seq, rereading.rows],
    ).fetchone()
    count, last = row or (0, None)
    is_last = count < rereading.rows or last is None
    return _Anew(backlog, backlog.until_seq if is_last else int(last), has_mapped=True)


def _attributed_until(connection: duckdb.DuckDBPyConnection, stream: _Stream) -> int:
    """The place of the last item received, where any has a lead."""
    if not connection.execute(f"from {stream.target} limit 1").fetchone():
        return 0
    row = connection.execute(f"select max(received_seq) from {stream.source}").fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _finish(
    connection: duckdb.DuckDBPyConnection,
    stream: _Stream,
    anew: _Anew,
    rereading: Rereading | None,
    considered: int,
    *derived: str,
) -> AttributionSummary:
    """Stores the changes, and how far the backlog is."""
    summary, read_anew = AttributionSummary(), 0
    if considered:
        summary, read_anew = _store_changes(connection, stream, anew, considered, *derived)
    if rereading and not anew.backlog.is_empty:
        left = Backlog(anew.until_seq, anew.backlog.until_seq)
        reading = replace(rereading.reading, kind=stream.subject)
        note_reading(connection, reading, items=read_anew, backlog=left)
    return summary


def _store_changes(
    connection: duckdb.DuckDBPyConnection,
    stream: _Stream,
    anew: _Anew,
    considered: int,
    *derived: str,
) -> tuple[AttributionSummary, int]:
    """Stores the changes; how many of them are of what had a lead before."""
    differs = " or ".join(f"c.{name} is distinct from t.{name}" for name in derived) or "false"
    connection.execute(f"""
        delete from attribution_changes where may_stay and item_id not in (
            select c.item_id from attribution_changes as c
            join {stream.target} as t on t.{stream.key} = c.item_id
            where {differs}
        )
    """)
    summary, read_anew = _summarize(connection, considered)
    number = 0 if anew.backlog.is_empty else next_reading(connection)
    _store(connection, stream, number, *derived)
    return summary, read_anew


# What leads go by. Loose keys choose what is worth normalizing: the last seven digits of a number,
# an address in lower case. Whether an event belongs to a lead is decided on normalized keys.
_LEAD_KEYS = """
create or replace temp table lead_keys as
    select m.lead_id, m.submission_id, n.received_seq,
        n.source_system || chr(31) || n.source_person_id as person_key,
        n.email, n.phone, lower(n.email) as loose_email, right(n.phone, 7) as loose_phone,
        m.lead_id in (from changed_leads) as is_changed
    from identity.lead_members as m
    join identity.normalized_submissions as n on n.submission_id = m.submission_id
"""


def _candidates_sql(stream: _Stream) -> str:
    """Events without a lead that some lead may claim, those a changed lead has a key of or had, and
    those to be looked at anew, but for those set aside.

    An address with other characters than plain ones may read otherwise once normalized, so it is
    always a candidate; there are few of them.
    """

    def named_by(condition: str) -> str:
        keys = ("submission_id", "person_key", "loose_email", "loose_phone")
        return " or ".join(
            f"{key} in (select {key} from lead_keys where {key} is not null and {condition})"
            for key in keys
        )

    return f"""
        create or replace temp table attribution_candidates as
        with keyed as (
            select e.{stream.key} as item_id, e.submission_id, e.email, e.phone, e.phone_region,
                e.reading, e.received_seq,
                e.source_system || chr(31) || e.source_person_id as person_key,
                lower(trim(e.email)) as loose_email,
                right(nullif(regexp_replace(e.phone, '[.,]0{{1,2}}$|[^0-9]', '', 'g'), ''), 7)
                    as loose_phone,
                coalesce(regexp_matches(trim(e.email), '[^A-Za-z0-9.@_+-]'), false) as is_odd
            from {stream.source} as e
            anti join {held("resolve", stream.subject)} as h on h.subject_id = e.{stream.key}
        ),
        unclaimed as (
            select *, null::varchar as former_lead_id, false as is_reread, false as is_next
            from keyed
            anti join {stream.target} as t on t.{stream.key} = keyed.item_id
        ),
        claimed as (
            select keyed.*, t.lead_id as former_lead_id,
                $has_mapped and coalesce(keyed.reading, 0) > coalesce(t.reading, 0) as is_reread,
                keyed.received_seq > $after and keyed.received_seq <= $until as is_next
            from keyed
            join {stream.target} as t on t.{stream.key} = keyed.item_id
        )
        select * from unclaimed where is_odd or {named_by("true")}
        union all
        select * from claimed where is_odd or is_reread or is_next or {named_by("is_changed")}
            or former_lead_id in (from changed_leads)
            or former_lead_id not in (select lead_id from lead_keys)
    """


def _normalize(connection: duckdb.DuckDBPyConnection, normalize_keys: KeyNormalizer) -> None:
    """Fills temp table `normalized_keys`: one row per distinct raw email, phone and its region."""
    raw = connection.execute("""
        select distinct email, phone, phone_region from attribution_candidates
        where email is not null or phone is not null order by all
    """).df()
    normal = normalize_keys(raw) if len(raw) else raw
    columns = {
        "raw_email": raw["email"], "raw_phone": raw["phone"],
        "raw_region": raw["phone_region"], "email": normal["email"], "phone": normal["phone"],
    }  # fmt: skip
    text = {name: pa.array(_texts(column), pa.string()) for name, column in columns.items()}
    connection.register("given_keys", pa.table(text))
    connection.execute("create or replace temp table normalized_keys as from given_keys")
    connection.unregister("given_keys")


def _texts(column: pd.Series) -> list[str | None]:
    return [value if isinstance(value, str) else None for value in column]


# The submission itself, then the person at the source, then the mailbox, then the number. A key
# several leads have goes to the lead that was here first; a number several leads have, to none.
_CLAIMS = """
create or replace temp table attribution_claims as
    with age as (
        select lead_id, min((received_seq, submission_id)) as first_received
        from lead_keys group by lead_id
    ),
    keys as (
        select k.*, a.first_received from lead_keys as k join age as a on a.lead_id = k.lead_id
    ),
    people as (
        select person_key, min_by(lead_id, first_received) as lead_id
        from keys where person_key in (select person_key from attribution_candidates)
        group by person_key
    ),
    mailboxes as (
        select email, min_by(lead_id, first_received) as lead_id
        from keys where email in (select email from normalized_keys)
        group by email
    ),
    numbers as (
        select phone, min(lead_id) as lead_id
        from keys where phone in (select phone from normalized_keys)
        group by phone having count(distinct lead_id) = 1
    )
    select c.item_id, c.former_lead_id, c.is_reread, c.is_next,
        coalesce(s.lead_id, p.lead_id, e.lead_id, t.lead_id) as lead_id
    from attribution_candidates as c
    left join identity.lead_members as s on s.submission_id = c.submission_id
    left join people as p on p.person_key = c.person_key
    left join normalized_keys as n
        on n.raw_email is not distinct from c.email and n.raw_phone is not distinct from c.phone
        and n.raw_region is not distinct from c.phone_region
    left join mailboxes as e on e.email = n.email
    left join numbers as t on t.phone = n.phone
"""


def _changes_sql(stream: _Stream) -> str:
    return f"""
        create or replace temp table attribution_changes as
        select c.item_id, c.former_lead_id, c.lead_id, {stream.columns}, e.reading,
            c.is_next and not c.is_reread and c.lead_id is not distinct from c.former_lead_id
                as may_stay
            {", e.url" if stream is _EVENTS else ""}
        from attribution_claims as c
        join {stream.source} as e on e.{stream.key} = c.item_id
        where c.is_reread or c.is_next or c.lead_id is distinct from c.former_lead_id
    """


def _categorize(connection: duckdb.DuckDBPyConnection, categorize_pages: PageCategorizer) -> None:
    """Adds page_category to the changes: of page views only, from each distinct URL once."""
    urls = connection.execute("""
        select distinct url from attribution_changes
        where event_type = 'page_view' and url is not null order by url
    """).df()["url"]
    categories = categorize_pages(urls) if len(urls) else urls
    pages = pa.table({
        "url": pa.array(_texts(urls), pa.string()),
        "page_category": pa.array(_texts(categories), pa.string()),
    })  # fmt: skip
    connection.register("given_pages", pages)
    connection.execute("""
        create or replace temp table attribution_changes as
        select c.*, p.page_category from attribution_changes as c
        left join given_pages as p on p.url = c.url and c.event_type = 'page_view'
    """)
    connection.unregister("given_pages")


def _store(
    connection: duckdb.DuckDBPyConnection, stream: _Stream, number: int, *derived: str
) -> None:
    """What stays where it was and yet differs carries the number: its lead is another one by it."""
    columns = ", ".join([stream.columns, *derived])
    connection.execute(f"""
        delete from {stream.target} where {stream.key} in (
            select item_id from attribution_changes where former_lead_id is not null
        )
    """)
    connection.execute(f"""
        insert into {stream.target} by name
        select item_id as {stream.key}, lead_id, {columns},
            if(may_stay, {number}, reading)::integer as reading
        from attribution_changes where lead_id is not null
    """)


def _summarize(
    connection: duckdb.DuckDBPyConnection, considered: int
) -> tuple[AttributionSummary, int]:
    """The summary, and how many changes are of what had a lead before."""
    row = connection.execute("""
        select count(*) filter (where former_lead_id is null),
            count(*) filter (where former_lead_id <> lead_id),
            count(*) filter (where lead_id is null),
            count(*) filter (where former_lead_id is not null),
            list_sort(list_distinct(
                coalesce(list(lead_id), []) || coalesce(list(former_lead_id), [])
            ))
        from attribution_changes
    """).fetchone()
    attributed, moved, withdrawn, read_anew, touched = row or (0, 0, 0, 0, ())
    summary = AttributionSummary(considered, attributed, moved, withdrawn, tuple(touched))
    return summary, read_anew
