"""Alerts reach a person: grouped, without a storm, whatever is broken, and hold no secrets."""

import ast
import json
import re
import socket
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_platform.governance import notifications
from lead_platform.governance.alerts import KINDS, AlertBook, Message, Signal
from lead_platform.governance.notifications import open_book, targets_of, tell
from lead_platform.lake.lake import Lake
from lead_platform.lake.queries import ask, read_alone
from lead_platform.lake.switches import Switch, copy_to_lake, open_switches
from lead_platform.settings import PROJECT_ROOT, Settings

NOW = datetime(2026, 3, 2, 9)
MINUTE = timedelta(minutes=1)


class Phone:
    """A target that notes what it gets, and may be dead."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.is_dead = False

    def __call__(self, message: Message) -> bool:
        if not self.is_dead:
            self.messages.append(message)
        return not self.is_dead


@pytest.fixture
def book(tmp_path: Path) -> AlertBook:
    return AlertBook(tmp_path / "alerts", group_for=15 * MINUTE)


def send(book: AlertBook, now: datetime, **phones: Phone) -> None:
    book.compose(phones, now)
    targets: dict[str, Callable[[Message], bool]] = dict(phones)
    book.deliver(targets, now)


def test_a_storm_is_one_message_and_a_digest(book: AlertBook) -> None:
    phone = Phone()
    for second in range(0, 3600, 30):
        now = NOW + timedelta(seconds=second)
        book.record([Signal("run_failed", f"job_{second % 300}", "failed") for _ in range(5)], now)
        send(book, now, phone=phone)
    # One at once, then one each quarter of an hour with what came meanwhile.
    assert len(phone.messages) == 4
    assert phone.messages[0].body.startswith("runs failed (5 times, 1 subjects):")
    assert "runs failed" in phone.messages[1].title
    assert "and 5 more" in phone.messages[1].body


def test_the_book_holds_what_is_still_to_be_told_or_listed(book: AlertBook, tmp_path: Path) -> None:
    """Nothing was ever deleted: each message to send was sought among all there had been."""
    phone, dead = Phone(), Phone()
    dead.is_dead = True
    lasting = Signal("disk_nearly_full", "home", "5 % are free", is_condition=True)
    for day in range(200):
        now = NOW + timedelta(days=day)
        failed = Signal("run_failed", f"job_{day}", "failed")
        book.record([failed, lasting], now)
        send(book, now, phone=phone, dead=dead)
        book.record([], now + MINUTE, over=[("run_failed", failed.subject)])
    with closing(sqlite3.connect(tmp_path / "alerts" / "alerts.sqlite")) as connection:
        held = {
            table: connection.execute(f"select count(*) from {table}").fetchone()[0]
            for table in ("messages", "sendings", "told", "causes", "alerts")
        }
    assert held == {"messages": 2, "sendings": 4, "told": 92, "causes": 92, "alerts": 92}
    assert book.alerts()[-1].first_seen_at >= NOW + timedelta(days=109)
    # What lasts stays, and what was not taken yet is still tried: two days of it, and the news.
    assert [alert.subject for alert in book.alerts() if alert.state == "open"] == ["home"]
    assert len(phone.messages) == 200
    dead.is_dead = False
    send(book, now + timedelta(hours=2), dead=dead)
    assert len(dead.messages) == 3


def test_a_condition_is_told_once_and_again_the_next_day(book: AlertBook) -> None:
    phone = Phone()
    fallen = Signal("feed_fallen", "web_form", "3 records", is_condition=True)
    for minute in range(0, 26 * 60, 10):
        now = NOW + minute * MINUTE
        book.settle(["feed_fallen"], [fallen], now)
        send(book, now, phone=phone)
    assert len(phone.messages) == 2
    book.settle(["feed_fallen"], [], NOW + timedelta(hours=27))
    send(book, NOW + timedelta(hours=27), phone=phone)
    assert "in order again (feed_fallen): web_form" in phone.messages[2].body
    (alert,) = book.alerts()
    assert (alert.state, alert.occurrences) == ("resolved", 1)


def test_the_same_cause_is_told_once_and_another_at_once(book: AlertBook) -> None:
    """A run each five minutes over one held row told of it 96 times a day."""
    phone = Phone()

    def fail(cause: str, minute: int) -> None:
        signal = Signal("check_warned", "leads gate", "in run 1", is_condition=True, causes=[cause])
        now = NOW + minute * MINUTE
        book.record([signal], now)
        send(book, now, phone=phone)

    for minute in range(0, 24 * 60, 5):
        fail("mails are unique", minute)
    assert len(phone.messages) == 1
    fail("owners are known", 24 * 60)
    assert len(phone.messages) == 2
    # Causes that take turns are no news each time.
    for minute in range(24 * 60, 40 * 60, 5):
        fail("mails are unique" if minute % 2 else "owners are known", minute)
    assert len(phone.messages) == 2


def test_of_several_causes_each_is_news_once_whatever_holds_beside_it(book: AlertBook) -> None:
    """A second field that moved, a second run that set many aside: silent for a day."""
    phone = Phone()

    def holds(causes: list[str], hour: int) -> int:
        moved = Signal("field_moved", "web_form", "moved", is_condition=True, causes=causes)
        now = NOW + timedelta(hours=hour)
        book.settle(["field_moved"], [moved], now)
        send(book, now, phone=phone)
        return len(phone.messages)

    assert holds(["email"], 0) == 1
    assert holds(["email", "phone"], 1) == 2
    assert holds(["phone"], 2) == 2
    assert holds(["phone", "country", "city"], 3) == 3
    assert holds(["email"], 4) == 3


def test_what_lasts_is_named_each_day_whatever_else_flaps(book: AlertBook) -> None:
    """Reminders had one clock per kind, which another alert of the kind kept setting back."""
    phone = Phone()
    stuck = Signal("feed_stale", "web_form", "nothing new", is_condition=True)
    flapping = Signal("feed_stale", "events", "nothing new", is_condition=True)
    for hour in range(7 * 24):
        now = NOW + timedelta(hours=hour)
        book.settle(["feed_stale"], [stuck, *([flapping] if hour % 12 < 6 else [])], now)
        send(book, now, phone=phone)
    assert sum("- web_form: nothing new" in message.body for message in phone.messages) == 7


def test_of_many_that_last_each_is_named_in_its_turn(book: AlertBook) -> None:
    phone = Phone()
    many = [Signal("files_waiting", f"<{n}>", "waits", is_condition=True) for n in range(12)]
    for day in range(3):
        now = NOW + timedelta(days=day)
        book.settle(["files_waiting"], many, now)
        send(book, now, phone=phone)
    assert len(phone.messages) == 3
    told = "".join(message.body for message in phone.messages)
    assert all(signal.subject in told for signal in many)


@pytest.mark.parametrize("is_condition", [True, False])
def test_a_clock_that_was_ahead_mutes_nothing(book: AlertBook, is_condition: bool) -> None:
    """Noted three days ahead, what had been told was silent for as long."""
    phone = Phone()
    failed = Signal("run_failed", "maintain", "failed", is_condition=is_condition)
    book.record([failed], NOW)
    phone.is_dead = True
    send(book, NOW + timedelta(days=3), phone=phone)
    phone.is_dead = False
    book.record([failed], NOW + MINUTE)
    send(book, NOW + MINUTE, phone=phone)
    # What could not be sent ahead of time, and what is told now.
    assert len(phone.messages) == 2
    for hour in range(1, 49):
        book.record([failed], NOW + timedelta(hours=hour))
        send(book, NOW + timedelta(hours=hour), phone=phone)
    assert len(phone.messages) == (3 if is_condition else 50)


def test_a_clock_that_was_ahead_is_not_listed(book: AlertBook) -> None:
    failed = Signal("run_failed", "maintain", "failed")
    book.record([failed], NOW + timedelta(days=3))
    book.record([failed], NOW)
    (alert,) = book.alerts()
    assert (alert.first_seen_at, alert.last_seen_at) == (NOW, NOW)


def test_what_came_and_went_between_two_messages_is_told(book: AlertBook) -> None:
    """A feed that was down from ten to twelve past was open at no look at the book, so nobody
    heard of it."""
    phone = Phone()
    fallen = Signal("feed_fallen", "web_form", "3 records", is_condition=True)
    book.settle(["feed_fallen"], [fallen], NOW)
    book.settle(["feed_fallen"], [], NOW + 12 * MINUTE)
    send(book, NOW + 12 * MINUTE, phone=phone)
    (message,) = phone.messages
    assert "- web_form: was so for 12 minutes; well again: 3 records" in message.body
    send(book, NOW + 60 * MINUTE, phone=phone)
    assert len(phone.messages) == 1
    # Acknowledged meanwhile, somebody knew.
    book.settle(["feed_fallen"], [fallen], NOW + 90 * MINUTE)
    (alert,) = book.alerts()
    book.acknowledge(alert.alert_id, by="Dana", reason="the form moves")
    book.settle(["feed_fallen"], [], NOW + 95 * MINUTE)
    send(book, NOW + 120 * MINUTE, phone=phone)
    assert len(phone.messages) == 1


def test_what_comes_and_goes_all_day_is_no_storm(book: AlertBook) -> None:
    phone = Phone()
    full = Signal("disk_nearly_full", "home", "1 GB is free", is_condition=True)
    for minute in range(0, 24 * 60, 2):
        book.settle(["disk_nearly_full"], [full], NOW + minute * MINUTE)
        book.settle(["disk_nearly_full"], [], NOW + (minute + 1) * MINUTE)
        send(book, NOW + (minute + 1) * MINUTE, phone=phone)
    assert len(phone.messages) <= 24 * 4
    assert "- home: was so for 8 minutes in all, 8 times; well again" in phone.messages[5].body


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["open", "close", "look"]), st.sampled_from("abc"), st.integers(0, 40)
        ),
        max_size=40,
    )
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_was_open_is_told_and_never_more_often_than_agreed(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, int]]
) -> None:
    book = AlertBook(tmp_path_factory.mktemp("book"), group_for=15 * MINUTE)
    phone, now, open_ones, untold = Phone(), NOW, set(), set()
    kind = "files_waiting"

    def look() -> None:
        before = len(phone.messages)
        send(book, now, phone=phone)
        for message in phone.messages[before:]:
            untold.difference_update(name for name in "abc" if f"- {name}: " in message.body)
            # What was told as open already is told as in order, by name alone.
            again = re.search(rf"in order again \({kind}\): (.*)", message.body)
            untold.difference_update(again[1].split(", ") if again else ())

    for step, name, minutes in steps:
        now += minutes * MINUTE
        if step == "look":
            look()
        elif step == "open" and name not in open_ones:
            open_ones.add(name)
            untold.add(name)
        elif step == "close":
            open_ones.discard(name)
        book.settle([kind], [Signal(kind, one, "x", is_condition=True) for one in open_ones], now)
    for _ in range(2):
        now += 15 * MINUTE
        look()
    assert untold == set()
    assert len(phone.messages) <= 1 + (now - NOW) / (15 * MINUTE)


def test_what_is_acknowledged_is_silent_until_it_was_in_order(book: AlertBook) -> None:
    phone = Phone()
    book.record([Signal("run_failed", "maintain", "failed")], NOW)
    send(book, NOW, phone=phone)
    (alert,) = book.alerts()
    seen = book.acknowledge(alert.alert_id, by="Dana", reason="disk ordered")
    assert (seen.state, seen.decided_by, seen.reason) == ("acknowledged", "Dana", "disk ordered")
    for hour in range(1, 60):
        now = NOW + timedelta(hours=hour)
        book.record([Signal("run_failed", "maintain", "failed")], now)
        send(book, now, phone=phone)
    assert len(phone.messages) == 1
    later = NOW + timedelta(hours=60)
    book.record([], later, over=[("run_failed", "maintain")])
    book.record([Signal("run_failed", "maintain", "failed")], later)
    send(book, later, phone=phone)
    assert len(phone.messages) == 2
    with pytest.raises(LookupError, match="No alert 99 is open"):
        book.acknowledge(99, by="Dana", reason="?")


def test_a_dead_target_is_tried_again_and_holds_up_no_other(book: AlertBook) -> None:
    alive, dead = Phone(), Phone()
    dead.is_dead = True
    book.record([Signal("disk_nearly_full", "home", "1 GB")], NOW)
    for minute in range(60):
        send(book, NOW + minute * MINUTE, alive=alive, dead=dead)
    assert len(alive.messages) == 1
    dead.is_dead = False
    for minute in range(60, 130):
        send(book, NOW + minute * MINUTE, alive=alive, dead=dead)
    assert (len(alive.messages), len(dead.messages)) == (1, 1)


def test_a_target_that_failed_is_asked_once_at_a_time(book: AlertBook) -> None:
    """Each message was tried at a dead target for itself: hours of it, and all were in its way."""
    asked: list[Message] = []

    def hangs(message: Message) -> bool:
        asked.append(message)
        return False

    alive = Phone()
    for number, kind in enumerate(("run_failed", "runs_waiting", "watch_failed", "field_moved")):
        now = NOW + number * timedelta(seconds=10)
        book.record([Signal(kind, "x", "wrong")], now)
        book.compose(["dead", "alive"], now)
        book.deliver({"dead": hangs, "alive": alive}, now)
    assert (len(asked), len(alive.messages)) == (1, 4)
    book.deliver({"dead": hangs, "alive": alive}, NOW + MINUTE)
    assert len(asked) == 2


def test_two_processes_send_a_message_once(tmp_path: Path) -> None:
    phone = Phone()
    books = [AlertBook(tmp_path / "alerts", group_for=15 * MINUTE) for _ in range(8)]
    books[0].record([Signal("run_failed", "maintain", "failed")], NOW)
    threads = [threading.Thread(target=send, args=(b, NOW), kwargs={"p": phone}) for b in books]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(phone.messages) == 1


def test_by_default_they_go_to_a_file_of_the_owner_alone(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    tell(settings, [Signal("part_restarted", "daemon", "it had died")], NOW)
    log = settings.alerts / "alerts.log"
    assert "part_restarted" not in log.read_text(encoding="utf-8")
    text = log.read_text(encoding="utf-8")
    assert "again (1 times, 1 subjects):\n- daemon: it had died" in text
    # It is read the next morning.
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC  ", text)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in settings.alerts.iterdir()}
    assert modes == {"alerts.log": 0o600, "alerts.sqlite": 0o600}
    assert stat.S_IMODE(settings.alerts.stat().st_mode) == 0o700


def test_what_cannot_be_recorded_is_told_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # A full disk, a folder of somebody else: that is when telling matters most.
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "alerts").write_text("no folder", encoding="utf-8")
    tell(Settings(home=tmp_path / "home"), [Signal("run_failed", "maintain", "it failed")], NOW)
    assert "run_failed maintain: it failed" in capsys.readouterr().err


def test_what_cannot_be_recorded_is_told_seldom(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each look of the sensor sent three messages, for as long as the disk was full."""
    settings = Settings(home=tmp_path / "home")
    book = settings.alerts / "alerts.sqlite"
    settings.alerts.mkdir(parents=True)
    book.mkdir()
    told = []
    for minute in range(31):
        signals = [Signal("run_failed", f"job_{minute}", "it failed")]
        tell(settings, signals if minute % 10 == 5 else [], NOW + minute * MINUTE)
        if messages := capsys.readouterr().err:
            told.append((minute, "job_5" in messages, "job_15" in messages, "job_25" in messages))
    assert told == [(0, *[False] * 3), (15, True, True, False), (30, False, False, True)]
    # What was not told yet is recorded as soon as that may be.
    tell(settings, [Signal("run_failed", "last", "it failed")], NOW + 31 * MINUTE)
    book.rmdir()
    tell(settings, [], NOW + 32 * MINUTE)
    assert [alert.subject for alert in open_book(settings).alerts()] == ["last"]
    assert "last: it failed" in (settings.alerts / "alerts.log").read_text(encoding="utf-8")


