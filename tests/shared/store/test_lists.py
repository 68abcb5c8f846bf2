"""Lists of jobs: what they have, and that an index finds it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Select, select, tuple_
from sqlalchemy.dialects import postgresql

from shared.contracts.features import Feature
from shared.contracts.jobs import JobStatus
from shared.store.jobs import JobRepository
from shared.store.lists import JobFilter, newest
from shared.store.models import Job
from shared.store.postgres.database import Database
from tests.support.postgres.many_jobs import LARGEST, fill

_JOBS = 3_000
_PAGE = 20


@pytest.fixture
async def filled(database_url: str, database: Database) -> JobFilter:
    """A database with a few thousand jobs; the page that begins in the middle of a tenant's."""
    await fill(database_url, _JOBS)
    async with database.transaction() as session:
        middle = (
            select(Job.created_at, Job.id)
            .where(Job.tenant_id == LARGEST)
            .order_by(Job.created_at)
            .offset(_JOBS // 4)
        )
        created_at, job_id = (await session.execute(middle.limit(1))).one()
    since = created_at - timedelta(days=10)
    return JobFilter(tenant_id=LARGEST, since=since, before=(created_at, job_id))


def _every_filter(full: JobFilter) -> Iterator[JobFilter]:
    """Every combination of filters."""
    states, features = (None, *JobStatus), (None, Feature.CATEGORIZATION, Feature.EMBEDDING)
    for state, feature, since, before in product(
        states, features, (None, full.since), (None, full.before)
    ):
        yield JobFilter(
            tenant_id=full.tenant_id, state=state, feature=feature, since=since, before=before
        )


async def test_every_list_has_the_newest_of_the_wanted_jobs(
    filled: JobFilter, database: Database
) -> None:
    """The rows are those that a query without any thought for indexes returns."""
    async with database.transaction() as session:
        for wanted in _every_filter(filled):
            found = await JobRepository(session).page(wanted, _PAGE)
            expected = (await session.scalars(_plainly(wanted))).all()

            assert [job_id for _, job_id in found] == list(expected), wanted


async def test_no_list_reads_the_jobs_that_it_leaves_out(
    filled: JobFilter, database_url: str
) -> None:
    """An index has them in order, except for the live ones, of which there are few."""
    connection = await asyncpg.connect(database_url)
    live = await connection.fetchval("SELECT count(*) FROM jobs WHERE finished_at IS NULL")
    for wanted in _every_filter(filled):
        plan = await _plan(connection, newest(wanted, _PAGE))

        assert "Seq Scan" not in _kinds(plan), wanted
        assert _read(plan) <= live + 5 * _PAGE, wanted
    await connection.close()


def _plainly(wanted: JobFilter) -> Select[Any]:
    query = select(Job.id).where(Job.tenant_id == wanted.tenant_id)
    if wanted.state:
        query = query.where(Job.state == wanted.state)
    if wanted.feature:
        query = query.where(Job.feature == wanted.feature)
    if wanted.since:
        query = query.where(Job.created_at >= wanted.since)
    if wanted.before:
        query = query.where(tuple_(Job.created_at, Job.id) < wanted.before)
    return query.order_by(Job.created_at.desc(), Job.id.desc()).limit(_PAGE)


async def _plan(connection: asyncpg.Connection, query: Select[Any]) -> list[dict[str, Any]]:
    """Run a query; return the nodes of its plan."""
    compiled = query.compile(
        dialect=postgresql.asyncpg.dialect(),  # type: ignore[no-untyped-call]
        compile_kwargs={"render_postcompile": True},
    )
    values = [compiled.params[name] for name in compiled.positiontup or ()]
    explained = f"EXPLAIN (ANALYZE, FORMAT JSON) {compiled}"
    (answer,) = json.loads(await connection.fetchval(explained, *values))
    return list(_nodes(answer["Plan"]))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def _kinds(plan: list[dict[str, Any]]) -> set[str]:
    return {node["Node Type"] for node in plan}


def _read(plan: list[dict[str, Any]]) -> float:
    """Return how many rows the scans of a plan read, with those that a filter left out."""
    scans = (node for node in plan if "Relation Name" in node)
    return float(
        sum(
            (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
            for node in scans
        )
    )
