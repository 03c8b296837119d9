"""Who handles leads: the reps of config/reps.csv, the named accounts, and the pool of a rule.

Owns who is in a pool and why somebody is not; how many leads each has is passed in.
"""

import json
from dataclasses import dataclass
from typing import Self

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from lead_platform.routing.rules import Pool
from lead_platform.routing.territories import Listed

REP_COLUMNS = [
    "rep_id",
    "name",
    "email",
    "team",
    "seniority",
    "territories",
    "languages",
    "capacity",
    "is_active",
    "config_version",
]


class Rep(BaseModel):
    """One sales representative. `capacity` is the number of active leads they can work."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rep_id: str = Field(min_length=1)
    name: str = Field(min_length=1)
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    team: str = Field(min_length=1)
    seniority: str = Field(min_length=1)
    territories: Listed = ()
    languages: Listed = ()
    capacity: int = Field(ge=0)
    is_active: bool


class NamedAccount(BaseModel):
    """One company that belongs to a rep whatever the rules say of territory and size."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    company_domain: str | None = None
    company_key: str | None = None
    rep_id: str = Field(min_length=1)

    @model_validator(mode="after")
    def _names_a_company(self) -> Self:
        if not (self.company_domain or self.company_key):
            raise ValueError("give company_domain or company_key")
        return self


@dataclass(frozen=True)
class PoolMembers:
    """A rule's pool for one kind of lead: who is in it, and why the other candidates are not."""

    members: tuple[Rep, ...]
    excluded: tuple[tuple[str, str], ...]

    def excluded_json(self) -> str:
        """The candidates who are out, as elements of a JSON list."""
        return ",".join(
            f'{{"rep_id":{json.dumps(rep_id)},"verdict":{json.dumps(verdict)}}}'
            for rep_id, verdict in self.excluded
        )


def select_pool(
    reps: tuple[Rep, ...], pool: Pool, territory: str | None, account_rep_id: str | None
) -> PoolMembers:
    """The reps of `pool` for a lead of this territory and named account, by rep_id."""
    members, excluded = [], []
    for rep in sorted(reps, key=lambda rep: rep.rep_id):
        if not is_candidate(rep, pool, account_rep_id):
            continue
        if pool.territory == "of_lead" and territory not in rep.territories:
            excluded.append((rep.rep_id, f"does not cover {territory}"))
        elif not rep.is_active:
            excluded.append((rep.rep_id, "not active"))
        else:
            members.append(rep)
    return PoolMembers(tuple(members), tuple(excluded))


def is_candidate(rep: Rep, pool: Pool, account_rep_id: str | None) -> bool:
    """Whether the rep meets every selector of the pool but the lead's own territory."""
    return (
        (not pool.teams or rep.team in pool.teams)
        and (not pool.seniorities or rep.seniority in pool.seniorities)
        and (not pool.reps or rep.rep_id in pool.reps)
        and (not pool.territories or not set(pool.territories).isdisjoint(rep.territories))
        and (not pool.languages or not set(pool.languages).isdisjoint(rep.languages))
        and (pool.owner_of is None or rep.rep_id == account_rep_id)
    )


def tabulate_reps(reps: tuple[Rep, ...], config_version: str) -> pd.DataFrame:
    """The rows of routing.reps: one per rep."""
    records = [
        {
            **rep.model_dump(),
            "territories": ";".join(rep.territories),
            "languages": ";".join(rep.languages),
            "config_version": config_version,
        }
        for rep in reps
    ]
    return pd.DataFrame(records, columns=REP_COLUMNS)
