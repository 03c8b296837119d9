"""The lake inside Dagster: gated materialisation.

An asset hands over the function that writes; switch, lock, gate, release, metadata and the
blocking check are the same for every one of them. What it declares: `specs`.
"""

import functools
import logging
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from typing import Any

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetExecutionContext,
    AssetKey,
    ConfigurableResource,
    Failure,
    MaterializeResult,
    MetadataValue,
)

from lead_platform.lake import audit
from lead_platform.lake.brake import Brake, WorkflowStoppedError
from lead_platform.lake.fence import OvertakenError
from lead_platform.lake.gate import TableFailure
from lead_platform.lake.lake import Candidate, GateFailedError, Lake, LakeFullError, utc_now
from lead_platform.lake.lock import WriterLockTimeoutError
from lead_platform.lake.specs import CATCH_UP, GATE_CHECK, asset_key, tables_of
from lead_platform.lake.steps import Metadata, Prepared, Stage, Step, Write, parts_of
from lead_platform.lake.switches import Switches, copy_to_lake, switches_of
from lead_platform.lake.tries import Published, run_step
from lead_platform.settings import Settings, process_settings

AS_OF_TAG = "lead-platform/as-of"
ROWS_TAG = "lead-platform/rows"

# Among what a check tells: why it does not pass, without counts. The same cause again is no news.
CAUSE = "cause"
# Metadata of a gate's check, where the step published anything: what each table that was judged is
# warned of, empty where it passed. A warning lasts until its table is judged again.
JUDGED = "judged"
# Metadata of a check that says in a few words what is to be looked at, in an alert too.
SUMMARY = "summary"

# Tells whoever listens (the command line) which step starts and what it changed; counts only.
STEPS = logging.getLogger("lead_platform.steps")

Results = Iterator[MaterializeResult | AssetCheckResult]

# As `Results`; in the end, the names of the stages that did their work: a switch keeps others.
Materializing = Generator[MaterializeResult | AssetCheckResult, None, frozenset[str]]


@functools.cache
def open_lake(settings: Settings) -> Lake:
    """The process's one lake of these settings."""
    return Lake(settings)


