"""Dagster's UI, refusing whoever is no guest of this machine.

It has no log-in. That it listens on this machine only keeps other machines out, but not pages of
strangers in a browser here: they may have a name of theirs point to this machine, or send requests
across. So the Host has to be a name of ours, and the queries have to come from our own pages.
"""

import sys
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from dagster import DagsterInstance
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from dagster_webserver.version import __version__
from starlette.datastructures import Headers
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from lead_platform.orchestration.lifeline import Lifeline
from lead_platform.orchestration.logs import fold_repeats
from lead_platform.orchestration.status import ui_answers
from lead_platform.settings import Settings

LOCAL_HOSTS = ("localhost", "127.0.0.1")


class OwnPagesOnly:
    """Refuses queries that a page of another site has a browser send."""

    def __init__(self, app: ASGIApp, hosts: list[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] in ("http", "websocket") and self._is_foreign(scope):
            refusal = (
                WebSocketClose(1008)
                if scope["type"] == "websocket"
                else PlainTextResponse("Asked by a page of another site.", status_code=403)
            )
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_foreign(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        # A link from elsewhere to a page of ours is no query.
        if headers.get("sec-fetch-mode") == "navigate" and not scope["path"].endswith("/graphql"):
            return False
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return True
        origin = headers.get("origin")
        return origin is not None and urlsplit(origin).hostname not in self._hosts


def guarded(app: ASGIApp, settings: Settings) -> ASGIApp:
    """The app behind its door."""
    hosts = [*LOCAL_HOSTS, *(name.strip() for name in settings.ui_hosts.split(",") if name)]
    return TrustedHostMiddleware(OwnPagesOnly(app, hosts), allowed_hosts=hosts)


def main() -> None:
    """Serve the UI of the workspace and at the port given as arguments, until asked to end."""
    lifeline = Lifeline()
    workspace, port = Path(sys.argv[1]), int(sys.argv[2])
    settings = Settings()
    with (
        DagsterInstance.get() as instance,
        WorkspaceProcessContext(
            instance, WorkspaceFileTarget([str(workspace)]), version=__version__
        ) as context,
    ):
        lifeline.beat(lambda: ui_answers(settings, port))
        fold_repeats()
        app = create_app_from_workspace_process_context(context)
        uvicorn.run(
            guarded(app, settings), host=settings.ui_address, port=port, log_level="warning"
        )


if __name__ == "__main__":
    main()
