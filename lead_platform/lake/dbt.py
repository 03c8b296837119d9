"""Runs dbt models inside this process, on the lake of the given settings.

A cold dbt run takes seconds to import and parse; here the project is parsed once per process and
each run gets its own copy of the manifest.
"""

import functools
import hashlib
import json
import logging
import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lead_platform.settings import Settings

# dbt keeps its adapter, its flags and its event manager in module globals: one run at a time.
_RUNNING = threading.Lock()


class DbtFailedError(Exception):
    """A model or a data test failed: names each with dbt's message."""


@dataclass(frozen=True)
class NodeResult:
    """How one dbt node ended."""

    unique_id: str
    status: str
    seconds: float
    message: str


def prepare_manifest(settings: Settings) -> Path:
    """The manifest's path; parses the project where it is missing or older than the files."""
    manifest = _target(settings) / "manifest.json"
    newest = max(_project_files(settings.dbt_project_dir), default=0.0)
    if not manifest.exists() or manifest.stat().st_mtime < newest:
        _invoke(settings, ["parse"], manifest=None)
    return manifest


def run_models(
    settings: Settings,
    select: Iterable[str],
    variables: Mapping[str, Any],
    *,
    threads: int = 1,
    signature: str = "",
) -> list[NodeResult]:
    """Build the selected models with their data tests, on `threads` of DuckDB's threads.

    Each model's commit carries the `signature`. Raises DbtFailedError.
    """
    variables = {**variables, "commit_signature": signature}
    arguments = [
        "build",
        "--select",
        *select,
        # Relations are looked up when needed: listing all of them takes a fifth of a small build.
        "--no-populate-cache",
        "--exclude-resource-type",
        "unit_test",
        "--vars",
        json.dumps(variables, default=str),
    ]
    with _RUNNING:
        outcome = _invoke(settings, arguments, manifest=_manifest(settings), threads=threads)
    results = [_node_result(result) for result in outcome.result or ()]
    failed = [node for node in results if node.status not in ("success", "pass", "warn", "no-op")]
    if failed or outcome.exception:
        lines = [f"{node.unique_id}: {node.message}" for node in failed if node.status != "skipped"]
        raise DbtFailedError("\n".join(lines) or str(outcome.exception))
    return results


def _invoke(settings: Settings, arguments: list[str], manifest: Any, threads: int = 1) -> Any:
    from dbt.cli.main import dbtRunner

    from lead_platform.lake import dbt_plugin

    dbt_plugin.attached_settings = settings
    dbt_plugin.use_threads(threads)
    # dbt keeps its connection while the profile reads the same: another lake must read otherwise.
    lake = hashlib.sha256(f"{settings.home}\x1f{settings.database_url}".encode()).hexdigest()
    os.environ["LEAD_PLATFORM_DUCKLAKE"] = f"ducklake:{lake[:16]}"
    common = [
        "--project-dir",
        str(settings.dbt_project_dir),
        "--profiles-dir",
        str(settings.dbt_project_dir),
        "--target-path",
        str(_target(settings)),
        "--log-path",
        str(settings.home / "dbt" / "logs"),
        "--no-send-anonymous-usage-stats",
        "--log-level",
        "none",
        "--log-level-file",
        "none",
        "--no-write-json" if manifest is not None else "--write-json",
    ]
    logging.getLogger("dbt").setLevel(logging.WARNING)
    os.environ.setdefault("DO_NOT_TRACK", "1")
    outcome = dbtRunner(manifest=manifest).invoke([arguments[0], *common, *arguments[1:]])
    if manifest is None and not outcome.success:
        raise DbtFailedError(f"The dbt project does not parse: {outcome.exception}")
    return outcome


def _manifest(settings: Settings) -> Any:
    """A fresh manifest: compiling a node changes it, so no two runs share one."""
    from dbt.contracts.graph.manifest import Manifest

    return Manifest.from_msgpack(_parsed(_target(settings)))


@functools.cache
def _parsed(target: Path) -> bytes:
    from dbt.contracts.graph.manifest import Manifest

    written = Manifest.from_msgpack((target / "partial_parse.msgpack").read_bytes())
    packed = written.to_msgpack()
    assert isinstance(packed, bytes)
    return packed


def _node_result(result: Any) -> NodeResult:
    return NodeResult(
        unique_id=str(result.node.unique_id),
        status=str(result.status),
        seconds=float(result.execution_time),
        message=str(result.message or ""),
    )


def _project_files(folder: Path) -> Iterable[float]:
    for suffix in ("*.sql", "*.yml", "*.yaml"):
        for path in folder.rglob(suffix):
            if "target" not in path.parts:
                yield path.stat().st_mtime


def _target(settings: Settings) -> Path:
    return settings.home / "dbt" / "target"
