"""The development stack, as far as it can be tested without Docker: its files are valid and agree,
and our command lines and health checks run."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from shared.local import stack
from shared.local.checkout import ROOT
from shared.local.processes import free_port, running
from shared.process.opt_outs import OPT_OUTS
from shared.settings import Settings
from tests.config.files import FILES, WORKERS, content, published_ports, services
from tests.support.waiting import wait_until


@pytest.mark.parametrize("name", FILES)
@pytest.mark.slow
def test_the_file_follows_the_schema_of_compose(name: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, ROOT / name], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_only_the_specified_ports_are_published() -> None:
    """Ports are open on loopback only, since the stack asks for no password."""
    assert published_ports() == {
        f"127.0.0.1:{port}"
        for port in (
            *("4000:4000", "8000:8000", "5432:5432", "6379:6379"),
            *("4317:4317", "3200:3200", "3100:3100", "9090:9090", "9093:9093", "3001:3000"),
        )
    }


def test_images_are_pinned_and_the_order_of_the_start_is_gated() -> None:
    """No tag is `latest`, and a service that others wait for has a health check.

    Tags of a release have digests.
    """
    all_services = services()
    for name, service in all_services.items():
        _, _, tag = service["image"].partition(":")
        assert re.fullmatch(r"v?\d+(\.\d+)+(@sha256:[0-9a-f]{64})?|development", tag), name
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in all_services[other], (name, other)
    assert all_services["api"]["depends_on"]["migrate"] == {
        "condition": "service_completed_successfully"
    }
    for name in WORKERS:
        # With either of these, Compose could not run several of them.
        assert not {"ports", "container_name"} & all_services[name].keys()


def test_one_service_builds_the_image_of_all() -> None:
    """Several would race for the tag; the others never pull it, and start after the one."""
    ours = {
        name: service
        for name, service in services().items()
        if service["image"] == "grocery-planner-ai:development"
    }

    assert [name for name, service in ours.items() if "build" in service] == ["migrate"]
    for name in ours.keys() - {"migrate"}:
        assert ours[name]["pull_policy"] == "never"
        assert "migrate" in ours[name]["depends_on"]


@pytest.mark.parametrize("name", FILES)
def test_every_mount_exists(name: str) -> None:
    """A mount is a file of the repository, or a volume that the same file declares."""
    declared = content(name)
    for service in declared["services"].values():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            assert (
                (ROOT / source).exists()
                if source.startswith(".")
                else (source in declared["volumes"])
            ), mount


@pytest.mark.parametrize("name", ["api", *WORKERS, "migrate"])
def test_environment_variables_of_a_service_are_settings(name: str) -> None:
    """A misspelt name would be ignored."""
    environment = services()[name]["environment"]

    assert {key.lower() for key in environment} <= Settings.model_fields.keys()
    assert (environment["DEBUG"], environment["OTEL_ENABLED"]) == ("true", "true")
    assert (environment["AUTH"], environment["METRICS_OPEN"]) == ("off", "true")
    assert environment["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://tempo:4317"
    for key in ("DATABASE_URL", "REDIS_URL", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"):
        host = re.search(r"(?:@|//)([a-z]+):\d+", environment[key])
        assert host, key
        assert host[1] in services()


def test_the_app_is_in_the_stack_by_its_profile() -> None:
    """The app gets the variables of the specification, and starts after what it needs."""
    (app,) = (service for service in services().values() if service.get("profiles") == ["elixir"])
    environment = app["environment"]

    assert app["build"] == {"context": "../grocery_planner"}
    assert (
        "${GROCERY_PLANNER_PATH:-../grocery_planner}" in (ROOT / "docker-compose.yml").read_text()
    )
    assert environment.keys() == {
        *("DATABASE_URL", "AI_SERVICE_URL", "AI_SERVICE_TOKEN", "PHX_HOST"),
        *("SECRET_KEY_BASE", "OTEL_EXPORTER_OTLP_ENDPOINT"),
    }
    assert environment["DATABASE_URL"].endswith(
        f"/{services()['postgres']['environment']['POSTGRES_DB']}"
    )
    assert len(environment["SECRET_KEY_BASE"]) >= 64
    assert app["command"] == ["sh", "-c", "mix ash.setup && mix phx.server"]
    assert app["depends_on"] == {
        name: {"condition": "service_healthy"} for name in ("postgres", "api")
    }


def test_data_sources_point_at_services_and_at_each_other() -> None:
    """Dashboards name them by uid. A span links to logs and metrics, and both link back."""
    sources = {
        source["uid"]: source
        for source in content("config/grafana/provisioning/datasources/datasources.yaml")[
            "datasources"
        ]
    }
    hosts = {uid: re.findall(r"//([a-z]+):", source["url"]) for uid, source in sources.items()}
    named = set(re.findall(r'"datasourceUid": "(\w+)"', json.dumps(list(sources.values()))))

    assert hosts == {uid: [uid] for uid in ("prometheus", "tempo", "loki")}
    assert set(hosts) == named
    assert {host for (host,) in hosts.values()} <= services().keys()


def test_tempo_listens_and_writes_where_others_look() -> None:
    """Tempo takes OTLP on all addresses, and sends the metrics that it makes to Prometheus."""
    tempo = content("config/tempo/tempo.yaml")
    (writes,) = tempo["metrics_generator"]["storage"]["remote_write"]

    protocols = tempo["distributor"]["receivers"]["otlp"]["protocols"]
    assert protocols["grpc"]["endpoint"] == "0.0.0.0:4317"
    assert writes == {"url": "http://prometheus:9090/api/v1/write", "send_exemplars": True}
    assert "--web.enable-remote-write-receiver" in services()["prometheus"]["command"]
    assert tempo["server"]["http_listen_port"] == 3200
    assert content("config/loki/loki.yaml")["server"]["http_listen_port"] == 3100


def test_images_run_as_a_user_and_have_locked_packages_only() -> None:
    """Kubernetes refuses a user that has a name only. torch alone is not locked."""
    dockerfile = (ROOT / "config/Dockerfile").read_text().replace("\\\n", " ")
    stages = {
        name: stage
        for stage in dockerfile.split("\nFROM ")[1:]
        for name in re.findall(r"\S+ AS (\S+)", stage.splitlines()[0])
    }
    installed = [
        part.partition(" install ")[2].split(" && ")[0].split()
        for part in re.split(r"(?=-m pip )", dockerfile)[1:]
        if " install " in part
    ]

    for name in ("development", "image"):
        assert re.findall(r"^USER (.+)$", stages[name], re.M) == ["10001:10001"], name
    for name in ("production", "ml"):
        assert stages[name].startswith(f"image AS {name}\n")
    assert len(installed) > 5
    assert all("--no-deps" in each for each in installed)
    unlocked = [each[-1] for each in installed if "--require-hashes" not in each]
    assert len(unlocked) == 3, "the checkout, its wheel and torch"


def test_nothing_in_the_image_or_the_stack_reports_to_its_maker() -> None:
    """The image and each service of the stack opt out in their own way."""
    lines = re.findall(r"^ENV (.+)$", (ROOT / "config/Dockerfile").read_text(), re.M)
    grafana = services()["grafana"]["environment"]

    assert {f"{name}={value}" for name, value in OPT_OUTS.items()} <= set(" ".join(lines).split())
    assert content("config/tempo/tempo.yaml")["usage_report"] == {"reporting_enabled": False}
    assert content("config/loki/loki.yaml")["analytics"] == {"reporting_enabled": False}
    for name in ("REPORTING_ENABLED", "CHECK_FOR_UPDATES", "CHECK_FOR_PLUGIN_UPDATES"):
        assert grafana[f"GF_ANALYTICS_{name}"] == "false"
    for name in ("PREINSTALL_DISABLED", "PUBLIC_KEY_RETRIEVAL_DISABLED"):
        assert grafana[f"GF_PLUGINS_{name}"] == "true"


@pytest.fixture
def environment(behind: str, servers: stack.Servers) -> dict[str, str]:
    """Environment of the stack's containers, with the servers of the tests in place of its own."""
    ports = {"PORT": str(free_port()), "WORKER_PORT": str(free_port())}
    return {
        **services()["api"]["environment"],
        "DATABASE_URL": behind,
        "REDIS_URL": servers.redis_url,
        "OTEL_ENABLED": "false",
        "QUEUE_NAMESPACE": f"stack-{ports['PORT']}",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        **ports,
    }


