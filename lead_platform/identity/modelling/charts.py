"""Charts of a matching model: what each level of agreement weighs.

Owns drawing and saving; the charts are Splink's own. The file's ending (.svg, .png, .html) decides
the format; nothing is fetched from the network.
"""

import logging
import warnings
from pathlib import Path
from typing import Any

import duckdb
from splink import DuckDBAPI, Linker

from lead_platform.identity.engine.matching import splink_settings
from lead_platform.identity.engine.model import MatchModel
from lead_platform.identity.engine.specification import LinkageSpecification

_TYPES = {
    "text": "varchar",
    "list": "varchar[]",
    "weighted": "struct(token varchar, weight double)[]",
}


def match_weights_chart(specification: LinkageSpecification, model: MatchModel) -> Any:
    """Splink's chart of the weight (base 2) of every level, and of the prior."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    columns = ", ".join(
        f"{name} {_TYPES[column.kind]}" for name, column in specification.columns.items()
    )
    with duckdb.connect() as scratch:
        scratch.execute(f"create table records (record_no bigint, {columns})")
        api = DuckDBAPI(scratch)
        settings = splink_settings(specification, model)
        linker = Linker(api.register("records"), settings, log_level=None, validate_settings=False)
        return linker.visualisations.match_weights_chart()


def save_chart(chart: Any, path: Path) -> None:
    """Writes an Altair chart; its scripts, where it needs any, are part of the file."""
    inline = {"inline": True} if path.suffix == ".html" else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # Altair tells that Splink gives two views the same zoom.
        warnings.simplefilter("ignore", UserWarning)
        chart.save(str(path), **inline)
