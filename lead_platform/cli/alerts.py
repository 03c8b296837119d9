"""Commands about alerts: what there is to know, and who has seen it."""

import getpass
from typing import Annotated

import typer

from lead_platform.cli.terminal import Person, Why, console, print_rows
from lead_platform.settings import Settings

alerts_app = typer.Typer(no_args_is_help=True, help="What a person should know of.")


@alerts_app.command("list")
def list_alerts(
    show_all: Annotated[bool, typer.Option("--all", help="Those in order again, too.")] = False,
) -> None:
    """What is not in order, the newest first: how often, since when, who has seen it."""
    from lead_platform.governance.notifications import open_book, silenced_because

    settings = Settings()
    off = silenced_because(settings)
    if off:
        typer.echo(f"Nobody is told: {off}", err=True)
    alerts = open_book(settings).alerts()
    header = ["alert", "state", "kind", "subject", "what", "times", "since", "last", "by", "reason"]
    rows = [
        (
            alert.alert_id,
            alert.state,
            alert.kind,
            alert.subject,
            alert.text,
            alert.occurrences,
            f"{alert.first_seen_at:%Y-%m-%d %H:%M}",
            f"{alert.last_seen_at:%Y-%m-%d %H:%M}",
            alert.decided_by,
            alert.reason,
        )
        for alert in alerts
        if show_all or alert.state != "resolved"
    ]
    print_rows(header, rows)


@alerts_app.command("acknowledge")
def acknowledge(
    alert_id: Annotated[int, typer.Argument(metavar="ALERT", help="Its number in the list.")],
    reason: Why,
    by: Person = "",
) -> None:
    """Say that somebody knows: it is not told again until it was in order in between."""
    from lead_platform.governance.notifications import open_book

    person = by or getpass.getuser()
    alert = open_book(Settings()).acknowledge(alert_id, by=person, reason=reason)
    console.print(f"{alert.kind} of {alert.subject} is acknowledged by {person}.")


@alerts_app.command("test")
def send_test() -> None:
    """Send a message to every address of LEAD_PLATFORM_ALERT_URLS, or into the file."""
    from lead_platform.governance.alerts import Message
    from lead_platform.governance.notifications import targets_of

    message = Message(0, "Lead platform: test", "Alerts reach you here.")
    settings, failed = Settings(), 0
    for number, send in enumerate(targets_of(settings).values(), start=1):
        is_sent = send(message)
        failed += not is_sent
        if settings.alert_urls:
            console.print(f"address {number}: {'sent' if is_sent else 'FAILED'}")
        elif is_sent:
            typer.echo(
                f"LEAD_PLATFORM_ALERT_URLS is not set, so nobody was told: the message is in "
                f"{settings.alerts / 'alerts.log'}."
            )
    if failed:
        raise ConnectionError(
            f"{failed} addresses took no message. Check LEAD_PLATFORM_ALERT_URLS: Apprise "
            "addresses, separated by blanks."
        )
