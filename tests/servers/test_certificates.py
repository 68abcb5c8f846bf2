"""Certificates are checked: a server that cannot show the right one is not spoken to."""

from collections.abc import Iterator

import pytest

from shared.local import stack
from shared.local.processes import free_port
from shared.settings import Settings
from tests.support.postgres.with_tls import postgres_with_tls
from tests.support.redis.sentinels import SERVICE
from tests.support.redis.server import Program, redis_server
from tests.support.tls import PEM
from worker.cli.diagnosis.broker import check_broker
from worker.cli.diagnosis.database import check_database
from worker.cli.diagnosis.finding import Finding

OVER_TLS = {
    "port": 0,
    "tls-cert-file": PEM,
    "tls-key-file": PEM,
    "tls-ca-cert-file": PEM,
    "tls-auth-clients": "no",
}
AUTHORITY = f"ssl_ca_certs={PEM}&ssl_check_hostname=true"


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a Redis that only speaks TLS."""
    port = free_port()
    with redis_server(
        Program("redis-server"),
        tmp_path_factory.mktemp("redis"),
        port,
        {**OVER_TLS, "tls-port": port},
    ):
        yield port


@pytest.fixture(scope="module")
def sentinel(redis: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a Sentinel that only speaks TLS, and names servers instead of addresses."""
    port = free_port()
    # Names have to be allowed before one is used.
    configuration = {
        **OVER_TLS,
        "tls-port": port,
        "tls-replication": "yes",
        "sentinel resolve-hostnames": "yes",
        "sentinel announce-hostnames": "yes",
        "sentinel monitor": f"{SERVICE} localhost {redis} 1",
    }
    program = Program("redis-server", ("--sentinel",))
    with redis_server(program, tmp_path_factory.mktemp("sentinel"), port, configuration):
        yield port


async def broker_findings(url: str) -> dict[str, Finding]:
    """Return what the doctor says of the Redis at a URL."""
    settings = Settings.model_validate({"database_url": "postgresql://h", "redis_url": url})
    return {finding.name: finding for finding in await check_broker(settings)}


async def test_redis_shows_the_right_certificate(redis: int) -> None:
    """The URL names what the certificate is for, and who has signed it."""
    found = await broker_findings(f"rediss://localhost:{redis}/0?{AUTHORITY}")

    assert found["redis"].status == "ok"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (f"rediss://127.0.0.1:{{}}/0?{AUTHORITY}", "IP address mismatch"),
        ("rediss://localhost:{}/0", "self-signed certificate"),
        ("redis://localhost:{}/0", "Connection"),
    ],
)
async def test_another_redis_is_not_spoken_to(redis: int, url: str, says: str) -> None:
    """The doctor says what is wrong with the certificate."""
    found = await broker_findings(url.format(redis))

    assert found["redis"].status == "error"
    assert says in found["redis"].detail


async def test_sentinels_show_certificates_too(sentinel: int) -> None:
    """The name of the server that they answer with is the one in its certificate."""
    found = await broker_findings(f"rediss+sentinel://localhost:{sentinel}/{SERVICE}?{AUTHORITY}")

    assert found["redis sentinels"].status == "ok"
    assert "lead to localhost:" in found["redis sentinels"].detail
    assert found["redis"].status == "ok"


async def test_a_sentinel_without_the_right_certificate_is_not_asked(sentinel: int) -> None:
    """The certificate is checked before anything is asked."""
    found = await broker_findings(f"rediss+sentinel://localhost:{sentinel}/{SERVICE}")

    assert "self-signed certificate" in found["redis sentinels"].detail
    assert found["redis"].status == "error"


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("@localhost", "@127.0.0.1", "IP address mismatch"),
        (f"sslrootcert={PEM}", "sslrootcert=/nowhere.pem", "No such file"),
        ("sslmode=verify-full", "sslmode=disable", "no encryption"),
    ],
)
async def test_another_postgres_is_not_spoken_to(
    database_with_tls: str, right: str, wrong: str, says: str
) -> None:
    """The doctor says what is wrong, for the URL that is right but for one thing."""
    url = database_with_tls.replace(right, wrong)
    settings = Settings.model_validate({"database_url": url, "redis_url": "redis://h"})

    (finding,) = await check_database(settings)

    assert finding.status == "error"
    assert says in finding.detail


@pytest.fixture(scope="module")
def database_with_tls() -> Iterator[str]:
    """The URL of a Postgres that only speaks TLS."""
    with stack.throwaway_folder() as folder, postgres_with_tls(folder) as url:
        yield url
