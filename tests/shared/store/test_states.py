"""The id of a job's state grows with every transition, whatever becomes of the job."""

from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.events import EventId
from shared.contracts.jobs import JobStatus
from shared.store import transitions
from shared.store.hot.claiming import Claim
from shared.store.jobs import JobRepository
from shared.store.models import Job
from shared.store.postgres.database import Database
from shared.store.states import JobState, read_states
from tests.shared.store.transitions.endings import ENDINGS, REQUEUEING
from tests.support import holding
from tests.support.job_rows import expire, new_job


async def test_the_id_grows_with_every_transition(database: Database) -> None:
    """A listener that has seen one state is sent only later ones."""
    async with database.transaction() as session:
        job = (await JobRepository(session).add(new_job()))[0]
        seen = [await _state(session, job)]
        for requeue in REQUEUEING.values():
            held = await _claim(session, job)
            seen.append(await _state(session, job))
            await requeue(session, held)
            seen.append(await _state(session, job))
        await _claim(session, job)
        seen.append(await _state(session, job))
        await expire(session, job)
        await transitions.rescue(session, 1)
        seen.append(await _state(session, job))
        held = await _claim(session, job)
        await ENDINGS["fail"](session, held)
        seen.append(await _state(session, job))
        await transitions.revive(session, job.id, "t")
        seen.append(await _state(session, job))
        await transitions.cancel(session, job.id, "t")
        seen.append(await _state(session, job))

    ids = [event_id for event_id, _ in seen]
    assert ids == sorted(set(ids))
    assert [EventId.parse(str(event_id)) for event_id in ids] == ids
    assert [status for _, status in seen[-4:]] == ["queued", "failed", "queued", "cancelled"]


async def _claim(session: AsyncSession, job: Job) -> Claim:
    await session.refresh(job)
    held = await holding.claim(session, job.id, job.dispatch, "worker", 15)
    assert held is not None
    return held


async def _state(session: AsyncSession, job: Job) -> tuple[EventId, JobStatus]:
    state = (await read_states(session, [job.id]))[job.id]
    assert isinstance(state, JobState)
    return state.id, state.event.status
