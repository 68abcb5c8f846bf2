"""The list of the JSON Schemas that the service serves."""

from shared.contracts.text import Contract


class SchemaEntry(Contract):
    """One JSON Schema: its name, the path at which it is served, and what it describes.

    `<feature>.payload` is for the payload of a request, `<feature>.output` for the result of a job.
    """

    name: str
    href: str
    description: str


class SchemaList(Contract):
    """All JSON Schemas."""

    schemas: list[SchemaEntry]
