"""The commands that call a running service, whose front and worker are processes."""

import asyncio
import json
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from PIL import Image

from shared.errors import ErrorClass
from shared.local.receipt_image import encode
from shared.settings import Settings
from tests.support.fronts import front_server, nowhere
from tests.support.processes.running_system import System
from tests.support.runners import ITEM, dairy, worker_with
from tests.support.scripted_server import problem, scripted
from tests.worker.cli.conftest import Run
from worker.features.runners import Product, Work


@pytest.fixture
def env(system: System) -> dict[str, str]:
    """The environment of a tenant that no other test uses."""
    return {"AI_SERVICE_URL": system.url, "TENANT_ID": f"cli-{uuid4().hex[:8]}"}


@pytest.fixture
def receipt(tmp_path: Path, receipt_png: bytes) -> Path:
    """The file of a receipt."""
    path = tmp_path / "receipt.png"
    path.write_bytes(receipt_png)
    return path


def test_submit_and_wait(forked_ai: Run, env: dict[str, str], receipt: Path) -> None:
    """The result is printed as a table; a bad file is reported and does not stop the other."""
    bad = receipt.with_name("bad.jpg")
    bad.write_bytes(b"nothing")
    done = forked_ai("submit", bad, receipt, "--wait", "--country", "gb", **env)

    assert done.returncode == 1
    assert "unsupported_image_format" in done.stderr
    assert "Organic Whole Milk" in done.stdout
    assert "succeeded" in done.stdout


async def test_waiting_prints_what_has_ended(
    forked_ai: Run, settings: Settings, receipt: Path, blank_png: bytes
) -> None:
    """A job that takes too long is named on stderr, and hides no result of the others."""
    slow = receipt.with_name("slow.png")
    slow.write_bytes(blank_png)

    async def run(work: Work) -> Product:
        if work.image == blank_png:
            await asyncio.Event().wait()
        return await dairy(work)

    async with (
        worker_with(settings.model_copy(update={"receipt_slots": 2}), run),
        front_server(settings) as url,
    ):
        done = await asyncio.to_thread(
            forked_ai, "submit", slow, receipt, "--wait", "--within", "3", "--json", "--url", url
        )
        listed = await asyncio.to_thread(forked_ai, "list", "--json", "--url", url)

    (ended,) = json.loads(done.stdout)
    (late,) = (job for job in json.loads(listed.stdout) if job["id"] != ended["id"])
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1
    assert ended["status"] == "succeeded"
    assert line.startswith("not_done_in_time: 1 of 2 jobs have not ended")
    assert late["id"] in line
    assert "grocery-ai watch" in line


def test_a_job_is_submitted_watched_shown_and_listed(
    forked_ai: Run, env: dict[str, str], receipt: Path
) -> None:
    (submitted,) = json.loads(forked_ai("submit", receipt, "--json", **env).stdout)
    watched = forked_ai("watch", submitted["id"], **env)
    (seen,) = json.loads(forked_ai("get", submitted["id"], "--json", **env).stdout)
    (listed,) = json.loads(forked_ai("list", "--status", "succeeded", "--json", **env).stdout)

    assert watched.returncode == 0
    assert "Where the time went" in watched.stdout
    assert seen["status"] == "succeeded"
    assert listed["id"] == submitted["id"]
    assert json.loads(forked_ai("list", "--status", "failed", "--json", **env).stdout) == []


def test_submit_quiet_prints_only_the_ids_of_accepted_files(
    forked_ai: Run, env: dict[str, str], receipt: Path
) -> None:
    bad = receipt.with_name("bad.jpg")
    bad.write_bytes(b"nothing")
    done = forked_ai("submit", "--quiet", receipt, bad, receipt, **env)
    job_ids = done.stdout.splitlines()

    assert done.returncode == 1
    assert [str(UUID(job_id)) for job_id in job_ids] == job_ids
    assert len(set(job_ids)) == 2
    assert "bad.jpg" in done.stderr
    assert forked_ai("watch", job_ids[0], **env).returncode == 0


def test_a_list_fits_80_columns(forked_ai: Run, env: dict[str, str], receipt: Path) -> None:
    """Ids are whole, and the error of a failed job is on the line below it."""
    blank = receipt.with_name("blank.png")
    blank.write_bytes(encode(Image.new("RGB", (400, 300), "white")))
    job_ids = forked_ai("submit", "--quiet", receipt, blank, **env).stdout.splitlines()
    for job_id in job_ids:
        forked_ai("watch", job_id, **env)
    lines = forked_ai("list", COLUMNS="80", **env).stdout.splitlines()

    assert len(job_ids) == 2
    assert max(map(len, lines)) <= 80
    title, failed, error, succeeded = lines
    assert title.split() == ["Job", "Status", "Feature", "Age"]
    assert failed.split()[:3] == [job_ids[1], "failed", "receipt_extraction"]
    assert error.strip() == "no_text_found"
    assert succeeded.split()[:3] == [job_ids[0], "succeeded", "receipt_extraction"]


