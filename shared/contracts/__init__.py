"""The wire format, and the only one: HTTP bodies, stored payloads, and what the client returns.

OpenAPI is generated from these models; `tests/api/openapi.json` is a snapshot of it.
"""
