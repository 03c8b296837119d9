"""Accounts: which company each stated company is, under ids that stay, and what is known of it.

Owns the run: new company records join accounts, or show that two are one; the older id survives,
the other stays resolvable. What belongs together is clusters.py's, which records there are is
records.py's, what people say of them account_verdicts.py's, what an account's row shows
rows.py's.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import duckdb
import pandas as pd
import pyarrow as pa

from lead_platform.identity.accounts.clusters import GUARDS_APART, cluster_companies
from lead_platform.identity.accounts.records import collect_new, match_columns
from lead_platform.identity.accounts.rows import refresh_rows
from lead_platform.identity.accounts.specification import STORED_KEYS, AccountSpecification
from lead_platform.identity.engine.linking import apart_pairs, merge_edges
from lead_platform.identity.engine.model import MatchModel
from lead_platform.identity.engine.pairs import find_pairs, open_scratch
from lead_platform.identity.engine.specification import APART, CANNOT_LINK
from lead_platform.identity.judgement.account_verdicts import (
    collect_links,
    counting_domain_sql,
    stated_id_sql,
    store_links,
)
from lead_platform.lake.order import next_place
from lead_platform.lake.statements import count_rows

POSSIBLE_DUPLICATE = "possible_duplicate"
TOLD_APART = "told_apart"


@dataclass(frozen=True)
class AccountSummary:
    """What one run did to accounts. `records`: new stated companies; `pairs`: those kept of them;
    `accounts_retired` merged into older ones, `accounts_split` came out of others.
    `moved_lead_ids`: leads of which a submission known before changed its account, sorted."""

    records: int = 0
    pairs: int = 0
    accounts_retired: int = 0
    accounts_split: int = 0
    moved_lead_ids: tuple[str, ...] = ()


def resolve_accounts(
    connection: duckdb.DuckDBPyConnection,
    *,
    specification: AccountSpecification,
    model: MatchModel,
    lead_ids: Collection[str],
    decided_at: dt.datetime,
    account_ids: Collection[str] = (),
) -> AccountSummary:
    """Gives every stated company its account, lets verdicts take effect, and brings the rows of the
    touched accounts up to date; `lead_ids`: leads whose submissions changed, `account_ids`:
    accounts that lost some, or have another first one: they are put together anew.

    Reads identity.normalized_submissions, lead_members and account_verdicts, writes
    account_members, account_pairs, account_relations, account_crosswalk, merged_account_members,
    account_decisions and accounts, set-wise; the caller owns the transaction. `decided_at` is UTC,
    naive.
    """
    summary = AccountSummary()
    connection.execute(_NOTHING_PLACED)
    new, said = collect_new(connection, specification), collect_links(connection)
    _take_account_ids(connection, account_ids)
    if new:
        _find_pairs(connection, specification, model)
    if new or said or account_ids:
        place_companies(connection, specification)
        summary = _write(connection, decided_at)
    if said:
        store_links(connection, decided_at)
    refresh_rows(connection, lead_ids, account_ids)
    return summary


def account_actions(connection: duckdb.DuckDBPyConnection, decided_at: dt.datetime) -> pd.DataFrame:
    """Audit records of the last `resolve_accounts` on this connection: merges of stated companies,
    and accounts that ceased or came to be by them."""
    return connection.execute(_ACTIONS, {"at": decided_at}).df()


_NOTHING_PLACED = f"""
create or replace temp table company_placed (
    record_id varchar, account_id varchar, former_account_id varchar
);
create or replace temp table company_pairs as
    select * from identity.account_pairs limit 0;

create or replace temp table company_keys as
    select record_id, {", ".join(STORED_KEYS)} from identity.account_members limit 0;

create or replace temp table company_left (account_id varchar);

