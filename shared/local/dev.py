"""bin/dev: runs servers that keep their data, and a front and a worker that reload on changes."""

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress

from rich.console import Console
from watchfiles import Change, PythonFilter, watch

from shared.errors import PortTaken
from shared.local.arguments import Arguments
from shared.local.checkout import DATA, ROOT
from shared.local.dev_session import dev_lock
from shared.local.processes import LocalError, block_until, free_port
from shared.local.stack import (
    Popen,
    Servers,
    check_settings,
    front,
    migrate,
    servers,
    worker,
    workers_ready,
)
from shared.process.listening import listen

_SOURCES = ("api", "shared", "worker")
_HOST = "127.0.0.1"


def main(arguments: Sequence[str]) -> int:
    """Run until Ctrl-C. Raises LocalError, PortTaken and OSError."""
    Arguments("bin/dev").parse_args(arguments)
    settings = check_settings()
    ports = {"PORT": settings.port, "WORKER_PORT": settings.worker_port}
    ports = {setting: port or free_port() for setting, port in ports.items()}
    console = Console()
    with ExitStack() as stack:
        lock = stack.enter_context(dev_lock(f"http://{_HOST}:{ports['PORT']}"))
        _check_ports(ports, wait=lock.after_a_crash)
        console.print("Starting Postgres and Valkey ...")
        running = stack.enter_context(servers(DATA / "dev", durable=True))
        migrate(running.database_url)
        lock.announce(running.database_url, running.redis_url)
        _print_urls(console, running, ports)
        _run_and_reload(console, running, ports)
    return 0


def _check_ports(ports: Mapping[str, int], *, wait: bool) -> None:
    """Raise PortTaken if a port is taken.

    With `wait`, processes that a crashed session left behind have ten seconds to end first.
    """
    if wait:
        with suppress(LocalError):
            block_until(lambda: all(map(_is_free, ports.values())), "A port", timeout=10)
    for setting, port in ports.items():
        _close(listen(_HOST, port, setting))


def _is_free(port: int) -> bool:
    try:
        _close(listen(_HOST, port, ""))
    except PortTaken:
        return False
    return True


def _close(sockets: Sequence[socket.socket]) -> None:
    for listening in sockets:
        listening.close()


def _run_and_reload(console: Console, running: Servers, ports: Mapping[str, int]) -> None:
    """Run front and worker, and restart both whenever a source file changes."""
    changes = watch(
        *(ROOT / name for name in _SOURCES),
        watch_filter=PythonFilter(extra_extensions=(".toml",)),
        yield_on_timeout=True,
        rust_timeout=500,
        raise_interrupt=True,
    )
    # The watch begins with the first `next`, so that no change during the start is missed.
    next(changes)
    while True:
        try:
            with _front_and_worker(running, ports) as processes:
                console.print("[green]Running.[/green] Ctrl-C stops everything.")
                report = _component_report(console, f"http://{_HOST}:{ports['PORT']}")
                _wait_for_change(console, changes, processes, report)
        except LocalError as error:
            console.print(f"{error}", style="red", markup=False)
            console.print("Waiting for a change ...")
            _wait_for_change(console, changes, [], iter(()))


@contextmanager
def _front_and_worker(running: Servers, ports: Mapping[str, int]) -> Iterator[list[Popen]]:
    env = {
        "LOG_FORMAT": "console",
        "SHUTDOWN_GRACE": "1",
        "DRAIN_DELAY": "0",
        "WORKER_PORT": str(ports["WORKER_PORT"]),
        **running.env(),
    }
    with worker(env) as worker_process, front(env, ports["PORT"]) as front_process:
        yield [worker_process, front_process]


def _component_report(console: Console, url: str) -> Iterator[None]:
    """Ask the front at every step whether the components are loaded, until that is decided.

    If one is unavailable, print why: front and worker go on without it.
    """
    try:
        while not workers_ready(url):
            yield
    except LocalError as error:
        console.print(f"{error}", style="red", markup=False)


def _wait_for_change(
    console: Console,
    changes: Iterator[set[tuple[Change, str]]],
    processes: list[Popen],
    report: Iterator[None],
) -> None:
    for changed in changes:
        next(report, None)
        if changed:
            console.print("[yellow]Source changed, reloading ...[/yellow]")
            return
        if any(process.poll() is not None for process in processes):
            raise LocalError("The front or the worker stopped.")


def _print_urls(console: Console, running: Servers, ports: Mapping[str, int]) -> None:
    url = f"http://{_HOST}:{ports['PORT']}"
    for name, where in (
        ("API", f"{url}/docs"),
        ("Health", f"{url}/health_check"),
        ("Metrics", f"{url}/metrics"),
        ("", f"http://{_HOST}:{ports['WORKER_PORT']}/metrics (worker)"),
        ("Postgres", running.database_url),
        ("Redis", running.redis_url),
    ):
        console.print(f"  {name:<10} {where}", soft_wrap=True, highlight=False)
