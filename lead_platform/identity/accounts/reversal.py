"""Reversal of accounts: which verdicts undo a merge, split, join or judge, and what comes of them.

Owns the two sides of a merge as they were before, which stated companies a person means, and the
preview. It only plans; verdicts.py writes down what follows, and the next run lets it take effect.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import duckdb

from lead_platform.identity.accounts.assignment import preview_accounts
from lead_platform.identity.accounts.specification import AccountSpecification
from lead_platform.identity.judgement.account_verdicts import counting_domain_sql, stated_id_sql
from lead_platform.identity.judgement.verdicts import (
    DIFFERENT,
    SAME,
    UNSURE,
    Verdict,
    VerdictError,
)
from lead_platform.identity.normalization.companies import company_key


@dataclass(frozen=True)
class Company:
    """A stated company: what says the same to matching, with its records, the first received first.

    `submission_id` is the one that named it first; a verdict speaks of it.
    """

    stated_id: str
    account_id: str
    company_key: str | None
    company_domain: str | None
    submission_id: str
    record_ids: tuple[str, ...]


@dataclass(frozen=True)
class AccountChange:
    """What becomes of accounts: per account there will be, the companies it gets of each account
    there is. `verdicts` say so."""

    verdicts: tuple[Verdict, ...]
    becomes: tuple[tuple[str, tuple[Company, ...]], ...]

    @property
    def account_ids(self) -> list[str]:
        """The accounts there are, sorted."""
        return sorted({one.account_id for _, companies in self.becomes for one in companies})


Said = tuple[Company, Company, str]
"""Two stated companies and what a person says of them; of `different` the second is taken out."""

_COMPANIES = f"""
select stated_id, any_value(account_id), any_value(company_key),
    any_value(company_domain), arg_min(first_submission_id, (received_seq, record_id)),
    list(record_id order by received_seq, record_id)