create or replace temp table company_lost (account_id varchar, holder varchar)
"""


def _take_account_ids(connection: duckdb.DuckDBPyConnection, account_ids: Collection[str]) -> None:
    """Fills `company_left` with these."""
    if account_ids:
        given = pa.table({"account_id": pa.array(sorted(set(account_ids)), pa.string())})
        connection.register("given_accounts", given)
        connection.execute("insert into company_left from given_accounts")
        connection.unregister("given_accounts")


def preview_accounts(
    connection: duckdb.DuckDBPyConnection,
    specification: AccountSpecification,
    verdicts: Sequence[tuple[str, str, str]],
) -> dict[str, tuple[str, str]]:
    """What accounts become once a person has said this: (left record, right record, verdict).

    By record of the touched accounts, the account it is in and the one it would be in, as the next
    run will find it. Writes nothing; the connection may be a reader's.
    """
    connection.execute(_NOTHING_PLACED)
    connection.execute(_NOTHING_NEW)
    collect_links(connection)
    given = pa.table(
        {
            name: pa.array([verdict[place] for verdict in verdicts], pa.string())
            for place, name in enumerate(("left_record_id", "right_record_id", "verdict"))
        }
    )
    connection.register("given_links", given)
    connection.execute(_SAID)
    connection.unregister("given_links")
    place_companies(connection, specification)
    rows = connection.execute(
        "select record_id, former_account_id, account_id from company_placed order by record_id"
    ).fetchall()
    return {record: (before, after) for record, before, after in rows}


_NOTHING_NEW = """
create or replace temp table company_new as
    select * exclude (account_id, company_letters, company_family), false as is_known
    from identity.account_members limit 0
"""

_SAID = """
insert into company_links
    select null, row_number() over () + (select coalesce(max(verdict_seq), 0) from company_links),
        verdict, left_record_id, right_record_id, true
    from given_links
"""


def _find_pairs(
    connection: duckdb.DuckDBPyConnection, specification: AccountSpecification, model: MatchModel
) -> None:
    """Fills `company_pairs` with the pairs of new records."""
    new, known = match_columns(connection, specification)
    with open_scratch(new.num_rows + known.num_rows) as scratch:
        scratch.register("new_rows", new)
        scratch.register("known_rows", known)
        found = find_pairs(scratch, specification, model).pairs
    connection.register("found_company_pairs", found)
    connection.execute(
        "create or replace temp table company_pairs as "
        "select *, null::varchar as set_aside from found_company_pairs"
    )
    connection.unregister("found_company_pairs")


def place_companies(
    connection: duckdb.DuckDBPyConnection, specification: AccountSpecification
) -> None:
    """Fills `company_placed` (record, account, former account) for all that the new records and
    pending verdicts touch, and marks in `company_pairs` what was set aside."""
    connection.execute(_TOUCHED)
    records = connection.execute(_RECORDS).df()
    pairs = connection.execute(_SPEAKING).df()
    clusters = cluster_companies(
        records,
        merge_edges(pairs, specification),
        specification.clustering,
        connection.execute(_VERDICTS).df(),
        apart_pairs(pairs),
    )
    placed = pa.table(
        {"record_id": pa.array(records["record_id"], pa.string()), "cluster": clusters.labels}
    )
    aside = clusters.set_aside["reason"]
    reasons = pa.table(
        {
            "pair_id": pa.array(pairs.loc[aside.index, "pair_id"], pa.string()),
            "set_aside": pa.array(aside, pa.string()),
        }
    )
    connection.register("clustered_records", placed)
    connection.register("pairs_aside", reasons)
    connection.execute(_PLACED)
    connection.unregister("clustered_records")
    connection.unregister("pairs_aside")


# All accounts a new record may join or part: those of its domain, of the records it would merge
# with, those of which a person said something, and on from these over pairs that were set aside and
# domains taken apart. Two accounts without such a tie have nothing to do with one another.
_TOUCHED = f"""
create or replace temp table company_touched as
    with recursive aside as (
        select l.account_id as one, r.account_id as other
        from identity.account_pairs as p
        join identity.account_members as l on l.record_id = p.left_record_id
        join identity.account_members as r on r.record_id = p.right_record_id
        where p.set_aside is not null
        union all
        select l.account_id, r.account_id
        from company_links as k
        join identity.account_members as l on l.record_id = k.left_record_id
        join identity.account_members as r on r.record_id = k.right_record_id
        where l.company_domain = r.company_domain
    ),
    reached as (
        select account_id from identity.account_members
        where company_domain in (select company_domain from company_new)
            or record_id in (select record_id from company_new where is_known)
            or record_id in (select left_record_id from company_pairs where decision = 'merge')
            or record_id in (select right_record_id from company_pairs where decision = 'merge')
            or record_id in (select left_record_id from company_links where is_pending)
            or record_id in (select right_record_id from company_links where is_pending)
            or account_id in (from company_left)
        union
        select case when a.one = r.account_id then a.other else a.one end
        from reached as r
        join aside as a on r.account_id in (a.one, a.other)
    )
    select distinct account_id from reached;

