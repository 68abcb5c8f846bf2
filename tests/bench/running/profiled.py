"""`python -m tests.bench.running.profiled FILE -m MODULE` runs a module under a profiler.

Writes FILE.prof for `pstats` and FILE.txt for people when the process ends, by itself or by
SIGTERM. Only the CPU time of the event loop's thread counts, so waiting is not in it; calls are
slower than without a profiler, so only the shares mean something.
"""

import cProfile
import importlib
import pstats
import runpy
import signal
import sys
import time
from pathlib import Path

_LINES = 40

if __name__ == "__main__":
    _, file, _, module = sys.argv
    sys.argv = [module]
    # uvicorn raises the signal again after it has stopped, which would end the process here.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    # What a start takes is another matter.
    importlib.import_module(f"{module}.main")
    profile = cProfile.Profile(time.thread_time)
    try:
        profile.runcall(runpy.run_module, module, run_name="__main__", alter_sys=True)
    finally:
        profile.dump_stats(f"{file}.prof")
        with Path(f"{file}.txt").open("w") as text:
            stats = pstats.Stats(profile, stream=text).strip_dirs()
            stats.sort_stats("tottime").print_stats(_LINES)
            stats.sort_stats("cumtime").print_stats(_LINES)
