"""The matching model: how often one person's records and strangers' show each level of agreement.

Owns the model's file and its reading; models are shipped or trained files, never changed in
place. Training is training.py's.
"""

import json
from functools import cached_property
from pathlib import Path
from typing import Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lead_platform.configuration import ConfigurationError
from lead_platform.identity.engine.specification import LinkageSpecification

SHIPPED_MODELS = Path(__file__).parent.parent / "models"

Specification = TypeVar("Specification", bound=LinkageSpecification)


class LevelRates(BaseModel):
    """`m`: share of one person's pairs at this level; `u`: share of strangers' pairs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    m: float = Field(gt=0, le=1)
    u: float = Field(gt=0, le=1)


class TermFrequencies(BaseModel):
    """How common a column's values are, as shares of the records that have one.

    `listed` holds the commonest; any other value counts as `unlisted`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    listed: dict[str, float]
    unlisted: float = Field(gt=0, le=1)


class Household(BaseModel):
    """What two people of one household show: `prior`, the chance that two random records are such a
    pair, and per comparison and level the share of these pairs that is there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prior: float = Field(gt=0, lt=1)
    comparisons: dict[str, dict[str, float]]


class MatchModel(BaseModel):
    """All parameters a score depends on. `prior`: chance that two random records are one person;
    `household`: how likely it is that they are two of one household instead, where that was found.

    `term_frequencies`: by column, frozen with the model, so that a pair's score does not change
    with what else has been received.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    prior: float = Field(gt=0, lt=1)
    comparisons: dict[str, dict[str, LevelRates]]
    term_frequencies: dict[str, TermFrequencies] = {}
    household: Household | None = None

    def rates(self, comparison: str, level: str) -> LevelRates:
        """The rates of one level; `for_specification` has made sure that it is there."""
        return self.comparisons[comparison][level]

    @cached_property
    def version(self) -> str:
        """What stored pairs name as their model."""
        return self.name

    def lacking(self, specification: LinkageSpecification) -> tuple[str, ...]:
        """What of the specification it has no rates for: comparisons, else levels
        (`name.level`); and columns whose tokens it cannot weigh."""
        found: list[str] = []
        for comparison in specification.comparisons:
            held = self.comparisons.get(comparison.name, {})
            levels = [level for level in comparison.level_names if level not in held]
            is_unknown = len(levels) == len(comparison.level_names)
            found += (
                [comparison.name] if is_unknown else [f"{comparison.name}.{one}" for one in levels]
            )
        tokens = {
            level.columns[0]
            for comparison in specification.comparisons
            for level in comparison.levels
            if level.is_weighted and comparison.name not in found
        }
        return (*found, *sorted(tokens - set(self.term_frequencies)))

    def for_specification(self, specification: LinkageSpecification) -> Self:
        """This model. Raises ConfigurationError naming all that it has no rates for."""
        if lacking := self.lacking(specification):
            raise ConfigurationError(
                [
                    f"model {self.name} does not fit the specification {specification.name}: it "
                    f"has no rates for {', '.join(lacking)}. Train one that has them "
                    "(lead-platform identity train) and activate that, or take them out of the "
                    "specification."
                ]
            )
        return self

    def known_part(self, specification: Specification) -> Specification | None:
        """What of the specification it can weigh; None where that is nothing."""
        if not self.lacking(specification):
            return specification
        known = specification.known_to(self.comparisons, self.term_frequencies)
        return known if known.comparisons else None


def load_model(
    specification: LinkageSpecification,
    folder: Path = SHIPPED_MODELS,
    *,
    name: str | None = None,
) -> MatchModel:
    """The model the specification names (or `name`), from `folder` or the shipped ones.

    Raises ConfigurationError where there is none or it does not fit the specification.
    """
    return read_model(name or specification.model, folder).for_specification(specification)


def has_model(name: str, folder: Path) -> bool:
    """Whether there is a model of this name, in `folder` or shipped."""
    return any((held / f"{name}.json").is_file() for held in (folder, SHIPPED_MODELS))


def read_model(name: str, folder: Path) -> MatchModel:
    """The model of this name, from `folder` or the shipped ones, whatever it was trained for.

    Raises ConfigurationError where there is none or its file is damaged.
    """
    folders = dict.fromkeys([folder, SHIPPED_MODELS])
    paths = [held / f"{name}.json" for held in folders if (held / f"{name}.json").is_file()]
    if not paths:
        names = {path.stem for held in folders for path in held.glob("*.json")}
        known = ", ".join(sorted(names)) or "none"
        raise ConfigurationError(
            [f"{folder / name}.json: no such model; known: {known}. Train it or name a known one."]
        )
    try:
        return MatchModel.model_validate_json(paths[0].read_text(encoding="utf-8"))
    except ValidationError as error:
        raise ConfigurationError(
            f"{paths[0]}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()
        ) from None


def save_model(model: MatchModel, path: Path) -> None:
    """Writes the model as readable JSON. Refuses to overwrite: a model version never changes."""
    if path.exists():
        raise FileExistsError(f"{path} exists; a model never changes, choose the next version")
    # Thousands of values are one line per column: nobody reads them one by one.
    held = model.model_dump(mode="json")
    frequencies = [
        f"{json.dumps(column)}: {json.dumps(terms, ensure_ascii=False)}"
        for column, terms in held.pop("term_frequencies").items()
    ]
    text = json.dumps(held, indent=2).removesuffix("\n}")
    joined = ",\n    ".join(frequencies)
    path.write_text(
        f'{text},\n  "term_frequencies": {{\n    {joined}\n  }}\n}}\n', encoding="utf-8"
    )
