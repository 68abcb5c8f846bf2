"""What the OpenAPI document says about the service as a whole."""

from typing import Any

from fastapi.routing import APIRoute

# SPDX; the same as in pyproject.toml.
_LICENSE = "MIT AND Apache-2.0"

INFO: dict[str, Any] = {
    "title": "grocery-planner AI service",
    "summary": "Reads receipts, categorises groceries and embeds texts.",
    "description": """
Every piece of work is a durable **job**: an accepted job is never lost, whatever crashes
afterwards.

There are four ways to get a result:

- **Submit, and look again.** `submitJob` answers 202 with a job at once, and `getJob` returns the
  job; with `wait`, as soon as the job has ended.
- **Wait.** Calls such as `extractReceipt` and `categorizeItem` submit a job, wait for it and answer
  200 with its result. If the job is not done in time, they answer 503; the job continues, and the
  same call finds it.
- **Listen.** `streamJobEvents` sends the changes of a job as server-sent events; after the last
  one, `getJob` has the result.
- **Be called back.** A request with a `callback` has a signed request sent to its URL when the job
  has ended, with the result if `include_output` is set.

Every failure is a problem document ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)). Its
`error` is a stable code, and `error_class` says what to do about it: a request that ended in
`bad_input` or `cancelled` never succeeds as it is, and any other may succeed later. On a 503,
`Retry-After` says in how many seconds.

Every job belongs to a tenant, and no tenant sees the jobs of another one.
""".strip(),
    "license_info": {"name": _LICENSE, "identifier": _LICENSE},
    "servers": [
        {"url": "/", "description": "The front that serves this document"},
        {"url": "http://localhost:8000", "description": "A front with the default settings"},
    ],
    "openapi_tags": [
        {
            "name": "jobs",
            "description": "Work of every kind: submit it, look at it, cancel it, run it again.",
        },
        {
            "name": "callbacks",
            "description": "Signed requests that the service sends when a job ends: what became of "
            "them, and how to have one sent again.",
        },
        {
            "name": "receipts",
            "description": "Waiting calls that read a receipt. The flat shape has what an app "
            "stores; the rich shape has every field with a confidence.",
        },
        {
            "name": "categories",
            "description": "Waiting calls that choose the best of the caller's labels for the "
            "names of items.",
        },
        {
            "name": "embeddings",
            "description": "Waiting calls that turn texts into unit vectors.",
        },
        {"name": "queues", "description": "How much work waits, and how fast it is done."},
        {
            "name": "operations",
            "description": "For operators: delete the data of a tenant, and see what was done.",
        },
        {
            "name": "schemas",
            "description": "JSON Schemas of payloads and results, to check what is sent and got.",
        },
        {
            "name": "probes",
            "description": "Health for load balancers and people, and metrics for Prometheus.",
        },
    ],
}


def operation_id(route: APIRoute) -> str:
    """Return the name of a route in camel case: `submitJob` for `submit_job`."""
    first, *others = route.name.split("_")
    return first + "".join(map(str.capitalize, others))
