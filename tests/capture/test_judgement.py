"""What people say of submissions stands; what a list said is asked again once the list changes."""

from collections.abc import Iterator
from datetime import datetime

import duckdb
import pytest

from lead_platform.capture.judgement import (
    JudgementError,
    judge,
    list_non_persons,
    reread_kinds,
)
from lead_platform.lake.readings import Backlog
from lead_platform.settings import PROJECT_ROOT
from lead_platform.vocabularies.folder import load_intake_lists
from lead_platform.vocabularies.non_persons import NonPersonSigns

NOW = datetime(2026, 11, 22, 12)
ALL = Backlog(0, 100)


@pytest.fixture(scope="module")
def signs() -> NonPersonSigns:
    return load_intake_lists(PROJECT_ROOT / "config").non_persons


@pytest.fixture
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    """A person, and three that were held back: two by an earlier list, one by a person."""
    with duckdb.connect() as connection:
        for layer in ("capture", "governance"):
            connection.execute(f"create schema {layer}")
            declared = PROJECT_ROOT / "lead_platform" / layer / "tables.sql"
            connection.execute(declared.read_text(encoding="utf-8"))
        connection.execute(
            """
            insert into capture.submissions by name
            select submission_id, 'web_form' as channel, received_seq, full_name, email, kind,
                'told before' as kind_reason, kind_version, '{}' as payload
            from (values
                ('sub_1', 1, 'Nora Quist', 'nora.quist@quist-marine.example', null, null),
                ('sub_2', 2, 'Ada Okafor', 'ada.okafor@okafor-foods.example', 'junk', 'earlier'),
                ('sub_3', 3, 'Test Test', 'test@test.com', 'junk', 'earlier'),
                ('sub_4', 4, 'Ben Adler', 'ben.adler@adler-tools.example', 'junk', null)
            ) as r(submission_id, received_seq, full_name, email, kind, kind_version)
            """
        )
        yield connection


def kinds(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return dict(
        connection.execute(
            "select submission_id, coalesce(kind, 'person') from capture.submissions"
        ).fetchall()
    )


def actions(connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    return connection.execute(
        "select action, subject_id, actor, before, after from governance.audit_log "
        "order by audit_seq, subject_id"
    ).fetchall()


def test_a_changed_list_is_asked_again_of_what_it_held_back(
    tables: duckdb.DuckDBPyConnection, signs: NonPersonSigns
) -> None:
    assert reread_kinds(tables, signs, at=NOW, run_id="run", among=ALL) == ["sub_2"]
    assert kinds(tables) == {"sub_1": "person", "sub_2": "person", "sub_3": "test", "sub_4": "junk"}
    [(action, subject, actor, _, _)] = actions(tables)
    assert (action, subject, actor) == ("restore_submission", "sub_2", "system")
    before = tables.execute("select * from capture.submissions order by all").fetchall()
    assert reread_kinds(tables, signs, at=NOW, run_id="again", among=ALL) == []
    assert tables.execute("select * from capture.submissions order by all").fetchall() == before
    assert len(actions(tables)) == 1


def test_what_a_person_says_is_audited_once_and_can_be_taken_back(
    tables: duckdb.DuckDBPyConnection, signs: NonPersonSigns
) -> None:
    for _ in range(2):
        judge(tables, ["sub_1"], "junk", by="Dana", reason="a competitor", at=NOW)
    assert [one.submission_id for one in list_non_persons(tables)] == [
        "sub_4", "sub_3", "sub_2", "sub_1",
    ]  # fmt: skip
    judge(tables, ["sub_1", "sub_3"], "person", by="Dana", reason="real", at=NOW)
    told = [(action, subject, actor) for action, subject, actor, _, _ in actions(tables)]
    assert told == [
        ("mark_no_person", "sub_1", "Dana"),
        ("restore_submission", "sub_1", "Dana"),
        ("restore_submission", "sub_3", "Dana"),
    ]
    reread_kinds(tables, signs, at=NOW, run_id="run", among=ALL)
    assert kinds(tables)["sub_3"] == "person", "no list says otherwise again"


def test_what_a_person_confirms_no_list_undoes(
    tables: duckdb.DuckDBPyConnection, signs: NonPersonSigns
) -> None:
    """ "Nothing to do" was said of it, and the next list made leads of Dana's test records."""
    for _ in range(2):
        judge(tables, ["sub_2"], "junk", by="Dana", reason="our own", at=NOW)
    assert reread_kinds(tables, signs, at=NOW, run_id="run", among=ALL) == []
    assert kinds(tables)["sub_2"] == "junk"
    assert actions(tables) == [
        ("mark_no_person", "sub_2", "Dana", "junk: told before", "junk"),
    ]


def test_a_vendors_test_stays_one_though_its_payload_is_elsewhere(
    tables: duckdb.DuckDBPyConnection, signs: NonPersonSigns
) -> None:
    """The first item of a record keeps the record: a submission behind an event has no payload, one
    of a list its own element. A changed list once made leads of such tests."""
    tables.execute(
        "update capture.submissions set kind = 'test', payload = null, "
        "kind_reason = 'Google Ads: test lead of a lead form' where submission_id = 'sub_2'"
    )
    assert reread_kinds(tables, signs, at=NOW, run_id="run", among=ALL) == []
    assert kinds(tables)["sub_2"] == "test"
    without = NonPersonSigns([("text", "x", "test", "another")], "without keys")
    assert "sub_2" in reread_kinds(tables, without, at=NOW, run_id="again", among=ALL)


@pytest.mark.parametrize(
    ("ids", "kind", "by", "reason"),
    [
        (["sub_9"], "junk", "Dana", "x"),
        (["sub_1"], "spam", "Dana", "x"),
        (["sub_1"], "junk", " ", "x"),
        (["sub_1"], "junk", "Dana", ""),
    ],
)
def test_what_cannot_be_said_changes_nothing(
    tables: duckdb.DuckDBPyConnection, ids: list[str], kind: str, by: str, reason: str
) -> None:
    before = kinds(tables)
    with pytest.raises(JudgementError):
        judge(tables, ids, kind, by=by, reason=reason, at=NOW)
    assert (kinds(tables), actions(tables)) == (before, [])
