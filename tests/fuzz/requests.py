"""Damages requests: their JSON, their bytes, their forms, their headers and their queries."""

import json
import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote

import httpx

from tests.attacks.calls import NOBODYS, calls
from tests.fuzz.files.mutations import Mutant, mutants
from tests.fuzz.files.running import Tally
from tests.fuzz.files.seeds import bodies
from tests.support.files import costly

# What a front without workers answers to calls that wait for one.
_NO_WORKER = "no_worker"
_HEALTH = "/health"
_JSON = "application/json"
_FORM = "multipart/form-data; boundary=b"
_ODD: Sequence[Any] = (
    None, True, -1, 0, 2**31, 2**63, 2**64, 10**400, 1e308, float("nan"), float("inf"), "", " ",
    "\x00", "\ud800", "\u202e", "a" * 201, "a" * 6_000, "é" * 100, "1", "NaN", [], {}, [[]], [None],
    {"": ""}, {"__proto__": {}}, [0] * 600, {"a": {"b": {"c": []}}},
)  # fmt: skip
_HEADERS = (
    "Content-Type", "Content-Length", "Accept", "Prefer", "Idempotency-Key", "X-Tenant-ID",
    "X-Request-ID", "traceparent", "tracestate", "baggage", "Last-Event-ID", "Authorization",
    "Content-Encoding", "Range", "If-None-Match", "Cookie", "X-HTTP-Method-Override", "Expect",
)  # fmt: skip
_VALUES = (
    b"", b" ", b"\xff\xfe", b"0", b"-1", b"9" * 5_000, b"a" * 300, b"wait=0", b"wait=-1", b"a=b;",
    b"application/json; charset=utf-16", b"text/plain", b"multipart/form-data", b"*/*;q=NaN",
    b"multipart/form-data; boundary=" + b"b" * 300, b"00-" + b"f" * 32 + b"-" + b"f" * 16 + b"-01",
    b"Bearer x", b"\xc2\xa0", b"%00", b"../..", b"gzip", b"bytes=0-",
)  # fmt: skip
_QUERIES = ("tenant_id", "limit", "cursor", "since", "status", "feature", "ids", "before", "fields")


@dataclass
class Damaged:
    """A request that may be damaged anywhere."""

    name: str
    method: str
    path: str
    headers: list[tuple[bytes, bytes]]
    content: bytes


def damaged(count: int, seed: int) -> Iterator[Damaged]:
    """Yield `count` requests, taking the calls in turn. The same seed makes the same requests."""
    random = Random(seed)
    whole = list(_whole())
    for number in range(count):
        request = whole[number % len(whole)]
        made = Damaged(
            f"{number:06}-{request.name}",
            request.method,
            request.path,
            list(request.headers),
            request.content,
        )
        for _ in range(random.choice((1, 1, 2, 3))):
            change = random.choice((_change_value, _change_value, _change_bytes, _change_head))
            change(made, random)
        yield made


def _whole() -> Iterator[Damaged]:
    for call in calls():
        path = call.path
        for name, value in NOBODYS.items():
            path = path.replace(f"{{{name}}}", value)
        body = b"" if call.body is None else json.dumps(call.body).encode()
        headers = [(b"content-type", _JSON.encode())] if body else [(b"x-tenant-id", b"fuzz")]
        yield Damaged(f"{call.name}.txt", call.method.upper(), path, headers, body)
    for name, body in bodies().items():
        headers = [(b"content-type", _JSON.encode())]
        yield Damaged(name, "POST", "/api/v1/jobs", headers, body)
    head = b'--b\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
    fields = [head % (b"tenant_id", b"", b"fuzz"), head % (b"metadata", b"", b'{"a": [1]}')]
    file = head % (b"file", b'; filename="a.png"', costly.png(8, 8))
    form = b"".join([*fields, file, b"--b--\r\n"])
    headers = [(b"content-type", _FORM.encode())]
    yield Damaged("form.txt", "POST", "/api/v1/receipts/extract", headers, form)


def _change_value(request: Damaged, random: Random) -> None:
    """Replace, remove, rename or repeat a value anywhere in the JSON."""
    try:
        value = json.loads(request.content)
    except ValueError:
        return _change_bytes(request, random)
    places = list(_places(value))
    if not places:
        return _change_bytes(request, random)
    holder, key = random.choice(places)
    change = random.randrange(4)
    if change == 0:
        del holder[key]
    elif change == 1 and isinstance(holder, dict):
        holder[random.choice((str(key) + "s", str(key).upper(), "__class__", "", "image_url"))] = 1
    elif change == 2 and isinstance(holder, list):
        holder.extend([holder[key]] * random.choice((1, 60, 600)))
    else:
        holder[key] = random.choice(_ODD)
    request.content = json.dumps(value).encode("utf-8", "surrogatepass")
    return None


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys: Any = ()
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = range(len(value))
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _change_bytes(request: Damaged, random: Random) -> None:
    if request.content:
        seed = random.randrange(2**32)
        (mutant,) = mutants({"body": request.content}, 1, seed)
        request.content = mutant.content
    else:
        _change_head(request, random)


def _change_head(request: Damaged, random: Random) -> None:
    """Add, replace or repeat a header, or a parameter of the query."""
    value = random.choice((random.choice(_VALUES), random.randbytes(random.choice((1, 8, 64)))))
    if random.random() < 0.4:
        mark = "&" if "?" in request.path else "?"
        request.path += f"{mark}{random.choice(_QUERIES)}={quote(value[:300])}"
    else:
        clean = bytes(sign for sign in value if sign not in b"\r\n\x00")
        request.headers.append((random.choice(_HEADERS).encode(), clean))
    if random.random() < 0.1:
        request.method = random.choice(("PUT", "DELETE", "OPTIONS", "TRACE", "HEAD", "FOO"))


async def send_damaged(http: httpx.AsyncClient, count: int, seed: int, tally: Tally) -> None:
    """Send requests to a front without workers. A 5xx is wrong, except for the lack of workers."""
    for request in damaged(count, seed):
        mutant = Mutant(request.name, repr(request).encode())
        before = time.process_time()
        try:
            answer = await http.request(
                request.method, request.path, headers=request.headers, content=request.content,
                timeout=60,
            )  # fmt: skip
        except httpx.TimeoutException:
            tally.count("stuck in the front", mutant, wrong=True)
            continue
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        tally.weigh(mutant, time.process_time() - before, peak)
        code = ""
        if answer.is_error and request.method != "HEAD":
            code = answer.json().get("error") or answer.json().get("status")
        expected = answer.status_code == 503 and (code == _NO_WORKER or _HEALTH in request.path)
        wrong = answer.is_server_error and not expected
        tally.count(f"front {answer.status_code} {code}", mutant, wrong=wrong)
