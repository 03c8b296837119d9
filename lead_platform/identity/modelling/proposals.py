"""Proposals: trained models that wait for a person, what they would change, and who activated them.

Owns the folder of trained models: one JSON per model, its card and its chart beside it, never
changed in place, and `active.json`, which names the model at work. Training is training.py's.
"""

import datetime as dt
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

import duckdb
import pandas as pd
import pyarrow as pa

from lead_platform.configuration import ConfigurationError
from lead_platform.identity.accounts import records as company_records
from lead_platform.identity.accounts.specification import AccountSpecification
from lead_platform.identity.engine.model import (
    SHIPPED_MODELS,
    MatchModel,
    Specification,
    has_model,
    load_model,
    read_model,
    save_model,
)
from lead_platform.identity.engine.pairs import find_pairs, open_scratch, take_as_new
from lead_platform.identity.engine.specification import APART, CANNOT_LINK, LinkageSpecification
from lead_platform.identity.judgement.account_verdicts import COMPANY_RECORDS
from lead_platform.identity.judgement.verdicts import (
    DIFFERENT,
    LEADS,
    SAME,
    Grain,
    reviewed_pairs,
    standing_verdicts,
)
from lead_platform.identity.leads.records import collect_all, prepare
from lead_platform.identity.modelling.charts import match_weights_chart, save_chart
from lead_platform.identity.modelling.learning import FEWEST_VERDICTS, Lesson, learn_from_verdicts
from lead_platform.identity.modelling.training import block_columns, train_model
from lead_platform.lake.audit import record_actions

ACTIVE = "active.json"
_SIDES = ["merge", "review", "apart"]


@dataclass(frozen=True)
class AtWork(Generic[Specification]):
    """The model at work, and what of the specification it can weigh.

    `lacking`: what it cannot. That weighs nothing, as before it was written down, until a model
    that was trained on it is activated; guards ask it all the same.
    """

    model: MatchModel
    specification: Specification
    lacking: tuple[str, ...]

    def warnings(self) -> list[str]:
        """What is to be done, in a line; empty where the model fits."""
        if not self.lacking:
            return []
        command = "lead-platform identity train"
        if isinstance(self.specification, AccountSpecification):
            command += " --of accounts"
        return [
            f"{', '.join(self.lacking)} of the specification {self.specification.name} weigh "
            f"nothing: the model at work, {self.model.name}, has no rates for them. Train one "
            f"that has: {command}; then activate it."
        ]


@dataclass(frozen=True)
class Comparison:
    """What a model would decide otherwise than the active one.

    `changes`: one row per pair that changes side (left_record_id, right_record_id, active,
    proposed, and both probabilities); `counts`: pairs by side under either model.
    """

    changes: pd.DataFrame
    counts: pd.DataFrame


@dataclass(frozen=True)
class Proposal:
    """A trained model, its files, what it would change, and what verdicts taught it."""

    model: MatchModel
    path: Path
    comparison: Comparison
    records: int
    lesson: Lesson


@dataclass(frozen=True)
class Material:
    """What a model is trained on and told by, of people or of companies.

    `records` as pairs.py compares them; `reviewed` as of verdicts.reviewed_pairs; `verdicts` has
    left, right and verdict of every pair of records that people decided. `noun`: what two records
    may be the same of.
    """

    records: pa.Table
    reviewed: pd.DataFrame
    verdicts: pd.DataFrame
    noun: str


def people_material(
    connection: duckdb.DuckDBPyConnection, specification: LinkageSpecification
) -> Material:
    """All match records of the lake, and what people say of them."""
    prepare(connection, specification)
    return Material(
        collect_all(connection), reviewed_pairs(connection), _verdicts(connection, LEADS), "person"
    )


def company_material(
    connection: duckdb.DuckDBPyConnection, specification: AccountSpecification
) -> Material:
    """All company records of the lake, and what people say of them."""
    return Material(
        company_records.collect_all(connection, specification),
        reviewed_pairs(connection, COMPANY_RECORDS),
        _verdicts(connection, COMPANY_RECORDS),
        "company",
    )


def active_model(specification: LinkageSpecification, folder: Path) -> MatchModel:
    """The model at work: the activated one, or the one the specification names.

    Raises ConfigurationError where it is missing or does not fit.
    """
    return load_model(specification, folder, name=_activated(folder))


def model_at_work(specification: Specification, folder: Path) -> AtWork[Specification]:
    """The model at work with what it can weigh of the specification, all of it or a part.

    Raises ConfigurationError where there is none, or it can weigh nothing of it.
    """
    model = read_model(_activated(folder) or specification.model, folder)
    known = model.known_part(specification)
    if known is None:
        model.for_specification(specification)
    return AtWork(model, known or specification, model.lacking(specification))


