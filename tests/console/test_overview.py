"""The overview: what it shows, of which tenants, and that viewers share what is rendered."""

from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import yaml
from fastapi import FastAPI
from sqlalchemy import func, update

from api.console.alerts import JUDGED, NOT_JUDGED
from api.console.pictures.sparklines import HEIGHT, sparkline
from api.console.recent import Recent
from shared.client import AsyncServiceClient
from shared.contracts.features import Queue
from shared.settings import Settings
from shared.store.figures.samples import prune_samples, recent_samples, store_samples
from shared.store.models import Job, QueueSample
from shared.store.postgres.database import Database
from shared.store.queue_stats import QueueStats
from tests.support.job_rows import insert_job, new_job
from tests.support.runners import dairy, worker_with

_RULES = Path(__file__).parents[2] / "config/prometheus/rules/alerts.yml"
_DURATIONS = {"s": 1, "m": 60}


async def test_it_shows_the_queues_and_who_waits(
    http: httpx.AsyncClient, database: Database, settings: Settings
) -> None:
    async with database.transaction() as session:
        for tenant in ("home", "home", "office"):
            await insert_job(session, new_job(tenant_id=tenant))
    stats = {queue: QueueStats(depth=3, admitted=3) for queue in Queue}
    await store_samples(database.fetch, stats)

    page = (await http.get("/console")).text

    assert '<th scope="row">home</th><td class="number">2</td>' in page
    assert '<th scope="row">office</th><td class="number">1</td>' in page
    assert "Waiting, last 15 minutes: now 3, at most 3 jobs" in page
    assert 'id="check-database"' in page
    # Nobody works, and the messages of these jobs were never sent.
    assert "No worker serves items." in page


async def test_an_old_job_fires_an_alert_that_says_since_when(
    http: httpx.AsyncClient, database: Database, settings: Settings
) -> None:
    async with database.transaction() as session:
        job = await insert_job(session, new_job())
        await session.execute(
            update(Job)
            .where(Job.id == job.id)
            .values(queued_at=func.now() - timedelta(seconds=30 + 120))
        )
    async with worker_with(settings.model_copy(update={"worker_queues": (Queue.RECEIPTS,)}), dairy):
        page = (await http.get("/console")).text

    assert '<th scope="row">OldestJobTooOld</th>' in page
    assert "2 min ago" in page
    assert "docs/runbook.md#oldestjobtooold" in page
    assert "No worker serves receipts." not in page


def test_every_alert_is_judged_alike_or_left_out_for_a_reason() -> None:
    rules = {
        rule["alert"]: rule
        for group in yaml.safe_load(_RULES.read_text())["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }

    assert not JUDGED.keys() & NOT_JUDGED.keys()
    assert JUDGED.keys() | NOT_JUDGED.keys() == rules.keys()
    for name, judged in JUDGED.items():
        rule = rules[name]
        compared = [word for word in rule["expr"].split() if word.replace(".", "").isdecimal()]
        lasting = rule.get("for", "0s")
        assert sorted(map(float, compared)) == sorted(judged.thresholds), name
        assert int(lasting[:-1]) * _DURATIONS[lasting[-1]] == judged.lasting, name
        assert rule["labels"]["severity"] == judged.severity, name


async def test_a_sample_is_stored_once_in_ten_seconds_and_pruned_after_a_day(
    database: Database,
) -> None:
    for depth in (1, 2):
        await store_samples(database.fetch, {Queue.ITEMS: QueueStats(depth=depth)})
    found = await recent_samples(database.fetch, 900)
    async with database.transaction() as session:
        await session.execute(update(QueueSample).values(at=func.now() - timedelta(hours=25)))
        await prune_samples(session)
        left = (await session.execute(QueueSample.__table__.select())).all()

    # The second may be the first of the next ten seconds.
    assert [sample.depth for sample in found[Queue.ITEMS]] in ([1], [1, 2])
    assert left == []


def test_a_line_ends_at_the_right_and_has_a_gap_where_nothing_was_sampled() -> None:
    line = sparkline([(90, 0), (80, 4), (20, 2), (0, 4)], 90, 30)

    assert line.path == "M0.0 26.5 L13.3 1.5 M93.3 14.0 L120.0 1.5"
    assert line.area.count(f"{HEIGHT} Z") == 2
    assert (line.top, line.last) == (4, 4)


def test_without_samples_there_is_no_line() -> None:
    assert sparkline([], 90, 30).path == ""


async def test_viewers_share_what_is_rendered_and_a_failure_is_tried_again() -> None:
    made: list[int] = []
    recent = Recent()

    async def make() -> int:
        made.append(1)
        if len(made) == 1:
            raise ValueError
        return len(made)

    with pytest.raises(ValueError, match=r"^$"):
        await recent.get("key", 60, make)
    assert [await recent.get("key", 60, make) for _ in range(3)] == [2, 2, 2]
    assert await recent.get("other", 60, make) == 3
    assert await recent.get("key", 0, make) == 4
    await recent.close()


async def test_a_front_that_nobody_looks_at_renders_nothing(
    app: FastAPI, client: AsyncServiceClient
) -> None:
    await client.queues()

    assert app.state.front.recent.is_idle
