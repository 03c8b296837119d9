"""Versions of leads: a fingerprint of everything that belongs to one.

Owns when a lead counts as changed. What is computed from a lead (golden record, features, scores)
compares versions and never looks at clocks.
"""

from collections.abc import Collection
from dataclasses import dataclass

import duckdb
import pyarrow as pa

# The version of a lead that lost submissions, until the next run has looked at the others.
LOST_MEMBERS = "0" * 32


@dataclass(frozen=True)
class VersionSummary:
    """How many leads were looked at, changed (or are new), and are gone."""

    leads: int
    changed: int
    removed: int


# The exclusive or of the ids' MD5 sums: the same for any order and any slicing of the load, and
# over versions of DuckDB, whose own hash() is not.
_FINGERPRINT = (
    "printf('%016x%016x', bit_xor(md5_number_upper({id})), bit_xor(md5_number_lower({id})))"
)

# A row that was read anew counts as another one.
_READ = "{} || coalesce('#' || reading, '')"

_MEMBERS = f"""
    select lead_id, {_FINGERPRINT.format(id=_READ.format("submission_id"))} as members_version
    from identity.lead_members {{where}} group by lead_id
"""


def stale_leads(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Living leads whose submissions are not those of their stored version, sorted."""
    rows = connection.execute(f"""
        with members as ({_MEMBERS.format(where="")})
        select m.lead_id from members as m
        left join identity.lead_versions as v on v.lead_id = m.lead_id
        where v.members_version is distinct from m.members_version
        order by m.lead_id
    """).fetchall()
    return [str(row[0]) for row in rows]


def refresh_versions(
    connection: duckdb.DuckDBPyConnection, lead_ids: Collection[str] | None = None
) -> VersionSummary:
    """Writes identity.lead_versions of these leads (default: all); drops those of retired ids.

    Only rows whose version differs are written, so a second call changes nothing. Ids that are
    not alive are dropped from the table.
    """
    _choose(connection, lead_ids)
    chosen = "where lead_id in (from chosen_leads)"
    fingerprint = _FINGERPRINT.format
    connection.execute(f"""
        create or replace temp table computed_versions as
        with members as ({_MEMBERS.format(where=chosen)}),
        events as (
            select lead_id, {fingerprint(id=_READ.format("event_id"))} as version
            from identity.lead_events {chosen} group by lead_id
        ),
        outcomes as (
            select lead_id, {fingerprint(id=_READ.format("outcome_id"))} as version
            from identity.lead_outcomes {chosen} group by lead_id
        ),
        accounts as (
            select m.lead_id, {fingerprint(id="m.submission_id || a.account_id")} as version
            from identity.lead_members as m
            join identity.normalized_submissions as n on n.submission_id = m.submission_id
            join identity.account_members as a on a.record_id = n.company_record_id
            where m.lead_id in (from chosen_leads)
            group by m.lead_id
        )
        select m.lead_id, m.members_version,
            md5(m.members_version || coalesce(e.version, '') || '|' || coalesce(o.version, '')
                || '|' || coalesce(a.version, '')) as lead_version
        from members as m
        left join events as e on e.lead_id = m.lead_id
        left join outcomes as o on o.lead_id = m.lead_id
        left join accounts as a on a.lead_id = m.lead_id
    """)
    return _store(connection)


def _choose(connection: duckdb.DuckDBPyConnection, lead_ids: Collection[str] | None) -> None:
    if lead_ids is None:
        connection.execute("""
            create or replace temp table chosen_leads as
            select lead_id from identity.lead_members
            union select lead_id from identity.lead_versions
        """)
        return
    given = pa.table({"lead_id": pa.array(sorted(set(lead_ids)), pa.string())})
    connection.register("given_leads", given)
    connection.execute("""
        create or replace temp table chosen_leads as
        select lead_id from given_leads
        union select lead_id from identity.lead_crosswalk where relation = 'merged_into'
    """)
    connection.unregister("given_leads")


def _store(connection: duckdb.DuckDBPyConnection) -> VersionSummary:
    """Makes the stored versions of the chosen leads the computed ones, writing differences only."""
    connection.execute("""
        create or replace temp table changed_versions as
        select c.lead_id, c.lead_version, c.members_version from computed_versions as c
        left join identity.lead_versions as v on v.lead_id = c.lead_id
        where v.lead_version is distinct from c.lead_version
           or v.members_version is distinct from c.members_version;
        create or replace temp table removed_versions as
        select v.lead_id from identity.lead_versions as v
        where v.lead_id in (from chosen_leads)
          and v.lead_id not in (select lead_id from computed_versions)
    """)
    row = connection.execute("""
        select (select count(*) from computed_versions), (select count(*) from changed_versions),
            (select count(*) from removed_versions)
    """).fetchone()
    leads, changed, removed = row or (0, 0, 0)
    if changed or removed:
        connection.execute("""
            delete from identity.lead_versions where lead_id in (
                select lead_id from changed_versions union all select lead_id from removed_versions
            )
        """)
        connection.execute(
            "insert into identity.lead_versions by name select * from changed_versions"
        )
    return VersionSummary(int(leads), int(changed), int(removed))
