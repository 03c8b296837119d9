"""`lead-platform accounts …`: people's judgement of which companies are one; nothing decided here.

Each writes a person's word through the gate, then lets the ordinary job take it from there.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from lead_platform.cli.identity import (
    By,
    DryRun,
    Limit,
    apply_verdicts,
    begin_act,
    finishing,
)
from lead_platform.cli.terminal import AsOf, Why, console, print_rows, require_leads
from lead_platform.settings import Settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from lead_platform.identity.accounts.reversal import AccountChange
    from lead_platform.identity.accounts.specification import AccountSpecification
    from lead_platform.identity.judgement.verdicts import Act

    Plan = Callable[[DuckDBPyConnection, AccountSpecification], AccountChange]

accounts_app = typer.Typer(
    no_args_is_help=True, help="Which companies became one account; undo, split, join."
)


@accounts_app.command("list")
def list_accounts(
    to_review: Annotated[
        bool, typer.Option("--to-review", help="Pairs that may be one company.")
    ] = False,
    related: Annotated[
        bool, typer.Option("--related", help="With --to-review: also what is only related so far.")
    ] = False,
    decided: Annotated[bool, typer.Option("--decided", help="What people said so far.")] = False,
    limit: Limit = 20,
) -> None:
    """Merges in effect: accounts of several names or domains, those merged last first."""
    from lead_platform.cli.pages import account_pairs
    from lead_platform.lake.lake import Lake

    if to_review and decided:
        raise typer.BadParameter("Ask for one list: --to-review or --decided")
    with Lake(Settings()).read() as connection:
        require_leads(connection)
        if decided:
            rows = account_pairs.list_decided(connection, limit)
            nothing = "Nobody said anything yet."
        elif to_review:
            rows = account_pairs.list_waiting(connection, limit, related=related)
            nothing = "Nothing waits for a person."
        else:
            rows = account_pairs.list_merged(connection, limit)
            nothing = "No merge in effect."
    if rows or not console.is_terminal:
        header = list(rows[0]) if rows else ["account_id"]
        print_rows(header, account_pairs.row_values(rows))
    else:
        console.print(nothing)


@accounts_app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="A pair, or an account by id, domain or name.")],
) -> None:
    """A pair side by side and why; or the companies of an account, and what holds them together."""
    from lead_platform.cli.pages.account_pairs import render_merged, render_pair
    from lead_platform.cli.pages.account_story import find_account
    from lead_platform.lake.lake import Lake

    with Lake(Settings()).read() as connection:
        require_leads(connection)
        if name.startswith("pair_"):
            console.print(render_pair(connection, name))
        else:
            console.print(render_merged(connection, find_account(connection, name)))


@accounts_app.command("undo")
def undo(
    account: Annotated[
        str,
        typer.Argument(
            help="A retired account id: it is given back; or an account: all merged into it are."
        ),
    ],
    by: By,
    reason: Why,
    dry_run: DryRun = False,
    as_of: AsOf = None,
) -> None:
    """Give accounts back that were merged; no later run merges them again."""
    from lead_platform.cli.pages.account_story import find_account
    from lead_platform.identity.accounts.reversal import plan_undo

    def plan(
        connection: "DuckDBPyConnection", specification: "AccountSpecification"
    ) -> "AccountChange":
        living = find_account(connection, account)
        # A retired id names the merge that cost it.
        meant = account if account.startswith("acct_") else living
        return plan_undo(connection, meant, specification)

    act = begin_act("undo_account_merge", "undo", by, reason, as_of)
    _change(plan, act, dry_run=dry_run, as_of=as_of)


@accounts_app.command("split")
def split(
    account: Annotated[str, typer.Argument(help="The account, by id, domain or name.")],
    companies: Annotated[
        list[str],
        typer.Argument(help="What to take out: domains, names, or submissions that name it."),
    ],
    by: By,
    reason: Why,
    dry_run: DryRun = False,
    as_of: AsOf = None,
) -> None:
    """Take companies out of an account, as one account of their own."""
    from lead_platform.cli.pages.account_story import find_account
    from lead_platform.identity.accounts.reversal import plan_split

    act = begin_act("split_account", "split", by, reason, as_of)
    _change(
        lambda connection, specification: plan_split(
            connection, find_account(connection, account), companies, specification
        ),
        act,
        dry_run=dry_run,
        as_of=as_of,
    )


@accounts_app.command("join")
def join(
    one: Annotated[str, typer.Argument(help="An account, by id, domain or name.")],
    other: Annotated[str, typer.Argument(help="Another one.")],
    by: By,
    reason: Why,
    dry_run: DryRun = False,
    as_of: AsOf = None,
) -> None:
    """Make one account of two; the older id survives, the other stays resolvable."""
    from lead_platform.cli.pages.account_story import find_account
    from lead_platform.identity.accounts.reversal import plan_join

    act = begin_act("join_accounts", "join", by, reason, as_of)
    _change(
        lambda connection, specification: plan_join(
            connection,
            find_account(connection, one),
            find_account(connection, other),
            specification,
        ),
        act,
        dry_run=dry_run,
        as_of=as_of,
    )


@accounts_app.command("decide")
def decide(
    pair: Annotated[str, typer.Argument(help="A pair, as `accounts list --to-review` tells it.")],
    verdict: Annotated[str, typer.Argument(help="same, different or unsure.")],
    by: By,
    reason: Why,
    dry_run: DryRun = False,
    as_of: AsOf = None,
) -> None:
    """Say whether the two accounts of a pair are one company."""
    from lead_platform.identity.accounts.reversal import plan_review
    from lead_platform.identity.judgement.verdicts import VERDICTS

    if verdict not in VERDICTS:
        raise typer.BadParameter(f"{verdict!r} is no verdict; say {', '.join(VERDICTS)}")
    act = begin_act("judge_accounts", "review", by, reason, as_of)
    _change(
        lambda connection, specification: plan_review(connection, pair, verdict, specification),
        replace(act, subject_type="account_pair", subject_id=pair, after=verdict),
        dry_run=dry_run,
        as_of=as_of,
    )


@accounts_app.command("withdraw")
def withdraw(
    name: Annotated[str, typer.Argument(help="An act, a verdict or a judged pair.")],
    by: By,
    reason: Why,
    dry_run: DryRun = False,
    as_of: AsOf = None,
) -> None:
    """Take back what was said of companies: of a pair, an undo, a split, a join."""
    from lead_platform.identity.accounts.reversal import plan_withdrawal_effect
    from lead_platform.identity.judgement.account_verdicts import ACCOUNTS
    from lead_platform.identity.judgement.verdicts import plan_withdrawal

    act = begin_act("withdraw_verdict", "withdrawal", by, reason, as_of)
    _change(
        lambda connection, specification: plan_withdrawal_effect(
            connection, plan_withdrawal(connection, name, ACCOUNTS), specification
        ),
        replace(act, subject_type="verdict", subject_id=name, after="withdrawn"),
        dry_run=dry_run,
        as_of=as_of,
    )


def _change(plan: "Plan", act: "Act", *, dry_run: bool, as_of: str | None) -> None:
    """Show what becomes of accounts; unless it is a dry run, say so and let it take effect.

    Without a subject of its own an act is about the accounts there are.
    """
    from lead_platform.cli.pages.account_pairs import render_change
    from lead_platform.identity.accounts.specification import load_account_specification
    from lead_platform.identity.judgement.account_verdicts import ACCOUNTS
    from lead_platform.identity.judgement.verdicts import record_verdicts, refuse_contradictions
    from lead_platform.lake.resource import open_lake

    settings = Settings()
    specification = load_account_specification(settings.config_dir)

    def show() -> None:
        with open_lake(settings).read() as connection:
            require_leads(connection)
            change = plan(connection, specification)
            refuse_contradictions(connection, change.verdicts, ACCOUNTS)
            console.print(render_change(change))

    if dry_run:
        show()
        console.print("Nothing was written.")
        return
    with finishing(as_of):
        show()
        with open_lake(settings).write("account verdicts") as candidate:
            change = plan(candidate.connection, specification)
            about = act if act.subject_id else _about(act, change)
            written = record_verdicts(candidate.connection, [(about, change.verdicts)], ACCOUNTS)
        apply_verdicts(written, as_of, ACCOUNTS)


def _about(act: "Act", change: "AccountChange") -> "Act":
    """The act, about the accounts there are."""
    return replace(
        act,
        subject_type="account",
        subject_id=change.account_ids[0],
        before=", ".join(change.account_ids),
        after=", ".join(account_id for account_id, _ in change.becomes),
    )
