"""Commands for what is no person's: list it, restore it, mark it; nothing decided here."""

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from lead_platform.cli.terminal import (
    AsOf,
    Person,
    Why,
    console,
    parse_option,
    print_rows,
    run_visibly,
)
from lead_platform.settings import Settings

if TYPE_CHECKING:
    from lead_platform.capture.judgement import Judged

junk_app = typer.Typer(
    no_args_is_help=True, help="Test records, junk and machines: kept, but no leads."
)

Ids = Annotated[list[str], typer.Argument(help="Submissions, as `junk list` names them.")]
KindName = Annotated[str | None, typer.Option("--kind", help="test, junk or machine.")]


@junk_app.command("list")
def list_junk(kind: KindName = None) -> None:
    """What was held back as no person's, the newest first, with the reason."""
    from lead_platform.capture.judgement import list_non_persons
    from lead_platform.lake.lake import Lake

    with Lake(Settings()).read() as connection:
        found = list_non_persons(connection, kind)
    if not found and console.is_terminal:
        console.print("Nothing is held back.")
        return
    print_rows(
        ["submission", "kind", "reason", "channel", "received"],
        [
            (
                one.submission_id,
                one.kind,
                one.reason,
                one.channel,
                f"{one.received_at:%Y-%m-%d %H:%M}",
            )
            for one in found
        ],
    )


@junk_app.command("restore")
def restore(ids: Ids, reason: Why, by: Person = "", as_of: AsOf = None) -> None:
    """These are persons' after all: they become leads at once. Undo it with `junk mark`."""
    changed = _judge(ids, "person", by, reason, as_of)
    if changed:
        run_visibly(Settings(), "process_new_leads", {}, parse_option("--as-of", as_of))
    for one in changed:
        _tell(one, "restored; it was held back as")


@junk_app.command("mark")
def mark(
    ids: Ids,
    reason: Why,
    kind: Annotated[str, typer.Option("--kind", help="test, junk or machine.")] = "junk",
    by: Person = "",
    as_of: AsOf = None,
) -> None:
    """These are no person's: they leave their leads at once. Undo it with `junk restore`."""
    if kind == "person":
        raise typer.BadParameter("That is what `junk restore` says.")
    changed = _judge(ids, kind, by, reason, as_of)
    if changed:
        run_visibly(Settings(), "process_new_leads", {}, parse_option("--as-of", as_of))
    for one in changed:
        _tell(one, f"marked as {kind}; it was")


def _judge(ids: list[str], kind: str, by: str, reason: str, as_of: str | None) -> "list[Judged]":
    """Write the judgement through the gate; what it says something new of, as it was before."""
    from lead_platform.capture.judgement import judge
    from lead_platform.identity.withdrawal import withdraw_submissions
    from lead_platform.lake.lake import Lake, utc_now

    at = parse_option("--as-of", as_of) or utc_now()
    with Lake(Settings()).write(f"junk: {kind}") as candidate:
        changed = judge(
            candidate.connection, ids, kind, by=by or getpass.getuser(), reason=reason, at=at
        )
        if kind != "person":
            withdraw_submissions(candidate.connection, [one.submission_id for one in changed])
    if not changed:
        console.print("Nothing to do: that is what they are already.")
    return changed


def _tell(one: "Judged", words: str) -> None:
    before = ": ".join(filter(None, (one.kind, one.reason)))
    console.print(f"{one.submission_id} {words} {before}", markup=False, soft_wrap=True)
