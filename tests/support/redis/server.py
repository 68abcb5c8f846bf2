"""Runs a Redis or Valkey with whatever configuration a test gives it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.local.processes import block_until, running
from shared.local.stack import Popen
from shared.local.valkey import server_program
from tests.support.plugins.left_out import program_path
from tests.support.processes.ports import listens

# What a server keeps its messages with.
DURABLE = {"appendonly": "yes", "save": '""', "maxmemory-policy": "noeviction"}
# A replica is copied to at once, not after 5 s in which others may want the same.
FOLLOWED = {"repl-diskless-sync-delay": 0}


@dataclass(frozen=True)
class Program:
    """A program that is a server of Redis: the embedded one, or one that is on the PATH."""

    name: str = "valkey-server"
    options: tuple[str, ...] = ()

    @property
    def command(self) -> list[str | Path]:
        """The beginning of the command that starts it."""
        if self.name == "valkey-server":
            return [server_program(), *self.options]
        return [program_path(self.name) or self.name, *self.options]


@contextmanager
def redis_server(
    program: Program, folder: Path, port: int, configuration: Mapping[str, object]
) -> Iterator[Popen]:
    """Run a server that listens at `port` of 127.0.0.1, with its data in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "server.conf"
    # A Sentinel writes what it learns into its configuration, and finds it there again.
    if not file.exists():
        lines = {"bind": "127.0.0.1", "dir": folder, **configuration}
        file.write_text("".join(f"{name} {_quoted(value)}\n" for name, value in lines.items()))
    log = folder / "server.log"
    command = [program.command[0], file, *program.command[1:]]
    with running(command, log=log, cwd=folder) as process:
        block_until(lambda: listens(port), program.name, process=process, log=log)
        yield process


def _quoted(value: object) -> object:
    """Return a value as the configuration has it: a path may have spaces."""
    return f'"{value}"' if isinstance(value, Path) else value