@pytest.mark.parametrize("damage", ["garbage", "cut", "inside"])
def test_a_broken_book_is_begun_anew_and_told_once(tmp_path: Path, damage: str) -> None:
    """It was garbage: three messages at each look without end, and a traceback from the list."""
    settings = Settings(home=tmp_path / "home")
    many = [Signal("feed_stale", f"feed_{number}" * 20, "nothing new") for number in range(200)]
    open_book(settings).record(many, NOW)
    file = settings.alerts / "alerts.sqlite"
    pages = file.read_bytes()
    half = len(pages) // 2
    whole = {"garbage": b"", "cut": pages[:half], "inside": pages[: half // 4096 * 4096]}[damage]
    file.write_bytes(
        whole if damage == "cut" else whole + b"garbage!" * ((len(pages) - len(whole)) // 8)
    )
    for minute in range(4):
        tell(settings, many, NOW + minute * MINUTE)
    alerts = open_book(settings).alerts()
    assert [alert.kind for alert in alerts].count("book_broken") == 1
    assert len(alerts) == 201
    (aside,) = settings.alerts.glob("alerts.sqlite.broken_*")
    log = (settings.alerts / "alerts.log").read_text(encoding="utf-8")
    assert log.count(aside.name) == 1
    assert log.count("Lead platform: alerts cannot be recorded") <= (damage == "inside")


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict]]]:
    """A real HTTP server and what was posted to it."""
    posted: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Nothing: the test's output is no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"json://127.0.0.1:{server.server_port}/", posted
    server.shutdown()


