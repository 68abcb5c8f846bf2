"""Settings: they come from the environment, and each mistake is reported in a sentence."""

import pytest
from pydantic import ValidationError

from shared.contracts.features import Queue
from shared.process.start import start_process
from shared.settings import Settings

SERVERS = {"DATABASE_URL": "postgresql://a", "REDIS_URL": "redis://b"}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment in which only the servers are set."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in SERVERS.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_servers_are_all_that_must_be_set(environment: pytest.MonkeyPatch) -> None:
    """Every other setting has a default, and secrets are not shown."""
    settings = Settings()

    assert settings.worker_queues == (Queue.RECEIPTS, Queue.ITEMS)
    assert "postgresql://a" not in repr(settings)


def test_queues_are_names_separated_by_commas(environment: pytest.MonkeyPatch) -> None:
    """The names may be in any order."""
    environment.setenv("WORKER_QUEUES", "items,receipts")

    assert Settings().worker_queues == (Queue.ITEMS, Queue.RECEIPTS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WORKER_QUEUES", "dreams"),
        ("WORKER_QUEUES", ","),
        ("RECEIPT_SLOTS", "0"),
        ("LEASE", "6"),
        ("OCR_ENGINE", "crystal ball"),
        ("QUEUE_NAMESPACE", "a b"),
        ("PORT", "70000"),
        ("CALLBACK_HOSTS", "*"),
        ("CALLBACK_HOSTS", "app.example.com"),
        ("CALLBACK_SECRETS", "secret"),
        ("CALLBACK_SECRETS", "whsec_c2hvcnQ="),
        ("CALLBACK_SECRETS", "whsec_not base64 at all, though it is quite long enough"),
        ("CALLBACK_SECRETS", ",".join(["whsec_b2xkLW9sZC1vbGQtb2xkLW9sZC1vbGQtb2xkLW9sZA=="] * 3)),
    ],
)
def test_nonsense_stops_the_start(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    """The process exits with code 2 and names the setting, without a traceback."""
    environment.setenv(name, value)

    with pytest.raises(ValidationError):
        Settings()
    with pytest.raises(SystemExit) as stopped:
        start_process()
    assert stopped.value.code == 2
    assert name in capsys.readouterr().out


def test_callbacks_need_hosts_and_keys(environment: pytest.MonkeyPatch) -> None:
    """Both are lists separated by commas. The keys are not shown."""
    keys = ["whsec_b2xkLW9sZC1vbGQtb2xkLW9sZC1vbGQtb2xkLW9sZA==", f"whsec_{'A' * 32}"]
    environment.setenv("CALLBACK_HOSTS", "app.example.com, 10.0.0.0/8")
    environment.setenv("CALLBACK_SECRETS", ",".join(keys))
    settings = Settings()

    assert settings.callback_hosts == ("app.example.com", "10.0.0.0/8")
    assert [key.get_secret_value() for key in settings.callback_secrets] == keys
    assert not any(key in repr(settings) for key in keys)


def test_a_key_with_a_mistake_is_not_shown(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong may be one letter of a key that is in use."""
    environment.setenv("CALLBACK_SECRETS", "wsec_b2xkLW9sZC1vbGQtb2xkLW9sZC1vbGQtb2xkLW9sZA==")

    with pytest.raises(SystemExit):
        start_process()
    shown = capsys.readouterr().out
    assert "CALLBACK_SECRETS" in shown
    assert "b2xk" not in shown


def test_a_missing_server_is_named(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The URL of a server is the setting that is forgotten most often."""
    environment.delenv("DATABASE_URL")

    with pytest.raises(SystemExit):
        start_process()
    assert "DATABASE_URL" in capsys.readouterr().out


def test_settings_are_frozen(environment: pytest.MonkeyPatch) -> None:
    """An assignment raises, so no part of a process can change another's settings."""
    with pytest.raises(ValidationError):
        Settings().port = 1  # type: ignore[misc]


def test_settings_of_earlier_versions_are_reported(environment: pytest.MonkeyPatch) -> None:
    """Earlier settings chose between real and mock engines, and there are no mocks any more."""
    environment.setenv("USE_TESSERACT_OCR", "true")

    assert Settings().replaced == {"USE_TESSERACT_OCR": "OCR_ENGINE"}


@pytest.mark.parametrize(
    ("env", "needed"),
    [
        ({}, False),
        ({"HOST": "::1"}, False),
        ({"HOST": "0.0.0.0"}, True),
        ({"HOST": "api"}, True),
        ({"ENVIRONMENT": "production"}, True),
        ({"HOST": "0.0.0.0", "AUTH": "off"}, False),
        ({"AUTH": "tokens"}, True),
    ],
    ids=str,
)
def test_tokens_are_needed_unless_only_this_machine_can_call(
    environment: pytest.MonkeyPatch, env: dict[str, str], needed: bool
) -> None:
    """`AUTH=off` elsewhere has to be said in so many words."""
    for name, value in env.items():
        environment.setenv(name, value)

    assert Settings().needs_tokens is needed


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_production_refuses_to_be_open(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], host: str
) -> None:
    for name, value in {"ENVIRONMENT": "production", "AUTH": "off", "HOST": host}.items():
        environment.setenv(name, value)

    with pytest.raises(SystemExit):
        start_process()
    assert "AUTH=off" in capsys.readouterr().out
