"""The `lead-platform` command: one function per verb, nothing decided here."""

import getpass
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lead_platform.cli.accounts import accounts_app
from lead_platform.cli.alerts import alerts_app
from lead_platform.cli.channels import guess_channel, remap_channel
from lead_platform.cli.deliveries import deliveries_app
from lead_platform.cli.diagnosis import doctor
from lead_platform.cli.home import backup, prepare_folders, restore, upgrade
from lead_platform.cli.identity import assignments_app, merges_app, pair, reviews_app, scan
from lead_platform.cli.junk import junk_app
from lead_platform.cli.links import link
from lead_platform.cli.models import identity_app
from lead_platform.cli.quarantine import quarantine_app
from lead_platform.cli.queries import readers_app, sql
from lead_platform.cli.rebuild import rebuild
from lead_platform.cli.terminal import (
    FIRST_STEP,
    AsOf,
    Person,
    Why,
    complain,
    console,
    parse_option,
    plain_errors,
    print_rows,
    require_leads,
    run_visibly,
)
from lead_platform.settings import Settings, keep_files_private

if TYPE_CHECKING:
    from lead_platform.lake.switches import Switches

_TOLD_WAITING = 10

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Raw inquiries in; deduplicated, enriched, scored, explained and routed leads out.",
)
channels_app = typer.Typer(no_args_is_help=True, help="What can be taken in, and how.")
archive_app = typer.Typer(no_args_is_help=True, help="The files that were taken in.")
releases_app = typer.Typer(invoke_without_command=True, help="What readers see, and since when.")
workflows_app = typer.Typer(no_args_is_help=True, help="What acts on its own; stop and start it.")
scores_app = typer.Typer(no_args_is_help=True, help="Do scores still tell won from lost?")
config_app = typer.Typer(no_args_is_help=True, help="What RevOps owns.")
app.add_typer(channels_app, name="channels")
channels_app.command("guess")(guess_channel)
channels_app.command("remap")(remap_channel)
app.add_typer(archive_app, name="archive")
app.add_typer(releases_app, name="releases")
app.add_typer(workflows_app, name="workflows")
app.add_typer(scores_app, name="scores")
app.add_typer(config_app, name="config")
app.add_typer(identity_app, name="identity")
app.add_typer(merges_app, name="merges")
app.add_typer(reviews_app, name="reviews")
app.add_typer(accounts_app, name="accounts")
app.add_typer(assignments_app, name="assignments")
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(junk_app, name="junk")
app.add_typer(readers_app, name="readers")
app.add_typer(alerts_app, name="alerts")
app.add_typer(deliveries_app, name="deliveries")
app.command("pair")(pair)
for command in (upgrade, backup, restore, rebuild):
    app.command(command.__name__)(command)
app.command("sql")(sql)
app.command("link")(link)
identity_app.command("scan")(scan)
identity_app.command("doctor")(doctor)


def main() -> None:
    """Run the command; expected errors are told in their own words, without a traceback."""
    keep_files_private()
    with plain_errors():
        app()


@app.command()
def demo(
    submissions: Annotated[int, typer.Option(help="How many submissions to generate.")] = 5_000,
    seed: Annotated[int, typer.Option(help="Same seed, same world.")] = 7,
) -> None:
    """Generate the demo world, run the main job on it and print what came of it."""
    from lead_platform.demo.showcase import prepare_showcase

    settings = Settings()
    end_at = prepare_showcase(settings, submissions=submissions, seed=seed, say=console.print)
    _process(settings, [], end_at)


