"""Commands about deliveries: files that wait for a person."""

import getpass
from typing import Annotated

import typer

from lead_platform.cli.terminal import Person, Why, console
from lead_platform.settings import Settings

deliveries_app = typer.Typer(no_args_is_help=True, help="Files that wait for a person.")


@deliveries_app.command("accept")
def accept(
    delivery: Annotated[str, typer.Argument(help="The delivery, as the run that held it says.")],
    reason: Why,
    by: Person = "",
) -> None:
    """Take a held file in as it is, though fields its channel always filled are empty."""
    from lead_platform.capture.channels import usable_channels
    from lead_platform.capture.intake import list_waiting
    from lead_platform.capture.plausibility import accept_delivery
    from lead_platform.lake.lake import Lake, utc_now

    settings = Settings()
    person = by or getpass.getuser()
    channels, _ = usable_channels(settings.config_dir)
    waiting = list_waiting(settings.inbox, channels, at=utc_now())
    if delivery not in waiting:
        known = "".join(f"\n  {name}  {path}" for name, path in sorted(waiting.items()))
        raise LookupError(
            f"No file in the inbox is the delivery {delivery}. "
            + (f"Those that wait:{known}" if known else "None waits there.")
        )
    with Lake(settings).write("accept delivery") as candidate:
        is_new = accept_delivery(
            candidate.connection, delivery, by=person, reason=reason, accepted_at=utc_now()
        )
    state = "is accepted" if is_new else "was accepted already"
    console.print(f"{delivery} {state}. Take it in with: lead-platform ingest", highlight=False)
