"""What tests of callbacks share: settings that allow a receiver on this machine, and the keys."""

from pydantic import SecretStr
from standardwebhooks import Webhook

from shared.settings import Settings
from tests.support.scripted_server import Seen

SECRETS = (
    "whsec_b2xkLW9sZC1vbGQtb2xkLW9sZC1vbGQtb2xkLW9sZA==",
    "whsec_bmV3LW5ldy1uZXctbmV3LW5ldy1uZXctbmV3LW5ldw==",
)


def with_callbacks(settings: Settings, **different: object) -> Settings:
    """Return settings under which callbacks reach servers on 127.0.0.1 and localhost."""
    return settings.model_copy(
        update={
            "callback_hosts": ("http://127.0.0.1", "http://localhost"),
            "callback_secrets": tuple(map(SecretStr, SECRETS)),
            "callback_retry_pause": 0.01,
            **different,
        }
    )


def verified(seen: Seen, secret: str = SECRETS[0]) -> dict[str, object]:
    """Return the body of a callback, as a receiver does that verifies it with the library."""
    body: dict[str, object] = Webhook(secret).verify(seen.body, dict(seen.headers))
    return body
