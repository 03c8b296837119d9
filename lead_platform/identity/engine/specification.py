"""The linkage specification: what makes two records one person, as data (config/identity.yaml).

Owns its shape, its faults and its version. The numbers behind each level (how often true matches
and strangers show it) are the model's; running it is matching.py's and pairs.py's.
"""

import logging
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

import pyarrow as pa
from pyarrow import csv
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from lead_platform.configuration import content_version, load_yaml
from lead_platform.identity.engine.reserved import RESERVED

_LOG = logging.getLogger(__name__)

# Names end up as SQL identifiers and JSON keys, so they are held to this form.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
MailDomain = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]{3,253}$")]
EdgeDecision = Literal["review", "cannot_link", "drop"]
# What a pair is kept as that must not end in one cluster, also through others.
CANNOT_LINK, APART = "cannot_link", "apart"
ColumnKind = Literal["text", "list", "weighted"]

# Lists of how common values are, by name; benchmarks/identity/name_lists.py made those of names.
SHARES = Path(__file__).parent.parent / "shares"

MISSING = "missing"
DIFFERENT = "different"
MODEL_RULE = "model"
# What the model found and is not sure of.
DOUBT_RULE = "doubt"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Part):
    """One column of a match record.

    `kind`: a text, a list of texts, or `weighted`: a list of tokens, each of which counts by how
    rare it is. `derive` names how it comes from the columns in `given` (derivations.py lists the
    ways); without it the column is given as it is. `of_submission`: what a new submission of a
    known record may bring anew, such as a source's person id. `known_shares`: a list in shares/
    of how common values are in the world; in training none counts as rarer than there.
    """

    kind: ColumnKind = "text"
    derive: Name | None = None
    given: tuple[Name, ...] = ()
    of_submission: bool = False
    known_shares: Name | None = None

    @model_validator(mode="after")
    def _derived_from_something(self) -> Self:
        if (self.derive is None) != (not self.given):
            raise ValueError("derive and given go together")
        return self


class Thresholds(_Part):
    """Match probabilities from which a pair merges, or waits for a person."""

    merge: float = Field(gt=0.5, lt=1)
    review: float = Field(gt=0, lt=1)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.review >= self.merge:
            raise ValueError(f"review ({self.review}) must be below merge ({self.merge})")
        return self


class BlockingRule(_Part):
    """Records are compared when all these columns are filled and equal; of a list, any entry.

    `further` is a list of values that mean the same as that of the one column: a record has each of
    them. `window` overrides that of the blocking as a whole.
    """

    name: Name
    columns: tuple[Name, ...] = Field(min_length=1)
    further: Name | None = None
    window: int | None = Field(default=None, ge=2, le=10_000)


class Blocking(_Part):
    """Which pairs are looked at; per key, a record meets the `window` records received first.

    `between`: only records that differ in this column are compared, such as those of two files
    of which neither holds anybody twice.
    """

    window: int = Field(ge=2, le=10_000)
    between: Name | None = None
    rules: tuple[BlockingRule, ...] = Field(min_length=1)


_TESTS = (
    "exact",
    "swapped",
    "crosswise",
    "intersects",
    "abbreviated",
    "starts_with",
    "jaro_winkler",
    "damerau_levenshtein",
    "weighted_overlap",
    "weighted_containment",
    "mingled",
    "filled",
    "unlike",
    "misspelled",
    "initial_of",
    "contained",
    "nearly_swapped",
)
_NEEDS = {
    "jaro_winkler": "at_least",
    "weighted_overlap": "at_least",
    "weighted_containment": "at_least",
    "damerau_levenshtein": "at_most",
    "misspelled": "at_most",
    "nearly_swapped": "at_most",
}


