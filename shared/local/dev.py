"""bin/dev: servers that keep their data, the front on :8000, a worker, reloaded on every change."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from rich.console import Console
from watchfiles import Change, PythonFilter, watch

from shared.local.processes import LocalError, stopping_on_signals
from shared.local.stack import DATA, ROOT, Popen, Servers, front, migrate, servers, worker

_SOURCES = ("api", "shared", "worker")


def main() -> int:
    """Run until Ctrl-C."""
    console = Console()
    try:
        with stopping_on_signals(), ExitStack() as stack:
            console.print("Starting Postgres and Valkey ...")
            running = stack.enter_context(servers(DATA / "dev", durable=True))
            migrate(running.database_url)
            _print_urls(console, running)
            _run_and_reload(console, running)
    except LocalError as error:
        console.print(f"[red]{error}[/red]")
        return 1
    except KeyboardInterrupt:
        console.print("Stopped.")
    return 0


def _port() -> int:
    return int(os.environ.get("PORT", "8000"))


def _run_and_reload(console: Console, running: Servers) -> None:
    """Front and worker together, until a source file changes; then again."""
    changes = watch(
        *(ROOT / name for name in _SOURCES),
        watch_filter=PythonFilter(extra_extensions=(".toml",)),
        yield_on_timeout=True,
        rust_timeout=500,
        raise_interrupt=True,
    )
    # It watches from the first look on; a change while the system starts must not be missed.
    next(changes)
    while True:
        try:
            with _front_and_worker(running) as processes:
                console.print("[green]Running.[/green] Ctrl-C stops everything.")
                _wait_for_change(console, changes, processes)
        except LocalError as error:
            console.print(f"[red]{error}[/red]\nWaiting for a change ...")
            _wait_for_change(console, changes, [])


@contextmanager
def _front_and_worker(running: Servers) -> Iterator[list[Popen]]:
    env = {
        "LOG_FORMAT": "console",
        "SHUTDOWN_GRACE": "1",
        "DRAIN_DELAY": "0",
        **running.env(),
    }
    with worker(env) as its_worker, front(env, _port()) as its_front:
        yield [its_worker, its_front]


def _wait_for_change(
    console: Console, changes: Iterator[set[tuple[Change, str]]], processes: list[Popen]
) -> None:
    for changed in changes:
        if changed:
            console.print("[yellow]Source changed, reloading ...[/yellow]")
            return
        if any(process.poll() is not None for process in processes):
            raise LocalError("The front or the worker stopped.")


def _print_urls(console: Console, running: Servers) -> None:
    url = f"http://127.0.0.1:{_port()}"
    for name, where in (
        ("API", f"{url}/docs"),
        ("Readiness", f"{url}/health/ready"),
        ("Metrics", f"{url}/metrics"),
        ("", f"http://127.0.0.1:{os.environ.get('WORKER_PORT', '8001')}/metrics (worker)"),
        ("Postgres", running.database_url),
        ("Redis", running.redis_url),
    ):
        console.print(f"  {name:<10} {where}", soft_wrap=True, highlight=False)


if __name__ == "__main__":
    sys.exit(main())
