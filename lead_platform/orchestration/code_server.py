"""The process that has the definitions: Dagster's UI and daemon ask it through a socket.

Dagster's own `code-server start` keeps the definitions in a child of its own and does not notice
that child's death; here it is one process, which its supervisor starts again.
"""

import sys
from pathlib import Path

from lead_platform.orchestration.lifeline import Lifeline
from lead_platform.settings import PROJECT_ROOT

LOCATION = "lead_platform"


def main() -> None:
    """Serve at the socket given as the one argument, until asked to end."""
    lifeline = Lifeline()
    from dagster._cli.api import grpc_command
    from dagster._grpc.client import DagsterGrpcClient

    from lead_platform.orchestration.logs import fold_repeats

    fold_repeats()
    (address,) = sys.argv[1:]
    # One that was killed left its socket behind.
    Path(address).unlink(missing_ok=True)
    client = DagsterGrpcClient(socket=address)
    lifeline.beat(lambda: client.ping("beat"))
    options = {
        "--socket": address,
        "--module-name": "lead_platform.definitions",
        "--working-directory": str(PROJECT_ROOT),
        "--location-name": LOCATION,
        "--log-level": "warning",
    }
    flat = [word for option in options.items() for word in option]
    grpc_command.main([*flat, "--inject-env-vars-from-instance"])


if __name__ == "__main__":
    main()