@pytest.mark.timeout(120)
async def test_our_containers_start_and_become_healthy(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """The test runs the command lines and health checks of migration, front and worker."""
    migrate, api, worker = (services()[name] for name in ("migrate", "api", "worker-items"))
    assert _health(api, environment) != 0
    with running(migrate["command"], env=environment, cwd=ROOT) as process:
        await wait_until(lambda: process.poll() is not None, "the migration ended", within=30)
        assert process.returncode == 0
    connection = await asyncpg.connect(environment["DATABASE_URL"])
    assert await connection.fetchval("SELECT count(*) FROM jobs") == 0
    await connection.close()

    own = {**environment, **{key: worker["environment"][key] for key in ("WORKER_QUEUES",)}}
    with (
        running(_here(api), env=environment, cwd=ROOT, log=tmp_path / "api.log"),
        running(_here(worker), env=own, cwd=ROOT, log=tmp_path / "worker.log"),
    ):
        await wait_until(lambda: _health(api, environment) == 0, "the front was healthy", 60)
        await wait_until(lambda: _health(worker, environment) == 0, "the worker was healthy", 60)
    assert _health(api, environment) != 0
    assert _health(worker, environment) != 0
    for log in ("api.log", "worker.log"):
        lines = [json.loads(line) for line in (tmp_path / log).read_text().splitlines()]
        assert lines, log


def _here(service: dict[str, Any]) -> list[str]:
    """Return the command line of a service with the reloader where the checkout has it."""
    return [part.replace("/usr/local/bin/", f"{ROOT}/config/") for part in service["command"]]


def _health(service: dict[str, Any], environment: dict[str, str]) -> int:
    """Run the health check of a service on the ports of this test; return its exit code."""
    test = [
        part.replace(":8000/", f":{environment['PORT']}/").replace(
            ":8001/", f":{environment['WORKER_PORT']}/"
        )
        for part in service["healthcheck"]["test"][1:]
    ]
    done = subprocess.run(test, env={**os.environ, **environment}, capture_output=True, check=False)
    return done.returncode
