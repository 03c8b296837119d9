"""Commands for people's judgement: merges, reviews, pairs, assignments; nothing decided here.

Each writes a person's word through the gate, then lets the ordinary job take it from there.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lead_platform.cli.terminal import (
    AsOf,
    Why,
    as_text,
    console,
    keyboard,
    parse_option,
    print_rows,
    require_leads,
    run_visibly,
)
from lead_platform.settings import Settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from lead_platform.cli.pages.queue import Work
    from lead_platform.identity.engine.specification import LinkageSpecification
    from lead_platform.identity.judgement.queue import Day
    from lead_platform.identity.judgement.verdicts import Act, Grain, Verdict
    from lead_platform.identity.leads.reversal import MergeFilter, Parting
    from lead_platform.lake.lake import Lake

    Plan = Callable[[DuckDBPyConnection], Sequence[tuple[Act, Sequence[Verdict]]]]

merges_app = typer.Typer(no_args_is_help=True, help="Which records became one lead; undo, split.")
reviews_app = typer.Typer(no_args_is_help=True, help="Pairs that wait for a person's verdict.")
assignments_app = typer.Typer(no_args_is_help=True, help="Who has a lead; take it back.")

By = Annotated[
    str, typer.Option("--by", parser=as_text, help="Who decides, by name; kept in the audit log.")
]
Run = Annotated[str | None, typer.Option("--run", help="Merges of this run (or its beginning).")]
RuleName = Annotated[str | None, typer.Option("--rule", help="Merges by this rule.")]
Since = Annotated[str | None, typer.Option("--since", help="Merges from this instant on (UTC).")]
Until = Annotated[str | None, typer.Option("--until", help="Merges before this instant (UTC).")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change; write nothing.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many.")]


@merges_app.command("list")
def list_merges(
    name: Annotated[str | None, typer.Argument(help="A lead or a decision; default: all.")] = None,
    run: Run = None,
    rule: RuleName = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 20,
) -> None:
    """Merges in effect, the newest first."""
    from lead_platform.cli.pages.pairs import MERGE_HEADER, merge_rows
    from lead_platform.identity.leads.reversal import find_merges
    from lead_platform.lake.lake import Lake

    wanted = _wanted(name, run, rule, since, until)
    with Lake(Settings()).read() as connection:
        require_leads(connection)
        merges = find_merges(connection, _known(connection, wanted), limit)
    if merges or not console.is_terminal:
        print_rows(MERGE_HEADER, merge_rows(merges))
    else:
        console.print("No merge in effect.")


@merges_app.command("show")
def show_merge(
    name: Annotated[str, typer.Argument(help="A decision, or a lead with all that holds it.")],
) -> None:
    """Why records are one lead: side by side, and the parts of the match weight."""
    from lead_platform.cli.pages.pairs import compare_records, render_pair
    from lead_platform.cli.pages.story import find_lead, render_chain
    from lead_platform.identity.leads.reversal import find_merges
    from lead_platform.lake.lake import Lake

    with Lake(Settings()).read() as connection:
        require_leads(connection)
        if not name.startswith("dec_"):
            console.print(render_chain(connection, find_lead(connection, name)))
            return
        merges = find_merges(connection, _wanted(name))
        if not merges:
            raise LookupError(
                f"No merge in effect goes by {name!r}. List them with: lead-platform merges list"
            )
        merge = merges[0]
        console.print(
            render_pair(compare_records(connection, merge.left_record_id, merge.right_record_id))
        )
        console.print(f"Undo it with: lead-platform merges undo {name} --by NAME --reason WHY")


@merges_app.command("undo")
def undo_merges(
    by: By,
    reason: Why,
    name: Annotated[
        str | None, typer.Argument(help="A decision, or a lead: what was merged comes back.")
    ] = None,
    run: Run = None,
    rule: RuleName = None,
    since: Since = None,
    until: Until = None,
    dry_run: DryRun = False,
    as_of: AsOf = None,
) -> None:
    """Give leads back that were merged; the next run will not merge them again."""
    from lead_platform.identity.leads.reversal import MergeFilter, plan_undo

    wanted = _wanted(name, run, rule, since, until)
    if wanted == MergeFilter():
        raise typer.BadParameter(
            "Say which merges: a decision or lead, or --run, --rule, --since, --until"
        )
    _part(
        lambda connection: plan_undo(connection, _known(connection, wanted), _specification()),
        begin_act("undo_merge", "undo", by, reason, as_of),
        dry_run=dry_run,
        as_of=as_of,
    )


@merges_app.command("split")
def split_lead(
    lead: Annotated[str, typer.Argument(help="The lead.")],
    submissions: Annotated[list[str], typer.Argument(help="The submissions to take out.")],
    by: By,
    reason: Why,
    dry_run: DryRun = False,
    as_of: AsOf = None,
) -> None:
    """Take submissions out of a lead, as one lead of their own."""
    from lead_platform.cli.pages.story import find_lead
    from lead_platform.identity.leads.reversal import plan_split

    _part(
        lambda connection: [
            plan_split(connection, find_lead(connection, lead), submissions, _specification())
        ],
        begin_act("split_lead", "split", by, reason, as_of),
        dry_run=dry_run,
        as_of=as_of,
    )


@reviews_app.command("list")
def list_reviews(
    decided: Annotated[bool, typer.Option("--decided", help="What people said so far.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="All that waits, not only what the day brings.")
    ] = False,
    limit: Limit = 20,
) -> None:
    """What waits for a person today, one line a question, what is most at stake first."""
    from lead_platform.cli.pages.items import item_rows
    from lead_platform.cli.pages.pairs import list_decided
    from lead_platform.identity.judgement.queue import todays_items
    from lead_platform.lake.lake import Lake, utc_now

    with Lake(Settings()).read() as connection:
        if decided:
            _print_list(list_decided(connection, limit), "Nobody said anything yet.")
            return
        per_day = _ENDLESS if everything else _specification().queue.per_day
        day = todays_items(connection, per_day, utc_now())
        rows = item_rows(connection, day.items[:limit])
    _print_list(rows, _NOTHING if not day.waiting else _DONE)
    _tell_rest(day, len(rows))


_ENDLESS = 2**31
_NOTHING = "Nothing waits for a person."
_DONE = (
    "What the day brings is decided; more waits for other days: lead-platform reviews list --all"
)


def _print_list(rows: "list[dict[str, Any]]", nothing: str) -> None:
    if rows or not console.is_terminal:
        header = list(rows[0]) if rows else ["review_id"]
        print_rows(header, [tuple(row.values()) for row in rows])
    else:
        console.print(nothing)


def _tell_rest(day: "Day", shown: int) -> None:
    """How much is not shown, beside the list and not in it."""
    later = len(day.items) - shown
    if later or day.waiting:
        typer.echo(
            f"{shown} shown; {later} more today (--limit), {day.waiting} on other days (--all). "
            f"{day.decided} decided today.",
            err=True,
        )


@reviews_app.command("show")
def show_review(review: Annotated[str, typer.Argument(help="The review.")]) -> None:
    """The two sides of a review, and why they may be one person; of several leads each."""
    from lead_platform.cli.pages.items import render_leads
    from lead_platform.cli.pages.pairs import compare_review, render_pair
    from lead_platform.identity.judgement.queue import find_item
    from lead_platform.lake.lake import Lake

    with Lake(Settings()).read() as connection:
        item = find_item(connection, review)
        if item is not None and item.is_group:
            console.print(render_leads(connection, item.lead_ids))
        console.print(render_pair(compare_review(connection, review)))


@reviews_app.command("decide")
def decide_review(
    review: Annotated[str, typer.Argument(help="The review.")],
    verdict: Annotated[str, typer.Argument(help="same, different or unsure.")],
    by: By,
    reason: Why,
    whole: Annotated[
        bool, typer.Option("--whole", help="Of all leads that the question is about.")
    ] = False,
    as_of: AsOf = None,
) -> None:
    """Say whether the two sides of a review are one person."""
    from lead_platform.cli.pages.pairs import compare_review
    from lead_platform.identity.judgement.queue import find_item
    from lead_platform.identity.judgement.verdicts import VERDICTS, WITHDRAWN
    from lead_platform.identity.leads.reversal import plan_review
    from lead_platform.lake.resource import open_lake

    if verdict not in VERDICTS:
        raise typer.BadParameter(f"{verdict!r} is no verdict; say {', '.join(VERDICTS)}")
    act = _about(
        begin_act("judge_pair", "review", by, reason, as_of), "match_review", review, verdict
    )
    with open_lake(Settings()).read() as connection:
        said = compare_review(connection, review).verdict
        item = find_item(connection, review) if whole else None
    if item is not None:
        _say_all([(item.review_ids, verdict)], act, as_of)
        return
    if said and said["verdict"] not in (verdict, WITHDRAWN):
        console.print(
            f"{said['decided_by']} said {said['verdict']} on {said['decided_at']:%Y-%m-%d}: "
            f"{said['reason']}. That no longer counts.",
            markup=False,
        )
    _say(
        lambda connection: [(act, plan_review(connection, review, verdict, _specification()))],
        as_of,
    )


@reviews_app.command("withdraw")
def withdraw(
    name: Annotated[str, typer.Argument(help="An act, a verdict or a review.")],
    by: By,
    reason: Why,
    as_of: AsOf = None,
) -> None:
    """Take back what was said: of a review, an undo, a split."""
    from lead_platform.identity.judgement.verdicts import plan_withdrawal

    act = begin_act("withdraw_verdict", "withdrawal", by, reason, as_of)
    act = _about(act, "verdict", name, "withdrawn")
    _say(lambda connection: [(act, plan_withdrawal(connection, name))], as_of)


@reviews_app.command("dismiss")
def dismiss_reviews(
    run: Annotated[str, typer.Argument(help="The run of a full scan, or its beginning.")],
    by: By,
    reason: Why,
    as_of: AsOf = None,
) -> None:
    """Take off the queue what a full scan has put there and nobody judged: `unsure`."""
    from lead_platform.identity.leads.reversal import plan_dismissal

    act = begin_act("dismiss_reviews", "review", by, reason, as_of)
    act = _about(act, "run", run, "unsure")
    _say(lambda connection: [(act, plan_dismissal(connection, run, _specification()))], as_of)


@reviews_app.command("work")
def work_reviews(
    by: By,
    reason: Why = "compared side by side",
    limit: Limit = 100,
    as_of: AsOf = None,
) -> None:
    """Go through the queue with the keyboard; the verdicts take effect together at the end."""
    import sys

    from lead_platform.cli.pages import pairs
    from lead_platform.cli.pages.items import render_leads
    from lead_platform.cli.pages.queue import Work
    from lead_platform.identity.judgement.queue import todays_items
    from lead_platform.lake.lake import Lake

    lake = Lake(Settings())
    if not sys.stdin.isatty():
        raise ValueError(
            "Working the queue needs a terminal. Elsewhere decide one by one: "
            "lead-platform reviews decide REVIEW same|different|unsure --by NAME --reason WHY"
        )
    act = begin_act("judge_pair", "review", by, reason, as_of)
    with lake.read(is_long=True) as connection:
        day = todays_items(connection, _specification().queue.per_day, act.decided_at)
        if not day.items:
            console.print(_NOTHING if not day.waiting else _DONE)
            return
        items = {item.review_id: item for item in day.items[:limit]}
        _tell_rest(day, len(items))
        _warn_if_off(lake)

        def show(review: str) -> None:
            # With its evidence it takes some 40 lines.
            if work.is_together(review):
                console.print(render_leads(connection, items[review].lead_ids))
                return
            render = pairs.render_pair if console.height >= 45 else pairs.render_pair_briefly
            console.print(render(pairs.compare_review(connection, review)))

        with keyboard() as read_key:
            work = Work(
                list(items),
                parts={name: one.review_ids for name, one in items.items() if one.is_group},
                show=show,
                explain=lambda review: console.print(
                    pairs.render_evidence(pairs.compare_review(connection, review))
                ),
                # Keys are told in brackets, which would be markup.
                say=lambda text: console.print(text, markup=False, highlight=False),
                read_key=read_key,
            )
            said = _through(work)
    if said:
        _say_all(said, act, as_of)
    else:
        console.print("The queue is as it was.")


def _through(work: "Work") -> "Sequence[tuple[tuple[str, ...], str]]":
    """What a person says; where the terminal goes away meanwhile, what was said until then."""
    import io
    import signal
    import sys

    closed = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        return work.through()
    except OSError:
        sys.stdout = io.StringIO()
        return work.verdicts()
    finally:
        signal.signal(signal.SIGHUP, closed)


def pair(
    one: Annotated[str, typer.Argument(help="A submission, a lead or an e-mail address.")],
    other: Annotated[str, typer.Argument(help="Another one.")],
) -> None:
    """Why two are, or are not, one person: the parts of the match weight."""
    from lead_platform.cli.pages.pairs import compare_names, render_pair
    from lead_platform.lake.lake import Lake

    with Lake(Settings()).read() as connection:
        require_leads(connection)
        console.print(render_pair(compare_names(connection, one, other)))


def scan(as_of: AsOf = None) -> None:
    """Compare all leads with each other; what is found waits for a person's verdict."""
    from lead_platform.lake.lake import Lake
    from lead_platform.reporting.duplicates import (
        SOURCE_HEADER,
        last_scan,
        list_sources,
        tell_scan,
    )

    settings = Settings()
    lake = Lake(settings)
    with lake.read() as connection:
        require_leads(connection)
        before = last_scan(connection)
    run_visibly(settings, "scan_identity", {}, parse_option("--as-of", as_of))
    with lake.read() as connection:
        found = last_scan(connection)
        if found is None or found == before:
            console.print("Nothing was scanned: the workflow identity_scan is switched off.")
            return
        for line in tell_scan(found):
            console.print(line, soft_wrap=True, highlight=False)
        print_rows(SOURCE_HEADER, [tuple(source) for source in list_sources(connection)])