@app.command()
def ingest(
    path: Annotated[
        Path | None, typer.Argument(help="A file; default: what waits in the inbox.")
    ] = None,
    channel: Annotated[str | None, typer.Option(help="The channel the file comes from.")] = None,
    delivery: Annotated[
        str | None, typer.Option(help="Instead: what the archive holds of this delivery.")
    ] = None,
    as_of: AsOf = None,
) -> None:
    """Take in a file, or the inbox, and process it to routed leads."""
    if delivery is not None and path is not None:
        raise typer.BadParameter("Give a file or a --delivery of the archive, not both")
    if (path is None) != (channel is None):
        raise typer.BadParameter(
            "A file needs its channel: lead-platform ingest PATH --channel NAME"
        )
    settings = Settings()
    prepare_folders(settings)
    files: list[dict[str, str | None]] = []
    if path and channel:
        from lead_platform.capture.channels import find_channel
        from lead_platform.capture.names import path_as_text

        # Said before the seconds of starting up.
        find_channel(settings.config_dir, channel, path)
        if not path.is_file():
            raise FileNotFoundError(f"{path} is no file. Check the path, or use the inbox folder.")
        files = [{"path": path_as_text(path.absolute()), "channel": channel}]
    elif delivery is not None:
        from lead_platform.capture.names import path_as_text
        from lead_platform.governance.archive import find_archived

        found = find_archived(settings.archive, delivery)
        files = [{"path": path_as_text(file.path), "channel": file.channel} for file in found]
    _process(settings, files, parse_option("--as-of", as_of))
    if not files:
        _tell_waiting(settings)


@app.command()
def up(
    port: Annotated[
        int, typer.Option(min=1, max=65_535, help="Where the Dagster UI listens.")
    ] = 3000,
    check: Annotated[
        bool, typer.Option("--check", help="Only tell how the running one is; 0 if all is well.")
    ] = False,
) -> None:
    """Keep Dagster's UI, daemon and run workers going; sensors take in what reaches the inbox."""
    settings = Settings()
    if check:
        from lead_platform.orchestration.status import check_up

        found = check_up(settings)
        for line in found.lines:
            console.print(line, highlight=False, soft_wrap=True)
        sys.exit(0 if found.is_well else 1)
    from lead_platform.orchestration.up import serve

    prepare_folders(settings)
    told = f"Dagster UI: http://localhost:{port}   inbox: {settings.inbox}/<channel>/"
    sys.exit(serve(settings, port=port, begun=lambda: console.print(told)))


@app.command()
def status() -> None:
    """The state of the published release: received, leads, bands, owners, open work."""
    from lead_platform.cli.pages.summary import gather_summary, render_summary
    from lead_platform.lake.lake import Lake
    from lead_platform.lake.releases import list_releases

    settings = Settings()
    lake = Lake(settings)
    with lake.read() as connection:
        summary = gather_summary(connection)
        [release] = list_releases(connection, limit=1)
    if summary.received["received"]:
        console.print(render_summary(summary, release))
    else:
        console.print(f"Nothing has been taken in yet. {FIRST_STEP}")
    _tell_lights(settings)


@app.command()
def lead(
    who: Annotated[
        str,
        typer.Argument(
            help="An e-mail address, a lead id, a submission id, or what a searchable field says."
        ),
    ],
) -> None:
    """The whole story of a lead."""
    from lead_platform.cli.pages.story import render_story, tell_story
    from lead_platform.fields import load_fields
    from lead_platform.lake.lake import Lake

    settings = Settings()
    fields = load_fields(settings.config_dir)
    switches = _switches(settings).all()
    with Lake(settings).read() as connection:
        require_leads(connection)
        console.print(render_story(tell_story(connection, who, fields, switches)))


@app.command()
def account(
    who: Annotated[str, typer.Argument(help="A web domain, a company name or an account id.")],
) -> None:
    """The story of an account: names, leads, owner, relations, and why it is one company."""
    from lead_platform.cli.pages.account_story import render_account, tell_account
    from lead_platform.lake.lake import Lake

    with Lake(Settings()).read() as connection:
        require_leads(connection)
        console.print(render_account(tell_account(connection, who)))


@app.command()
def maintain() -> None:
    """Compact the lake; forget snapshots, records and runs beyond their time."""
    settings = Settings()
    run_visibly(settings, "maintain", {}, None)
    from lead_platform.lake.lake import Lake

    console.print(f"The published snapshot is {Lake(settings).published().snapshot_id}.")


@channels_app.command("list")
def list_channels() -> None:
    """The channels config/channels/ describes."""
    from lead_platform.capture.channels import usable_channels

    channels, broken = usable_channels(Settings().config_dir)
    rows: list[tuple[str, str, str, str]] = [
        (
            name,
            channel.rules.format,
            ", ".join(sorted(channel.written_kinds)),
            channel.rules.description,
        )
        for name, channel in channels.items()
    ]
    rows += [(name, "", "", f"cannot be used: {error}") for name, error in broken.items()]
    rows.sort()
    print_rows(["channel", "format", "brings", "description"], rows)