class Level(_Part):
    """One degree of agreement: exactly one test on one or two columns.

    `rarity` (0 to 1): how far the frequency of the agreeing value counts. At 1 equal rare values
    weigh as much more, and common ones as much less, as their frequency says. `rarest`: the share
    below which a value is no rarer, so that a name mistyped alike is no proof; a model lists the
    values above it only. `both`: columns that must be equal as well. `differs`: what agrees so far
    is another all the same, such as two given names that are spelled alike. `expected`: the share
    of matching pairs, where training has too little to learn it from; `chance`: that of strangers'
    pairs, where the records are too few to count in (`training.fewest_records`).

    Tests: `exact` equal; `swapped` each equal to the other's other column; `crosswise` one equal
    to the other's other column, such as an acronym and a name; `intersects` lists with an entry
    in common; `abbreviated` one an initial of the other; `starts_with` one the beginning of the
    other; `jaro_winkler`, `damerau_levenshtein` spelled alike; `weighted_overlap` the share of
    tokens in common, `weighted_containment` the share of the shorter one's, by their rarity;
    `mingled` lists with an entry of each in the other's other list; `filled` filled on both sides;
    `unlike` filled on both sides and unequal; `misspelled` a text spelled almost as an entry of the
    other's list; `initial_of` a text that is the first letter of such an entry;
    `contained` a list all of which is in the other; `nearly_swapped` as swapped, but for letters.
    """

    name: Name
    exact: Name | None = None
    swapped: tuple[Name, Name] | None = None
    crosswise: tuple[Name, Name] | None = None
    intersects: Name | None = None
    abbreviated: Name | None = None
    starts_with: Name | None = None
    jaro_winkler: Name | None = None
    damerau_levenshtein: Name | None = None
    weighted_overlap: Name | None = None
    weighted_containment: Name | None = None
    mingled: tuple[Name, Name] | None = None
    filled: Name | None = None
    unlike: Name | None = None
    misspelled: tuple[Name, Name] | None = None
    initial_of: tuple[Name, Name] | None = None
    contained: Name | None = None
    nearly_swapped: tuple[Name, Name] | None = None
    at_least: float | None = Field(default=None, gt=0, le=1)
    at_most: int | None = Field(default=None, ge=1, le=5)
    both: tuple[Name, ...] = ()
    rarity: float = Field(default=0, ge=0, le=1)
    rarest: float = Field(default=0, ge=0, lt=1)
    differs: bool = False
    expected: float | None = Field(default=None, gt=0, lt=1)
    chance: float | None = Field(default=None, gt=0, lt=1)

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        named = [test for test in _TESTS if getattr(self, test) is not None]
        if len(named) != 1:
            raise ValueError(f"name one test of {', '.join(_TESTS)}")
        for option in ("at_least", "at_most"):
            if (_NEEDS.get(named[0]) == option) != (getattr(self, option) is not None):
                tests = " or ".join(test for test, needs in _NEEDS.items() if needs == option)
                raise ValueError(f"{tests} and {option} go together")
        if self.rarity and self.exact is None:
            raise ValueError("rarity goes with exact")
        if self.rarest and not self.rarity:
            raise ValueError("rarest goes with rarity")
        if self.name in (MISSING, DIFFERENT):
            raise ValueError(f"{self.name!r} is given by itself; choose another name")
        return self

    @property
    def test(self) -> str:
        """The name of the level's test."""
        return next(test for test in _TESTS if getattr(self, test) is not None)

    @property
    def is_weighted(self) -> bool:
        """Whether the test goes by how rare tokens are, which a model has to know."""
        return self.test.startswith("weighted")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns the test reads."""
        read = getattr(self, self.test)
        return (*(read if isinstance(read, tuple) else (read,)), *self.both)


class Comparison(_Part):
    """One aspect two records are compared in; its levels, best agreement first.

    `individual`: it is of the person alone. People of one household share their last name, address
    and phone; in this they agree no more than strangers do.
    """

    name: Name
    individual: bool = False
    needs: tuple[Name, ...] = Field(min_length=1)
    levels: tuple[Level, ...] = Field(min_length=1)

    @property
    def level_names(self) -> tuple[str, ...]:
        """All levels with weights, best first; `different` is what is left."""
        return (*(level.name for level in self.levels), DIFFERENT)

    @property
    def differences(self) -> frozenset[str]:
        """The levels at which the two differ."""
        return frozenset({DIFFERENT, *(level.name for level in self.levels if level.differs)})


class Guard(_Part):
    """What keeps a pair from merging although key or probability say so.

    `applies_to`: exact keys, `model` for what the model found, `doubt` for that of it that would
    not merge. `review`: a person decides; `drop`: nobody is asked; `cannot_link`: a person decides,
    and what it says it says of any two records, also of such as were never compared. What it finds
    to differ speaks against the pair and binds: until a person says otherwise no cluster holds
    both, not even through others. What is only missing says too little, and others may join the
    two.
    """

    name: Name
    reason: str
    applies_to: tuple[Name, ...] = Field(min_length=1)
    when: dict[Name, tuple[Name, ...]] = Field(min_length=1)
    unless: dict[Name, tuple[Name, ...]] = {}
    decision: EdgeDecision

    @property
    def comparisons(self) -> tuple[str, ...]:
        """The comparisons its conditions name."""
        return (*self.when, *self.unless)


class Training(_Part):
    """How a model is trained without labels.

    `u` comes from `sampled_pairs` random pairs; `m` from one expectation maximisation over blocks
    of pairs that are equal in the columns of a blocking rule or of an entry of `sessions`, some
    `session_pairs` in all. A block says nothing about what it blocks on, so together they must
    leave out each comparison once. `prior`, the chance that two random records match, is given, or
    estimated from the blocks; where no block tells it, from the pairs that are equal in one of the
    `certain` column sets, which are taken to match: a share of all that the rates tell, or else
    `recall`. Among fewer than `fewest_records` random pairs show too many that match, and a value's
    frequency says nothing: the levels' `chance` stands in, and rarity does not count.
    """

    seed: int = 1
    sampled_pairs: int = Field(default=5_000_000, ge=10_000)
    session_pairs: int = Field(default=1_000_000, ge=10_000)
    sessions: tuple[tuple[Name, ...], ...] = ()
    prior: float | None = Field(default=None, gt=0, lt=1)
    certain: tuple[tuple[Name, ...], ...] = ()
    recall: float = Field(default=0.7, gt=0, le=1)
    listed_terms: int = Field(default=20_000, ge=0)
    fewest_records: int = Field(default=0, ge=0)


class ValueLimit(_Part):
    """No cluster holds more than `at_most` different values of `column`.

    `within`: counted for each value of this column by itself, such as mailboxes at one company.
    """

    name: Name
    column: Name
    within: Name | None = None
    at_most: int = Field(ge=1)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns the limit reads."""
        return (self.column,) if self.within is None else (self.column, self.within)


