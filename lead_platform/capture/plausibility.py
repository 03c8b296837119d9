"""Files that would mislead as a whole: held until a person says that they are right.

What a file holds is counted in `profiles`; that it waits in the inbox, and who let it in, is here.
"""

import re
from collections.abc import Sequence
from datetime import datetime

import duckdb
import pandas as pd

from lead_platform.capture.deliveries import ParsedDelivery
from lead_platform.capture.inbox import FileFault
from lead_platform.capture.profiles import missing_fields
from lead_platform.capture.spool import profiles_of
from lead_platform.lake.audit import record_actions


def withhold(
    connection: duckdb.DuckDBPyConnection, parsed: Sequence[ParsedDelivery]
) -> tuple[list[ParsedDelivery], list[FileFault]]:
    """The deliveries to take in, and one fault per file that is to wait for a person.

    Held is a file that would mislead as a whole: fields its channel always filled are empty.
    """
    chosen: list[ParsedDelivery] = []
    faults = []
    for item in parsed:
        delivery = item.delivery
        missing = missing_fields(connection, delivery.channel, profiles_of(item.batches))
        if item.path is None or not missing or is_accepted(connection, delivery.delivery_id):
            chosen.append(item)
            continue
        reason = (
            f"it waits: {'; '.join(missing)}. Deliver it anew with these fields, correct "
            f"config/channels/{delivery.channel}.yaml, or take it in as it is: lead-platform "
            f"deliveries accept {delivery.delivery_id} --reason …"
        )
        faults.append(FileFault(item.path, reason))
    return chosen, faults


def is_accepted(connection: duckdb.DuckDBPyConnection, delivery_id: str) -> bool:
    """Whether a person said that it is right."""
    found = connection.execute(
        "select 1 from capture.accepted_deliveries where delivery_id = ?", [delivery_id]
    ).fetchone()
    return found is not None


def accept_delivery(
    connection: duckdb.DuckDBPyConnection,
    delivery_id: str,
    *,
    by: str,
    reason: str,
    accepted_at: datetime,
) -> bool:
    """Let a held file in with the next run; False where that was said already.

    Raises ValueError for what is no delivery's id, or without a person and a reason.
    """
    if not re.fullmatch("del_[0-9a-f]{24}", delivery_id):
        raise ValueError(
            f"{delivery_id!r} is no delivery's id. The message of the run that held the file "
            "names it: del_ and 24 hexadecimal digits."
        )
    if not by.strip() or not reason.strip():
        raise ValueError("Accepting a file needs a person (--by) and a reason (--reason).")
    if is_accepted(connection, delivery_id):
        return False
    connection.execute(
        "insert into capture.accepted_deliveries values (?, ?, ?, ?)",
        [delivery_id, by, reason, accepted_at],
    )
    action = {
        "workflow": "capture",
        "action": "accept_delivery",
        "subject_type": "delivery",
        "subject_id": delivery_id,
        "rule": "missing_fields",
        "reason": reason,
        "after": "taken in with the next run",
        "actor": by,
        "occurred_at": accepted_at,
    }
    record_actions(connection, pd.DataFrame([action]), run_id="")
    return True