@channels_app.command("waiting")
def waiting_files() -> None:
    """What lies in the inbox, and what it waits for."""
    print_rows(["file", "since", "waits for"], _waiting(Settings()))


@channels_app.command("check")
def check_channel(
    name: Annotated[str, typer.Argument(help="The channel.")],
    file: Annotated[Path, typer.Argument(help="A file as that channel delivers it.")],
    records: Annotated[int, typer.Option(help="How many records to show.")] = 5,
) -> None:
    """Show what a file's records would become, and what of all is rejected or left empty."""
    from lead_platform.capture.channels import find_channel
    from lead_platform.capture.contracts import load_contracts
    from lead_platform.capture.guessing.names import load_field_names
    from lead_platform.capture.preview import preview_file, render_preview
    from lead_platform.capture.tallies import render_tally, tally_file
    from lead_platform.identity.normalization.previews import item_normalizer
    from lead_platform.lake.lake import utc_now
    from lead_platform.vocabularies.folder import load_vocabularies

    settings = Settings()
    channel = find_channel(settings.config_dir, name, file)
    contracts = load_contracts(settings.expectations_dir)
    normalize = item_normalizer(load_vocabularies(settings.config_dir))
    now = utc_now()
    preview = preview_file(
        file,
        channel,
        received_at=now,
        contracts=contracts,
        limit=records,
        normalize=normalize,
        names=load_field_names(settings.config_dir),
    )
    console.print(render_preview(preview))
    tally = tally_file(file, channel, received_at=now, contracts=contracts, normalize=normalize)
    console.print(render_tally(tally))


@archive_app.command("check")
def check_archive() -> None:
    """Does the lake hold every archived file as it is? Every night asks it of the newer ones."""
    from lead_platform.governance.archive import compare_with_lake
    from lead_platform.lake.lake import Lake

    found = compare_with_lake(Lake(Settings()), touched_since=None)
    if found.faults:
        raise LookupError(found.faults)
    console.print(f"Each of {found.total} archived files is in the lake as it is.")


@releases_app.callback(invoke_without_command=True)
def list_releases(
    context: typer.Context, limit: Annotated[int, typer.Option(help="How many.")] = 20
) -> None:
    """The newest releases: what each changed, and whether its gate passed."""
    if context.invoked_subcommand:
        return
    from lead_platform.lake.lake import Lake

    rows = [
        (
            release.snapshot_id,
            f"{release.released_at:%Y-%m-%d %H:%M:%S}",
            release.status,
            "no" if release.snapshot_forgotten_at else "yes",
            release.label,
            ", ".join(
                f"{table} +{counts['inserted']} -{counts['removed']}"
                for table, counts in release.tables.items()
            ),
        )
        for release in Lake(Settings()).releases(limit)
    ]
    print_rows(["snapshot", "released_at", "status", "readable", "what", "rows"], rows)


@releases_app.command("diff")
def diff_releases(
    older: Annotated[int, typer.Argument(help="A release's snapshot.")],
    newer: Annotated[int, typer.Argument(help="A later one.")],
) -> None:
    """What changed between two releases, by table."""
    from lead_platform.lake.lake import Lake

    rows = [
        (change.table, change.inserted, change.removed, change.rows)
        for change in Lake(Settings()).compare(older, newer)
    ]
    print_rows(["table", "inserted or updated", "removed", "rows then"], rows)


@workflows_app.command("list")
def list_workflows() -> None:
    """Each workflow, whether it may act, who decided so and why."""
    rows = [
        (
            switch.workflow,
            "enabled" if switch.is_enabled else "DISABLED",
            switch.changed_by,
            switch.reason,
            f"{switch.changed_at:%Y-%m-%d %H:%M}" if switch.changed_at else "",
        )
        for switch in _switches(Settings()).all()
    ]
    print_rows(["workflow", "state", "by", "reason", "since"], rows)


@workflows_app.command("disable")
def disable_workflow(workflow: str, reason: Why, by: Person = "") -> None:
    """Stop a workflow: it acts no more from its next step on."""
    _switch(workflow, enabled=False, by=by, reason=reason)


@workflows_app.command("enable")
def enable_workflow(workflow: str, reason: Why, by: Person = "") -> None:
    """Let a workflow act again; what waited is taken up by the next run."""
    _switch(workflow, enabled=True, by=by, reason=reason)


