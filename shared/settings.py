"""The settings, read from unprefixed environment variables. Only entry points build them."""

import os
from base64 import b64decode
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    ImportString,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import NoDecode

from shared.access.exposure import is_loopback
from shared.access.settings import AccessSettings
from shared.callback_urls import CallbackHosts
from shared.contracts.features import Queue
from shared.pipeline_settings import PipelineSettings
from shared.store.hot.leases import Leases
from shared.store.images.image_settings import ImageSettings
from shared.store.postgres.settings.database_settings import DatabaseSettings
from shared.wire.redis_url import RedisUrl


class Settings(PipelineSettings, DatabaseSettings, AccessSettings, ImageSettings):
    """Every setting of a front or a worker. Frozen; `docs/settings.md` describes each of them."""

    environment: Literal["development", "test", "production"] = "development"
    redis_url: RedisUrl
    # Keeps the queues and announcements of several installations apart if they share a Redis.
    queue_namespace: Annotated[str, Field(pattern=r"^[a-z0-9_-]+$")] = "ai"

    # If set, a front or a worker that lacks a dependency at its start exits instead of waiting.
    require_dependencies: bool = False
    # For people who look into a running front with Tidewave; refused in production.
    debug: bool = False
    tidewave_enabled: bool = True
    tidewave_remote: bool = False
    # A part of Tidewave's URL. By default it is a random one at each start.
    tidewave_token: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9_-]{16,}$", repr=False)] = None

    # Traces go to a collector over OTLP/gRPC.
    otel_enabled: bool = False
    otel_exporter_otlp_endpoint: str = "http://localhost:4317"
    # Logs go out over OTLP/HTTP to this full URL; for Loki `http://loki:3100/otlp/v1/logs`.
    otel_exporter_otlp_logs_endpoint: str | None = None
    otel_service_name: str | None = None
    # Where the console leads to for the trace and the log lines of a job; `{trace_id}` is replaced.
    trace_url: Annotated[str | None, Field(pattern=r"^https?://")] = None
    logs_url: Annotated[str | None, Field(pattern=r"^https?://")] = None
    # By default they are in traces everywhere but in production.
    trace_item_names: bool | None = None

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    # Longer than callers' pools and load balancers keep an idle connection.
    keep_alive: Annotated[int, Field(ge=1)] = 75
    # Connections of callers at once; by default what the limit of descriptors leaves.
    max_connections: Annotated[int | None, Field(ge=1)] = None
    # How long the headers of a request, and each megabyte of its body, may take to arrive.
    header_timeout: Annotated[float, Field(gt=0)] = 10
    body_timeout: Annotated[float, Field(gt=0)] = 30
    # If set, requests with any unknown field are refused.
    strict_requests: bool = False
    # Whether a front has the console at /console, and for how many seconds a login lasts.
    console: bool = True
    console_session: Annotated[float, Field(gt=0)] = 43_200
    # Less than the 60 s after which callers' HTTP clients give up.
    answer_timeout: Annotated[float, Field(gt=0)] = 50
    # Less than the time after which whoever probes or scrapes gives up.
    probe_patience: Annotated[float, Field(gt=0)] = 1.0
    # New jobs are refused beyond these limits: how many jobs wait in the queue, which share of that
    # number are the tenant's, and for how many seconds the oldest of those has waited.
    receipts_queue_limit: Annotated[int, Field(gt=0)] = 500
    receipts_age_limit: Annotated[float, Field(gt=0)] = 900
    items_queue_limit: Annotated[int, Field(gt=0)] = 5_000
    items_age_limit: Annotated[float, Field(gt=0)] = 120
    tenant_queue_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    # How many jobs of one tenant are kept at most, and how many bytes of images.
    tenant_stored_jobs: Annotated[int, Field(gt=0)] | None = None
    tenant_stored_bytes: Annotated[int, Field(gt=0)] | None = None
    # For how long a stopping front still answers but refuses new jobs, so that load balancers
    # notice.
    drain_delay: Annotated[float, Field(ge=0)] = 5

    # Serves the worker's probes and metrics; 0 takes any free port, which is logged.
    worker_port: Annotated[int, Field(ge=0, le=65535)] = 8001
    worker_queues: Annotated[tuple[Queue, ...], NoDecode, Field(min_length=1)] = tuple(Queue)
    heartbeat: Annotated[float, Field(gt=0)] = 5
    shutdown_grace: Annotated[float, Field(ge=0)] = 20
    # `module:function`: replaces the function that makes the runners of the features.
    feature_loader: ImportString[Any] | None = None
    # The longest pause before the first retry; it doubles with each further retry.
    retry_pause: Annotated[float, Field(gt=0)] = 1
    reconcile_interval: Annotated[float, Field(gt=0)] = 2
    # For how long jobs with a priority may hold back those with a lower one.
    priority_hold: Annotated[float, Field(gt=0)] = 60
    # By default the images that nobody needs any more are kept for one day, all else for thirty.
    image_retention: Annotated[float, Field(gt=0)] = 86_400
    job_retention: Annotated[float, Field(gt=0)] = 2_592_000

    # The hosts that callbacks may be sent to; without any, callbacks are off.
    callback_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    # The keys that sign callbacks: one, or while it is being replaced the old and the new one.
    callback_secrets: Annotated[tuple[SecretStr, ...], NoDecode, Field(max_length=2)] = ()
    callback_timeout: Annotated[float, Field(gt=0)] = 10
    # The pause before the second attempt; it triples with each further attempt, up to four hours.
    callback_retry_pause: Annotated[float, Field(gt=0)] = 5

    @field_validator(
        "allowed_hosts",
        "worker_queues",
        "callback_hosts",
        "callback_secrets",
        "cors_origins",
        mode="before",
    )
    @classmethod
    def _split_at_commas(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(filter(None, (part.strip() for part in value.split(","))))

    @field_validator("callback_hosts")
    @classmethod
    def _hosts_can_be_parsed(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        CallbackHosts(value)
        return value

    @field_validator("callback_secrets")
    @classmethod
    def _secrets_are_long_enough(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not all(_is_signing_key(secret.get_secret_value()) for secret in value):
            raise ValueError(
                "each must be whsec_ and the base64 of 24 to 64 random bytes, as in "
                "`echo whsec_$(openssl rand -base64 32)`"
            )
        return value

    @model_validator(mode="after")
    def _callbacks_are_signed(self) -> "Settings":
        if self.callback_hosts and not self.callback_secrets:
            raise ValueError(
                "CALLBACK_HOSTS needs CALLBACK_SECRETS, with which callbacks are signed"
            )
        return self

    @model_validator(mode="after")
    def _leases_outlive_heartbeats(self) -> "Settings":
        if self.lease < 2 * self.heartbeat:
            raise ValueError(
                f"LEASE ({self.lease:g} s) must be at least twice HEARTBEAT "
                f"({self.heartbeat:g} s), or one late heartbeat loses a running job"
            )
        return self

    @model_validator(mode="after")
    def _production_is_not_debugged(self) -> "Settings":
        if self.debug and self.environment == "production":
            raise ValueError(
                "DEBUG=true lets whoever reaches the front run code in it, "
                "so it is refused if ENVIRONMENT=production"
            )
        return self

    @model_validator(mode="after")
    def _production_needs_tokens(self) -> "Settings":
        if self.auth == "off" and self.environment == "production":
            raise ValueError(
                "AUTH=off lets whoever reaches the front see and do everything, "
                "so it is refused if ENVIRONMENT=production"
            )
        return self

    @model_validator(mode="after")
    def _pages_of_others_need_tokens(self) -> "Settings":
        if self.cors_origins and not self.needs_tokens:
            raise ValueError(
                "CORS_ORIGINS needs AUTH=tokens, because AUTH=off refuses web pages of others"
            )
        return self

    @property
    def on_loopback(self) -> bool:
        """Whether this process listens on this machine only."""
        return is_loopback(self.host)

    @property
    def needs_tokens(self) -> bool:
        """Whether callers need tokens. By default they do not on loopback outside production."""
        if self.auth is None:
            return self.environment == "production" or not self.on_loopback
        return self.auth == "tokens"

    @property
    def traces_item_names(self) -> bool:
        """Whether the span of a categorisation has the item's name and its label."""
        if self.trace_item_names is None:
            return self.environment != "production"
        return self.trace_item_names

    @property
    def leases(self) -> Leases:
        """How leases are timed."""
        return Leases(self.lease, self.heartbeat)

    @cached_property
    def replaced(self) -> dict[str, str]:
        """The settings of earlier versions that are set but not read, with their replacements."""
        replacements = {
            "USE_REAL_CLASSIFICATION": "CLASSIFIER",
            "USE_TESSERACT_OCR": "OCR_ENGINE",
        }
        return {old: new for old, new in replacements.items() if old in os.environ}


def _is_signing_key(secret: str) -> bool:
    """Return whether a text is a key as Standard Webhooks writes it."""
    encoded = secret.removeprefix("whsec_")
    try:
        return encoded != secret and 24 <= len(b64decode(encoded, validate=True)) <= 64
    except ValueError:
        return False


def setting_problems(error: ValidationError) -> list[str]:
    """Return a sentence for each setting that is missing or wrong. None of them shows a value."""
    named = (
        (".".join(map(str, problem["loc"])).upper(), problem["msg"]) for problem in error.errors()
    )
    stated = ((name, message.removeprefix("Value error, ")) for name, message in named)
    return [f"{name}: {message}" if name else message for name, message in stated]
