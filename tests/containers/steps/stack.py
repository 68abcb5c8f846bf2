"""The development stack starts, works, and changes nothing when it is started again."""

import httpx

from tests.config.promql import dashboard_queries
from tests.containers.commands import Failed, check, wait_for
from tests.containers.run import DEVELOPMENT, FRONT, OURS, Run
from tests.containers.traffic import TENANT, front, item, receipt

_PROMETHEUS = "http://127.0.0.1:9090/api/v1"


def start(run: Run) -> str:
    """bin/dev-full builds the image, and every service becomes healthy."""
    run.copy_source(run.checkout, 0o022)
    run.dev_full()
    run.sources[DEVELOPMENT] = "built"
    run.note_size(DEVELOPMENT)
    seconds = wait_for(run.healthy, "/health_check was 200", 120)
    for name, container in run.containers().items():
        state = run.state(container)
        check(state["Running"] or "-migrate-" in name, f"{name} ended")
        check(state["ExitCode"] == 0, f"{name} exited with {state['ExitCode']}")
    size = run.sizes[DEVELOPMENT] / 1e6
    return f"all is well {seconds:.0f} s after bin/dev-full; image {size:.0f} MB"


def start_again(run: Run) -> str:
    """A second bin/dev-full creates no container again, and leaves no image without a name."""
    before = run.containers()
    run.dev_full()
    after = run.containers()
    again = [name for name in before if after.get(name) != before[name]]
    check(not again, f"created again: {', '.join(again)}")
    dangling = run.docker("images", "--filter", "dangling=true", "--quiet").split()
    check(not (run.engine.own and dangling), f"images without a name: {', '.join(dangling)}")
    return f"{len(after)} containers as before"


def read(run: Run) -> str:
    """A receipt and names come back through port 8000, as jobs and from the waiting calls."""
    with httpx.Client(base_url=FRONT, timeout=60, headers={"X-Tenant-ID": TENANT}) as http:
        names = {"items": [{"id": "a", "name": "Milk"}], "candidate_labels": ["Dairy", "Bakery"]}
        body = {"tenant_id": TENANT, "payload": names}
        answer = http.post("/api/v1/categorize-batch", json=body)
        check(
            answer.status_code == 200, f"categorize-batch: {answer.status_code} {answer.text[:200]}"
        )
    with front() as jobs:
        for job in (receipt("CORNER SHOP"), item("Sourdough bread"), item("Oat milk")):
            check(jobs.submit(job), "a job was refused")
        return jobs.all_succeeded()


def ask_every_panel(_run: Run) -> str:
    """Prometheus scrapes front and workers, and answers every query of every dashboard."""
    empty, asked = [], 0
    with httpx.Client(base_url=_PROMETHEUS, timeout=20) as http:

        def scraped() -> bool:
            up = http.get("/query", params={"query": 'up{job=~"api|worker"} == 1'}).json()
            return len(up["data"]["result"]) >= 3

        wait_for(scraped, "Prometheus scraped the front and both workers", 60)
        for place, query in dashboard_queries("1m"):
            answer = http.get("/query", params={"query": query})
            asked += 1
            if answer.status_code != 200:
                raise Failed(f"{place}: {answer.status_code} {answer.text[:200]}")
            if not answer.json()["data"]["result"]:
                empty.append(place)
        rules = http.get("/rules").json()["data"]["groups"]
    broken = [rule["name"] for group in rules for rule in group["rules"] if rule["health"] == "err"]
    check(not broken, f"rules that cannot be evaluated: {', '.join(broken)}")
    return f"{asked} queries answered, {asked - len(empty)} with data"


def down_and_up(run: Run) -> str:
    """`down` ends every process in time, and the data are there after the next start."""
    with front() as jobs:
        jobs.submit(item("Kept butter"))
        jobs.all_succeeded()
        run.dev_full("stop", "--timeout", "30")
        codes = _exit_codes(run)
        run.keep_logs()
        run.dev_full("down")
        check(not run.containers(), "down left containers")
        run.dev_full()
        wait_for(run.healthy, "/health_check was 200", 120)
        kept = jobs.all_succeeded()
    wrong = {name: code for name, code in codes.items() if code != 0}
    check(not wrong, f"exit codes after stop: {wrong}")
    return f"{kept}; {len(codes)} containers exited with 0"


def _exit_codes(run: Run) -> dict[str, int]:
    return {
        name: int(run.state(container)["ExitCode"])
        for service in OURS
        for name, container in run.containers(service).items()
    }
