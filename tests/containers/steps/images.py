"""Gets the images of others, and builds ours."""

from tests.containers.bases import get_images
from tests.containers.run import PRODUCTION, Run


def get(run: Run) -> str:
    """Every image is there, real or stood in for."""
    run.sources.update(get_images(run.engine, run.folder, run.kept))
    real = [image for image, source in run.sources.items() if source == "real"]
    return f"{len(real)} real, {len(run.sources) - len(real)} stand-ins"


def build_production(run: Run) -> str:
    """The production image builds from a checkout that only its owner can read."""
    checkout = run.folder / "private"
    run.copy_source(checkout, 0o077)
    dockerfile = checkout / "config/Dockerfile"
    run.docker("build", "-f", dockerfile, "--target", "production", "-t", PRODUCTION, checkout)
    run.sources[PRODUCTION] = "built"
    run.note_size(PRODUCTION)
    run.docker("run", "--rm", "--network", "none", PRODUCTION, "python", "-c", "import api, worker")
    return f"{run.sizes[PRODUCTION] / 1e6:.0f} MB"
