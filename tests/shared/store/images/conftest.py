"""Object stores for tests: a bucket on a server that speaks S3, and a folder."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from shared.settings import Settings
from tests.support.processes.bucket import BUCKET, CREDENTIALS, bucket_server


@pytest.fixture(scope="session")
def s3(folder: Path) -> Iterator[str]:
    """The URL of a server that speaks S3."""
    with bucket_server(folder / "s3.log") as url:
        yield url


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials for the server in the environment."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def bucket(credentials: None) -> str:
    """The value of IMAGE_STORE for a prefix that nobody used before."""
    return f"s3://{BUCKET}/{uuid4().hex}"


@pytest.fixture
def in_bucket(settings: Settings, bucket: str, s3: str) -> Settings:
    """The settings of processes whose images are in a bucket."""
    return settings.model_copy(update={"image_store": bucket, "aws_endpoint_url": s3})


@pytest.fixture
def in_folder(settings: Settings, tmp_path: Path) -> Settings:
    """The settings of processes whose images are in a folder."""
    return settings.model_copy(update={"image_store": f"file://{tmp_path / 'images'}"})
