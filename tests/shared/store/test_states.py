"""The id of a job's state grows with every transition, whatever becomes of the job."""

from shared.contracts.events import EventId
from shared.contracts.jobs import JobStatus
from shared.store import transitions
from shared.store.hot.claiming import Claim
from shared.store.hot.leases import Leases
from shared.store.hot.reading import JobRow, read_jobs
from shared.store.jobs import JobRepository
from shared.store.models import Job
from shared.store.postgres.database import Database
from shared.store.states import JobState, read_states
from tests.shared.store.transitions.endings import ENDINGS, REQUEUEING
from tests.support import holding
from tests.support.job_rows import expire, insert_job, new_job


async def test_the_id_grows_with_every_transition(database: Database) -> None:
    """A listener that has seen one state is sent only later ones."""
    async with database.transaction() as session:
        job = await insert_job(session, new_job())
    seen = [await _state(database, job)]
    for requeue in REQUEUEING.values():
        held = await _claim(database, job)
        seen.append(await _state(database, job))
        async with database.transaction() as session:
            await requeue(session, held)
        seen.append(await _state(database, job))
    await _claim(database, job)
    seen.append(await _state(database, job))
    async with database.transaction() as session:
        await expire(session, job)
        await transitions.rescue(session, 1, Leases(15, 5))
    seen.append(await _state(database, job))
    held = await _claim(database, job)
    async with database.transaction() as session:
        await ENDINGS["fail"](session, held)
    seen.append(await _state(database, job))
    for by_hand in (transitions.revive, transitions.cancel):
        async with database.transaction() as session:
            await by_hand(session, job.id, "t")
        seen.append(await _state(database, job))

    ids = [event_id for event_id, _ in seen]
    assert ids == sorted(set(ids))
    assert [EventId.parse(str(event_id)) for event_id in ids] == ids
    assert [status for _, status in seen[-4:]] == ["queued", "failed", "queued", "cancelled"]


async def _claim(database: Database, job: Job) -> Claim:
    async with database.transaction() as session:
        current = await JobRepository(session).find(job.id, "t")
        assert current is not None
        held = await holding.claim(session, job.id, current.dispatch, "worker", 15)
    assert held is not None
    return held


async def _state(database: Database, job: Job) -> tuple[EventId, JobStatus]:
    """Return the state of a job, which both kinds of reads have to agree on."""
    state = (await read_states(database, [job.id]))[job.id]
    whole = (await read_jobs(database, [job.id]))[job.id]
    assert isinstance(state, JobState)
    assert isinstance(whole, JobRow)
    assert whole.state == state
    return state.id, state.event.status