def propose_model(
    material: Material,
    specification: LinkageSpecification,
    folder: Path,
    *,
    trained_at: dt.datetime,
) -> Proposal:
    """Trains a model on all records of the lake and writes it, its card and its chart.

    Nothing is put to work: see `activate_model`. What is at work need not fit the specification:
    a changed one is what a new model is for. Verdicts from reviews, where there are enough, move
    its rates; pairs with any person's verdict are what precision and recall are measured on.
    Raises ValueError without records.
    """
    records = material.records
    if not records.num_rows:
        raise ValueError("No submissions to train on. Take some in first: lead-platform ingest")
    folder.mkdir(parents=True, exist_ok=True)
    model = train_model(records, specification, name=_next_name(specification, folder))
    model, lesson = _taught(records, specification, model, material.reviewed)
    name = _activated(folder) or specification.model
    active = read_model(name, folder) if has_model(name, folder) else None
    compared = compare_models(records, specification, active=active, proposed=model)
    path = folder / f"{model.name}.json"
    save_model(model, path)
    chart = path.with_suffix(".svg")
    save_chart(match_weights_chart(specification, model), chart)
    proposal = Proposal(model, path, compared, records.num_rows, lesson)
    card = _card(proposal, specification, active, _measured(material, specification, model))
    header = (
        f"# {model.name}\n\nTrained {trained_at:%Y-%m-%d %H:%M} UTC.\n\n![weights]({chart.name})\n"
    )
    path.with_suffix(".md").write_text(header + card, encoding="utf-8")
    return proposal


def compare_models(
    records: pa.Table,
    specification: LinkageSpecification,
    *,
    active: MatchModel | None,
    proposed: MatchModel,
) -> Comparison:
    """Which pairs of `records` change side between merge, review and apart.

    `active` decides by what it can weigh of the specification; without a model all are apart.
    """
    known = active.known_part(specification) if active else None
    after = _sides(records, specification, proposed)
    before = _sides(records, known, active) if active and known else after.iloc[:0]
    sides = [before, after]
    pairs = ["left_record_id", "right_record_id"]
    both = sides[0].merge(sides[1], on=pairs, how="outer", suffixes=("_active", "_proposed"))
    for way in ("active", "proposed"):
        both[way] = both.pop(f"decision_{way}").fillna("apart")
    changes = both[both["active"] != both["proposed"]].sort_values(pairs, ignore_index=True)
    counts = pd.crosstab(both["active"], both["proposed"]).reindex(
        index=_SIDES, columns=_SIDES, fill_value=0
    )
    return Comparison(changes, counts)


def activate_model(
    connection: duckdb.DuckDBPyConnection,
    specification: LinkageSpecification,
    folder: Path,
    name: str,
    *,
    decided_by: str,
    reason: str,
    decided_at: dt.datetime,
) -> bool:
    """Writes to the audit log that a model is put to work; False where it was at work already.

    `put_to_work` follows once that is published. What has been merged stays merged. Raises
    ConfigurationError for a model that is unknown or does not fit the specification, and ValueError
    without a person and a reason.
    """
    if not decided_by.strip() or not reason.strip():
        raise ValueError("Activating a model needs a person (--by) and a reason (--reason).")
    load_model(specification, folder, name=name)
    before = _activated(folder) or specification.model
    if before == name:
        return False
    entry = {
        "workflow": "identity",
        "action": "activate_model",
        "subject_type": "match_model",
        "subject_id": name,
        "reason": reason,
        "before": before,
        "after": name,
        "actor": decided_by,
        "occurred_at": decided_at,
    }
    record_actions(connection, pd.DataFrame([entry]), run_id="")
    return True