def test_apprise_addresses_get_it_and_are_kept_nowhere(
    tmp_path: Path, receiver: tuple[str, list[dict]]
) -> None:
    address, posted = receiver
    dead = "json://user:s3cret@127.0.0.1:9/"
    settings = Settings(home=tmp_path / "home", alert_urls=f"{address} {dead} nonsense")
    started = time.monotonic()
    tell(settings, [Signal("run_failed", "process_new_leads", "failed in intake")], NOW)
    assert time.monotonic() - started < 60
    (message,) = posted
    assert message["title"] == "Lead platform: runs failed"
    assert "process_new_leads: failed in intake" in message["message"]
    kept = b"".join(path.read_bytes() for path in settings.alerts.iterdir())
    assert b"s3cret" not in kept
    assert "s3cret" not in repr(settings)
    assert len(targets_of(settings)) == 3
    # The one that was reached is not told again, the others are.
    tell(settings, [], NOW + 5 * MINUTE)
    assert len(posted) == 1


@pytest.fixture
def silent_server() -> Iterator[int]:
    """The port of a real server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        yield listening.getsockname()[1]


def test_targets_that_hang_hold_telling_up_for_seconds(
    tmp_path: Path,
    receiver: tuple[str, list[dict]],
    silent_server: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Eight of them were asked one after another, for 15 s each; a sensor is given up after 60."""
    monkeypatch.setattr(notifications, "SEND_SECONDS", 0.6)
    monkeypatch.setattr(notifications, "BEGIN_WITHIN_SECONDS", 0.2)
    address, posted = receiver
    hanging = [f"json://127.0.0.1:{silent_server}/{number}" for number in range(8)]
    settings = Settings(home=tmp_path / "home", alert_urls=" ".join([*hanging, address]))
    longest = 0.0
    for minute in range(10):
        started = time.monotonic()
        signals = [Signal("run_failed", "maintain", "failed")] if minute == 0 else []
        tell(settings, signals, NOW + minute * MINUTE)
        longest = max(longest, time.monotonic() - started)
    assert longest < 3
    assert len(posted) == 1, "the one that answers is reached all the same"


