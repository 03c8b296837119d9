"""Which rep an account belongs to: the one of its named account, and who owns leads of it.

Owns the SQL over accounts and assignments; what follows from it is decisions.py's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb
import pandas as pd

from lead_platform.routing.configuration import RoutingConfiguration


@dataclass(frozen=True)
class AccountReps:
    """By account_id, rep_ids. `named`: the rep named_accounts.csv gives a domain or name of the
    account to; `owners`: the active rep who owns a lead of the account."""

    named: Mapping[str, str] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)


# A named account is known by any domain or name its submissions state. Its first line counts.
_NAMED = """
select m.account_id, arg_min(g.rep_id, g.position)
from given_accounts as g
join identity.account_members as m
    on (m.company_domain = g.company_domain and not m.is_shared_domain)
    or m.company_key = g.company_key
where m.account_id in (select account_id from routed_accounts)
group by m.account_id
"""

# Of several owners the one who has had a lead of the account longest. Leads about to be routed do
# not count.
_OWNERS = """
select p.account_id, arg_min(a.owner_rep_id, (a.assigned_seq, a.lead_id))
from routing.assignments as a
join enrichment.lead_profiles as p on p.lead_id = a.lead_id
where p.account_id in (select account_id from routed_accounts)
    and a.destination_kind = 'rep' and list_contains($active_rep_ids, a.owner_rep_id)
    and a.lead_id not in (select lead_id from routed_leads)
group by p.account_id
"""


def account_reps(
    connection: duckdb.DuckDBPyConnection,
    leads: pd.DataFrame,
    configuration: RoutingConfiguration,
) -> AccountReps:
    """The reps of the accounts of `leads`, which are about to be routed."""
    if not configuration.uses_accounts or leads["account_id"].isna().all():
        return AccountReps()
    given = pd.DataFrame(
        {
            "position": range(len(configuration.named_accounts)),
            "company_domain": [one.company_domain for one in configuration.named_accounts],
            "company_key": [one.company_key for one in configuration.named_accounts],
            "rep_id": [one.rep_id for one in configuration.named_accounts],
        }
    ).astype({"company_domain": "str", "company_key": "str", "rep_id": "str"})
    frames = {
        "routed_accounts": leads[["account_id"]].dropna().drop_duplicates().astype("str"),
        "routed_leads": leads[["lead_id"]].astype("str"),
        "given_accounts": given,
    }
    for name, frame in frames.items():
        connection.register(name, frame)
    try:
        named = connection.execute(_NAMED).fetchall() if len(given) else []
        owners = connection.execute(
            _OWNERS, {"active_rep_ids": configuration.active_rep_ids}
        ).fetchall()
    finally:
        for name in frames:
            connection.unregister(name)
    return AccountReps(dict(named), dict(owners))