create or replace temp table company_nodes as
    select m.record_id, m.account_id, m.received_seq, m.country, m.company_letters,
        {counting_domain_sql("m")} as company_domain
    from identity.account_members as m
    where m.account_id in (from company_touched)
        and m.record_id not in (select record_id from company_new)
    union all
    select n.record_id, m.account_id, n.received_seq, n.country, k.company_letters,
        {counting_domain_sql("n")}
    from company_new as n
    left join company_keys as k on k.record_id = n.record_id
    left join identity.account_members as m on m.record_id = n.record_id
"""

_RECORDS = f"""
select record_id, company_domain, country,
    {stated_id_sql("company_domain", "company_letters", "record_id")} as stated_id
from company_nodes order by record_id
"""

_VERDICTS = """
select left_record_id as left, right_record_id as right, verdict, verdict_seq from company_links
where left_record_id in (select record_id from company_nodes)
    and right_record_id in (select record_id from company_nodes)
"""

# What merges, and what guards keep apart.
_SPEAKING = f"""
    from company_pairs where decision in ('merge', '{CANNOT_LINK}', '{APART}')
    union all by name
    select * from identity.account_pairs
    where decision in ('merge', '{CANNOT_LINK}', '{APART}')
        and left_record_id in (select record_id from company_nodes)
        and left_record_id not in (select record_id from company_new)
        and right_record_id not in (select record_id from company_new)
    order by pair_id
"""

# An account's id comes from the record of it that was received first, so that slices, one load and
# a rebuild give the same ids.
_PLACED = """
create or replace temp table company_placed as
    with firsts as (
        select c.cluster, min_by(n.record_id, (n.received_seq, n.record_id)) as record_id
        from clustered_records as c
        join company_nodes as n on n.record_id = c.record_id
        group by c.cluster
    )
    select n.record_id, 'acct_' || left(sha256(f.record_id), 24) as account_id,
        n.account_id as former_account_id
    from company_nodes as n
    join clustered_records as c on c.record_id = n.record_id
    join firsts as f on f.cluster = c.cluster;

create or replace temp table company_pairs_aside as from pairs_aside;

create or replace temp table company_pairs as
    select p.* exclude (set_aside), a.set_aside
    from company_pairs as p
    left join company_pairs_aside as a on a.pair_id = p.pair_id
"""


def _write(connection: duckdb.DuckDBPyConnection, decided_at: dt.datetime) -> AccountSummary:
    summary = _summarize(connection)
    is_changed = connection.execute(
        "select exists(from company_new where is_known), "
        "exists(from company_placed where former_account_id <> account_id)"
    ).fetchone()
    has_flipped, has_moved = is_changed or (False, False)
    if has_flipped:
        connection.execute(_FORGET_PAIRS)
    if has_flipped or has_moved:
        connection.execute(_MOVE)
    connection.execute(_NEW_MEMBERS)
    connection.execute(_NEW_PAIRS)
    if count_rows(connection, _CHANGED_ASIDE):
        connection.execute(_STORE_ASIDE)
    if has_moved:
        connection.execute(_MERGED_MEMBERS, {"at": decided_at})
        connection.execute(_LOST)
        connection.execute(_NEXT_CROSSWALK, {"at": decided_at})
        connection.execute(_STORE_CROSSWALK)
    relations = {
        "duplicate": POSSIBLE_DUPLICATE, "told_apart": TOLD_APART, "cannot_link": CANNOT_LINK,
        "guards_apart": GUARDS_APART,
    }  # fmt: skip
    connection.execute(_NEXT_RELATIONS, relations)
    if count_rows(connection, _CHANGED_RELATIONS):
        connection.execute(_STORE_RELATIONS)
    return summary


def _summarize(connection: duckdb.DuckDBPyConnection) -> AccountSummary:
    row = connection.execute("""
        with former as (select distinct former_account_id as account_id from company_placed),
        living as (select distinct account_id from company_placed),
        moved as (
            select record_id, account_id from company_placed where former_account_id <> account_id
        )
        select (select count(*) from company_new where not is_known),
            (select count(*) from company_pairs),
            (select count(*) from former anti join living using (account_id)
             where account_id is not null),
            (select count(distinct account_id) from moved anti join former using (account_id)),
            (select list_sort(list(distinct m.lead_id)) from identity.lead_members as m
             join identity.normalized_submissions as n on n.submission_id = m.submission_id
             where n.company_record_id in (
                 select record_id from moved
                 union all select record_id from company_new where is_known
             ))
    """).fetchone()
    assert row is not None
    records, pairs, retired, split, lead_ids = row
    return AccountSummary(int(records), int(pairs), int(retired), int(split), tuple(lead_ids or ()))


_FORGET_PAIRS = """
delete from identity.account_pairs
where left_record_id in (select record_id from company_new where is_known)
    or right_record_id in (select record_id from company_new where is_known)