def test_what_cannot_be_recorded_waits_for_no_target_after_another(
    tmp_path: Path, silent_server: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "SEND_SECONDS", 0.5)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "alerts").write_text("no folder", encoding="utf-8")
    hanging = [f"json://127.0.0.1:{silent_server}/{number}" for number in range(12)]
    settings = Settings(home=tmp_path / "home", alert_urls=" ".join(hanging))
    started = time.monotonic()
    tell(settings, [Signal("run_failed", "maintain", "it failed")], NOW)
    assert time.monotonic() - started < 4


def switch(settings: Settings, *, on: bool, hour: int) -> bool:
    """Throw the switch of alerts; whether it moved."""
    at = NOW.replace(hour=hour)
    return open_switches(settings).throw(Switch("alerts", on, "Dana", "the disk moves", at))


def test_the_switch_stops_messages_and_what_is_open_is_told_once_it_is_on(
    settings: Settings,
) -> None:
    log = settings.alerts / "alerts.log"
    assert switch(settings, on=False, hour=1)
    assert not switch(settings, on=False, hour=2), "it stood that way already"
    tell(settings, [Signal("run_failed", "maintain", "failed in upkeep")], NOW)
    tell(settings, [Signal("run_failed", "maintain", "failed in upkeep")], NOW + MINUTE)
    assert not log.exists()
    (alert,) = open_book(settings).alerts()
    assert (alert.state, alert.occurrences) == ("open", 2)
    assert switch(settings, on=True, hour=3)
    tell(settings, [], NOW + 2 * MINUTE)
    assert log.read_text(encoding="utf-8").count("maintain: failed in upkeep (2 times)") == 1
    tell(settings, [], NOW + 3 * MINUTE)
    assert log.read_text(encoding="utf-8").count("maintain") == 1


