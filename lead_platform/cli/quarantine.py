"""Commands for what was set aside: list it, show it, release or discard it; nothing decided here.

A release writes a person's word through the gate, then lets the ordinary job try again.
"""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from lead_platform.cli.terminal import (
    AsOf,
    Why,
    as_text,
    console,
    parse_option,
    print_rows,
    run_visibly,
)
from lead_platform.settings import Settings

if TYPE_CHECKING:
    from lead_platform.governance.quarantine import Entry, Verdict

quarantine_app = typer.Typer(
    no_args_is_help=True, help="Records and leads that a step left out because they failed."
)

By = Annotated[str, typer.Option("--by", parser=as_text, help="Who decides.")]
Ids = Annotated[list[str] | None, typer.Argument(help="Entries, as `quarantine list` names them.")]
Step = Annotated[str | None, typer.Option("--step", help="Of this step only.")]


@quarantine_app.command("list")
def list_quarantine(
    step: Step = None,
    every: Annotated[
        bool, typer.Option("--all", help="Also what was released or tried again.")
    ] = False,
) -> None:
    """What is left out, since when, by which step and for which expectation."""
    from lead_platform.governance.quarantine import list_entries
    from lead_platform.lake.lake import Lake

    states = ("held", "discarded", *(("released", "superseded") if every else ()))
    with Lake(Settings()).read() as connection:
        entries = list_entries(connection, step=step, states=states)
    if not entries and console.is_terminal:
        console.print("Nothing is set aside.")
        return
    print_rows(
        ["entry", "state", "step", "what", "table", "expectation", "since"],
        [
            (
                entry.quarantine_id,
                entry.state
                if entry.state in ("held", "discarded") or entry.tried_at
                else f"{entry.state}, to be tried",
                entry.step,
                f"{entry.subject_type} {entry.subject_id}",
                entry.table,
                f"{entry.expectation} {_column(entry.arguments)}".strip(),
                f"{entry.held_at:%Y-%m-%d %H:%M}",
            )
            for entry in entries
        ],
    )


@quarantine_app.command("show")
def show_entry(
    entry_id: Annotated[str, typer.Argument(help="An entry, as `quarantine list` names it.")],
) -> None:
    """All there is of one: the expectation, the row that broke it, what was received."""
    from lead_platform.governance.quarantine import find_entries, read_payloads
    from lead_platform.lake.lake import Lake

    with Lake(Settings()).read() as connection:
        [entry] = find_entries(connection, [entry_id])
        payloads = read_payloads(connection, entry)
    decided = f"by {entry.decided_by}: {entry.decision_reason}" if entry.decided_by else ""
    facts = {
        "what": f"{entry.subject_type} {entry.subject_id}",
        "state": f"{entry.state} {decided}".strip(),
        "left out by": f"{entry.step}, since {entry.held_at:%Y-%m-%d %H:%M:%S}",
        "because": f"{entry.table}: {entry.expectation} {entry.arguments}",
        "row": entry.offending_row,
        "all failures": entry.release_id
        and f"select * from governance.gate_failures where release_id = '{entry.release_id}'",
    }
    facts |= {f"received ({number})": payload for number, payload in enumerate(payloads, 1)}
    for name, fact in facts.items():
        if fact:
            console.print(f"{name}: {fact}", markup=False, highlight=False, soft_wrap=True)


@quarantine_app.command("release")
def release(
    by: By,
    reason: Why,
    ids: Ids = None,
    step: Step = None,
    every: Annotated[bool, typer.Option("--all", help="All that is held.")] = False,
    as_of: AsOf = None,
) -> None:
    """Try them again: at once, with the suites, configuration and code as they are now."""
    from lead_platform.governance.quarantine import find_entries, list_entries, still_held
    from lead_platform.lake.lake import Lake

    entries = _decide("released", ids, step, by, reason, every=every, as_of=as_of)
    # What was let go before and has not been tried since is tried by the same run.
    with Lake(Settings()).read() as connection:
        known = {entry.quarantine_id for entry in entries}
        entries += [
            entry
            for entry in list_entries(connection, step=None if ids else step, states=())
            if entry.quarantine_id not in known and (not ids or entry.quarantine_id in ids)
        ]
    if not entries:
        console.print("Nothing to release: none of these is held, discarded or waits to be tried.")
        return
    settings = Settings()
    run_visibly(settings, "process_new_leads", {}, parse_option("--as-of", as_of))
    with Lake(settings).read() as connection:
        again = still_held(connection, entries)
        entries = find_entries(connection, [entry.quarantine_id for entry in entries])
    for entry in entries:
        newer = again.get(entry.quarantine_id)
        if newer:
            became = f"set aside again as {newer.quarantine_id}: {newer.expectation}"
        elif entry.tried_at:
            became = f"tried again by {entry.step}; it is held no more"
        else:
            became = f"released; {entry.step} has not run since: the next run in which it does"
            became += " tries it"
        console.print(
            f"{entry.quarantine_id} {entry.subject_type} {entry.subject_id}: {became}",
            markup=False,
            soft_wrap=True,
        )


@quarantine_app.command("discard")
def discard(by: By, reason: Why, ids: Ids = None, as_of: AsOf = None) -> None:
    """Leave them out for good: nothing tries them again until somebody releases them."""
    from lead_platform.governance.quarantine import find_entries
    from lead_platform.lake.lake import Lake

    entries = _decide("discarded", ids, None, by, reason, every=False, as_of=as_of)
    console.print(f"{len(entries)} discarded; what was received of them is kept.")
    with Lake(Settings()).read() as connection:
        others = [one for one in find_entries(connection, ids or ()) if one.state != "discarded"]
    for entry in others:
        console.print(
            f"{entry.quarantine_id} is {entry.state} and was tried again since: it leaves out "
            "nothing any more.",
            markup=False,
            soft_wrap=True,
        )
    if others:
        raise typer.Exit(1)


def _decide(
    verdict: "Verdict",
    ids: list[str] | None,
    step: str | None,
    by: str,
    reason: str,
    *,
    every: bool,
    as_of: str | None,
) -> "list[Entry]":
    """Write the verdict; the entries it says something new of."""
    from lead_platform.governance.quarantine import decide, list_entries
    from lead_platform.lake.lake import Lake, utc_now

    if not ids and not every and not step:
        raise typer.BadParameter("Say which: entries, --step STEP or --all")
    at = parse_option("--as-of", as_of) or utc_now()
    with Lake(Settings()).write(f"quarantine: {verdict}") as candidate:
        connection = candidate.connection
        chosen = ids or [
            entry.quarantine_id
            for entry in list_entries(connection, step=step, states=("held",), untried=False)
        ]
        return decide(connection, chosen, verdict, by=by, reason=reason, at=at)


def _column(arguments: str) -> str:
    """What an expectation is about, where it names one column."""
    return str(json.loads(arguments).get("column", ""))
