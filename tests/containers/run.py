"""What the steps share: the engine, a checkout of their own, the stack, and what was seen."""

import json
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from shared.local.checkout import ROOT
from tests.containers.commands import Failed, output_of
from tests.containers.engine import Engine

DEVELOPMENT = "grocery-planner-ai:development"
PRODUCTION = "grocery-planner-ai:production"
PROJECT = "grocery-containers"
OURS = ("api", "worker-receipts", "worker-items", "migrate")
FRONT = "http://127.0.0.1:8000"


@dataclass
class Run:
    """One run of bin/test-containers.

    `sources` says for each image what it is, `sizes` its bytes. `logs` has the log of each of our
    containers that is gone, by its name.
    """

    folder: Path
    engine: Engine
    kept: Path | None = None
    sources: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)

    @property
    def checkout(self) -> Path:
        """Folder of the copy of the source that the stack mounts."""
        return self.folder / "checkout"

    @property
    def network(self) -> str:
        """Name of the stack's network."""
        return f"{PROJECT}_default"

    def copy_source(self, to: Path, mask: int) -> None:
        """Copy what is under version control, or will be, with the modes that `mask` leaves."""
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        for name in output_of(command, cwd=ROOT).split("\0"):
            source, target = ROOT / name, to / name
            if not name or not source.is_file():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            target.chmod((0o777 if source.stat().st_mode & 0o100 else 0o666) & ~mask)
        for folder in [to, *(path for path in to.rglob("*") if path.is_dir())]:
            folder.chmod(0o777 & ~mask)

    def docker(self, *arguments: str | Path, both: bool = False, within: float = 600) -> str:
        """Run `docker` and return what it printed."""
        command = ["docker", *arguments]
        return output_of(command, env=self.engine.env, both=both, within=within)

    def dev_full(self, *arguments: str) -> str:
        """Run bin/dev-full in the copy of the source and return what it printed."""
        env = {**self.engine.env, "COMPOSE_PROJECT_NAME": PROJECT}
        return output_of([self.checkout / "bin/dev-full", *arguments], env=env, within=900)

    def containers(self, service: str | None = None) -> dict[str, str]:
        """Return the ids of the stack's containers by name, stopped ones as well."""
        label = f"label=com.docker.compose.project={PROJECT}"
        filters = ["--filter", label]
        if service:
            filters += ["--filter", f"label=com.docker.compose.service={service}"]
        listed = self.docker("ps", "-a", "--no-trunc", *filters, "--format", "{{.Names}} {{.ID}}")
        names = (line.partition(" ") for line in listed.splitlines())
        return {name: container for name, _, container in sorted(names)}

    def state(self, container: str) -> dict[str, Any]:
        """Return the state of a container, as `docker inspect` has it."""
        state: dict[str, Any] = json.loads(
            self.docker("inspect", "--format", "{{json .State}}", container)
        )
        return state

    def log(self, container: str) -> str:
        """Return everything that a container wrote, to stdout and stderr."""
        return self.docker("logs", container, both=True)

    def keep_logs(self) -> None:
        """Keep the logs of our containers of the stack, before they are removed."""
        for service in OURS:
            for name, container in self.containers(service).items():
                self.logs[f"{name} {container[:6]}"] = self.log(container)

    def remove(self, container: str) -> None:
        """Remove a container of ours; its log is kept."""
        self.logs[container] = self.log(container)
        self.docker("rm", "--force", "--volumes", container)

    def programs(self, container: str) -> dict[str, str]:
        """Return the command lines of our programs in a container, by process id."""
        lines = self.docker("top", container, "-eo", "pid,args").splitlines()[1:]
        found = [line.strip().split(maxsplit=1) for line in lines]
        return {
            pid: command
            for pid, command in found
            if re.match(r"\S*python\S* (-\S+ )*-m (api|worker)\b", command)
        }

    def healthy(self) -> bool:
        """Return whether the stack says that all is well."""
        try:
            return httpx.get(f"{FRONT}/health_check", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def note_size(self, image: str) -> None:
        """Note what an image weighs."""
        self.sizes[image] = int(self.docker("image", "inspect", "--format", "{{.Size}}", image))

    def stop_all(self) -> None:
        """Remove our containers and the stack with its data; whatever cannot be removed stays.

        A step that failed leaves its containers, and a machine's engine would keep them.
        """
        with suppress(Failed):
            for container in self.docker("ps", "-aq", "--filter", f"label={PROJECT}").split():
                self.docker("rm", "--force", "--volumes", container)
        if self.checkout.exists():
            with suppress(Failed):
                self.dev_full("down", "--volumes", "--timeout", "1")
