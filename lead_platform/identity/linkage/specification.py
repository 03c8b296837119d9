"""The specification for tables of any kind: a linkage specification, and where its fields stand.

Owns that addition and the two specifications that ship (person.yaml, organisation.yaml beside this
module); what a table lacks takes its levels, rules and sessions along.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field

from lead_platform.configuration import load_yaml
from lead_platform.identity.engine.specification import LinkageSpecification, Name

Kind = Literal["person", "organisation"]

FOLDER = Path(__file__).parent
# What a record was read from; `blocking.between` may name it.
SOURCE = "source_file"


class LinkSpecification(LinkageSpecification):
    """How the records of tables are matched.

    `fields`: per field that columns are given from, the columns of the tables it is read from. What
    several of them say is joined by a space: house number and street of one table, or the names
    that the same field has in two. Without an entry a field is read from the column of its name.
    """

    fields: dict[Name, tuple[str, ...]] = Field(default={})

    def given_fields(self) -> tuple[str, ...]:
        """The fields that its columns are given from, in their order."""
        named = (
            given
            for name, column in self.columns.items()
            for given in (column.given if column.derive else (name,))
        )
        return tuple(dict.fromkeys(name for name in named if name != SOURCE))


def shipped_specification(kind: Kind) -> LinkSpecification:
    """The specification that ships for tables of this kind."""
    return load_yaml(FOLDER / f"{kind}.yaml", LinkSpecification)
