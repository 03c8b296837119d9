"""The accounts' linkage specification (config/accounts.yaml): which stated companies are one.

Owns what it has beyond a linkage specification of any kind: when a web domain is nobody's own, and
which columns blocking may use.
"""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lead_platform.configuration import load_yaml
from lead_platform.identity.engine.specification import LinkageSpecification

FILE = "accounts.yaml"
# What identity.account_members keeps of a record, under the specification's names.
STATED = ("company_domain", "company_key", "country", "city", "postal_code", "street", "phone")
STORED_KEYS = ("company_letters", "company_family")
UNIT = "unit"


class SharedDomain(BaseModel):
    """From `names` unlike names on, a domain is no company's own, unless the commonest of them
    has at least `largest_share` (0 to 1) of the domain's records."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: int = Field(ge=2)
    largest_share: float = Field(gt=0, le=1)


class AccountSpecification(LinkageSpecification):
    """How company records are matched. Raises on load with every fault named."""

    shared_domain: SharedDomain

    @model_validator(mode="after")
    def _keys_are_stored(self) -> Self:
        known = (*STATED, *STORED_KEYS)
        faults = [
            f"rule {rule.name}: {name!r} is not kept with the records; blocking may use "
            + ", ".join(known)
            for rule in self.rules
            for name in rule.columns
            if name not in known
        ]
        faults += [
            f"columns: {name!r} is missing; add it"
            for name in (*known, UNIT)
            if name not in self.columns
        ]
        if faults:
            raise ValueError("; ".join(faults))
        return self


def load_account_specification(config_dir: Path) -> AccountSpecification:
    """The specification of this folder. Raises ConfigurationError with all faults at once."""
    return load_yaml(config_dir / FILE, AccountSpecification)
