"""Gets the images that ours and the stack are made of, or makes stand-ins for them."""

import os
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from shared.local.checkout import ROOT
from tests.config.files import services
from tests.containers.commands import Failed, check, output_of
from tests.containers.engine import Engine

# The target in stand_in/Dockerfile of each service; nothing is proved of one that only answers.
_TARGETS = {"postgres": "postgres", "redis": "redis", "prometheus": "prometheus"}
_INCLUDED = "ca-certificates,python3,python3-pip,python3-venv"
_PASSED_ON = re.compile(
    r"(https?|no)_proxy|PIP_(INDEX_URL|EXTRA_INDEX_URL|TRUSTED_HOST|CERT)", re.I
)


def base_image() -> str:
    """Return the image that our Dockerfile starts from."""
    text = (ROOT / "config/Dockerfile").read_text()
    stages = set(re.findall(r"^FROM \S+ AS (\S+)", text, re.M))
    (base,) = {str(name) for name in re.findall(r"^FROM (\S+)", text, re.M)} - stages
    return base


def images_of_others() -> dict[str, str]:
    """Return the image of each service of the stack that is not ours, by the service's name."""
    return {
        name: service["image"]
        for name, service in services().items()
        if not service["image"].startswith("grocery-planner-")
    }


def get_images(engine: Engine, folder: Path, kept: Path | None) -> dict[str, str]:
    """Pull every image, and stand in for those that no registry gives; say what each one is.

    `kept` is a folder that keeps the base, which takes the longest to make, for later runs.
    """
    base, others = base_image(), images_of_others()
    with ThreadPoolExecutor(4) as pool:
        wanted = [base, *others.values()]
        real = dict(
            zip(wanted, pool.map(lambda image: _pulled(image, engine.env), wanted), strict=True)
        )
    check(real[base] or engine.own, f"{base} could not be pulled")
    sources = {image: "real" for image in wanted if real[image]}
    if not real[base]:
        _import_base(base, engine.env, folder, kept)
        sources[base] = "stand-in: Debian's packages"
    for name, image in others.items():
        if not real[image]:
            check(engine.own, f"{image} could not be pulled")
            sources[image] = _stand_in(name, image, base, engine.env)
    return sources


def _pulled(image: str, env: Mapping[str, str]) -> bool:
    for command in (["docker", "image", "inspect", image], ["docker", "pull", "--quiet", image]):
        try:
            output_of(command, env=env)
        except Failed:
            continue
        return True
    return False


def _stand_in(name: str, image: str, base: str, env: Mapping[str, str]) -> str:
    """Build the stand-in of a service; return what the table says of it."""
    target = _TARGETS.get(name, "answer")
    context = Path(__file__).parent / "stand_in"
    output_of(
        [
            "docker",
            "build",
            "-q",
            "--target",
            target,
            "--build-arg",
            f"BASE={base}",
            "-t",
            image,
            context,
        ],
        env=env,
    )
    return "answers 200: nothing is proved of it" if target == "answer" else "stand-in: Debian's"


def _import_base(image: str, env: Mapping[str, str], folder: Path, kept: Path | None) -> None:
    archive = (kept or folder) / "base.tar"
    if not archive.exists():
        archive.parent.mkdir(parents=True, exist_ok=True)
        with _in_memory(folder / "base") as root:
            _bootstrap(root, env)
            _pass_configuration_on(root)
            output_of(["tar", "-C", root, "-cf", archive, "."])
    variables = [
        f"ENV {name}={value}" for name, value in os.environ.items() if _PASSED_ON.fullmatch(name)
    ]
    variables.append("ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    changes = [part for variable in variables for part in ("--change", variable)]
    output_of(["docker", "import", *changes, archive, image], env=env)


@contextmanager
def _in_memory(root: Path) -> Iterator[Path]:
    """Mount a folder in memory: dpkg waits for the disk after each file."""
    root.mkdir()
    output_of(["mount", "-t", "tmpfs", "-o", "size=2g", "containers", root])
    try:
        yield root
    finally:
        output_of(["umount", "--lazy", root])


def _bootstrap(root: Path, env: Mapping[str, str]) -> None:
    options = ["--variant=minbase", f"--include={_INCLUDED}"]
    output_of(["debootstrap", *options, "bookworm", root, _mirror()], env=env)
    for marker in root.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
        marker.unlink()
    for name, program in (("python", "python3"), ("python3", "python3"), ("pip", "pip3")):
        (root / "usr/local/bin" / name).symlink_to(f"/usr/bin/{program}")
    # As in Debian's own image: without it, dpkg waits for the disk after each file.
    (root / "etc/dpkg/dpkg.cfg.d/unsafe-io").write_text("force-unsafe-io\n")
    output_of(["chroot", root, "apt-get", "clean"])


def _mirror() -> str:
    """Return the mirror that this machine gets Debian's packages from."""
    files = [
        *Path("/etc/apt").glob("sources.list"),
        *Path("/etc/apt/sources.list.d").glob("*.sources"),
    ]
    for file in files:
        found = re.search(
            r"^(?:deb|URIs:)\s+(?:\[.*?\]\s+)?(https?://\S+/debian/?)(?=\s|$)",
            file.read_text(),
            re.M,
        )
        if found:
            return found[1]
    return "http://deb.debian.org/debian"


def _pass_configuration_on(root: Path) -> None:
    """Give builds what this machine's package managers need to reach their servers."""
    settings = output_of(["apt-config", "dump"]).splitlines()
    wanted = [
        line
        for line in settings
        if line.startswith("Acquire::") and not line.startswith("Acquire::IndexTargets")
    ]
    (root / "etc/apt/apt.conf.d/99machine").write_text("\n".join([*wanted, ""]))
    for path in (Path("/etc/pip.conf"), Path("/etc/ssl/certs/ca-certificates.crt")):
        if path.exists():
            (root / path.relative_to("/")).write_bytes(path.read_bytes())
