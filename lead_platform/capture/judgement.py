"""What people say of submissions: this is a person after all, that is none; and what lists say now.

Owns the rows of capture.submissions that are no person's and their audit records. What becomes of
their leads is for identity.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import pandas as pd

from lead_platform.capture.kinds import (
    IS_PERSON,
    KINDS_OF_SUBMISSIONS,
    PERSON,
    SIGN_FIELDS,
    KindReader,
    content_of,
)
from lead_platform.lake.audit import record_actions
from lead_platform.lake.readings import Backlog
from lead_platform.vocabularies.non_persons import NonPersonSigns


class JudgementError(ValueError):
    """What cannot be said of a submission: names what is wrong and what is there."""


@dataclass(frozen=True)
class Judged:
    """A submission with what it is and why; `version` names the list that said so, None a person.

    Of a judgement it is the state before.
    """

    submission_id: str
    channel: str
    received_at: datetime
    kind: str
    reason: str | None
    version: str | None


_JUDGED = f"""
select submission_id, channel, received_at, coalesce(kind, '{PERSON}'), kind_reason, kind_version
from capture.submissions
"""


def list_non_persons(
    connection: duckdb.DuckDBPyConnection, kind: str | None = None
) -> list[Judged]:
    """What is no person's, the newest first; of one kind where one is given."""
    rows = connection.execute(
        f"{_JUDGED} where not ({IS_PERSON}) and ($kind is null or kind = $kind) "
        "order by received_seq desc",
        {"kind": kind},
    ).fetchall()
    return [Judged(*row) for row in rows]


def judge(
    connection: duckdb.DuckDBPyConnection,
    submission_ids: Sequence[str],
    kind: str,
    *,
    by: str,
    reason: str,
    at: datetime,
) -> list[Judged]:
    """Say that these are of `kind`; those of which that is new, as they were before.

    What a list said already is new where a person says it: no change of the list undoes it then.

    Raises JudgementError without a person and a reason, for no kind, and for unknown ids.
    """
    if not by.strip() or not reason.strip():
        raise JudgementError("A judgement needs a person (--by) and a reason (--reason).")
    if kind not in KINDS_OF_SUBMISSIONS:
        allowed = ", ".join(KINDS_OF_SUBMISSIONS)
        raise JudgementError(f"{kind!r} is no kind of submission; allowed: {allowed}")
    found = _find(connection, submission_ids)
    changed = [one for one in found if one.kind != kind or one.version is not None]
    _store(connection, [(one.submission_id, kind, f"{by}: {reason}", None) for one in changed])
    action = "restore_submission" if kind == PERSON else "mark_no_person"
    actions = [_action(one, action, kind, reason, by, at) for one in changed]
    record_actions(connection, pd.DataFrame(actions), run_id="")
    return changed


def reread_kinds(
    connection: duckdb.DuckDBPyConnection,
    signs: NonPersonSigns,
    *,
    at: datetime,
    run_id: str,
    among: Backlog,
) -> list[str]:
    """Looks anew at what another state of the list held back, `among` those received then; the ids
    of those that are persons'.

    What people said stands.
    """
    rows = connection.execute(
        f"select submission_id, channel, received_at, kind, kind_reason, kind_version, payload, "
        f"{', '.join(SIGN_FIELDS)} from capture.submissions "
        "where kind_version is not null and kind_version <> ? "
        "and received_seq > ? and received_seq <= ?",
        [signs.version, among.after_seq, among.until_seq],
    ).fetchall()
    reader = KindReader(signs)
    restored: list[Judged] = []
    stored: list[tuple[str, str, str | None, str | None]] = []
    for row in rows:
        before = Judged(*row[:6])
        fields = dict(zip(SIGN_FIELDS, row[7:], strict=True))
        mark = reader.stands(before.kind, before.reason)
        mark = mark or reader.read(fields, content_of(row[6]))
        if mark is None:
            restored.append(before)
            stored.append((before.submission_id, PERSON, None, None))
        else:
            stored.append((before.submission_id, mark.kind, mark.reason, signs.version))
    _store(connection, stored)
    reason = "config/vocabularies/non_persons.csv has changed"
    actions = [
        _action(one, "restore_submission", PERSON, reason, "system", at, signs.version)
        for one in restored
    ]
    record_actions(connection, pd.DataFrame(actions), run_id=run_id)
    return [one.submission_id for one in restored]


def _find(connection: duckdb.DuckDBPyConnection, submission_ids: Sequence[str]) -> list[Judged]:
    wanted = list(dict.fromkeys(submission_ids))
    rows = connection.execute(
        f"{_JUDGED} where submission_id in (select unnest($ids::varchar[])) order by received_seq",
        {"ids": wanted},
    ).fetchall()
    unknown = sorted(set(wanted) - {row[0] for row in rows})
    if unknown:
        raise JudgementError(
            f"No submission has the id {', '.join(unknown)}. See what is held back with: "
            "lead-platform junk list; the submissions of a lead with: lead-platform lead"
        )
    return [Judged(*row) for row in rows]


def _store(
    connection: duckdb.DuckDBPyConnection,
    judged: Sequence[tuple[str, str, str | None, str | None]],
) -> None:
    if not judged:
        return
    columns = ["submission_id", "kind", "kind_reason", "kind_version"]
    connection.register("judged", pd.DataFrame(judged, columns=columns).astype("str"))
    connection.execute(
        "update capture.submissions as s set kind = j.kind, kind_reason = j.kind_reason, "
        "kind_version = j.kind_version from judged as j where s.submission_id = j.submission_id"
    )
    connection.unregister("judged")


def _action(
    before: Judged,
    action: str,
    kind: str,
    reason: str,
    by: str,
    at: datetime,
    version: str | None = None,
) -> dict[str, Any]:
    return {
        "workflow": "capture",
        "action": action,
        "subject_type": "submission",
        "subject_id": before.submission_id,
        "rule": "non_persons",
        "rule_version": version,
        "reason": reason,
        "before": ": ".join(filter(None, (before.kind, before.reason))),
        "after": kind,
        "actor": by,
        "occurred_at": at,
    }