def put_to_work(
    folder: Path, name: str, *, decided_by: str, reason: str, decided_at: dt.datetime
) -> None:
    """Names the model at work for the runs to come, at once and whole."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"model": name, "by": decided_by, "reason": reason, "at": decided_at.isoformat()}
    waiting = folder / f".{ACTIVE}.new"
    waiting.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    os.replace(waiting, folder / ACTIVE)


def list_models(
    specification: LinkageSpecification, folder: Path
) -> list[tuple[str, str, str | None]]:
    """Per model of the specification's family its name, its state (active, proposal, shipped) and
    its card, by name."""
    active = _activated(folder) or specification.model
    found: dict[str, tuple[str, str | None]] = {}
    for held, state in ((SHIPPED_MODELS, "shipped"), (folder, "proposal")):
        for path in held.glob(f"{_family(specification)}-v*.json"):
            card = path.with_suffix(".md")
            found[path.stem] = (
                "active" if path.stem == active else state,
                str(card) if card.is_file() else None,
            )
    return [(name, *found[name]) for name in sorted(found)]


def _activated(folder: Path) -> str | None:
    path = folder / ACTIVE
    if not path.is_file():
        return None
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["model"])
    except (ValueError, KeyError, TypeError):
        raise ConfigurationError(
            [
                f"{path} does not name the model at work. Remove it: the shipped model is at work "
                "then, until another is activated with `lead-platform identity activate`."
            ]
        ) from None


def _family(specification: LinkageSpecification) -> str:
    return specification.model.rpartition("-v")[0]


def _next_name(specification: LinkageSpecification, folder: Path) -> str:
    """The family of the specification's model with the next free number: never the one the
    specification names, for that would be at work unasked."""
    family = _family(specification)
    numbers = [int(specification.model.rpartition("-v")[2])]
    numbers += [
        int(match.group(1))
        for held in (SHIPPED_MODELS, folder)
        for path in held.glob(f"{family}-v*.json")
        if (match := re.fullmatch(rf"{re.escape(family)}-v(\d+)", path.stem))
    ]
    return f"{family}-v{max(numbers) + 1}"


def _sides(
    records: pa.Table, specification: LinkageSpecification, model: MatchModel
) -> pd.DataFrame:
    """The pairs a model merges or sends to review, were all records new."""
    with open_scratch(records.num_rows) as scratch:
        take_as_new(scratch, records)
        found = find_pairs(scratch, specification, model).pairs
    columns = ["left_record_id", "right_record_id", "decision", "match_probability"]
    kept = found.select(columns).to_pandas()
    # What a guard keeps apart waits for a person as well, unless nobody is asked.
    return kept[kept["decision"] != APART].replace({"decision": {CANNOT_LINK: "review"}})


def _taught(
    records: pa.Table,
    specification: LinkageSpecification,
    model: MatchModel,
    reviewed: pd.DataFrame,
) -> tuple[MatchModel, Lesson]:
    """The model after what people said in reviews; the merges of its own are looked up for that."""
    settled = reviewed.iloc[:0]
    if len(reviewed) >= FEWEST_VERDICTS:
        sides = _sides(records, specification, model)
        settled = sides[sides["decision"] == "merge"]
    return learn_from_verdicts(model, records, specification, reviewed, settled)


def _verdicts(connection: duckdb.DuckDBPyConnection, grain: Grain) -> pd.DataFrame:
    """Pairs of records that people hold to be the same or two."""
    rows = [
        (left, right, verdict)
        for verdict in (SAME, DIFFERENT)
        for left, right in standing_verdicts(connection, verdict, grain)
    ]
    return pd.DataFrame(rows, columns=["left", "right", "verdict"], dtype=object)


def _measured(material: Material, specification: LinkageSpecification, model: MatchModel) -> str:
    """Precision and recall at the merge threshold over the pairs that people decided."""
    verdicts = material.verdicts
    if verdicts.empty:
        return "No pair has a person's verdict yet: precision and recall are not measured."
    sides = _sides(material.records, specification, model)
    met = verdicts.merge(
        sides, left_on=["left", "right"], right_on=["left_record_id", "right_record_id"], how="left"
    )
    merged, same = met["decision"] == "merge", met["verdict"] == SAME
    right = int((merged & same).sum())
    return (
        f"Of {len(met)} pairs that people decided (the hard ones: those a model left to them), "
        f"the model merges {int(merged.sum())}, {right} of them rightly; "
        f"{int(same.sum())} are the same {material.noun}. Where the rates follow verdicts, these "
        "are among them; the log-loss above is the fair figure."
    )


def _card(
    proposal: Proposal,
    specification: LinkageSpecification,
    active: MatchModel | None,
    measured: str,
) -> str:
    training, model = specification.training, proposal.model
    counts = proposal.comparison.counts
    rows = "\n".join(
        f"| {side} | " + " | ".join(f"{count:,}" for count in row) + " |"
        for side, row in zip(_SIDES, counts.to_numpy().tolist(), strict=True)
    )
    rates = "\n".join(
        f"| {comparison} | {level} | {one.m:.4g} | {one.u:.4g} |"
        for comparison, levels in model.comparisons.items()
        for level, one in levels.items()
    )
    terms = ", ".join(
        f"{column} ({len(known.listed):,} listed)"
        for column, known in model.term_frequencies.items()
    )
    blocks = ", ".join("+".join(columns) for columns in block_columns(specification))
    how = (
        f"`u` from {training.sampled_pairs:,} random pairs, `m` by expectation maximisation over "
        f"the blocks {blocks}, some {training.session_pairs:,} pairs in all; one thread, seed "
        f"{training.seed}: the same records give the same bytes"
    )
    home = f"prior {model.household.prior:g}" if model.household else "none found"
    today = active.name if active else "no model"
    lacking = active.lacking(specification) if active else ()
    unknown = f"\n{today} has no rates for {', '.join(lacking)}: there it weighs nothing.\n"
    return f"""
| | |
|---|---|
| records | {proposal.records:,} records of this installation |
| how | {how} |
| prior | {model.prior:g} |
| two of a household | {home} |
| term frequencies | {terms or "none"} |
| thresholds | merge {specification.thresholds.merge}, review {specification.thresholds.review} |

## Verdicts

{proposal.lesson.tell()}

## Measured

{measured}

## Against {today}
{unknown if lacking else ""}
Pairs by what {today} (rows) and {model.name} (columns) decide:

| | merge | review | apart |
|---|---|---|---|
{rows}

## Rates

| comparison | level | m | u |
|---|---|---|---|
{rates}
"""