class Clustering(_Part):
    """When records that hang together are one thing, beyond a chain of pairs.

    No cluster has more than `largest` records, or more values than the `limits` allow. Two groups
    of two and more join over uncertain edges only if there are `bridge` times as many as the
    smaller group has members, and two at the least. From probability `strong` on an edge is
    certain, as it is over an exact key. A person's word overrules all of these.
    """

    largest: int = Field(default=1_000, ge=2)
    bridge: float = Field(default=1.0, ge=0)
    strong: float = Field(default=1.0, gt=0.5, le=1)
    limits: tuple[ValueLimit, ...] = ()


class Scan(_Part):
    """What the full scan compares beyond what new records can afford, and how much work it makes.

    `window` stands in for that of the blocking, but not for the rules in `keep_window`, where more
    who share a key would be strangers; `rules` come on top of its own. At most `new_reviews` pairs
    and `new_splits` leads go to the review queue per scan.
    """

    window: int | None = Field(default=None, ge=2, le=10_000)
    keep_window: tuple[Name, ...] = ()
    rules: tuple[BlockingRule, ...] = ()
    new_reviews: int = Field(default=200, ge=0)
    new_splits: int = Field(default=50, ge=0)


class Queue(_Part):
    """How many questions a day brings to people, what is most at stake first."""

    per_day: int = Field(default=50, ge=1)