"""

_MOVE = """
update identity.account_members as m
set account_id = p.account_id,
    is_shared_domain = coalesce(n.is_shared_domain, m.is_shared_domain)
from company_placed as p
left join company_new as n on n.record_id = p.record_id and n.is_known
where m.record_id = p.record_id
    and (p.former_account_id <> p.account_id or n.record_id is not null)
"""

_NEW_MEMBERS = """
insert into identity.account_members by name
select n.* exclude (is_known), k.company_letters, k.company_family, p.account_id
from company_new as n
join company_keys as k on k.record_id = n.record_id
join company_placed as p on p.record_id = n.record_id
where not n.is_known
"""

_NEW_PAIRS = "insert into identity.account_pairs by name select * from company_pairs"

_CHANGED_ASIDE = """
create or replace temp table company_changed_aside as
    select p.pair_id, a.set_aside
    from identity.account_pairs as p
    left join company_pairs_aside as a on a.pair_id = p.pair_id
    where p.decision = 'merge' and p.left_record_id in (select record_id from company_nodes)
        and p.set_aside is distinct from a.set_aside
"""

_STORE_ASIDE = """
update identity.account_pairs as p set set_aside = c.set_aside
from company_changed_aside as c where p.pair_id = c.pair_id
"""

# Which record was whose before accounts became one: what an undo gives back. An id goes where the
# record went that it is made from.
_MERGED_MEMBERS = f"""
insert into identity.merged_account_members by name
    with merge_step as (
        select {next_place("identity.merged_account_members", "merge_seq")} as merge_seq
    ),
    retired as (
        select 'acct_' || left(sha256(record_id), 24) as account_id,
            account_id as surviving_account_id
        from company_placed
        where 'acct_' || left(sha256(record_id), 24) in (
                select former_account_id from company_placed
            )
            and 'acct_' || left(sha256(record_id), 24) not in (
                select account_id from company_placed
            )
    )
    select p.record_id, r.account_id, r.surviving_account_id, $at::timestamp as merged_at, merge_seq
    from company_placed as p
    join retired as r on r.account_id = p.former_account_id
    cross join merge_step
    union
    select record_id, former_account_id, former_account_id, $at::timestamp, merge_seq
    from company_placed
    cross join merge_step
    where former_account_id in (select surviving_account_id from retired)
"""

# Each id made from a record of the touched accounts goes where that record went, or lives again;
# what was split from an id that is no more was split from where that went.
_NEXT_CROSSWALK = """
create or replace temp table next_account_crosswalk as
    with named as (
        select 'acct_' || left(sha256(record_id), 24) as account_id, account_id as holder,
            former_account_id as former_holder
        from company_placed
        union all
        select account_id, holder, account_id from company_lost
    ),
    known as (
        select n.*, c.relation, c.related_account_id, c.merged_at,
            n.account_id in (select former_account_id from company_placed) as was_alive
        from named as n
        left join identity.account_crosswalk as c on c.account_id = n.account_id
    ),
    changed as (
        select account_id,
            case when holder = account_id then coalesce(related_account_id, former_holder)
                else holder end as related_account_id,
            case when holder = account_id then 'split_from' else 'merged_into' end as relation,
            case when holder <> account_id and was_alive then $at::timestamp else merged_at end
                as merged_at,
            case when holder = account_id then $at::timestamp end as split_at
        from known
        where case when holder = account_id
            then relation = 'merged_into' or (relation is null and former_holder <> holder)
            else was_alive or (relation = 'merged_into' and related_account_id <> holder) end
    )
    select c.account_id, coalesce(n.holder, c.related_account_id) as related_account_id,
        c.relation, c.merged_at, c.split_at
    from changed as c
    left join named as n on n.account_id = c.related_account_id
    union all by name
    select c.account_id, n.holder as related_account_id, c.relation, c.merged_at, c.split_at
    from identity.account_crosswalk as c
    join named as n on n.account_id = c.related_account_id and n.holder <> n.account_id
    where c.account_id not in (select account_id from changed)
        and (
            c.relation = 'split_from'
            or c.related_account_id in (select account_id from company_lost)
        )
"""

# Ids whose own record is stated no more go where the first of their others went.
_LOST = """
create or replace temp table company_lost as
    select p.former_account_id as account_id,
        arg_min(p.account_id, (n.received_seq, p.record_id)) as holder
    from company_placed as p
    join company_nodes as n on n.record_id = p.record_id
    where p.former_account_id not in (select account_id from company_placed)
        and p.former_account_id not in (
            select 'acct_' || left(sha256(record_id), 24) from company_placed
        )
    group by p.former_account_id
