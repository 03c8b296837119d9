"""Work divided among processes that say who they are and take for ever."""

import os
import time

from lead_platform.parallel import map_in_processes


def work(_: int) -> None:
    """Never done."""
    os.write(1, f"{os.getpid()}\n".encode())
    time.sleep(3600)


if __name__ == "__main__":
    map_in_processes(work, [1, 2])