class LakeResource(ConfigurableResource):
    """The lake of this process's settings, for assets and sensors."""

    @property
    def settings(self) -> Settings:
        """The settings of this process."""
        return process_settings()

    @property
    def lake(self) -> Lake:
        """The lake itself."""
        return open_lake(self.settings)

    @property
    def switches(self) -> Switches:
        """The kill switches, those an earlier version kept in the lake among them."""
        return switches_of(self.lake)

    def materialize(
        self, context: AssetExecutionContext, workflow: str | None, write: Write, *, rows: int = 0
    ) -> Materializing:
        """As `materialize_stages`, for an asset that writes in one transaction and can do without
        none of its rows. `rows`: about how many it will write, where that is known beforehand."""
        tables = tables_of(context.assets_def.specs)
        stage = Stage(label_of(context), workflow, tables, lambda: Prepared(write, rows))
        return (yield from self.materialize_stages(context, stage))

    def materialize_stages(self, context: AssetExecutionContext, *stages: Stage) -> Materializing:
        """Write an asset's stages under one lock, judge them together and report each table.

        A stage is left out where it has tables of the asset's of which none is selected, and where
        the switch of its workflow is off or thrown while the step is at work: the others are
        written without it.
        """
        label = label_of(context)
        STEPS.info("started %s", label)
        started = time.monotonic()
        asked = {".".join(key.path) for key in context.selected_asset_keys}
        own = {".".join(spec.key.path) for spec in context.assets_def.specs}
        selected = [one for one in stages if one.tables & asked or not one.tables & own]
        off: dict[str, str] = {}
        skipped: dict[str, Candidate | None] = {}
        published: Published | None = None
        while published is None and any(stage.workflow not in off for stage in selected):
            active = [stage for stage in selected if stage.workflow not in off]
            try:
                published = self._publish(context, label, active)
            except WorkflowStoppedError as stopped:
                workflow, reason = stopped.workflow, str(stopped)
                off[workflow] = reason
                STEPS.info("%-22s stopped  %s", label, reason)
                # At once: the others may be refused.
                skipped[workflow] = self.note_skipped(label, workflow, context.run_id, reason)
            except GateFailedError as error:
                yield from _refused(context, error)
                raise Failure(str(error), allow_retries=False) from error
            except (OvertakenError, LakeFullError, WriterLockTimeoutError) as error:
                # Told in their own words, which name the next step.
                raise Failure(str(error), allow_retries=False) from error
        told = [_told(published.candidate)] if published else []
        if published and published.set_aside:
            told.append(f"{published.set_aside:,} set aside")
        if published and published.candidate.warnings:
            warned = {failed.table: None for failed in published.candidate.warnings}
            told.append(f"warns of {', '.join(warned)}")
            for line in _lines(published.candidate.warnings):
                context.log.warning(f"{label} warns of {line}")
        for reason in off.values():
            told.append(f"skipped: {reason}")
            context.log.warning(f"{label} skipped: {reason}")
        STEPS.info("%-22s %6.1f s  %s", label, time.monotonic() - started, "; ".join(told))
        yield from _report(context, selected, published, skipped, off)
        return frozenset(stage.name for stage in selected if stage.workflow not in off)

    @contextmanager
    def braked(self, *workflows: str) -> Iterator[Brake]:
        """The brake of these workflows, watched."""
        brake = Brake(self.switches, *workflows)
        with brake.watching(but=(GateFailedError, OvertakenError)):
            yield brake

    def note_skipped(self, label: str, workflow: str, run_id: str, reason: str) -> Candidate | None:
        """Keep in the lake that a switch kept a step from acting, or stopped it.

        None where the lake cannot be written: the step has done nothing, and says so all the same.
        """
        try:
            return self._note_skipped(label, workflow, run_id, reason)
        except (GateFailedError, LakeFullError, OvertakenError, WriterLockTimeoutError) as error:
            STEPS.warning("%-22s the skip could not be noted: %s", label, error)
            return None

    def _note_skipped(self, label: str, workflow: str, run_id: str, reason: str) -> Candidate:
        now = utc_now()
        with self.lake.write(label, run_id=run_id) as candidate:
            copy_to_lake(self.switches, candidate.connection, run_id=run_id)
            audit.record_run(
                candidate.connection,
                workflow,
                run_id=run_id,
                status="skipped",
                reason=reason,
                started_at=now,
                finished_at=now,
                items=0,
            )
        return candidate

    def _publish(
        self, context: AssetExecutionContext, label: str, stages: Sequence[Stage]
    ) -> Published:
        """Compute outside the lock what these need, then write them until a try is published."""
        workflows = dict.fromkeys(stage.workflow for stage in stages if stage.workflow)
        # Before anything is read.
        rules = self.lake.rule_versions()
        with self.braked(*workflows) as brake:
            prepared = [(stage, stage.prepare()) for stage in stages]
            rows = max(one.rows for _, one in prepared)
            step = Step(
                label,
                context.run_id,
                functools.partial(self.lake.supervise, rows=rows, rules=rules),
                parts_of(self._telling_switches(prepared, context.run_id)),
                self.settings,
            )
            return run_step(step, brake, context.log)

    def _telling_switches(
        self, prepared: Sequence[tuple[Stage, Prepared]], run_id: str
    ) -> list[tuple[Stage, Prepared]]:
        """These, the first that writes by itself with what the lake should know of switches."""
        told = list(prepared)
        for place, (stage, one) in enumerate(told):
            if one.models is None and one.write is not None:
                told[place] = stage, replace(one, write=self._told_switches(one.write, run_id))
                break
        return told

    def _told_switches(self, write: Write, run_id: str) -> Write:
        def write_both(candidate: Candidate) -> Metadata | None:
            copy_to_lake(self.switches, candidate.connection, run_id=run_id)
            return write(candidate)

        return write_both


def label_of(context: AssetExecutionContext) -> str:
    """The asset's name as a step."""
    return str(context.op_execution_context.op.name)


def run_time(context: AssetExecutionContext) -> datetime:
    """The instant a run works at: its tag if it has one, else when it started."""
    tagged = context.run_tags.get(AS_OF_TAG)
    if tagged:
        return parse_instant(tagged)
    stats = context.instance.get_run_record_by_id(context.run_id)
    started = stats.start_time if stats and stats.start_time else None
    if started is None:
        return utc_now()
    return datetime.fromtimestamp(started, UTC).replace(tzinfo=None)


def rows_to_reread(context: AssetExecutionContext, settings: Settings) -> int:
    """Of the rows that were made with other versions than today's, how many of each kind a run
    makes anew: none but in the job `catch_up`, there as many as its tag says, else the setting."""
    if context.run.job_name != CATCH_UP:
        return 0
    return int(context.run_tags.get(ROWS_TAG) or settings.catch_up_rows)


def parse_instant(text: str) -> datetime:
    """An ISO 8601 instant as naive UTC; without an offset it is UTC already."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        return instant
    return instant.astimezone(UTC).replace(tzinfo=None)


def _in_order(context: AssetExecutionContext) -> list[AssetKey]:
    """The asset's tables, those others of it are made from first, as Dagster wants them."""
    asked = context.selected_asset_keys
    specs = {spec.key: spec for spec in context.assets_def.specs if spec.key in asked}
    graph = {
        key: {dep.asset_key for dep in spec.deps} & specs.keys() for key, spec in specs.items()
    }
    return list(TopologicalSorter(graph).static_order())


