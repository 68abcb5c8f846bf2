"""What Postgres does for a query."""

import json
from collections.abc import Iterator
from typing import Any

import asyncpg
from sqlalchemy import Select
from sqlalchemy.dialects import postgresql

Plan = list[dict[str, Any]]


async def plan_of(connection: asyncpg.Connection, query: Select[Any]) -> Plan:
    """Run a query; return the nodes of its plan."""
    compiled = query.compile(
        dialect=postgresql.asyncpg.dialect(),  # type: ignore[no-untyped-call]
        compile_kwargs={"render_postcompile": True},
    )
    values = [compiled.params[name] for name in compiled.positiontup or ()]
    explained = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {compiled}"
    (answer,) = json.loads(await connection.fetchval(explained, *values))
    return [{**node, "Execution Time": answer["Execution Time"]} for node in _nodes(answer["Plan"])]


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def rows_read(plan: Plan) -> float:
    """Return how many rows the scans of a plan read, with those that a filter left out."""
    scans = (node for node in plan if "Relation Name" in node)
    return float(
        sum(
            (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
            for node in scans
        )
    )


def scanned_tables(plan: Plan) -> set[str]:
    """Return the tables that a plan reads from their beginning to their end."""
    return {node["Relation Name"] for node in plan if node["Node Type"] == "Seq Scan"}
