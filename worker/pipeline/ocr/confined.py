"""Loads a file as pages in a process of its own, which ends if a page takes too much to load.

Decoders are megabytes of native code that work on bytes from strangers. The process is a fork of
the recognition child, so it starts within milliseconds, and the engine of the child survives it.
"""

import os
import resource
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

from shared.errors import RecognitionCrashed, ServiceError
from shared.errors_elsewhere import ErrorElsewhere
from shared.process.parent_death import dying_with_parent
from shared.rejections import ImageTooCostly
from worker.pipeline.ocr.pages import Page, each_page

# All pages of a file together may take the CPU time of this many.
_PAGES = 2
# The process is stuck if it uses no CPU time for so many seconds: OpenBLAS waits for itself when it
# gets no memory. On a busy machine a process gets little, but not none.
_PATIENCE = 10
# The exit status of a process that ran out of memory, which no library uses.
_OUT_OF_MEMORY = 87
# How a library ends a process when it gets no memory and cannot say so: PDFium does.
_GIVING_UP = (-signal.SIGABRT, -signal.SIGTRAP, -signal.SIGILL, -signal.SIGSEGV)

_STDERR = 2

# The fields `resident` and `data` of this file, both in pages.
_STATM = Path("/proc/self/statm")
_RESIDENT, _DATA = 1, 5


@dataclass(frozen=True)
class PageLimits:
    """What loading one page may take: seconds of CPU time, and bytes of memory that it adds."""

    cpu: int
    memory: int


def load_confined(content: bytes, max_pixels: int, limits: PageLimits) -> Sequence[Page]:
    """Load a file as `load_pages` does. The process that does it may not have threads.

    Only Linux can limit a process so. Elsewhere the file is loaded in this process.

    Raises ImageTooCostly if a page exceeds its limits, RecognitionCrashed if the process ended
    otherwise, ErrorElsewhere if the code has a bug, and what `load_pages` raises.
    """
    if not sys.platform.startswith("linux"):
        return list(each_page(content, max_pixels))
    die_with_parent = dying_with_parent(signal.SIGKILL)
    receiver, sender = Pipe(duplex=False)
    parent = os.getpid()
    before = _memory(_RESIDENT)
    process = os.fork()
    if process == 0:
        # Whatever happens, this copy of the process may not go on with what the parent does.
        try:
            die_with_parent()
            if os.getppid() == parent:
                _close_all_but(sender)
                _load(sender, content, max_pixels, limits)
        finally:
            os._exit(1)
    sender.close()
    loaded: Sequence[Page] | Exception | None = None
    stuck = False
    try:
        with receiver:
            stuck = not _answers(receiver, process)
            if not stuck:
                loaded = _received(receiver)
    finally:
        if stuck:
            os.kill(process, signal.SIGKILL)
        _, status, usage = os.wait4(process, 0)
    if loaded is None:
        added = usage.ru_maxrss * 1024 - before
        raise _reason(os.waitstatus_to_exitcode(status), added, limits, stuck=stuck)
    if isinstance(loaded, Exception):
        raise loaded
    return loaded


def _received(receiver: Connection) -> Sequence[Page] | Exception | None:
    """Return what the process sent, or None if it ended before it had sent everything."""
    try:
        loaded: Sequence[Page] | Exception = receiver.recv()
    except (EOFError, OSError):
        return None
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise RecognitionCrashed from error
    return loaded


def _answers(receiver: Connection, process: int) -> bool:
    """Wait until there is something to receive; return False if the process is stuck."""
    used = -1
    while not receiver.poll(_PATIENCE):
        before, used = used, _ticks(process)
        if used == before:
            return False
    return True


def _ticks(process: int) -> int:
    """Return the CPU time of a process: `utime` and `stime` of proc_pid_stat(5)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def is_out_of_memory(error: Exception) -> bool:
    """Recognise Python's own error, and those of OpenCV and onnxruntime for a failed `malloc`."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or "bad_alloc" in text or "insufficient memory" in text


def _close_all_but(sender: Connection) -> None:
    """Close what the process inherited, such as the pipes to the worker, but not its log."""
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        if descriptor > _STDERR and descriptor != sender.fileno():
            # The listing had one of its own, which is closed already.
            with suppress(OSError):
                os.close(descriptor)


def _load(sender: Connection, content: bytes, max_pixels: int, limits: PageLimits) -> NoReturn:
    """Load the pages in this process, send them or the error, and end the process."""
    # A process that exceeds its CPU time would leave its memory on disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        pages = each_page(content, max_pixels)
        _limit(limits)
        loaded = []
        for page in pages:
            loaded.append(page)
            _limit(limits)
        sender.send(loaded)
    except ServiceError as error:
        sender.send(error)
    except Exception as error:
        if is_out_of_memory(error):
            # A library that ran out of memory may be left in a broken state.
            os._exit(_OUT_OF_MEMORY)
        # Not every error survives being sent, and its text may quote the file.
        sender.send(ErrorElsewhere.of(error))
    os._exit(0)


def _limit(limits: PageLimits) -> None:
    """Set the limits of the next page. SIGXCPU ends the process at that of CPU time."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = int(used.ru_utime + used.ru_stime) + limits.cpu
    _set(resource.RLIMIT_CPU, min(cpu, _PAGES * limits.cpu))
    _set(resource.RLIMIT_DATA, _memory(_DATA) + limits.memory)


def _memory(field: int) -> int:
    """Return a field of proc_pid_statm(5) in bytes."""
    return int(_STATM.read_text().split()[field]) * resource.getpagesize()


def _set(limit: int, value: int) -> None:
    """Set the soft limit, which can be raised again as far as the hard one allows."""
    _, hard = resource.getrlimit(limit)
    resource.setrlimit(limit, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _reason(code: int, added: int, limits: PageLimits, *, stuck: bool) -> ServiceError:
    """Return why the process ended, which had added so many bytes to its memory.

    A signal from outside, such as SIGKILL, is a crash.
    """
    if code == -signal.SIGXCPU:
        return ImageTooCostly(
            f"The file takes more than {limits.cpu} seconds of CPU time to decode or to draw."
        )
    gave_up = stuck or code in _GIVING_UP
    if code == _OUT_OF_MEMORY or (gave_up and added > limits.memory / 2):
        return ImageTooCostly(
            f"The file takes more than {limits.memory / 1e6:g} MB of memory to decode or to draw."
        )
    return RecognitionCrashed()
