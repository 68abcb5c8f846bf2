"""The production image runs without rights, within its memory, and stops in time."""

import time
from itertools import cycle
from threading import Lock, Thread
from uuid import uuid4

import httpx

from tests.containers.commands import Failed, check, wait_for
from tests.containers.logs import lines_that_are_not_json
from tests.containers.run import PRODUCTION, PROJECT, Run
from tests.containers.traffic import TENANT, front, item, receipt

_HARDENED = [
    *("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"),  # noqa: S108 (in the container)
    *("--security-opt", "no-new-privileges"),
    # What is left of a step that fails is found by it.
    *("--label", PROJECT),
]
_FRONT, _WORKER, _GRACE = "512m", "2g", 30
_DATABASE = "postgresql://postgres:postgres@postgres:5432/hardened"
_SERVERS = [
    *("-e", f"DATABASE_URL={_DATABASE}", "-e", "REDIS_URL=redis://redis:6379/0"),
    *("-e", "QUEUE_NAMESPACE=hardened", "-e", "RECEIPT_SLOTS=2"),
]


def start_up_errors(run: Run) -> str:
    """A process exits with 1 without its servers, with 2 for a wrong setting, and says why."""
    away = ["-e", "DATABASE_URL=postgresql://x:y@127.0.0.1:1/db"]
    away += ["-e", "REDIS_URL=redis://127.0.0.1:1/0", "-e", "REQUIRE_DEPENDENCIES=true"]
    wrong = ["-e", "DATABASE_URL=nonsense", "-e", "REDIS_URL=redis://redis:6379/0"]
    cases = [
        (kind, env, code) for kind in ("api", "worker") for env, code in ((away, "1"), (wrong, "2"))
    ]
    for number, (kind, env, expected) in enumerate(cases):
        name = f"containers-error-{number}"
        run.docker("create", "--name", name, *_HARDENED, *env, PRODUCTION, "python", "-m", kind)
        run.docker("start", name)
        code = run.docker("wait", name, within=60).strip()
        log = run.log(name)
        run.remove(name)
        check(code == expected, f"python -m {kind} exited with {code}: {log[-300:]}")
        check(bool(log.strip()), f"python -m {kind} said nothing")
        check(not lines_that_are_not_json(log), f"not JSON: {lines_that_are_not_json(log)[:2]}")
    return f"{len(cases)} starts, exit codes as documented"


def hardened(run: Run) -> str:
    """Migration, front and worker do their work and stop within the grace, with exit code 0."""
    (postgres,) = run.containers("postgres").values()
    run.docker("exec", postgres, "createdb", "-U", "postgres", "hardened")
    token = _prepared(run)
    worker = start_container(run, "containers-worker", _WORKER, "python", "-m", "worker")
    start_container(run, "containers-front", _FRONT, "python", "-m", "api", port=True)
    url = _url(run, "containers-front")
    wait_for(lambda: _answers(f"{url}/health_check"), "front and worker were ready", 120)
    with front(url, token) as jobs:
        for number in range(6):
            check(jobs.submit(receipt(f"HARD {number}")), "a receipt was refused")
            check(jobs.submit(item(f"Item {uuid4().hex[:6]}")), "an item was refused")
        notes = jobs.all_succeeded(180)
    notes += f"; peak front {_peak(run, 'containers-front')} MB, worker {_peak(run, worker)} MB"
    for name in ("containers-front", worker):
        seconds = _stopped(run, name)
        notes += f"; {name.removeprefix('containers-')} stopped in {seconds:.1f} s"
    return notes


def _prepared(run: Run) -> str:
    """Migrate the database, and return a token for it."""
    options = ["--rm", "--network", run.network, *_HARDENED, "--memory", _FRONT, *_SERVERS]
    run.docker("run", *options, PRODUCTION, "python", "-m", "alembic", "upgrade", "head")
    command = ["grocery-ai", "token", "create", "test", "--scope", "jobs:read"]
    command += ["--scope", "jobs:write", "--tenant", TENANT]
    return run.docker("run", *options, PRODUCTION, *command).split()[0]


