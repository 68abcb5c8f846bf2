"""Lists the scenarios. Each breaks one thing while jobs run, and reports what became of them."""

from tests.chaos import callbacks, servers, stopping, workers
from tests.chaos.plan import Scenario

SCENARIOS: dict[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (
        workers.worker_killed,
        workers.killed_before_claim,
        workers.zombie,
        workers.skewed_zombie,
        workers.pooled_zombie,
        workers.recognition_killed,
        workers.rolling_restart,
        servers.redis_restarted_empty,
        servers.redis_flushed,
        servers.redis_away_while_submitting,
        servers.postgres_restarted,
        workers.poison,
        workers.hung,
        servers.delivered_twice,
        stopping.drain,
        callbacks.callbacks,
    )
}

# The programs that scenarios need and that may not be installed.
NEEDS = {"pooled_zombie": "pgbouncer"}