"""

_STORE_CROSSWALK = """
delete from identity.account_crosswalk
where account_id in (select account_id from next_account_crosswalk);

insert into identity.account_crosswalk by name
    from next_account_crosswalk where related_account_id <> account_id
"""

# Accounts are related by pairs that a guard held back; where the model was in doubt, or a merge
# was set aside, they may be the same, unless it was by people's word.
_NEXT_RELATIONS = """
create or replace temp table company_relating as
    select distinct unnest([account_id, former_account_id]) as account_id from company_placed;

create or replace temp table next_account_relations as
    with own as (
        select record_id from identity.account_members
        where account_id in (select account_id from company_relating)
    ),
    pairs as (
        select *, case when set_aside = $cannot_link then $told_apart
            when set_aside is null and contains(reason, ': ') then split_part(reason, ': ', 1)
            else $duplicate end as relation
        from identity.account_pairs
        where (decision in ('review', 'cannot_link') or set_aside is not null)
            and (left_record_id in (from own) or right_record_id in (from own))
    )
    select least(l.account_id, r.account_id) as left_account_id,
        greatest(l.account_id, r.account_id) as right_account_id,
        arg_max(p.relation, (p.match_weight, p.pair_id)) as relation,
        arg_max(
            case when p.relation = $told_apart then 'would merge, but people keep them apart'
                when p.set_aside in ('several_accounts', 'fits_several')
                    then 'would merge, but the name may be meant for several accounts'
                when p.set_aside = $guards_apart
                    then 'would merge, but for others of the two that differ'
                when p.set_aside is not null then 'would merge, but ' || p.set_aside
                when p.relation = $duplicate then p.reason
                else split_part(p.reason, ': ', 2) end,
            (p.match_weight, p.pair_id)
        ) as reason,
        max(p.match_probability) as match_probability,
        arg_max(p.pair_id, (p.match_weight, p.pair_id)) as pair_id,
        count(*)::integer as pair_count
    from pairs as p
    join identity.account_members as l on l.record_id = p.left_record_id
    join identity.account_members as r on r.record_id = p.right_record_id
    where l.account_id <> r.account_id
    group by all
"""

_CHANGED_RELATIONS = """
create or replace temp table company_changed_relations as
    with stored as (
        select * from identity.account_relations
        where left_account_id in (select account_id from company_relating)
            or right_account_id in (select account_id from company_relating)
    )
    select left_account_id, right_account_id from (
        (from stored except from next_account_relations)
        union all (from next_account_relations except from stored)
    )
"""

_STORE_RELATIONS = """
delete from identity.account_relations
where (left_account_id, right_account_id) in (from company_changed_relations);

insert into identity.account_relations by name
select * from next_account_relations
where (left_account_id, right_account_id) in (from company_changed_relations)
"""


_ACTIONS = """
with said as (
    select left_record_id as record_id from company_links where is_pending
    union select right_record_id from company_links where is_pending
),
judged as (
    select distinct unnest([account_id, former_account_id]) as account_id
    from company_placed where record_id in (from said)
)
select 'identity' as workflow, 'merge_companies' as action, 'account_pair' as subject_type,
    pair_id as subject_id, rule, model_version as rule_version, reason,
    left_record_id as before, right_record_id as after, $at::timestamp as occurred_at
from company_pairs where decision = 'merge' and set_aside is null
union all
select 'identity', 'retire_account', 'account', former_account_id,
    if(former_account_id in (from judged), 'verdict', 'survivor'), null,
    if(former_account_id in (from judged), 'a person said it is one company with an older account',
        'proved to be one company with an older account'),
    former_account_id, min(account_id), $at
from company_placed
where former_account_id not in (select account_id from company_placed)
    and account_id = (
        select p.account_id from company_placed as p
        where 'acct_' || left(sha256(p.record_id), 24) = company_placed.former_account_id
    )
group by former_account_id
union all
select 'identity', 'split_account', 'account', account_id,
    if(account_id in (from judged), 'verdict', 'parting'), null,
    if(account_id in (from judged), 'a person said it is another company',
        'new records show that it is another company'),
    min(former_account_id), account_id, $at
from company_placed
where former_account_id <> account_id and account_id not in (
    select former_account_id from company_placed where former_account_id is not null
)
    and account_id not in (select holder from company_lost)
group by account_id
"""
