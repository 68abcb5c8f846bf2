"""Settings: from the environment, checked, and with a sentence for each mistake."""

import pytest
from pydantic import ValidationError

from shared.contracts.features import Queue
from shared.process import start_process
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
    """Everything else has a default; secrets are not shown."""
    settings = Settings()

    assert settings.worker_queues == (Queue.RECEIPTS, Queue.ITEMS)
    assert "postgresql://a" not in repr(settings)


def test_queues_are_a_list_of_names(environment: pytest.MonkeyPatch) -> None:
    """Separated by commas."""
    environment.setenv("WORKER_QUEUES", "items")

    assert Settings().worker_queues == (Queue.ITEMS,)


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
    ],
)
def test_nonsense_stops_the_start(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    """With the name of the setting, not a traceback."""
    environment.setenv(name, value)

    with pytest.raises(ValidationError):
        Settings()
    with pytest.raises(SystemExit) as stopped:
        start_process()
    assert stopped.value.code == 2
    assert name in capsys.readouterr().err


def test_a_missing_server_is_named(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The one thing everybody forgets."""
    environment.delenv("DATABASE_URL")

    with pytest.raises(SystemExit):
        start_process()
    assert "DATABASE_URL" in capsys.readouterr().err


def test_settings_do_not_change(environment: pytest.MonkeyPatch) -> None:
    """Built once, in the entry point."""
    with pytest.raises(ValidationError):
        Settings().port = 1  # type: ignore[misc]


def test_settings_of_earlier_versions_are_noticed(environment: pytest.MonkeyPatch) -> None:
    """They chose between real and mock; there is no mock any more."""
    environment.setenv("USE_TESSERACT_OCR", "true")

    assert Settings().replaced == {"USE_TESSERACT_OCR": "OCR_ENGINE"}
