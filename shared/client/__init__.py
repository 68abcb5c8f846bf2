"""The Python client, sync and async. What is public is here, in `errors` and in `validation`."""

from shared.client.async_client import AsyncServiceClient
from shared.client.callbacks import UnknownCallback, verify_callback
from shared.client.sync_client import ServiceClient

__all__ = ["AsyncServiceClient", "ServiceClient", "UnknownCallback", "verify_callback"]
