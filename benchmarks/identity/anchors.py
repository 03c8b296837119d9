"""What the engine is held against: a join on the normalised name, and Splink as it comes."""

import contextlib
import logging

import duckdb
import numpy as np
import pandas as pd
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.internals.exceptions import EMTrainingException

from benchmarks.identity.sets import LabelledSet
from lead_platform.identity.linkage.specification import SOURCE
from lead_platform.identity.normalization.companies import company_key
from lead_platform.vocabularies.text import fold

# What a first set-up would compare a field with; any other field: similar or not.
_PLAIN = {"birth_date": cl.LevenshteinAtThresholds, "email": cl.LevenshteinAtThresholds}
_LARGEST_BLOCK = 300


def join_on_name(labelled: LabelledSet) -> pd.Series:
    """One cluster per normalised name: legal forms, case, accents and punctuation left out."""
    records = labelled.records
    if labelled.description.kind == "organisation":
        names = records["name"].fillna("").map(lambda name: company_key(name) or fold(name))
    else:
        parts = records[["first_name", "last_name"]].fillna("").agg(" ".join, axis=1)
        names = parts.map(fold)
    blank = pd.Series([f"row {row}" for row in range(len(names))], index=names.index)
    return pd.Series(pd.factorize(names.where(names != "", blank))[0])


def plain_splink(labelled: LabelledSet) -> pd.Series:
    """Splink with its ready-made comparisons, one per field, untuned: blocks on equal fields."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    records = labelled.records.drop(columns=[SOURCE], errors="ignore")
    records = records.drop(columns=["full_name"], errors="ignore")
    records = records.apply(lambda column: column.str.lower())
    fields = list(records)
    blocks = [field for field in fields if _is_selective(records[field])] or fields[:1]
    between = labelled.description.link == "between"
    settings = SettingsCreator(
        link_type="link_only" if between else "dedupe_only",
        unique_id_column_name="row",
        comparisons=[
            _PLAIN[field](field) if field in _PLAIN else cl.JaroWinklerAtThresholds(field)
            for field in fields
        ],
        blocking_rules_to_generate_predictions=[block_on(field) for field in blocks],
    )
    records = records.assign(row=range(len(records)))
    with duckdb.connect() as connection:
        api = DuckDBAPI(connection)
        parts = [records]
        if between:
            parts = [part for _, part in records.groupby(labelled.records[SOURCE])]
        tables = [api.register(part) for part in parts]
        linker = Linker(tables, settings, log_level=None)
        if any(records[field].dropna().duplicated().any() for field in blocks[:3]):
            linker.training.estimate_probability_two_random_records_match(
                [block_on(field) for field in blocks[:3]], recall=0.7
            )
        linker.training.estimate_u_using_random_sampling(max_pairs=1_000_000, seed=1)
        # With one field only, or blocks without pairs, Splink's default rates have to do.
        for field in blocks[:2] if len(fields) > 1 else []:
            with contextlib.suppress(EMTrainingException):
                linker.training.estimate_parameters_using_expectation_maximisation(
                    block_on(field), max_pairs=500_000, record_sample_proportion=1.0
                )
        scores = linker.inference.predict(threshold_match_probability=0.95, warning_mode="never")
        pairs = connection.execute(f"select row_l, row_r from {scores.physical_name}").df()
    return _components(len(records), pairs)


def _is_selective(values: pd.Series) -> bool:
    """Whether equal values make blocks small enough to compare all pairs in."""
    counts = values.value_counts()
    return bool(len(counts)) and int(counts.max()) <= max(_LARGEST_BLOCK, len(values) // 20)


def _components(size: int, pairs: pd.DataFrame) -> pd.Series:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    graph = coo_matrix(
        (
            np.ones(len(pairs), dtype=np.int8),
            (pairs["row_l"].to_numpy(), pairs["row_r"].to_numpy()),
        ),
        shape=(size, size),
    )
    return pd.Series(connected_components(graph, directed=False)[1])
