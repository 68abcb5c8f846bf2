"""All scenarios. Each breaks one thing while jobs run, and reports what became of them."""

import os
from collections.abc import Callable
from functools import partial

from tests.chaos.plan import Scenario
from tests.chaos.scenarios import (
    callbacks,
    dead_receivers,
    deadlock,
    fronts,
    network,
    postgres,
    redis,
    restarts,
    starting,
    stopping,
    workers,
)
from tests.chaos.scenarios.images import image_store
from tests.chaos.scenarios.replacing import failover, rolling
from tests.support.plugins.left_out import program_path
from tests.support.processes.code_before import missing

SCENARIOS: dict[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (
        workers.worker_killed,
        workers.killed_before_claim,
        workers.zombie,
        workers.skewed_zombie,
        workers.pooled_zombie,
        workers.recognition_killed,
        restarts.redis_restarted_empty,
        restarts.redis_flushed,
        restarts.redis_away_while_submitting,
        restarts.postgres_restarted,
        workers.poison,
        workers.hung,
        restarts.delivered_twice,
        stopping.drain,
        callbacks.callbacks,
        redis.redis_stopped,
        redis.redis_read_only,
        redis.redis_out_of_memory,
        redis.redis_flapping,
        redis.redis_foreign_keys,
        postgres.postgres_stopped,
        postgres.postgres_killed,
        postgres.postgres_read_only,
        postgres.postgres_out_of_disk,
        deadlock.postgres_deadlocking,
        network.postgres_slow,
        failover.failing_over,
        failover.machine_lost,
        failover.machine_lost_unsynced,
        rolling.rolling_restart,
        rolling.rolling_upgrade,
        rolling.rolling_upgrade_of_release,
        rolling.rolled_back,
        fronts.fronts_killed,
        fronts.bursts,
        fronts.burst_without_redis,
        fronts.burst_without_postgres,
        starting.stopped_at_start,
        dead_receivers.receivers_dead,
        image_store.image_store_away,
        image_store.image_store_slow,
        image_store.image_store_losing,
    )
}


def _pgbouncer_missing() -> str | None:
    return None if program_path("pgbouncer") else "pgbouncer is not installed"


def _mount_missing() -> str | None:
    return None if os.geteuid() == 0 else "only root may mount a disk that can be filled"


# What scenarios need that may not be there: each function returns what is missing, or None.
NEEDS: dict[str, Callable[[], str | None]] = {
    "pooled_zombie": _pgbouncer_missing,
    "rolling_upgrade": partial(missing, "deployed"),
    "rolling_upgrade_of_release": partial(missing, "release"),
    "rolled_back": partial(missing, "deployed"),
    "postgres_out_of_disk": _mount_missing,
}