from (
    select m.*, {stated_id_sql(counting_domain_sql("m"), "m.company_letters", "m.record_id")}
        as stated_id
    from identity.account_members as m
    where list_contains($accounts, m.account_id)
)
group by stated_id order by min(received_seq), stated_id
"""


def list_companies(
    connection: duckdb.DuckDBPyConnection, account_ids: Collection[str]
) -> list[Company]:
    """The stated companies of these accounts, the first received first."""
    rows = connection.execute(_COMPANIES, {"accounts": sorted(account_ids)}).fetchall()
    return [
        Company(stated_id, account_id, key, domain, submission_id, tuple(records))
        for stated_id, account_id, key, domain, submission_id, records in rows
    ]


def plan_undo(
    connection: duckdb.DuckDBPyConnection, account_id: str, specification: AccountSpecification
) -> AccountChange:
    """What gives back the accounts of merges: of a retired id that account, of a living one every
    account that was merged into it.

    Raises VerdictError where there is none, or the next run could not tell the sides apart.
    """
    events = connection.execute(_EVENTS, {"account_id": account_id}).fetchall()
    if not events:
        raise VerdictError(
            f"{account_id} was merged into no other account, and no other account into it. Take "
            f"companies out with: lead-platform accounts split {account_id} COMPANY"
        )
    company = {
        record: one
        for one in list_companies(connection, {living for *_, living in events})
        for record in one.record_ids
    }
    apart: list[Said] = []
    for retired, surviving, merge_seq, _ in events:
        stays, leaves = (
            _before(connection, name, surviving, merge_seq, company)
            for name in (surviving, retired)
        )
        shared = stays.keys() & leaves.keys()
        pairs = product(stays.values(), leaves.values())
        apart += [
            (one, other, DIFFERENT)
            for one, other in pairs
            if not {one.stated_id, other.stated_id} & shared
        ]
    return _change(connection, apart, specification, account_id)


# The last merge by which each account lost its id, and where it is now.
_EVENTS = """
with events as (
    select distinct m.account_id, m.surviving_account_id, m.merge_seq,
        c.related_account_id as living_account_id
    from identity.merged_account_members as m
    join identity.account_crosswalk as c on c.account_id = m.account_id
    where c.relation = 'merged_into' and $account_id in (c.account_id, c.related_account_id)
        and m.account_id <> m.surviving_account_id
)
from events
qualify row_number() over (
    partition by account_id order by merge_seq desc, surviving_account_id
) = 1
order by account_id
"""


def _before(
    connection: duckdb.DuckDBPyConnection,
    account_id: str,
    surviving_account_id: str,
    merge_seq: int,
    company: dict[str, Company],
) -> dict[str, Company]:
    """The stated companies an account had before a merge, by stated_id."""
    rows = connection.execute(
        "select record_id from identity.merged_account_members "
        "where account_id = ? and surviving_account_id = ? and merge_seq = ? order by all",
        [account_id, surviving_account_id, merge_seq],
    ).fetchall()
    # Those that have left since are another matter.
    found = [company[record] for (record,) in rows if record in company]
    return {one.stated_id: one for one in found}


def plan_split(
    connection: duckdb.DuckDBPyConnection,
    account_id: str,
    names: Collection[str],
    specification: AccountSpecification,
) -> AccountChange:
    """How an account comes apart when these companies are taken out, as one account of their own.

    A company goes by its domain, its name, or a submission or company record that names it; the
    beginning of an id will do. Raises VerdictError where a name is unknown, or all is meant.
    """
    companies = list_companies(connection, {account_id})
    out = {one.stated_id: one for name in names for one in _meant(connection, companies, name)}
    rest = [one for one in companies if one.stated_id not in out]
    if not out or not rest:
        raise VerdictError(
            f"That is {'all' if out else 'nothing'} of {account_id}; name some of its companies, "
            f"and leave at least one: lead-platform accounts show {account_id}"
        )
    apart = [(one, other, DIFFERENT) for one, other in product(rest, out.values())]
    held = _holding(connection, [rest, list(out.values())], apart, specification)
    return _change(connection, [*apart, *held], specification, account_id)


def plan_join(
    connection: duckdb.DuckDBPyConnection,
    one: str,
    other: str,
    specification: AccountSpecification,
    source_id: str = "",
) -> AccountChange:
    """How two accounts become one; `source_id` is the pair meant, if any.

    Raises VerdictError where they are one already.
    """
    if one == other:
        raise VerdictError(f"They are one account already: {one}.")
    companies = list_companies(connection, {one, other})
    sides = [[c for c in companies if c.account_id == name] for name in (one, other)]
    joined: list[Said] = [(sides[0][0], sides[1][0], SAME)]
    held = _holding(connection, [companies], joined, specification)
    return _change(connection, [*joined, *held], specification, source_id or one)


def plan_review(
    connection: duckdb.DuckDBPyConnection,
    pair_id: str,
    verdict: str,
    specification: AccountSpecification,
) -> AccountChange:
    """What a verdict on a pair says: `same` joins its accounts, `different` keeps all of both
    apart, `unsure` takes it off the list.

    Raises VerdictError for an unknown pair, or one within an account.
    """
    accounts = connection.execute(_ACCOUNTS_OF_PAIR, [pair_id]).fetchone()
    if accounts is None:
        raise VerdictError(
            f"No pair of companies goes by {pair_id!r}. List what waits with: "
            "lead-platform accounts list --to-review"
        )
    one, other, left_record, right_record = accounts
    if verdict == SAME:
        return plan_join(connection, one, other, specification, pair_id)
    if one == other:
        raise VerdictError(
            f"Both are one account, {one}. Take one out with: lead-platform accounts split {one} "
            "COMPANY"
        )
    companies = list_companies(connection, {one, other})
    if verdict == UNSURE:
        said = [_holder(companies, left_record), _holder(companies, right_record)]
        return _change(connection, [(said[0], said[1], UNSURE)], specification, pair_id)
    sides = [[c for c in companies if c.account_id == name] for name in (one, other)]
    apart = [(left, right, DIFFERENT) for left, right in product(*sides)]
    return _change(connection, apart, specification, pair_id)


_ACCOUNTS_OF_PAIR = """
select l.account_id, r.account_id, l.record_id, r.record_id
from identity.account_pairs as p
join identity.account_members as l on l.record_id = p.left_record_id
join identity.account_members as r on r.record_id = p.right_record_id
where p.pair_id = ?
"""


def plan_withdrawal_effect(
    connection: duckdb.DuckDBPyConnection,
    verdicts: Sequence[Verdict],
    specification: AccountSpecification,
) -> AccountChange:
    """What accounts become once these verdicts (of verdicts.plan_withdrawal) are written."""
    names = {name for verdict in verdicts for name in verdict.pair}
    rows = connection.execute(
        "select n.submission_id, m.account_id, m.record_id "
        "from identity.normalized_submissions as n "
        "join identity.account_members as m on m.record_id = n.company_record_id "
        "where list_contains($names, n.submission_id)",
        {"names": sorted(names)},
    ).fetchall()
    companies = list_companies(connection, {account for _, account, _ in rows})
    spoken = {name: _holder(companies, record) for name, _, record in rows}
    said = [(spoken[v.pair[0]], spoken[v.pair[1]], v.verdict) for v in verdicts]
    return AccountChange(tuple(verdicts), _becomes(connection, said, specification))


def _holder(companies: Iterable[Company], record_id: str) -> Company:
    return next(one for one in companies if record_id in one.record_ids)


def _meant(
    connection: duckdb.DuckDBPyConnection, companies: list[Company], name: str
) -> list[Company]:
    """The companies that a name stands for. Raises VerdictError, naming those there are."""
    said = name.strip()
    key = company_key(said) or said.lower()
    found = [one for one in companies if said.lower() == one.company_domain]
    found = found or [one for one in companies if one.company_key == key]
    if not found and len(said) >= _SHORTEST_ID:
        records = [record for one in companies for record in one.record_ids]
        rows = connection.execute(
            "select company_record_id from identity.normalized_submissions "
            "where list_contains($records, company_record_id) "
            "and (starts_with(submission_id, $said) or starts_with(company_record_id, $said))",
            {"records": records, "said": said},
        ).fetchall()
        meant = {record for (record,) in rows}
        found = [one for one in companies if meant & set(one.record_ids)]
        if len(found) > 1:
            raise VerdictError(f"{said!r} is the beginning of several; write more of it.")
    if not found:
        known = sorted({x for one in companies for x in (one.company_domain, one.company_key) if x})
        raise VerdictError(
            f"Nothing in the account goes by {name!r}. Known are: {', '.join(known[:20])}"
            f"{' …' if len(known) > 20 else ''}; and submissions that name a company."
        )
    return found


# What is shorter names no submission; with it anything that begins so would be meant.
_SHORTEST_ID = 8


def _holding(
    connection: duckdb.DuckDBPyConnection,
    groups: list[list[Company]],
    said: list[Said],
    specification: AccountSpecification,
) -> list[Said]:
    """What keeps each group together that would fall apart once this is said."""
    after = _preview(connection, said, specification)
    held: list[Said] = []
    for group in groups:
        pieces = {after[one.record_ids[0]][1]: one for one in reversed(group)}
        held += [(one, other, SAME) for one, other in pairwise(pieces.values())]
    return held


def _change(
    connection: duckdb.DuckDBPyConnection,
    said: list[Said],
    specification: AccountSpecification,
    source_id: str,
) -> AccountChange:
    """The verdicts and what comes of them.

    Raises VerdictError where the next run could not keep apart what has to be.
    """
    if not said:
        raise VerdictError(
            "All of it says the same: one domain and one name. The next run could not tell the two "
            "apart, so it stays one account."
        )
    becomes = _becomes(connection, said, specification)
    verdicts = tuple(
        Verdict((one.submission_id, other.submission_id), verdict, source_id)
        for one, other, verdict in said
    )
    return AccountChange(verdicts, becomes)


def _becomes(
    connection: duckdb.DuckDBPyConnection, said: list[Said], specification: AccountSpecification
) -> tuple[tuple[str, tuple[Company, ...]], ...]:
    after = _preview(connection, said, specification)
    touched = {before for before, _ in after.values()}
    becomes: dict[str, list[Company]] = defaultdict(list)
    for one in list_companies(connection, touched):
        becomes[after[one.record_ids[0]][1]].append(one)
    meant = {one.account_id for pair in said for one in pair[:2]}
    return tuple(
        (account_id, tuple(companies))
        for account_id, companies in sorted(becomes.items())
        # Neighbours that stay as they are were only looked at.
        if {one.account_id for one in companies} != {account_id} or account_id in meant
    )


def _preview(
    connection: duckdb.DuckDBPyConnection, said: list[Said], specification: AccountSpecification
) -> dict[str, tuple[str, str]]:
    return preview_accounts(
        connection,
        specification,
        [(one.record_ids[0], other.record_ids[0], verdict) for one, other, verdict in said],
    )