def _report(
    context: AssetExecutionContext,
    stages: Sequence[Stage],
    published: Published | None,
    skipped: Mapping[str, Candidate | None],
    off: Mapping[str, str],
) -> Iterator[MaterializeResult]:
    """The result of each selected table."""
    keys = _in_order(context)
    stage_of = {table: stage for stage in stages for table in stage.tables}
    active = [key for key in keys if (stage_of[".".join(key.path)].workflow or "") not in off]
    warnings = _by_key(active, published.candidate.warnings if published else ())
    judged = _judged_by_key(active, published.candidate) if published else {}
    for key in keys:
        stage = stage_of[".".join(key.path)]
        workflow = stage.workflow or ""
        if workflow in off:
            yield _published(key, skipped[workflow], {"skipped": off[workflow]}, [], {})
        elif published is not None:
            told = published.metadata.get(stage.name, {})
            yield _published(key, published.candidate, told, warnings[key], judged[key])


def _told(candidate: Candidate) -> str:
    tables = candidate.release.tables if candidate.release else {}
    changed = [
        f"{table} +{counts['inserted']:,}"
        for table, counts in tables.items()
        if counts["inserted"] and table != "governance.audit_log"
    ]
    return ", ".join(changed) or "nothing new"


def _by_key(
    keys: list[AssetKey], failures: Iterable[TableFailure]
) -> dict[AssetKey, list[TableFailure]]:
    """Each under its table; those of tables beside the asset's own under the last of these."""
    found: dict[AssetKey, list[TableFailure]] = {key: [] for key in keys}
    for failed in failures:
        key = asset_key(failed.table)
        found[key if key in found else keys[-1]].append(failed)
    return found


def _judged_by_key(keys: list[AssetKey], candidate: Candidate) -> dict[AssetKey, dict[str, str]]:
    """What the gate warns of each table that was written, empty where it passed; under its key,
    those of tables beside the asset's own under the last of these."""
    found: dict[AssetKey, dict[str, str]] = {key: {} for key in keys}
    for table in candidate.release.tables if candidate.release else ():
        key = asset_key(table)
        warnings = [failed for failed in candidate.warnings if failed.table == table]
        found[key if key in found else keys[-1]][table] = _cause(warnings)
    return found


def _published(
    key: AssetKey,
    candidate: Candidate | None,
    metadata: Mapping[str, Any],
    warnings: list[TableFailure],
    judged: Mapping[str, str],
) -> MaterializeResult:
    table = ".".join(key.path)
    rows = candidate.rows(table) if candidate else {"inserted": 0, "removed": 0, "rows": 0}
    release = candidate.release if candidate else None
    facts = {
        "rows_inserted": rows["inserted"],
        "rows_removed": rows["removed"],
        "release": release.release_id if release else "unchanged",
        **metadata,
    }
    if table in (release.tables if release else {}):
        facts["dagster/row_count"] = rows["rows"]
    told = {JUDGED: MetadataValue.json(dict(judged))}
    check = _check(key, passed=True, metadata=told)
    if release and warnings:
        check = _check(
            key,
            passed=False,
            severity=AssetCheckSeverity.WARN,
            metadata=_failure_metadata("warns of", warnings, release.release_id) | told,
        )
    return MaterializeResult(asset_key=key, metadata=facts, check_results=[check])


def _refused(context: AssetExecutionContext, error: GateFailedError) -> Iterator[AssetCheckResult]:
    """The failed check of each table that the gate refused."""
    for key, failures in _by_key(_in_order(context), error.failures).items():
        if failures:
            metadata = _failure_metadata("failed", failures, error.release.release_id)
            yield _check(key, passed=False, metadata=metadata)


def _failure_metadata(
    heading: str, failures: Sequence[TableFailure], release_id: str
) -> dict[str, Any]:
    """Which expectations, of how many rows, and where the rows are: counts only."""
    lines = "\n".join(f"- {line}" for line in _lines(failures))
    return {
        heading: MetadataValue.md(lines),
        CAUSE: _cause(failures),
        "release": release_id,
        "offending_rows": MetadataValue.md(
            f"`select * from governance.gate_failures where release_id = '{release_id}'`"
        ),
    }


def _lines(failures: Iterable[TableFailure]) -> list[str]:
    """Which expectation of which table, and of how many rows it does not hold."""
    return [
        f"{failed.table}: {failed.failure.expectation} {failed.failure.arguments}: "
        f"{failed.failure.offending_count} rows"
        for failed in failures
    ]


def _cause(failures: Iterable[TableFailure]) -> str:
    """The expectations that do not hold, whatever the number of rows."""
    return "; ".join(
        sorted(
            f"{failed.table}: {failed.failure.expectation} {failed.failure.arguments}"
            for failed in failures
        )
    )


def _check(
    key: AssetKey,
    *,
    passed: bool,
    severity: AssetCheckSeverity = AssetCheckSeverity.ERROR,
    metadata: Mapping[str, Any] | None = None,
) -> AssetCheckResult:
    return AssetCheckResult(
        check_name=GATE_CHECK,
        asset_key=key,
        passed=passed,
        severity=severity,
        metadata=metadata,
    )
