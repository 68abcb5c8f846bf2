"""The transitions: the only functions that change a job's state, each with one guarded UPDATE.

    queued → running               claim
    running → succeeded            succeed
    running → failed               fail
    running → queued               retry, put_back (a new dispatch, due later)
    running → queued               release (shutdown; same dispatch, the same message comes again)
    running → cancelled            end_cancelled, by the worker that runs it
    running → queued | failed | cancelled   rescue, when the lease has run out
    queued → cancelled             cancel (for a running job it only notes the request)
    failed | cancelled → queued    revive, by hand

The UPDATE names the state, dispatch and worker that it expects. If the row differs, nothing changes
and the return value says so: a second delivery of a message and a late write by a worker that has
lost its lease have no effect. All times are by the clock of Postgres.
"""

from shared.store.transitions.by_hand import cancel, revive
from shared.store.transitions.claims import (
    AttemptRecord,
    Claim,
    cancels_requested,
    claim,
    claimed_image,
    renew,
)
from shared.store.transitions.endings import end_cancelled, fail, put_back, release, retry, succeed
from shared.store.transitions.rescue import Rescued, rescue

__all__ = [
    "AttemptRecord",
    "Claim",
    "Rescued",
    "cancel",
    "cancels_requested",
    "claim",
    "claimed_image",
    "end_cancelled",
    "fail",
    "put_back",
    "release",
    "renew",
    "rescue",
    "retry",
    "revive",
    "succeed",
]
