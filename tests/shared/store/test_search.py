"""Searches for jobs: what they find, that an index finds it, and where they stop."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Select, select, tuple_

from shared.contracts.features import Feature
from shared.contracts.jobs import JobStatus
from shared.contracts.search.conditions import Conditions
from shared.errors import ErrorClass
from shared.store.models import Job
from shared.store.postgres.database import Database
from shared.store.search.conditions import matching
from shared.store.search.finding import find_jobs
from shared.store.search.ordered import Place, Search, in_order
from tests.support.postgres.many_jobs import LARGEST, fill
from tests.support.postgres.plans import plan_of, rows_read, scanned_tables

_JOBS = 3_000
_PAGE = 20
_HAS_KIND = Job.fingerprint.is_not(None)
# That of job 77.
_TRACE_ID = "28dd2c7955ce926456240b2ff0100bde"
_REACHES = (None, frozenset((LARGEST,)), frozenset((LARGEST, "tenant-1", "tenant-2")))


@dataclass(frozen=True)
class _Filled:
    """A database with a few thousand jobs; a job in the middle, a time before it, and the
    fingerprint of a failure."""

    url: str
    middle: Place
    since: datetime
    live: int
    fingerprint: str


@pytest.fixture
async def filled(database_url: str, database: Database) -> _Filled:
    await fill(database_url, _JOBS)
    async with database.transaction() as session:
        middle = (
            select(Job.created_at, Job.id)
            .where(Job.tenant_id == LARGEST)
            .order_by(Job.created_at)
            .offset(_JOBS // 4)
        )
        created_at, job_id = (await session.execute(middle.limit(1))).one()
        live = (await session.scalars(select(Job.id).where(Job.finished_at.is_(None)))).all()
        fingerprint = (await session.scalars(select(Job.fingerprint).where(_HAS_KIND))).first()
    since = created_at - timedelta(days=10)
    return _Filled(database_url, (created_at, job_id), since, len(live), fingerprint or "")


def _covered(filled: _Filled) -> Iterator[Search]:
    """Every combination of the filters that indexes have in order."""
    states, features = (None, *JobStatus), (None, Feature.CATEGORIZATION, Feature.EMBEDDING)
    for status, feature, since, before, tenants in product(
        states, features, (None, filled.since), (None, filled.middle), _REACHES
    ):
        if tenants is not None or feature is None:
            conditions = Conditions(status=status, feature=feature, since=since)
            yield Search(conditions=conditions, tenants=tenants, before=before)


def _others(fingerprint: str) -> Iterator[Search]:
    """Filters for which jobs are looked at one by one, or that name few of them."""
    for conditions, tenants in product(
        (
            Conditions(feature=Feature.EMBEDDING),
            Conditions(code="no-such-code"),
            Conditions(error_class=ErrorClass.TIMEOUT, status=JobStatus.FAILED),
            Conditions(worker_id="host:1:seed", feature=Feature.RECEIPT_EXTRACTION),
            Conditions(text="iTEM 2"),
            Conditions(text="100%"),
            Conditions(request_id="request-77"),
            Conditions(trace_id=_TRACE_ID),
            Conditions(trace_id=_TRACE_ID, status=JobStatus.CANCELLED),
            Conditions(fingerprint=fingerprint),
            Conditions(fingerprint=fingerprint, status=JobStatus.QUEUED),
        ),
        _REACHES,
    ):
        yield Search(conditions=conditions, tenants=tenants)


async def test_every_search_finds_the_newest_of_the_wanted_jobs(
    filled: _Filled, database: Database
) -> None:
    """The rows are those that a query without any thought for indexes returns."""
    for search in (*_covered(filled), *_others(filled.fingerprint)):
        found = await find_jobs(database, search, _PAGE)
        async with database.transaction() as session:
            expected = (await session.scalars(_plainly(search))).all()

        assert [job_id for _, job_id in found.places] == list(expected), search


async def test_no_list_reads_the_jobs_that_it_leaves_out(filled: _Filled) -> None:
    """An index has them in order, except for the live ones, of which there are few."""
    connection = await asyncpg.connect(filled.url)
    for search in _covered(filled):
        plan = await plan_of(connection, in_order(search, (Job.created_at, Job.id), _PAGE))

        assert not scanned_tables(plan), search
        parts = 5 * len(search.tenants or "1")
        assert rows_read(plan) <= filled.live + parts * _PAGE, search
    await connection.close()


async def test_a_search_says_where_it_stopped_and_goes_on_from_there(
    filled: _Filled, database: Database
) -> None:
    search = Search(conditions=Conditions(code="no-such-code"), tenants=None)

    stops = []
    while (found := await find_jobs(database, search, _PAGE, scanned=1_000)).end is not None:
        assert found.scanned_until == found.end[0]
        stops.append(found.scanned_until)
        search = Search(conditions=search.conditions, tenants=None, before=found.end)

    assert found.scanned_until is None
    assert len(stops) == _JOBS // 1_000
    assert stops == sorted(stops, reverse=True)


async def test_a_text_is_looked_for_in_a_week_except_within_a_tenant(
    filled: _Filled, database: Database
) -> None:
    rare = Conditions(text='"Item 3"')
    within = await find_jobs(database, Search(conditions=rare, tenants=_REACHES[1]), _PAGE)
    across = await find_jobs(database, Search(conditions=rare, tenants=None), _PAGE)

    assert (len(within.places), within.scanned_until) == (1, None)
    assert (len(across.places), across.end) == (0, None)
    assert across.scanned_until is not None


def _plainly(search: Search) -> Select[Any]:
    query = select(Job.id).where(*matching(search.conditions, search.tenants))
    if search.before:
        query = query.where(tuple_(Job.created_at, Job.id) < search.before)
    return query.order_by(Job.created_at.desc(), Job.id.desc()).limit(_PAGE)