def test_an_empty_or_cut_list_says_how_to_see_more(
    forked_ai: Run, env: dict[str, str], receipt: Path
) -> None:
    done = forked_ai("list", "--status", "failed", **env)
    forked_ai("submit", receipt, receipt, **env)
    some = forked_ai("list", "--limit", "1", **env)

    assert (done.returncode, done.stdout) == (0, "")
    assert f"Tenant '{env['TENANT_ID']}' has no failed jobs." in done.stderr
    assert "--tenant" in done.stderr
    assert "--limit" in some.stderr


def test_the_image_of_a_job_is_saved(
    forked_ai: Run, env: dict[str, str], receipt: Path, tmp_path: Path
) -> None:
    job_id = forked_ai("submit", receipt, "--quiet", **env).stdout.strip()
    out = tmp_path / "new" / "shown.png"
    done = forked_ai("image", job_id, "--out", out, **env)
    missing = forked_ai("image", job_id, "--page", "2", "--out", tmp_path / "none.png", **env)

    assert (done.returncode, done.stdout) == (0, f"{out}\n"), done.stderr
    assert out.read_bytes() == receipt.read_bytes()
    assert missing.returncode == 1
    assert missing.stderr.startswith("image_not_found")
    assert not (tmp_path / "none.png").exists()


def test_a_job_is_cancelled_and_retried(forked_ai: Run, env: dict[str, str], receipt: Path) -> None:
    """The last of five jobs is still waiting when it is cancelled."""
    *_, submitted = json.loads(forked_ai("submit", *[receipt] * 5, "--json", **env).stdout)
    cancelled = forked_ai("cancel", submitted["id"], "--json", **env)
    watched = forked_ai("watch", submitted["id"], **env)
    retried = forked_ai("retry", submitted["id"], **env)
    again = forked_ai("watch", submitted["id"], **env)

    assert cancelled.returncode == 0, cancelled.stderr
    assert watched.returncode == 1
    assert "cancelled" in watched.stdout
    assert retried.returncode == 0, retried.stderr
    assert again.returncode == 0
    assert "Organic Whole Milk" in again.stdout


def test_both_queues_are_shown(forked_ai: Run, env: dict[str, str]) -> None:
    found = json.loads(forked_ai("queues", "--json", **env).stdout)

    assert {queue["queue"] for queue in found} == {"receipts", "items"}
    assert all(queue["accepting"] and queue["workers"] == 1 for queue in found)
    title, *rows = forked_ai("queues", COLUMNS="80", **env).stdout.splitlines()
    assert {row.split()[0] for row in rows} == {"receipts", "items"}
    assert len(title) <= 80
    assert "Done/min" in title


def test_jobs_are_submitted_as_lines(forked_ai: Run, env: dict[str, str]) -> None:
    """Each line that is not blank has one line of the output, with its job or its error."""
    good = json.dumps({"feature": "categorization", "payload": ITEM})
    receipt = '{"feature": "receipt_extraction", "payload": {}}'
    text = "\n".join([good, "", "milk", receipt, receipt, '{"x": NaN}', r'{"x": "\ud800"}', good])
    done = forked_ai("submit", "--batch", "-", "--wait", stdin=text, **env)
    rows = [json.loads(line) for line in done.stdout.splitlines()]

    assert done.returncode == 1
    assert [row["line"] for row in rows] == [1, 3, 4, 5, 6, 7, 8]
    assert [row["error"] and row["error"]["code"] for row in rows] == [
        None,
        "malformed_body",
        *["invalid_request"] * 2,
        *["malformed_body"] * 2,
        None,
    ]
    first, last = rows[0]["job"], rows[-1]["job"]
    assert [job["output_payload"]["category"] for job in (first, last)] == ["Dairy", "Dairy"]
    starts = [line.partition(":")[0] for line in done.stderr.splitlines()]
    assert starts == [
        "malformed_body line 3",
        "invalid_request lines 4-5",
        "malformed_body line 6",
        "malformed_body line 7",
    ]

    shown = forked_ai("get", last["id"], first["id"], str(UUID(int=1)), "--json", **env)
    assert shown.returncode == 1
    assert [job["id"] for job in json.loads(shown.stdout)] == [last["id"], first["id"]]
    assert f"job_not_found: There is no job {UUID(int=1)}" in shown.stderr