def start_container(run: Run, name: str, memory: str, *command: str, port: bool = False) -> str:
    """Start a container of the production image without rights; return its name."""
    options = ["--detach", "--name", name, "--network", run.network, "--memory", memory]
    options += [*_HARDENED, *_SERVERS, *(["-p", "127.0.0.1::8000"] if port else [])]
    run.docker("run", *options, PRODUCTION, *command)
    return name


def _url(run: Run, name: str) -> str:
    return f"http://{run.docker('port', name, '8000').splitlines()[0].strip()}"


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _peak(run: Run, name: str) -> int:
    """Return the most memory that a container had in use, in MB, caches of files included."""
    paths = "/sys/fs/cgroup/memory.peak /sys/fs/cgroup/memory/memory.max_usage_in_bytes"
    command = f"for file in {paths}; do [ ! -r $file ] || cat $file; done"
    return int(run.docker("exec", name, "sh", "-c", command).split()[0]) // 1_000_000


def _stopped(run: Run, name: str) -> float:
    """Stop a container; return the seconds that it took.

    Raises Failed unless it ended by itself, with exit code 0.
    """
    started = time.monotonic()
    run.docker("stop", "--time", str(_GRACE), name)
    seconds = time.monotonic() - started
    state = run.state(name)
    run.remove(name)
    if state["ExitCode"] != 0 or state["OOMKilled"]:
        raise Failed(
            f"{name}: exit code {state['ExitCode']}, killed for memory: {state['OOMKilled']}"
        )
    return seconds


def roll(run: Run) -> str:
    """Two fronts are replaced one after the other while calls arrive; each call is answered."""
    token = _prepared(run)
    worker = start_container(run, "containers-worker", _WORKER, "python", "-m", "worker")
    balancer = _Balancer(token)
    for number in (1, 2):
        _add_front(run, balancer, number)
    threads = [Thread(target=balancer.call_until_done, args=(50,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for number in (1, 2):
            _stopped(run, f"containers-front-{number}")
            _add_front(run, balancer, number)
    finally:
        balancer.rolled = True
        for thread in threads:
            thread.join()
    for name in ("containers-front-1", "containers-front-2"):
        _stopped(run, name)
    try:
        check(not balancer.failed, f"{len(balancer.failed)} failed: {balancer.failed[:3]}")
    finally:
        run.remove(worker)
    check(balancer.answered >= 200, f"only {balancer.answered} calls")
    return f"{balancer.answered} calls, failed 0"


def _add_front(run: Run, balancer: "_Balancer", number: int) -> None:
    name = start_container(
        run, f"containers-front-{number}", _FRONT, "python", "-m", "api", port=True
    )
    url = _url(run, name)
    wait_for(lambda: _answers(f"{url}/health/ready"), f"{name} was ready", 60)
    balancer.urls[number] = url


class _Balancer:
    """Sends a call to the next front, and to the other if nobody answers or it is draining."""

    def __init__(self, token: str) -> None:
        self.urls: dict[int, str] = {}
        self.rolled = False
        self.answered = 0
        self.failed: list[str] = []
        self._headers = {"Authorization": f"Bearer {token}"}
        self._turns, self._lock = cycle((1, 2)), Lock()

    def call_until_done(self, at_least: int) -> None:
        """Call until both fronts are new, and at least so often."""
        calls = 0
        with httpx.Client(headers=self._headers, timeout=15) as http:
            while calls < at_least or not self.rolled:
                calls += 1
                problem = self._call(http)
                with self._lock:
                    self.answered += 1
                    if problem:
                        self.failed.append(problem)

    def _call(self, http: httpx.Client) -> str:
        """Submit an item; return the problem if both fronts failed, or an empty text."""
        with self._lock:
            first = next(self._turns)
        body = {"request_id": str(uuid4()), **item("Rolled oats")}
        problem = ""
        for number in (first, 3 - first):
            try:
                answer = http.post(f"{self.urls[number]}/api/v1/jobs", json=body)
            except httpx.TransportError as error:
                problem = f"{type(error).__name__}: {error}"
                continue
            if answer.status_code == 202:
                return ""
            problem = f"{answer.status_code} {answer.text[:100]}"
        return problem
