"""The only wire format: what crosses HTTP, what a job stores, what a client gets.

OpenAPI is generated from these models; `tests/api/openapi.json` is a snapshot of it.
"""