def test_the_switch_is_in_the_audit_log_once(lake: Lake) -> None:
    switch(lake.settings, on=False, hour=1)
    for _ in range(2):
        with lake.write("a step") as candidate:
            copy_to_lake(open_switches(lake.settings), candidate.connection, run_id="run_1")
    with lake.read() as connection:
        told = connection.execute(
            "select workflow, action, actor, reason from governance.audit_log"
        ).fetchall()
    assert told == [("alerts", "disable_workflow", "Dana", "the disk moves")]


def test_the_switch_stops_what_cannot_be_recorded_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(home=tmp_path / "home")
    switch(settings, on=False, hour=1)
    (tmp_path / "home" / "alerts").write_text("no folder", encoding="utf-8")
    tell(settings, [Signal("run_failed", "maintain", "it failed")], NOW)
    assert capsys.readouterr().err == ""


def test_a_switch_out_of_reach_lets_alerts_out(
    tmp_path: Path, receiver: tuple[str, list[dict]]
) -> None:
    """That the database is down is told although its switches lie there."""
    address, posted = receiver
    settings = Settings(
        home=tmp_path, alert_urls=address, database_url="postgresql://leads@127.0.0.1:9/leads"
    )
    tell(settings, [Signal("watch_failed", "lake", "DatabaseUnreachableError")], NOW)
    assert [message["title"] for message in posted] == ["Lead platform: watches could not look"]