def test_the_ids_of_lines_are_watched(forked_ai: Run, env: dict[str, str], tmp_path: Path) -> None:
    """The ids alone are made for other commands."""
    path = tmp_path / "jobs.jsonl"
    path.write_text(f"{json.dumps({'feature': 'categorization', 'payload': ITEM})}\n" * 2)
    submitted = forked_ai("submit", "--batch", path, "--quiet", **env).stdout.split()
    watched = forked_ai("watch", *submitted, **env)

    assert len(set(submitted)) == 2
    assert watched.returncode == 0
    assert all(job_id in watched.stdout for job_id in submitted)


async def test_callbacks_are_asked_for(forked_ai: Run, receipt: Path) -> None:
    """A URL for all jobs replaces none that a line names itself."""
    own = json.dumps({"feature": "categorization", "callback": {"url": "http://own"}})
    async with scripted(problem(422, ErrorClass.BAD_INPUT, "refused")) as server:
        options = ("submit", "--callback", "http://all", "--json", "--url", server.url)
        lines = await asyncio.to_thread(forked_ai, *options, "--batch", "-", stdin=f"{own}\n{{}}")
        files = await asyncio.to_thread(forked_ai, *options, receipt)

    batch, single = (json.loads(seen.body) for seen in server.seen)
    assert [entry["callback"] for entry in batch["jobs"]] == [
        {"url": "http://own"},
        {"url": "http://all"},
    ]
    assert single["callback"] == {"url": "http://all"}
    assert [row["error"]["code"] for row in json.loads(lines.stdout)] == ["refused", "refused"]
    assert lines.stderr.startswith("refused lines 1-2: ")
    assert files.stderr.startswith("refused ")


async def test_lines_that_take_too_long(forked_ai: Run, settings: Settings) -> None:
    """A job that is late is printed as it is, and hides no result of the others."""
    lines = [
        json.dumps({"feature": "embedding", "payload": {"texts": ["milk"]}}),
        json.dumps({"feature": "categorization", "payload": ITEM}),
    ]

    async def run(work: Work) -> Product:
        if "texts" in work.payload:
            await asyncio.Event().wait()
        return await dairy(work)

    async with worker_with(settings, run), front_server(settings) as url:
        options = ("--wait", "--within", "2", "--url", url)
        done = await asyncio.to_thread(
            forked_ai, "submit", "--batch", "-", *options, stdin="\n".join(lines)
        )

    late, ended = (json.loads(line)["job"] for line in done.stdout.splitlines())
    assert done.returncode == 1
    assert (late["status"], ended["status"]) == ("running", "succeeded")
    assert done.stderr.startswith("not_done_in_time: 1 of 2 jobs have not ended within 2 s")
    assert late["id"] in done.stderr


@pytest.mark.parametrize("command", ["get", "watch", "cancel", "retry"])
def test_a_job_that_does_not_exist(forked_ai: Run, env: dict[str, str], command: str) -> None:
    """One line says what is wrong and what to do; so it does for text that is no id."""
    done = forked_ai(command, str(uuid4()), COLUMNS="80", **env)
    wrong = forked_ai(command, "receipt.jpg", COLUMNS="80", **env)

    assert done.returncode == 1
    assert done.stderr.startswith("job_not_found: ")
    assert "--tenant" in done.stderr
    assert wrong.returncode == 2
    assert "'receipt.jpg' is not a job id" in wrong.stderr
    assert [len(run.stderr.splitlines()) for run in (done, wrong)] == [1, 1]


def test_a_service_that_does_not_answer(forked_ai: Run, receipt: Path) -> None:
    """The failure is reported after a few seconds, once for all files; an invalid URL, at once."""
    away = nowhere("http").get_secret_value()
    done = forked_ai("list", "--url", away)
    wrong = forked_ai("list", "--url", "localhost:8000")
    files = forked_ai("submit", receipt, receipt, "--url", away)
    lines = forked_ai("submit", "--batch", "-", "--quiet", "--url", away, stdin="{}\n" * 501)

    assert done.returncode == 1
    assert done.stderr.startswith("service_unreachable: ")
    assert "bin/dev" in done.stderr
    assert wrong.returncode == 2
    assert "http(s)://" in wrong.stderr
    assert (files.returncode, files.stdout) == (1, "")
    assert (lines.returncode, lines.stdout) == (1, "")
    assert lines.stderr.startswith("service_unreachable lines 1-500: ")
    assert "Lines after 500" in lines.stderr
    assert [len(run.stderr.splitlines()) for run in (done, wrong, files, lines)] == [1, 1, 1, 2]


@pytest.mark.parametrize(
    "arguments", [[], ["--batch", "-", __file__], ["--batch", "-", "--country", "gb"]]
)
def test_submit_takes_either_receipts_or_lines(forked_ai: Run, arguments: list[str]) -> None:
    done = forked_ai("submit", *arguments)

    assert done.returncode == 2
    assert "--batch" in done.stderr
