"""The entries of a batch of jobs: each is validated by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError
from starlette.types import Scope

from api.access.priority import with_permitted_priority
from api.access.rate_limits import count_tenant
from api.access.tenants import agreed_tenant
from api.requests.body import BodyRequest
from api.requests.context import ignore_fields, request_id_of
from api.requests.explanations import explain
from api.requests.field_walk import unknown_fields
from api.requests.unknown_fields import refusals
from api.submission.submitted import Work
from api.yielding import yielding
from shared.contracts.batches import EntryRefusal, JobBatchRequest, JobEntry
from shared.contracts.features import Feature
from shared.contracts.jobs import JobError
from shared.errors import ErrorClass, RateLimited
from shared.rejections import Forbidden, InvalidRequest

# Unknown fields that are looked for in each entry. The header of the answer has room for as many.
_MOST_UNKNOWN = 20
_ENTRY: TypeAdapter[JobEntry] = TypeAdapter(JobEntry)


@dataclass
class ReadEntries:
    """The good entries of a batch and the refused ones, by their indexes.

    `request_id` is that of the call, for entries that name none.
    """

    request_id: str | None = None
    works: dict[int, Work] = field(default_factory=dict)
    refused: dict[int, EntryRefusal] = field(default_factory=dict)

    def add(self, index: int, entry: JobEntry | EntryRefusal, key: str | None) -> None:
        """Add an entry. `key` is that of the batch, of which an entry without its own gets one."""
        if isinstance(entry, EntryRefusal):
            self.refused[index] = entry
            return
        own = entry.idempotency_key or (key and f"{key}:{index}")
        key = own or entry.request_id
        self.works[index] = Work(entry, key, request_id=self.request_id)

    async def count_tenants(self, scope: Scope) -> None:
        """Count a request for each tenant, and refuse the entries of those with too many."""
        for tenant_id in {work.request.tenant for work in self.works.values()}:
            try:
                await count_tenant(scope, tenant_id)
            except RateLimited as error:
                self._refuse_tenant(tenant_id, error)

    def _refuse_tenant(self, tenant_id: str, error: RateLimited) -> None:
        refusal = EntryRefusal(**JobError.of(error).model_dump(), retry_after=error.retry_after)
        theirs = [index for index, work in self.works.items() if work.request.tenant == tenant_id]
        for index in theirs:
            del self.works[index]
            self.refused[index] = refusal


async def read_entries(
    http: BodyRequest, batch: JobBatchRequest, key: str | None, *, strict: bool
) -> ReadEntries:
    """Validate every entry, and note its unknown fields for the header of the answer.

    `key` is the caller's key for the batch, which makes one for each entry that has none. Raises
    Forbidden if the batch is for a tenant that the caller may not act for.
    """
    agreed_tenant(http, batch.tenant_id)
    ignored = [unknown.dotted for unknown in unknown_fields(await http.json(), JobBatchRequest)]
    reading = _Reading(
        http, batch, key, strict, ReadEntries(request_id_of(http)), dict.fromkeys(ignored)
    )
    if http.is_large:
        await http.apart(reading.add_all)
    else:
        async for index, sent in yielding(enumerate(batch.jobs)):
            reading.add(index, sent)
    ignore_fields(http, list(reading.ignored))
    await reading.read.count_tenants(http.scope)
    return reading.read


@dataclass(frozen=True)
class _Reading:
    """What reading the entries of a batch needs, and what was found. `ignored` is in order."""

    http: BodyRequest
    batch: JobBatchRequest
    key: str | None
    strict: bool
    read: ReadEntries
    ignored: dict[str, None]

    def add_all(self) -> None:
        """Validate every entry."""
        for index, sent in enumerate(self.batch.jobs):
            self.add(index, sent)

    def add(self, index: int, sent: Any) -> None:
        """Validate an entry."""
        unknown = unknown_fields(sent, JobEntry, _MOST_UNKNOWN)
        if refused := refusals(unknown, strict=self.strict):
            explained = explain(refused)
            self.read.refused[index] = _refusal(explained.code, explained.detail)
            return
        self.ignored.update(dict.fromkeys(f"jobs[].{name.dotted}" for name in unknown))
        defaults = {"tenant_id": self.batch.tenant_id, "user_id": self.batch.user_id}
        entry = _validated(_with_defaults(sent, defaults))
        self.read.add(index, _agreeing(self.http, self.batch, entry), self.key)


def _agreeing(
    http: BodyRequest, batch: JobBatchRequest, entry: JobEntry | EntryRefusal
) -> JobEntry | EntryRefusal:
    """Refuse an entry that is for another tenant than the rest of the request; else return it with
    the priority that its caller may ask for."""
    if isinstance(entry, EntryRefusal):
        return entry
    try:
        agreed_tenant(http, batch.tenant_id, entry.tenant)
    except Forbidden as error:
        return _refusal(error.code, error.detail)
    return with_permitted_priority(http, entry)


def _with_defaults(sent: Any, defaults: Mapping[str, str | None]) -> Any:
    if not isinstance(sent, dict):
        return sent
    named = {name for name, value in sent.items() if value is not None}
    if "account_id" in named:
        named.add("tenant_id")
    return sent | {name: value for name, value in defaults.items() if name not in named}


def _validated(entry: Any) -> JobEntry | EntryRefusal:
    if isinstance(entry, dict) and _is_receipt(entry.get("feature")):
        detail = "feature: a receipt has an image, so submit it by itself."
        return _refusal(InvalidRequest.code, detail)
    try:
        return _ENTRY.validate_python(entry)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        explained = explain([{**problem, "loc": ("body", *problem["loc"])} for problem in found])
        return _refusal(explained.code, explained.detail)


def _is_receipt(feature: Any) -> bool:
    return isinstance(feature, str) and feature in (Feature.RECEIPT_EXTRACTION, "extraction")


def _refusal(code: str, detail: str) -> EntryRefusal:
    bad = ErrorClass.BAD_INPUT
    return EntryRefusal(code=code, error_class=bad, detail=detail, retryable=bad.retryable)
