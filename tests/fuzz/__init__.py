"""Requests that are made up from the OpenAPI document, and checks of every answer to them."""
