"""The Python client, sync and async. What is public is here, in `errors` and in `validation`."""

from shared.client.clients import AsyncServiceClient, ServiceClient

__all__ = ["AsyncServiceClient", "ServiceClient"]
