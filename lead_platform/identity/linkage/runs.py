"""One run of the engine over any records: derive, train without labels, compare, cluster.

The one way for tables that people bring and for the benchmark sets; reading them and telling of the
result are its neighbours'.
"""

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from lead_platform.identity.engine.linking import (
    Linkage,
    as_new,
    link_records,
    match_records,
    same_ids,
)
from lead_platform.identity.engine.model import MatchModel
from lead_platform.identity.linkage.specification import SOURCE, LinkSpecification
from lead_platform.identity.linkage.tables import TablesFault
from lead_platform.identity.modelling.diagnosis import Diagnosis, by_labels, diagnose
from lead_platform.identity.modelling.training import train_model


@dataclass(frozen=True)
class LinkRun:
    """All there is to look at afterwards. `specification`: what of it the records could fill."""

    specification: LinkSpecification
    model: MatchModel
    records: pa.Table
    linkage: Linkage


def fitted_specification(
    specification: LinkSpecification,
    fields: Collection[str],
    *,
    is_between: bool,
    nicknames: tuple[tuple[str, ...], ...] = (),
) -> LinkSpecification:
    """The specification for records that have these fields. `is_between`: neither file holds
    anybody twice, so only records of two are compared. `nicknames`: where it has none of its own.

    Raises TablesFault where nothing is left to compare, or no key to compare by.
    """
    blocking = specification.blocking
    if is_between:
        blocking = blocking.model_copy(update={"between": SOURCE})
    fitted = specification.model_copy(
        update={"blocking": blocking, "nicknames": specification.nicknames or nicknames}
    ).restricted_to([*fields, SOURCE])
    faults = [
        f"no {what} is left: the records have {', '.join(map(str, fields))}"
        for what, left in (
            ("comparison", fitted.comparisons), ("blocking rule", fitted.blocking.rules)
        )
        if not left
    ]  # fmt: skip
    if faults:
        raise TablesFault(
            f"Of the specification {specification.name} " + "; ".join(faults) + ". Add one that "
            "reads them, or say under `fields:` where the others stand."
        )
    return fitted


def run_linkage(
    records: pd.DataFrame, specification: LinkSpecification, model: MatchModel | None = None
) -> LinkRun:
    """Which of `records` (one row each, columns as the specification's are given from) are one.

    Without a model one is trained on them. The clusters are in the order of the rows.
    """
    matched, used = _prepared(records, specification, model)
    return LinkRun(specification, used, matched, link_records(matched, specification, used))


def examine(
    records: pd.DataFrame,
    specification: LinkSpecification,
    model: MatchModel | None = None,
    *,
    whole: LinkSpecification,
    truth: pd.Series | None = None,
) -> tuple[Diagnosis, MatchModel]:
    """What keys, weights and thresholds do on these records, and the model they were looked at by.

    `whole`: the specification with what the records could not fill; `truth`: a value per record,
    equal where two are one, None where nobody knows.
    """
    matched, used = _prepared(records, specification, model)
    measure = None
    if truth is not None:
        measure = by_labels(pd.Series(truth.to_numpy(), index=same_ids(records)))
    return diagnose(as_new(matched), specification, used, whole=whole, measure=measure), used


def _prepared(
    records: pd.DataFrame, specification: LinkSpecification, model: MatchModel | None
) -> tuple[pa.Table, MatchModel]:
    """The match records, and the model to compare them by."""
    matched = match_records(records, specification, same_ids(records))
    if model is not None:
        return matched, model.for_specification(specification)
    return matched, train_model(matched, specification, name=specification.model)
