"""What the commands share."""

import subprocess
import sys


def test_work_goes_on_when_nobody_reads_what_it_prints() -> None:
    """`ingest | head -2` ended the run in the middle, without a word."""
    printing = (
        "import sys\n"
        "from lead_platform.terminal import console\n"
        "for _ in range(2_000): console.print('x' * 70)\n"
        "print('all of it', file=sys.stderr)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", printing], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == "all of it\n"
    assert process.wait() == 0