def test_a_switch_thrown_while_messages_go_out_stops_the_rest(book: AlertBook) -> None:
    first, second = Phone(), Phone()
    targets: dict[str, Callable[[Message], bool]] = {"first": first, "second": second}
    book.record([Signal("run_failed", "maintain", "failed")], NOW)
    book.compose(targets, NOW)
    book.deliver(targets, NOW, may_send=lambda: not first.messages)
    assert (len(first.messages), len(second.messages)) == (1, 0)
    book.deliver(targets, NOW + 5 * MINUTE)
    assert (len(first.messages), len(second.messages)) == (1, 1)


def alerts_by_section() -> dict[str, str]:
    """The operations manual's sections on alerts, by the kind they are named after."""
    manual = Path(__file__).parents[2] / "docs" / "operations.md"
    chapter = manual.read_text(encoding="utf-8").split("## What to do for each alert")[1]
    sections = re.split(r"^### ", chapter.split("\n## ")[0], flags=re.MULTILINE)[1:]
    return {(parts := section.split("\n", 1))[0].strip("`"): parts[1] for section in sections}


def test_every_kind_of_alert_has_its_section_with_commands_to_run() -> None:
    sections = alerts_by_section()
    assert list(sections) == list(KINDS)
    for kind, text in sections.items():
        assert re.search(r"^lead-platform \w+", text, re.MULTILINE), f"{kind}: no command to run"
        assert len(text.split("```")[0].split()) >= 12, f"{kind}: it does not say what it means"


def test_queries_of_the_manual_can_be_asked(embedded_settings: Settings) -> None:
    lake = Lake(embedded_settings)
    manual = (PROJECT_ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    queries = re.findall(r'^lead-platform sql (?:--csv )?"([^"]+)"', manual, re.MULTILINE)
    assert len(queries) > 8
    with read_alone(embedded_settings, lake.published().snapshot_id) as connection:
        for query in queries:
            with ask(connection, query, seconds=60) as result:
                result.fetchall()


def test_every_kind_the_code_tells_is_known() -> None:
    """One that is not would be recorded and never told: messages go through the known kinds."""
    told = set()
    for path in (PROJECT_ROOT / "lead_platform").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("Signal", "Finding"):
                place = 0 if call.func.id == "Signal" else 1  # type: ignore[attr-defined]
                kind = call.args[place]
                told.add(kind.value if isinstance(kind, ast.Constant) else "")
    assert told - {""} <= set(KINDS)
    assert len(told) > 8


def test_the_book_of_a_home_is_empty_at_first(tmp_path: Path) -> None:
    assert open_book(Settings(home=tmp_path)).alerts() == []
