"""With AUTH=off, a proxy or a web page does not open a front to the world."""

import httpx
import structlog

from shared.settings import Settings
from tests.attacks.calls import OPEN, calls
from tests.support.fronts import front_http

ATTACKS = [
    {"Forwarded": "for=192.0.2.1"},
    {"X-Forwarded-For": "127.0.0.1"},
    {"X-Forwarded-Host": "localhost"},
    {"Via": "1.1 proxy"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"CF-Connecting-IP": "192.0.2.1"},
    {"Host": "evil.example"},
    {"Host": "evil.example:8000", "Origin": "http://evil.example:8000"},
]


async def test_every_call_is_refused(http: httpx.AsyncClient) -> None:
    """Health shows that the front lives, whoever asks."""
    wrong = []
    for call in calls():
        answer = await call.send(http, ATTACKS[0])
        refused = answer.status_code == 403 and answer.json()["error"] == "exposed_without_tokens"
        if refused is (call.path in OPEN):
            wrong.append((call.name, answer.status_code))

    assert wrong == []


async def test_every_attack_is_refused(http: httpx.AsyncClient) -> None:
    """The answer says what to set."""
    for headers in ATTACKS:
        for path in ("/docs", "/metrics", "/api/v1/queues"):
            answer = await http.get(path, headers=headers)
            assert answer.status_code == 403, headers
            assert "AUTH=tokens" in answer.json()["detail"]


async def test_a_page_of_the_front_itself_is_no_attack(http: httpx.AsyncClient) -> None:
    """A browser sends an Origin with the requests of /docs."""
    answer = await http.get("/api/v1/queues", headers={"Origin": "http://localhost"})

    assert answer.status_code == 200


async def test_elsewhere_containers_may_call_and_a_warning_is_logged(settings: Settings) -> None:
    """Containers call by a name without a dot. A proxy and any name of the internet are refused."""
    elsewhere = settings.model_copy(
        update={"host": "0.0.0.0", "auth": "off", "allowed_hosts": ("ai.example.org",)}
    )
    hosts = ("api:8000", "172.18.0.4:8000", "ai.example.org", "rebound.example.com:8000")
    with structlog.testing.capture_logs() as logs:
        async with front_http(elsewhere) as http:
            named = [
                (await http.get("/api/v1/queues", headers={"Host": host})).status_code
                for host in hosts
            ]
            proxied = await http.get("/api/v1/queues", headers={"X-Forwarded-For": "192.0.2.1"})

    assert named == [200, 200, 200, 403]
    assert proxied.status_code == 403
    assert "auth.off" in [line["event"] for line in logs if line["log_level"] == "warning"]


async def test_elsewhere_tokens_are_needed_by_default(settings: Settings) -> None:
    """Nobody opens a front to a network by leaving a setting out."""
    elsewhere = settings.model_copy(update={"host": "0.0.0.0"})
    async with front_http(elsewhere) as http:
        assert (await http.get("/api/v1/queues")).status_code == 401
        assert (await http.get("/health")).status_code == 200


async def test_metrics_may_be_open(settings: Settings) -> None:
    """METRICS_OPEN is for a network in which only Prometheus reaches them."""
    for auth in ("tokens", "off"):
        is_open = settings.model_copy(update={"auth": auth, "metrics_open": True})
        async with front_http(is_open) as http:
            answer = await http.get("/metrics", headers={"Host": "front:8000"})
            assert answer.status_code == 200
            other = await http.get("/api/v1/queues", headers={"Host": "front:8000"})
            assert other.status_code in (401, 403)


async def test_production_shows_nothing_to_anybody(settings: Settings) -> None:
    """Health has states and numbers, and the reference needs a token."""
    production = settings.model_copy(update={"environment": "production"})
    async with front_http(production) as http:
        ready = (await http.get("/health/ready")).json()
        check = (await http.get("/health_check")).json()
        closed = [(await http.get(path)).status_code for path in ("/", "/docs", "/openapi.json")]

    assert ready["checks"]["workers"] == {"status": "error", "alive": 0, "queues": []}
    assert check["services"]["ai_service"]["workers"] == ready["checks"]["workers"]
    assert closed == [401] * 3
