"""The transitions: the only functions that change a job's state, each with one guarded UPDATE.

    queued → running               claim, in `shared/store/hot/claiming.py`
    running → succeeded, failed, cancelled, queued   store, in `shared/store/hot/storing.py`
    running → queued | failed | cancelled   rescue, when the lease has run out
    queued → cancelled             cancel (for a running job it only notes the request)
    failed | cancelled → queued    revive, by hand

The UPDATE names the state, dispatch and worker that it expects. If the row differs, nothing changes
and the return value says so: a second delivery of a message and a late write by a worker that has
lost its lease have no effect. All times are by the clock of Postgres.
"""

from shared.store.transitions.by_hand import cancel, revive
from shared.store.transitions.rescue import Rescued, rescue

__all__ = ["Rescued", "cancel", "rescue", "revive"]
