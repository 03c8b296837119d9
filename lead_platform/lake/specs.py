"""What a layer's assets module declares to Dagster: its tables, what they are made of, their gate,
and the jobs that build them.

The graph is what people trust when they ask where a number comes from, so a test holds each
declaration to the statements the step really runs.
"""

import functools
from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
from dagster import (
    AssetCheckSpec,
    AssetKey,
    AssetSelection,
    AssetSpec,
    TableColumn,
    TableSchema,
    define_asset_job,
    in_process_executor,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, build_dbt_asset_specs

from lead_platform.lake.dbt import prepare_manifest
from lead_platform.lake.tables import table_scripts
from lead_platform.settings import Settings

OWNER = "team:revops"
GATE_CHECK = "gate"

# Kept by the gate, the quarantine, the switches and the audit: any step reads and writes them, and
# no arrow of the graph tells of it.
RECORDS = (
    "governance.releases",
    "governance.gate_failures",
    "governance.migrations",
    "governance.quarantine",
    "governance.audit_log",
    "governance.readings",
    "governance.workflow_switches",
    "governance.workflow_runs",
)

# The job that makes anew, by slices, what was made with other versions of lists or providers; its
# switch has the same name.
CATCH_UP = "catch_up"

# The jobs of what is on the way of a lead, by where it enters: new records, verdicts of people, or
# the passing of time alone.
WAY_FROM_CAPTURE = ("process_new_leads",)
WAY_FROM_IDENTITY = (*WAY_FROM_CAPTURE, "apply_verdicts", CATCH_UP)
WAY_FROM_ENRICHMENT = (*WAY_FROM_IDENTITY, "refresh_scores")

# A run whose process was killed is tried again from its beginning: each step does what has not been
# done yet.
WHOLE_RETRY = {"dagster/retry_strategy": "ALL_STEPS"}

# Which jobs an asset is a step of, in its tags.
_JOB_TAG = "job/"

# Metadata of a table for what the graph, which knows one step per table and no circles, cannot
# say: the tables of other steps that its step writes too, and those of later steps it reads, as an
# earlier run left them.
ALSO_WRITES = "also writes"
READS_BACK = "reads back"
# And of an arrow that stands for order alone: the table is not read, only written before.
COMES_AFTER = "comes after"


def asset_key(table: str) -> AssetKey:
    """`layer.table` as an asset key."""
    return AssetKey(table.split("."))


def table_specs(
    layer: str,
    tables: Iterable[str],
    *,
    deps: Iterable[str] = (),
    also_writes: Iterable[str] = (),
    reads_back: Iterable[str] = (),
    comes_after: Iterable[str] = (),
    jobs: Iterable[str] = (),
    kinds: Iterable[str] = ("python", "duckdb"),
) -> list[AssetSpec]:
    """Specs of tables declared in the layer's `tables.sql`, with their grain and columns.

    They are written by one step: `deps` is what it reads, `also_writes` which tables of other
    steps it writes, `reads_back` what later steps wrote that it reads, `comes_after` what it does
    not read and yet waits for (`<layer>.<table>`), `jobs` which jobs it is a step of.
    """
    declared = declared_tables()
    after = [*comes_after]
    beside = {ALSO_WRITES: [*also_writes], READS_BACK: [*reads_back], COMES_AFTER: after}
    told = {name: tables for name, tables in beside.items() if tables}
    upstream = [*deps, *after]
    return [
        AssetSpec(
            key=[layer, table],
            deps=[asset_key(dep) for dep in upstream],
            description=declared[f"{layer}.{table}"].grain,
            group_name=layer,
            owners=[OWNER],
            kinds=set(kinds),
            tags=_job_tags(jobs),
            metadata={"dagster/column_schema": declared[f"{layer}.{table}"].schema, **told},
        )
        for table in tables
    ]


def tables_of(specs: Iterable[AssetSpec]) -> frozenset[str]:
    """The tables (`layer.table`) that the stage of these specs writes."""
    listed = list(specs)
    own = {".".join(spec.key.path) for spec in listed}
    return frozenset(own.union(*(spec.metadata.get(ALSO_WRITES, ()) for spec in listed)))


def gate_checks(specs: Iterable[AssetSpec]) -> list[AssetCheckSpec]:
    """The gate as the blocking check of each table."""
    return [
        AssetCheckSpec(
            name=GATE_CHECK,
            asset=spec.key,
            blocking=True,
            description="The table's expectation suite held for what this run changed.",
        )
        for spec in specs
    ]


class LayerTranslator(DagsterDbtTranslator):
    """Names dbt's models as everything else is named: key `layer/table`, group = layer."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_asset_checks=False))

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> AssetKey:
        """`[layer, table]`."""
        if dbt_resource_props["resource_type"] == "source":
            return AssetKey([dbt_resource_props["source_name"], dbt_resource_props["name"]])
        return AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The layer."""
        return str(dbt_resource_props["schema"])

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The model's own words, without its SQL."""
        return str(dbt_resource_props.get("description", ""))


@functools.cache
def dbt_specs(select: str, jobs: tuple[str, ...] = ()) -> list[AssetSpec]:
    """Specs of the dbt models that `select` names, with their upstream tables; `jobs` as above."""
    specs = build_dbt_asset_specs(
        manifest=prepare_manifest(Settings()),
        dagster_dbt_translator=LayerTranslator(),
        select=select,
    )
    return [
        spec.replace_attributes(owners=[OWNER], kinds={"dbt", "duckdb"}, tags=_job_tags(jobs))
        for spec in specs
    ]


def asset_job(
    name: str,
    description: str,
    config: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
) -> UnresolvedAssetJobDefinition:
    """The job of all assets whose specs name it, one after the other in one process."""
    return define_asset_job(
        name,
        selection=AssetSelection.tag(_job_tag(name), ""),
        config=config,
        description=description,
        executor_def=in_process_executor,
        tags={**WHOLE_RETRY, **(tags or {})},
    )


def jobs_named(specs: Iterable[AssetSpec]) -> set[str]:
    """The jobs that these specs name."""
    return {
        tag.removeprefix(_JOB_TAG)
        for spec in specs
        for tag in spec.tags
        if tag.startswith(_JOB_TAG)
    }


def _job_tags(jobs: Iterable[str]) -> dict[str, str]:
    return {_job_tag(job): "" for job in jobs}


def _job_tag(job: str) -> str:
    return f"{_JOB_TAG}{job}"


class DeclaredTable:
    """A table as `tables.sql` declares it: the comment above it is its grain."""

    def __init__(self, grain: str, schema: TableSchema) -> None:
        self.grain = grain
        self.schema = schema


@functools.cache
def declared_tables() -> dict[str, DeclaredTable]:
    """Every table declared in SQL, by `layer.table`."""
    grains: dict[str, str] = {}
    connection = duckdb.connect(":memory:")
    for script in table_scripts():
        comment: list[str] = []
        for line in script.splitlines():
            if line.startswith("--"):
                comment.append(line.removeprefix("--").strip())
            elif line.startswith("create table if not exists "):
                name = line.removeprefix("create table if not exists ").split()[0]
                grains[name] = " ".join(comment)
                connection.execute(f"create schema if not exists {name.split('.')[0]}")
            else:
                comment = []
        connection.execute(script)
    rows = connection.execute(
        """
        select schema_name || '.' || table_name, column_name, lower(data_type)
        from duckdb_columns() order by table_oid, column_index
        """
    ).fetchall()
    connection.close()
    return {
        name: DeclaredTable(
            grain,
            TableSchema(
                [TableColumn(column, kind) for table, column, kind in rows if table == name]
            ),
        )
        for name, grain in grains.items()
    }
