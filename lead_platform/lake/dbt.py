"""Runs dbt models inside this process, on the lake of the given settings.

A cold dbt run takes seconds to import and parse; here the project is parsed once per home and
version of its files, and each run gets its own copy of the manifest. What a parse leaves is written
aside and renamed, with a seal over it: whatever is cut, stale or garbled is made again.
"""

import functools
import hashlib
import importlib.metadata
import json
import logging
import os
import pickle
import tempfile
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock

from lead_platform.fields import load_fields, platform_fields
from lead_platform.lake.brake import interruptible
from lead_platform.settings import Settings

_MANIFEST = "manifest.json"
_PARTIAL_PARSE = "partial_parse.msgpack"
# Which project files the two were parsed from, and their checksums.
_SEAL = "parsed.json"

# dbt keeps its adapter, its flags and its event manager in module globals: one run at a time.
_RUNNING = threading.Lock()

# How DuckDB begins what is the machine's fault. dbt keeps the message and forgets the exception.
_ENGINE_ERRORS: dict[str, type[duckdb.Error]] = {
    "Connection Error: ": duckdb.ConnectionException,
    "FATAL Error: ": duckdb.FatalException,
    "HTTP Error: ": duckdb.HTTPException,
    "INTERRUPT Error: ": duckdb.InterruptException,
    "IO Error: ": duckdb.IOException,
    "Out of Memory Error: ": duckdb.OutOfMemoryException,
    "TransactionContext Error: ": duckdb.TransactionException,
}


class DbtFailedError(Exception):
    """A model or a data test failed: names each with dbt's message; `place` is the first of them,
    `table` what it builds or speaks of.

    The message may quote a record.
    """

    def __init__(self, message: str, place: str = "", table: str = "") -> None:
        super().__init__(message)
        self.place = place
        self.table = table


class DataTestsFailedError(DbtFailedError):
    """Every model was built, but data tests found rows: `tests` are those."""

    def __init__(self, message: str, tests: "list[NodeResult]") -> None:
        super().__init__(message, tests[0].unique_id, tests[0].table)
        self.tests = tests


@dataclass(frozen=True)
class NodeResult:
    """How one dbt node ended; of a data test also its query and the table it speaks of."""

    unique_id: str
    table: str
    status: str
    seconds: float
    message: str
    query: str = ""

    @property
    def name(self) -> str:
        """The node's own name."""
        return self.unique_id.split(".")[2]


def prepare_manifest(settings: Settings) -> Path:
    """The manifest's path; parses the project where there is no whole manifest of its files."""
    target = _target(settings)
    version = _project_version(settings.dbt_project_dir)
    if not _is_whole(target, version):
        target.mkdir(parents=True, exist_ok=True)
        with FileLock(target.parent / "parse.lock"):
            if not _is_whole(target, version):
                _parse(settings, version)
    return target / _MANIFEST


def built_tables(results: Iterable[NodeResult]) -> set[str]:
    """`layer.table` of the models that were built."""
    return {node.table for node in results if node.unique_id.startswith("model.")}


def run_models(
    settings: Settings,
    select: Iterable[str],
    variables: Mapping[str, Any],
    *,
    threads: int = 1,
    signature: str = "",
) -> list[NodeResult]:
    """Build the selected models with their data tests, on `threads` of DuckDB's threads.

    The fields are those of the configuration. Each model's commit carries the `signature`. Raises
    DbtFailedError; DataTestsFailedError where nothing but data tests failed; ConfigurationError.
    """
    fields = load_fields(settings.config_dir).variables
    variables = {**fields, **variables, "commit_signature": signature}
    arguments = [
        "build",
        "--select",
        *select,
        # Relations are looked up when needed: listing all of them takes a fifth of a small build.
        "--no-populate-cache",
        "--exclude-resource-type",
        "unit_test",
    ]
    from lead_platform.lake import dbt_plugin

    with _RUNNING, interruptible(dbt_plugin.interrupt):
        outcome = _invoke(
            settings,
            arguments,
            manifest=_manifest(settings),
            threads=threads,
            variables=variables,
        )
    results = [_node_result(result) for result in outcome.result or ()]
    failed = [node for node in results if node.status not in ("success", "pass", "warn", "no-op")]
    if failed or outcome.exception:
        # By name: several threads fail in any order.
        failed = sorted(
            (node for node in failed if node.status != "skipped"), key=lambda node: node.unique_id
        )
        lines = [f"{node.unique_id}: {node.message}" for node in failed]
        if failed and all(node.status == "fail" for node in failed):
            raise DataTestsFailedError("\n".join(lines), failed)
        place, table = (failed[0].unique_id, failed[0].table) if failed else ("", "")
        error = DbtFailedError("\n".join(lines) or str(outcome.exception), place, table)
        raise error from next(filter(None, map(_engine_error, failed)), outcome.exception)
    return results