@scores_app.command("audit")
def audit_scores(as_of: AsOf = None) -> None:
    """Per closed quarter: mean score of won against lost deals, and what that says."""
    settings = Settings()
    run_visibly(settings, "audit_drift", {}, parse_option("--as-of", as_of))
    from lead_platform.lake.lake import Lake

    with Lake(settings).read() as connection:
        cursor = connection.execute(
            """
            select quarter, scorecard_version, won_count, lost_count,
                round(won_mean, 1) as won_mean, round(lost_mean, 1) as lost_mean,
                round(gap, 1) as gap,
                round(gap_change, 1) as gap_change, round(auc, 3) as auc, verdict, reason
            from scoring.drift_audits order by quarter, scorecard_version
            """
        )
        header = [column[0] for column in cursor.description or []]
        print_rows(header, cursor.fetchall())


@config_app.command("check")
def check_configuration() -> None:
    """Validate every file RevOps may change; prints all faults at once."""
    from lead_platform.capture.stored_types import check_stored_types
    from lead_platform.governance.configuration import check_configuration as check
    from lead_platform.lake.lake import Lake
    from lead_platform.lake.presence import has_catalog

    settings = Settings()
    stored = {
        "stored fields": lambda: check_stored_types(Lake(settings), settings.config_dir),
    }
    for line in check(settings, stored if has_catalog(settings) else None):
        console.print(line)


def _process(
    settings: Settings, files: list[dict[str, str | None]], as_of: datetime | None
) -> None:
    from lead_platform.cli.pages.summary import gather_summary, render_summary
    from lead_platform.lake.releases import list_releases
    from lead_platform.lake.resource import open_lake

    stages = run_visibly(settings, "process_new_leads", {"intake": {"files": files}}, as_of)
    lake = open_lake(settings)
    with lake.read() as connection:
        [release] = list_releases(connection, limit=1)
        console.print(render_summary(gather_summary(connection), release, stages))


def _waiting(settings: Settings) -> list[tuple[str, str, str]]:
    from lead_platform.capture.contracts import load_contracts, takeable_channels
    from lead_platform.capture.inbox import describe_waiting, read_left
    from lead_platform.lake.lake import utc_now

    off = _switches(settings).read("capture").off_because
    contracts = load_contracts(settings.expectations_dir)
    channels, broken = takeable_channels(settings.config_dir, contracts)
    left = read_left(settings.left_files)
    return describe_waiting(settings.inbox, channels, utc_now(), off or "", broken, left)


def _tell_lights(settings: Settings) -> None:
    """What is wrong now, on standard error: files of the configuration, open alerts."""
    from lead_platform.governance.configuration import faulty_files
    from lead_platform.governance.notifications import open_book

    for name, faults in faulty_files(settings).items():
        complain(f"{name} cannot be used: {faults}. See them with: lead-platform config check")
    alerts = sum(alert.state == "open" for alert in open_book(settings).alerts())
    if alerts:
        complain(f"{alerts} alerts are open: lead-platform alerts list")


def _tell_waiting(settings: Settings) -> None:
    """What the run left in the inbox, on standard error."""
    waiting = _waiting(settings)
    for path, _, reason in waiting[:_TOLD_WAITING]:
        complain(f"Not taken in: {path}: {reason}")
    if len(waiting) > _TOLD_WAITING:
        complain(f"And {len(waiting) - _TOLD_WAITING:,} more: lead-platform channels waiting")


def _switch(workflow: str, *, enabled: bool, by: str, reason: str) -> None:
    from lead_platform.lake.lake import utc_now
    from lead_platform.lake.switches import Switch

    switch = Switch(workflow, enabled, by or getpass.getuser(), reason, utc_now())
    changed = _switches(Settings()).throw(switch)
    state = "enabled" if enabled else "disabled"
    console.print(f"{workflow} is {state}." if changed else f"{workflow} was {state} already.")


def _switches(settings: Settings) -> "Switches":
    """The switches; the lake is asked once for those of an earlier version, never waited for."""
    from lead_platform.lake.lake import Lake
    from lead_platform.lake.switches import switches_of

    return switches_of(Lake(settings.model_copy(update={"lock_timeout_seconds": 0.5})))


if __name__ == "__main__":
    main()
