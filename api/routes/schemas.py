"""The calls that return JSON Schemas, for callers that check what they send and get."""

from typing import Any

from fastapi import APIRouter

from api.access.caller import IDENTIFIED
from api.openapi.problems import STORED, problems
from api.openapi.schemas import PREFIX, json_schema, schema_entries
from shared.contracts.service.schemas import SchemaList
from shared.rejections import InvalidRequest, SchemaNotFound

router = APIRouter(
    prefix=PREFIX, tags=["schemas"], dependencies=[IDENTIFIED], responses=problems(*STORED)
)


@router.get("", response_model=SchemaList)
async def list_schemas() -> SchemaList:
    """List the JSON Schemas: of every payload and result of a job, and of the other answers."""
    return SchemaList(schemas=schema_entries())


@router.get("/{name}", responses=problems(SchemaNotFound, InvalidRequest))
async def get_schema(name: str) -> dict[str, Any]:
    """Return one JSON Schema (draft 2020-12)."""
    return json_schema(name)
