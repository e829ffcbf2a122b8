"""Runs a command and tells what it took; small, because Linux counts what a program's parent had in memory as the program's own.

    python -I -S tests/benchmarks/launcher.py FIGURES COMMAND [ARGUMENT …]

Writes to the file FIGURES a line with seconds, seconds of CPU, the peak in KiB and the exit code.
"""

import os
import sys
import time

began = time.perf_counter()
child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
seconds = time.perf_counter() - began
with open(sys.argv[1], "w") as figures:  # noqa: PTH123  # pathlib would make this process larger
    figures.write(
        f"{seconds} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss} {os.waitstatus_to_exitcode(status)}\n"
    )