@assignments_app.command("undo")
def undo_assignments(
    names: Annotated[list[str], typer.Argument(help="Leads, or decisions in effect.")],
    by: By,
    reason: Why,
    as_of: AsOf = None,
) -> None:
    """Take leads back from their owners: each goes where it was before, or to the review queue."""
    from lead_platform.lake.lake import Lake, utc_now
    from lead_platform.routing.dispatch import undo_assignments as undo

    at = parse_option("--as-of", as_of) or utc_now()
    with Lake(Settings()).write("undo assignments") as candidate:
        undone = undo(candidate.connection, names, undone_by=by, reason=reason, undone_at=at)
    print_rows(
        ["lead", "decision undone", "before", "now"],
        [(one.lead_id, one.decision_id, one.before, one.after) for one in undone],
    )


def _wanted(
    name: str | None,
    run: str | None = None,
    rule: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> "MergeFilter":
    from lead_platform.identity.leads.reversal import MergeFilter

    return MergeFilter(
        name, run, rule, parse_option("--since", since), parse_option("--until", until)
    )


def _specification() -> "LinkageSpecification":
    """What the next run will cluster by."""
    from lead_platform.identity.leads.specification import load_lead_specification

    return load_lead_specification(Settings().config_dir)


def _known(connection: "DuckDBPyConnection", wanted: "MergeFilter") -> "MergeFilter":
    """The filter, with the lead where it names one by other means. Raises LookupError for none."""
    from lead_platform.cli.pages.story import find_lead

    name = wanted.name
    if name is None or name.startswith("dec_"):
        return wanted
    living = find_lead(connection, name)
    # A retired id names the merge that cost it.
    return wanted if name.startswith("lead_") else replace(wanted, name=living)


def begin_act(action: str, source: str, by: str, reason: str, as_of: str | None) -> "Act":
    """What a person is about to do, with nothing said yet of what it is about."""
    from lead_platform.identity.judgement.verdicts import Act
    from lead_platform.lake.lake import utc_now

    at: datetime = parse_option("--as-of", as_of) or utc_now()
    return Act(action, "lead", "", source, reason, by, at)


def _about(act: "Act", subject_type: str, subject_id: str, after: str) -> "Act":
    return replace(act, subject_type=subject_type, subject_id=subject_id, after=after)


def _part(
    plan: "Callable[[DuckDBPyConnection], Sequence[Parting]]",
    act: "Act",
    *,
    dry_run: bool,
    as_of: str | None,
) -> None:
    """Show what comes apart; unless it is a dry run, say so and let it take effect."""
    if dry_run:
        _show_partings(plan)
        console.print("Nothing was written.")
        return

    def acts(connection: "DuckDBPyConnection") -> "list[tuple[Act, Sequence[Verdict]]]":
        return [
            (replace(act, subject_id=one.lead_id, before=one.lead_id,
                     after=", ".join(lead for lead, _ in one.becomes)), one.verdicts)
            for one in plan(connection)
        ]  # fmt: skip

    with finishing(as_of):
        _show_partings(plan)
        _say(acts, as_of)


def _show_partings(plan: "Callable[[DuckDBPyConnection], Sequence[Parting]]") -> None:
    from lead_platform.cli.pages.pairs import render_partings
    from lead_platform.lake.resource import open_lake

    with open_lake(Settings()).read() as connection:
        require_leads(connection)
        console.print(render_partings(plan(connection)))


def _say(plan: "Plan", as_of: str | None) -> None:
    """Write down what a person says, as one release, and run the job that lets it take effect."""
    from lead_platform.identity.judgement.verdicts import record_verdicts
    from lead_platform.lake.resource import open_lake

    with finishing(as_of):
        with open_lake(Settings()).write("verdicts") as candidate:
            written = record_verdicts(candidate.connection, plan(candidate.connection))
        apply_verdicts(written, as_of)


def _say_all(said: "Sequence[tuple[tuple[str, ...], str]]", act: "Act", as_of: str | None) -> None:
    """As `_say` for one question after the other, each an act of its own: what was judged
    meanwhile, or contradicts earlier verdicts, is told and left out."""
    from lead_platform.identity.judgement.verdicts import VerdictError, record_verdicts
    from lead_platform.identity.leads.reversal import plan_review, review_status
    from lead_platform.lake.resource import open_lake

    written: list[str] = []
    specification = _specification()
    with open_lake(Settings()).write("verdicts") as candidate:
        for reviews, verdict in said:
            one = _about(act, "match_review", reviews[0], verdict)
            try:
                states = {review: review_status(candidate.connection, review) for review in reviews}
                waiting = [review for review, state in states.items() if state == "open"]
                if not waiting:
                    raise VerdictError(f"Meanwhile it is {states[reviews[0]]}.")
                verdicts = {
                    planned.pair: planned
                    for review in waiting
                    for planned in plan_review(candidate.connection, review, verdict, specification)
                }
                acts = [(one, list(verdicts.values()))]
                written += record_verdicts(candidate.connection, acts)
            except VerdictError as error:
                console.print(
                    f"{reviews[0]} was left as it was. {error}", style="red", markup=False
                )
    apply_verdicts(written, as_of)


def apply_verdicts(written: Sequence[str], as_of: str | None, grain: "Grain | None" = None) -> None:
    """Run the job that lets these acts take effect, and tell how to take them back.

    `grain`: what they are about; default: people.
    """
    if not written:
        console.print("Nothing new was said.")
        _finish(as_of)
        return
    from lead_platform.identity.judgement.verdicts import LEADS
    from lead_platform.lake.resource import open_lake

    about = grain or LEADS
    run_visibly(Settings(), "apply_verdicts", {}, parse_option("--as-of", as_of))
    for act_id in written[:10]:
        console.print(
            f"Recorded as {act_id}; take it back with: {about.withdraw} {act_id}", soft_wrap=True
        )
    if len(written) > 10:
        console.print(f"… and {len(written) - 10} more: {about.list_decided}")
    _warn_if_off(open_lake(Settings()))


@contextmanager
def finishing(as_of: str | None) -> Iterator[None]:
    """For what may have been said already: a command ended in between is finished by its repeat.

    What it asks for then stands, wholly or in part, and is not found any more.
    """
    from lead_platform.identity.judgement.verdicts import VerdictError

    try:
        yield
    except VerdictError:
        if not _finish(as_of):
            raise


def _finish(as_of: str | None) -> bool:
    """Let take effect what was said and no run has carried to its end; whether there was any."""
    from lead_platform.identity.judgement.verdicts import is_unfinished
    from lead_platform.lake.resource import open_lake

    with open_lake(Settings()).read() as connection:
        if not is_unfinished(connection):
            return False
    console.print("What was said before has not taken full effect yet. Finishing that:")
    run_visibly(Settings(), "apply_verdicts", {}, parse_option("--as-of", as_of))
    return True


def _warn_if_off(lake: "Lake") -> None:
    from lead_platform.lake.switches import switches_of

    switch = switches_of(lake).read("identity")
    if not switch.is_enabled:
        console.print(
            f"The workflow identity is switched off by {switch.changed_by}: {switch.reason}. "
            "Verdicts are kept and take effect with the first run once it is on again.",
            style="yellow",
            markup=False,
            soft_wrap=True,
        )
