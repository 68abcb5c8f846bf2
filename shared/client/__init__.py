"""The Python client of the service, sync and async. Everything else in this package is private."""

from shared.client.clients import AsyncServiceClient, ServiceClient

__all__ = ["AsyncServiceClient", "ServiceClient"]
