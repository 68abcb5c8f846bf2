"""The only writers of a job's state. Each is one guarded UPDATE that names what it expects.

    queued → running               claim
    running → succeeded            succeed
    running → failed               fail
    running → queued               retry, put_back (a new dispatch, due later)
    running → queued               release (shutdown; same dispatch, the same message comes again)
    running → cancelled            end_cancelled, by the worker that runs it
    running → queued | failed | cancelled   rescue, when the lease has run out
    queued → cancelled             cancel (of a running job it is only noted)
    failed | cancelled → queued    revive, by hand

A guard that does not match changes nothing and the function says so: a second delivery of a
message and the late write of a worker that lost its lease are no-ops. All times are Postgres's.
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
