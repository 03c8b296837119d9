"""A clock that can be set, for a process and all it starts, where the machine's is everybody's."""

import atexit
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

SOURCE = Path(__file__).with_name("clock.c")
_OFFSET_VARIABLE = "CLOCK_OFFSET_FILE"


def restart_with_clock(module: str) -> None:
    """Start this module anew, with its arguments, below a clock that can be set.

    Returns where that is so already, and where no C compiler is at hand: then `set_clock` is
    not to be called.
    """
    if can_set_clock():
        atexit.register(shutil.rmtree, Path(os.environ[_OFFSET_VARIABLE]).parent)
        return
    folder = Path(tempfile.mkdtemp(prefix="lead-platform-clock-"))
    variables = clock_variables(folder)
    if not variables:
        shutil.rmtree(folder)
        return
    environment = {**os.environ, **variables}
    os.execve(sys.executable, [sys.executable, "-m", module, *sys.argv[1:]], environment)


def clock_variables(folder: Path) -> dict[str, str]:
    """The environment of a process below a clock that is set by what lies in this folder; empty
    where no C compiler is at hand."""
    library, offset = folder / "clock.so", folder / "clock_offset"
    compile_it = ["cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"]
    try:
        subprocess.run(compile_it, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return {}
    offset.write_bytes(struct.pack("q", 0))
    return {"LD_PRELOAD": str(library), _OFFSET_VARIABLE: str(offset)}


def can_set_clock() -> bool:
    """Whether this process runs below a clock that can be set."""
    return _OFFSET_VARIABLE in os.environ


def set_clock(seconds_ahead: float, variables: Mapping[str, str] = os.environ) -> None:
    """Let it be ahead of the machine's by so much, of whatever was started with these variables:
    this process and all it started."""
    # In place, for it is mapped into them.
    with Path(variables[_OFFSET_VARIABLE]).open("r+b") as file:
        file.write(struct.pack("q", round(seconds_ahead * 1e9)))