class LinkageSpecification(_Part):
    """How records of one kind are matched. Raises on load with every fault named.

    `guard_comparisons` are for guards alone: they weigh nothing, so no model knows them.
    `mail_domains`: domains of one provider, under each of which a mailbox is the same; the first
    stands for all.
    """

    name: Name
    model: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*-v[0-9]+$")]
    columns: dict[Name, Column] = Field(min_length=1)
    thresholds: Thresholds
    exact_keys: tuple[BlockingRule, ...] = ()
    blocking: Blocking
    comparisons: tuple[Comparison, ...] = Field(min_length=1)
    guard_comparisons: tuple[Comparison, ...] = ()
    guards: tuple[Guard, ...] = ()
    training: Training
    clustering: Clustering = Clustering()
    scan: Scan = Scan()
    queue: Queue = Queue()
    nicknames: tuple[tuple[Annotated[str, StringConstraints(to_lower=True)], ...], ...] = ()
    mail_domains: tuple[tuple[MailDomain, ...], ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = [
            *_column_faults(self),
            *_scan_faults(self),
            *_repeated_names(self),
            *_guard_faults(self),
        ]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def rules(self) -> tuple[BlockingRule, ...]:
        """Exact keys first, then blocking rules: the first a pair shares names the pair."""
        return (*self.exact_keys, *self.blocking.rules)

    def widened(self) -> "LinkageSpecification":
        """This specification with the blocking of the full scan; its own rules come first."""
        daily = self.blocking
        kept = tuple(
            rule.model_copy(update={"window": rule.window or daily.window})
            if rule.name in self.scan.keep_window
            else rule
            for rule in daily.rules
        )
        blocking = daily.model_copy(
            update={
                "window": max(daily.window, self.scan.window or 0),
                "rules": (*kept, *self.scan.rules),
            }
        )
        return self.model_copy(update={"blocking": blocking})

    def binding_guards(self) -> tuple[Guard, ...]:
        """The guards that speak against any two records, compared or not."""
        return tuple(guard for guard in self.guards if guard.decision == CANNOT_LINK)

    def comparison(self, name: str) -> Comparison:
        """The comparison of this name, be it one that weighs or one for guards alone."""
        return next(c for c in (*self.comparisons, *self.guard_comparisons) if c.name == name)

    def of_submission(self, rule: BlockingRule) -> bool:
        """Whether a new submission of a known record may bring this rule a new value."""
        return any(self.columns[name].of_submission for name in rule.columns)

    def rare_columns(self) -> tuple[str, ...]:
        """The columns whose values' frequencies count, in order of name."""
        weighted = {
            level.weighted_overlap or level.weighted_containment
            for c in self.comparisons
            for level in c.levels
        }
        rare = {level.exact for c in self.comparisons for level in c.levels if level.rarity}
        return tuple(sorted(name for name in weighted | rare if name))

    def rarest(self, column: str) -> float:
        """The share below which a value of the column is no rarer; 0 where none is set."""
        levels = (level for c in self.comparisons for level in c.levels if level.exact == column)
        return max((level.rarest for level in levels), default=0.0)

    def rarity_known(self, columns: Collection[str]) -> "LinkageSpecification":
        """This specification for a model that knows the frequencies of `columns` only.

        Elsewhere rarity does not count: equal values weigh the same, however common.
        """

        def plain(level: Level) -> Level:
            known = not level.rarity or level.exact in columns
            return level if known else level.model_copy(update={"rarity": 0.0})

        comparisons = tuple(
            c.model_copy(update={"levels": tuple(map(plain, c.levels))}) for c in self.comparisons
        )
        return self.model_copy(update={"comparisons": comparisons})

    def left_out(self, given: Collection[str]) -> dict[str, tuple[str, ...]]:
        """What restricted_to leaves out: by its place the columns for want of which."""
        return self.losses(self._filled_from(given))

    def losses(self, filled: Collection[str]) -> dict[str, tuple[str, ...]]:
        """What of rules, sessions, comparisons and limits goes where only these columns are filled:
        by its place the columns for want of which. Of a comparison that stays, its levels."""
        gone = {c.name for c in self.comparisons if not set(c.needs) & set(filled)}
        read = {
            **{f"exact key {rule.name}": rule.columns for rule in self.exact_keys},
            **{f"blocking rule {rule.name}": rule.columns for rule in self.blocking.rules},
            **{f"session {'+'.join(one)}": one for one in self.training.sessions},
            **{f"comparison {c.name}": c.needs for c in self.comparisons if c.name in gone},
            **{
                f"level {c.name}.{level.name}": level.columns
                for c in self.comparisons
                if c.name not in gone
                for level in c.levels
            },
            **{f"limit {one.name}": one.columns for one in self.clustering.limits},
        }
        absent = self.columns.keys() - set(filled)
        found = {place: tuple(n for n in names if n in absent) for place, names in read.items()}
        return {place: names for place, names in found.items() if names}

    def _filled_from(self, given: Collection[str]) -> set[str]:
        """The columns that are filled where records have only the `given` ones."""
        return {
            name
            for name, column in self.columns.items()
            if (set(column.given) & set(given) if column.derive else name in given)
        }

    def known_to(self, levels: Mapping[str, Collection[str]], columns: Collection[str]) -> Self:
        """This specification for a model that has rates for these levels by comparison, and
        knows the frequencies of `columns` only.

        A comparison without rates weighs nothing; guards may ask it all the same. Of others a
        level without rates is left out, and its pairs end at the next that holds.
        """

        def known(comparison: Comparison) -> tuple[Level, ...]:
            held = levels.get(comparison.name, ())
            return tuple(
                level
                for level in comparison.levels
                if DIFFERENT in held
                and level.name in held
                and (not level.is_weighted or level.columns[0] in columns)
            )

        weighing = tuple(
            c.model_copy(update={"levels": kept}) for c in self.comparisons if (kept := known(c))
        )
        names = {c.name for c in weighing}
        asked = tuple(
            c
            for c in self.comparisons
            if c.name not in names and not any(level.is_weighted for level in c.levels)
        )
        of_guards = (*self.guard_comparisons, *asked)
        left = {c.name: {*c.level_names, MISSING} for c in (*weighing, *of_guards)}
        return self.model_copy(
            update={
                "comparisons": weighing,
                "guard_comparisons": of_guards,
                "guards": tuple(g for g in self.guards if _still_applies(g, left)),
            }
        )

    def restricted_to(self, given: Collection[str]) -> Self:
        """This specification for records that have only the `given` columns filled.

        What reads an absent column is left out: levels, rules, sessions, and what is then empty;
        `left_out` names it, and so does the log.
        """
        filled = self._filled_from(given)
        kept = {name: column for name, column in self.columns.items() if name in filled}
        comparisons = _reading(self.comparisons, kept)
        of_guards = _reading(self.guard_comparisons, kept)
        for place, missing in self.losses(filled).items():
            _LOG.warning("%s is left out: no column %s", place, ", ".join(missing))
        left = {c.name: {*c.level_names, MISSING} for c in (*comparisons, *of_guards)}
        return self.model_copy(
            update={
                "columns": kept,
                "exact_keys": _within(self.exact_keys, kept),
                "blocking": self.blocking.model_copy(
                    update={"rules": _within(self.blocking.rules, kept)}
                ),
                "scan": self.scan.model_copy(
                    update={
                        "rules": _within(self.scan.rules, kept),
                        "keep_window": tuple(
                            rule.name
                            for rule in _within(self.blocking.rules, kept)
                            if rule.name in self.scan.keep_window
                        ),
                    }
                ),
                "comparisons": comparisons,
                "guard_comparisons": of_guards,
                "guards": tuple(g for g in self.guards if _still_applies(g, left)),
                "clustering": self.clustering.model_copy(
                    update={
                        "limits": tuple(
                            limit
                            for limit in self.clustering.limits
                            if set(limit.columns) <= set(kept)
                        )
                    }
                ),
                "training": self.training.model_copy(
                    update={
                        "sessions": tuple(s for s in self.training.sessions if set(s) <= set(kept)),
                        "certain": tuple(s for s in self.training.certain if set(s) <= set(kept)),
                    }
                ),
            }
        )


def _reading(comparisons: tuple[Comparison, ...], kept: Collection[str]) -> tuple[Comparison, ...]:
    """The comparisons without the levels that read other columns than the `kept`."""
    return tuple(
        c.model_copy(update={"needs": needs, "levels": levels})
        for c in comparisons
        if (needs := tuple(name for name in c.needs if name in kept))
        and (levels := tuple(v for v in c.levels if set(v.columns) <= set(kept)))
    )


def _within(rules: tuple[BlockingRule, ...], kept: Collection[str]) -> tuple[BlockingRule, ...]:
    return tuple(
        rule if rule.further in kept else rule.model_copy(update={"further": None})
        for rule in rules
        if set(rule.columns) <= set(kept)
    )


def _still_applies(guard: Guard, left: dict[str, set[str]]) -> bool:
    return all(left.get(name, set()) & set(levels) for name, levels in guard.when.items()) and all(
        name in left for name in guard.unless
    )


def load_specification(path: Path) -> LinkageSpecification:
    """The specification in `path`. Raises ConfigurationError with all faults at once."""
    return load_yaml(path, LinkageSpecification)


def read_shares(name: str) -> pa.Table:
    """A list of known shares: list (such as a country), value, share of those who have one."""
    types = {"list": pa.string(), "value": pa.string(), "share": pa.float64()}
    options = csv.ConvertOptions(column_types=types, strings_can_be_null=False)
    return csv.read_csv(SHARES / f"{name}.csv", convert_options=options)


def specification_version(path: Path) -> str:
    """A name for the specification as it stands in `path`: 12 hexadecimal digits."""
    return content_version(path)


def _column_faults(specification: LinkageSpecification) -> Iterator[str]:
    comparisons = (*specification.comparisons, *specification.guard_comparisons)
    read = {
        **{
            f"rule {rule.name}": (*rule.columns, *((rule.further,) if rule.further else ()))
            for rule in (*specification.rules, *specification.scan.rules)
        },
        **{f"comparison {c.name}": c.needs for c in comparisons},
        **{
            f"comparison {c.name}, level {level.name}": level.columns
            for c in comparisons
            for level in c.levels
        },
        "training sessions": tuple(n for s in specification.training.sessions for n in s),
        "training certain": tuple(n for s in specification.training.certain for n in s),
        **{f"limit {one.name}": one.columns for one in specification.clustering.limits},
    }
    if specification.blocking.between:
        read["blocking between"] = (specification.blocking.between,)
    for place, names in read.items():
        for name in sorted(set(names) - set(specification.columns)):
            known = ", ".join(specification.columns)
            yield f"{place}: unknown column {name!r}; known: {known}"
    for name in specification.columns:
        if name in RESERVED:
            yield f"column {name}: {name!r} is a word of SQL or of the engine; choose another"
    known_lists = ", ".join(sorted(path.stem for path in SHARES.glob("*.csv")))
    for name, held in specification.columns.items():
        if held.known_shares and not (SHARES / f"{held.known_shares}.csv").is_file():
            yield f"column {name}: unknown list {held.known_shares!r}; known: {known_lists}"
    for comparison in comparisons:
        for level in comparison.levels:
            column = specification.columns.get(level.columns[0])
            if level.test.startswith("weighted") and column and column.kind != "weighted":
                yield (
                    f"comparison {comparison.name}, level {level.name}: {level.test} needs a "
                    f"weighted column, {level.columns[0]} is a {column.kind}"
                )
    for limit in specification.clustering.limits:
        for name in limit.columns:
            column = specification.columns.get(name)
            if column and column.kind != "text":
                yield f"limit {limit.name}: {name} is a {column.kind}; only texts are counted"


def _scan_faults(specification: LinkageSpecification) -> Iterator[str]:
    known = [rule.name for rule in specification.blocking.rules]
    for name in specification.scan.keep_window:
        if name not in known:
            yield f"scan keep_window: unknown rule {name!r}; known: {', '.join(known)}"


def _repeated_names(specification: LinkageSpecification) -> Iterator[str]:
    comparisons = (*specification.comparisons, *specification.guard_comparisons)
    groups = {
        "exact_keys, blocking and scan rules": [
            rule.name for rule in (*specification.rules, *specification.scan.rules)
        ],
        "comparisons": [c.name for c in comparisons],
        "guards": [guard.name for guard in specification.guards],
        "limits": [limit.name for limit in specification.clustering.limits],
        "mail_domains": [domain for group in specification.mail_domains for domain in group],
    } | {c.name: list(c.level_names) for c in comparisons}
    for group, names in groups.items():
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"{group}: {name!r} is used twice; give each its own name"


def _guard_faults(specification: LinkageSpecification) -> Iterator[str]:
    comparisons = (*specification.comparisons, *specification.guard_comparisons)
    levels = {c.name: (*c.level_names, MISSING) for c in comparisons}
    weighing = {
        c.name for c in comparisons if any(one.test.startswith("weighted") for one in c.levels)
    }
    for one in specification.guard_comparisons:
        if one.name in weighing:
            yield f"guard comparison {one.name}: weighted tests need a model; use another"
    rules = [*(key.name for key in specification.exact_keys), MODEL_RULE, DOUBT_RULE]
    for guard in specification.guards:
        for rule in guard.applies_to:
            if rule not in rules:
                yield f"guard {guard.name}: unknown rule {rule!r}; known: {', '.join(rules)}"
        if guard.decision == CANNOT_LINK:
            for name in sorted(weighing & set(guard.comparisons)):
                yield (
                    f"guard {guard.name}: cannot_link asks of records that nobody compared, and "
                    f"{name} needs a model; decide by another comparison, or choose drop"
                )
        for comparison, named in (*guard.when.items(), *guard.unless.items()):
            known = levels.get(comparison)
            if known is None:
                yield f"guard {guard.name}: unknown comparison {comparison!r}; known: " + ", ".join(
                    levels
                )
                continue
            for level in named:
                if level not in known:
                    yield (
                        f"guard {guard.name}: {comparison} has no level {level!r}; "
                        f"known: {', '.join(known)}"
                    )
