"""Workers, Redis and Postgres are killed under load, and a source file changes."""

import threading
from uuid import uuid4

import httpx

from tests.containers.commands import check, wait_for
from tests.containers.run import FRONT, Run
from tests.containers.traffic import Jobs, front, item, load, receipt


def kill_worker(run: Run) -> str:
    """The receipt that a killed worker was reading is read by the next one."""
    (worker,) = run.containers("worker-receipts").values()
    with front() as jobs:
        for number in range(3):
            check(jobs.submit(receipt(f"KILLED {number} {uuid4().hex[:4]}")), "refused")
        wait_for(lambda: _runs(jobs), "a job was running")
        run.docker("kill", worker)
        check(run.state(worker)["ExitCode"] == 137, "a killed container exits with 137")
        run.docker("start", worker)
        return jobs.all_succeeded()


def _runs(jobs: Jobs) -> bool:
    return any(jobs.state(job) == "running" for job in jobs.accepted)


def trouble_with(service: str, run: Run) -> str:
    """A server is restarted and then killed while jobs arrive; none of them is lost."""
    (server,) = run.containers(service).values()
    with front() as jobs:
        with load(jobs):
            _more(jobs)
            run.docker("restart", "--time", "10", server)
            _more(jobs)
            run.docker("kill", server)
            threading.Event().wait(2)
            run.docker("start", server)
            _more(jobs)
        notes = jobs.all_succeeded()
    wait_for(run.healthy, "/health_check was 200")
    return notes


def _more(jobs: Jobs, count: int = 20) -> None:
    """Wait until more jobs have been accepted."""
    enough = len(jobs.accepted) + count
    wait_for(lambda: len(jobs.accepted) >= enough, f"{count} more jobs were accepted", 90)


def scale(run: Run) -> str:
    """Three workers for items are healthy and share the work."""
    run.dev_full("up", "--detach", "--no-recreate", "--scale", "worker-items=3", "worker-items")
    workers = run.containers("worker-items").values()
    check(len(workers) == 3, f"{len(workers)} workers")
    wait_for(lambda: all(_healthy(run, worker) for worker in workers), "three were healthy", 120)
    with front() as jobs:
        for _ in range(60):
            check(jobs.submit(item(f"Item {uuid4().hex[:6]}")), "refused")
        notes = jobs.all_succeeded()
    listed = httpx.get(f"{FRONT}/api/v1/workers", timeout=10).json()
    alive = [
        worker
        for worker in listed["workers"]
        if worker["health"] == "alive" and worker["queues"] == ["items"]
    ]
    check(len(alive) >= 3, f"the service knows {len(alive)} workers for items")
    run.keep_logs()
    run.dev_full("up", "--detach", "--no-recreate", "--scale", "worker-items=1", "worker-items")
    return f"{notes}; {len(alive)} workers alive"


def _healthy(run: Run, container: str) -> bool:
    return bool(run.state(container).get("Health", {}).get("Status") == "healthy")


def touch(run: Run) -> str:
    """A change restarts only the programs that use the file, and the stack works afterwards."""
    for path, changed in (
        ("api/process.py", {"api"}),
        ("worker/main.py", {"worker-receipts", "worker-items"}),
        ("shared/settings.py", {"api", "worker-receipts", "worker-items"}),
    ):
        before = _programs(run)
        (run.checkout / path).write_text((run.checkout / path).read_text() + "\n")

        def reloaded(before: dict[str, set[str]] = before, changed: set[str] = changed) -> bool:
            now = _programs(run)
            return all(now[name] and not now[name] & before[name] for name in changed)

        wait_for(reloaded, f"{path} reloaded {', '.join(sorted(changed))}", 60)
        now = _programs(run)
        others = [name for name in now if name not in changed and now[name] != before[name]]
        check(not others, f"{path} also reloaded {', '.join(others)}")
        wait_for(run.healthy, "/health_check was 200", 90)
    return "front, workers, both"


def _programs(run: Run) -> dict[str, set[str]]:
    """Return the ids of the processes of ours, by service."""
    return {
        service: {
            pid for container in run.containers(service).values() for pid in run.programs(container)
        }
        for service in ("api", "worker-receipts", "worker-items")
    }