def _engine_error(node: NodeResult) -> duckdb.Error | None:
    """What the engine raised, where it was the machine's fault.

    It begins the message, or follows the line in which dbt names the model; a record's text comes
    later.
    """
    for told in (node.message, node.message.partition("\n")[2].lstrip()):
        for beginning, kind in _ENGINE_ERRORS.items():
            if told.startswith(beginning):
                return kind(told)
    return None


def _parse(settings: Settings, version: str) -> None:
    """Parse the project beside the target, then rename what came of it into it, the seal last."""
    target = _target(settings)
    with tempfile.TemporaryDirectory(prefix="parsing-", dir=target.parent) as folder:
        draft = Path(folder)
        _invoke(settings, ["parse"], manifest=None, target=draft)
        seal = {"project": version}
        for name in (_MANIFEST, _PARTIAL_PARSE):
            seal[name] = _checksum(draft / name)
            (draft / name).replace(target / name)
        (draft / _SEAL).write_text(json.dumps(seal), encoding="utf-8")
        (draft / _SEAL).replace(target / _SEAL)


def _is_whole(target: Path, version: str) -> bool:
    """Whether the target holds what was parsed from these files, every byte of it."""
    try:
        seal = json.loads((target / _SEAL).read_bytes())
        found = {name: _checksum(target / name) for name in (_MANIFEST, _PARTIAL_PARSE)}
    except (OSError, ValueError):
        return False
    return bool(seal == {"project": version, **found})


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _invoke(
    settings: Settings,
    arguments: list[str],
    manifest: Any,
    threads: int = 1,
    target: Path | None = None,
    variables: Mapping[str, Any] | None = None,
) -> Any:
    """`variables`: the platform's own fields where None is given."""
    from dbt.cli.main import dbtRunner
    from dbt.plugins.manager import PluginManager, _get_dbt_modules

    from lead_platform.lake import dbt_plugin

    # dbt walks through all that is installed in each call, 50 ms of it, to find its plugins; its
    # own function that remembers them it leaves unused.
    PluginManager.get_prefixed_modules = _get_dbt_modules  # type: ignore[method-assign]
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
        str(target or _target(settings)),
        "--log-path",
        str(settings.home / "dbt" / "logs"),
        "--no-send-anonymous-usage-stats",
        "--log-level",
        "none",
        "--log-level-file",
        "none",
        "--no-write-json" if manifest is not None else "--write-json",
        "--vars",
        json.dumps(variables or platform_fields().variables, default=str),
    ]
    logging.getLogger("dbt").setLevel(logging.WARNING)
    os.environ.setdefault("DO_NOT_TRACK", "1")
    outcome = dbtRunner(manifest=manifest).invoke([arguments[0], *common, *arguments[1:]])
    if manifest is None and not outcome.success:
        raise DbtFailedError(f"The dbt project does not parse: {outcome.exception}")
    return outcome


def _manifest(settings: Settings) -> Any:
    """A fresh manifest: compiling a node changes it, so no two runs share one."""
    return pickle.loads(_packed_manifest(settings))


@functools.cache
def _packed_manifest(settings: Settings) -> bytes:
    from dbt.contracts.graph.manifest import Manifest

    prepare_manifest(settings)
    written = Manifest.from_msgpack((_target(settings) / _PARTIAL_PARSE).read_bytes())
    # In memory alone: dbt's own format takes three times as long to read.
    return pickle.dumps(written)


def _node_result(result: Any) -> NodeResult:
    return NodeResult(
        unique_id=str(result.node.unique_id),
        table=_table(result.node),
        status=str(result.status),
        seconds=float(result.execution_time),
        message=str(result.message or ""),
        query=str(getattr(result.node, "compiled_code", None) or ""),
    )


def _table(node: Any) -> str:
    """A model's own; of a data test the last model it names, which is of its folder's layer."""
    if node.resource_type != "test":
        return f"{node.schema}.{node.name}"
    models = [name for name in node.depends_on.nodes if name.startswith("model.")]
    return f"{node.fqn[1]}.{models[-1].split('.')[-1]}" if models else ""


def _project_version(folder: Path) -> str:
    """A hash over the project's files, their places and the version of dbt that reads them."""
    digest = hashlib.sha256(importlib.metadata.version("dbt-core").encode())
    for suffix in ("*.sql", "*.yml", "*.yaml"):
        for path in sorted(folder.rglob(suffix)):
            place = path.relative_to(folder)
            if "target" not in place.parts:
                digest.update(f"{place}\x1f{_checksum(path)}\x1f".encode())
    return digest.hexdigest()


def _target(settings: Settings) -> Path:
    return settings.home / "dbt" / "target"
