"""Rules of the house that no linter knows. Each says why it is there."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.sources import PACKAGES, ROOT, SOURCES, imports, module_name, parse

FOLDERS = sorted(
    {path.parent for package in (*PACKAGES, "tests") for path in (ROOT / package).rglob("*.py")}
)

# What a module may import of ours: modules of the same line or of a line below it.
LAYERS = {
    "api": [
        ["api.__main__"],
        ["api.main"],
        ["api.routes", "api.debugging"],
        ["api.health.health_check"],
        ["api.answering", "api.health.readiness", "api.receipt_upload"],
        ["api.front"],
        ["api.submission", "api.waiting", "api.errors"],
        ["api.admission", "api.draining"],
        ["api.job_views", "api.metrics.front", "api.request_context"],
        ["api.metrics.queues", "api.metrics.requests"],
        ["api.health", "api.metrics"],
    ],
    "worker": [
        ["worker.__main__", "worker.cli.main"],
        ["worker.cli.doctor", "worker.cli.extract", "worker.cli.items", "worker.cli.remote"],
        ["worker.cli.comparison"],
        ["worker.cli.options", "worker.cli"],
        ["worker.cli.diagnosis"],
        ["worker.cli.quality.page", "worker.cli.quality.tables"],
        ["worker.cli.quality.report"],
        [
            "worker.cli.quality.drawing",
            "worker.cli.quality.reliability",
            "worker.cli.quality",
        ],
        ["worker.cli.quality.scoring"],
        ["worker.cli.quality.truth"],
        ["worker.main", "worker.cli.files"],
        ["worker.assembly"],
        ["worker.features.loading", "worker.health.probes"],
        ["worker.reconciliation"],
        [
            "worker.jobs.consumer",
            "worker.jobs.heartbeat",
            "worker.jobs.cancellations",
        ],
        ["worker.jobs.execution"],
        ["worker.telemetry.worker_telemetry"],
        ["worker.telemetry.worker_metrics"],
        [
            "worker.telemetry.job_metrics",
            "worker.telemetry.job_tracing",
            "worker.jobs.patience",
            "worker.health.pulse",
        ],
        ["worker.telemetry.state"],
        ["worker.features.runners", "worker.jobs.running"],
        ["worker.features.recognition", "worker.features.item_models"],
        ["worker.features.recognition_child"],
        ["worker.pipeline"],
        ["worker.features", "worker.health", "worker.jobs", "worker.telemetry"],
    ],
    "shared": [
        ["shared.local", "shared.process"],
        ["shared.terminal", "shared.client"],
        ["shared.client.clients"],
        ["shared.client.awaiting", "shared.client.caller", "shared.client.validation"],
        ["shared.client.calls", "shared.client.retries"],
        ["shared.client.http"],
        ["shared.dependencies", "shared.telemetry.log_export"],
        [
            "shared.store.schema",
            "shared.background",
            "shared.telemetry.logs",
            "shared.telemetry.tracing",
        ],
        ["shared.telemetry.exporter_warnings"],
        ["shared.wire.broker"],
        [
            "shared.store.transitions",
            "shared.store.jobs",
            "shared.wire.queue",
            "shared.store.queue_stats",
            "shared.store.retention",
            "shared.store.workers",
        ],
        ["shared.store.migrations"],
        ["shared.store.models", "shared.store.database"],
        ["shared.store.database_metrics"],
        ["shared.telemetry.metrics"],
        [
            "shared.settings",
            "shared.telemetry.trace_context",
            "shared.images",
            "shared.version",
        ],
        ["shared.contracts"],
        ["shared.rejections", "shared.store.retry_policy", "shared.client.errors"],
        ["shared.errors"],
        ["shared.store", "shared.telemetry", "shared.wire"],
    ],
}


def may_import(name: str, imported: str) -> bool:
    """Whether one module of ours may import another: of its own package or of `shared`, and of no
    layer above its own."""
    package, other = name.partition(".")[0], imported.partition(".")[0]
    if other != package:
        return other == "shared"
    own, below = layer(name), layer(imported)
    return own is None or below is None or below >= own


def layer(name: str) -> int | None:
    """How far down a module of ours is in its package; the most precise entry decides."""
    places = {
        entry: number
        for number, entries in enumerate(LAYERS[name.partition(".")[0]])
        for entry in entries
        if name == entry or name.startswith(entry + ".")
    }
    return places[max(places, key=len)] if places else None


def test_imports_run_one_way() -> None:
    """api → shared ← worker, and downwards inside a package: otherwise one cannot be changed,
    tested or deployed without the other."""
    wrong = [
        f"{module_name(path)} imports {imported}"
        for path in SOURCES
        for imported in imports(path)
        if imported.partition(".")[0] in PACKAGES and not may_import(module_name(path), imported)
    ]

    assert wrong == []


def test_every_module_has_its_layer() -> None:
    """A new file has to be given its place."""
    names = map(module_name, SOURCES)

    assert [name for name in names if name not in PACKAGES and layer(name) is None] == []


FORBIDDEN = [
    # The contract and the tables are used where no web server and no worker runs.
    ("shared", ("fastapi", "starlette", "uvicorn", "arq.worker")),
    # Whoever calls the service has neither its database nor its queue.
    ("shared.client", ("sqlalchemy", "asyncpg", "redis", "arq", "alembic")),
    # Bytes and text in, contract objects out: the pipeline runs in a child, a command, a test.
    ("worker.pipeline", ("redis", "arq", "sqlalchemy", "asyncpg", "opentelemetry", "fastapi")),
    (
        "worker.features.recognition_child",
        ("redis", "arq", "sqlalchemy", "asyncpg", "opentelemetry"),
    ),
    # The front must start in a second and stay small.
    ("api", ("rapidocr", "onnxruntime", "cv2", "tokenizers", "numpy", "pebble", "torch")),
]
# The ml extra: not there by default, and gigabytes where it is.
ML_EXTRA = {"torch", "transformers", "sentence_transformers", "huggingface_hub"}


@pytest.mark.parametrize(("package", "libraries"), FORBIDDEN, ids=lambda value: str(value)[:30])
def test_libraries_stay_where_they_belong(package: str, libraries: tuple[str, ...]) -> None:
    """Not by way of another module of ours either."""
    wrong = [
        f"{module_name(path)} imports {imported}"
        for path in _reachable(package)
        for imported in imports(path)
        if any(imported == library or imported.startswith(library + ".") for library in libraries)
    ]

    assert wrong == []


def test_the_ml_extra_is_imported_only_when_chosen() -> None:
    """Inside the functions of its adapters, where a setting has asked for it."""
    for path in SOURCES:
        imported = {name.partition(".")[0] for name in imports(path)} & ML_EXTRA
        adapter = module_name(path).startswith("worker.pipeline.meaning.")
        at_import = [
            node
            for node in parse(path).body
            if isinstance(node, ast.Import | ast.ImportFrom)
            and any(name in ast.unparse(node) for name in ML_EXTRA)
        ]

        assert adapter or not imported, path
        assert not at_import, path


def test_files_have_one_job() -> None:
    """When a file needs headings, it is two files."""
    assert _longer_than(250, SOURCES) == []


def test_tests_are_short_enough_to_read() -> None:
    """The same, with more room for tables."""
    assert _longer_than(350, sorted((ROOT / "tests").rglob("*.py"))) == []


def test_folders_are_by_matter() -> None:
    """A newcomer sees at a glance what is in a folder; more files than that are two matters."""
    assert [folder for folder in FOLDERS if len(list(folder.glob("*.py"))) > 14] == []


def test_importing_does_nothing() -> None:
    """Modules define; entry points act. Otherwise tests and tools get what they did not ask for."""
    acting = [
        f"{path}:{node.lineno}"
        for path in SOURCES
        if path.name not in ("__main__.py", "env.py")
        for node in parse(path).body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]

    assert acting == []


def test_everything_public_is_explained() -> None:
    """Modules, classes and functions, in their own words."""
    assert [place for path in SOURCES for place in _unexplained(path)] == []


def _unexplained(path: Path) -> Iterator[str]:
    """Places of public definitions without a docstring."""
    tree = parse(path)
    if not ast.get_docstring(tree):
        yield f"{path}:1"
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    inner = {node for function in functions for node in ast.walk(function) if node is not function}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            private = node.name.startswith("_") or node in inner
            if not private and not ast.get_docstring(node):
                yield f"{path}:{node.lineno}"


def _longer_than(lines: int, paths: list[Path]) -> list[Path]:
    return [path for path in paths if len(path.read_text().splitlines()) > lines]


def _reachable(package: str) -> set[Path]:
    """The files of a package, and those of ours that they import, directly or not."""
    by_name = {module_name(path): path for path in SOURCES}
    found: set[str] = set()
    waiting = [name for name in by_name if name == package or name.startswith(package + ".")]
    # What starts the others as processes of their own is not part of them.
    while waiting:
        name = waiting.pop()
        if name in found or name.startswith("shared.local"):
            continue
        found.add(name)
        waiting += [imported for imported in imports(by_name[name]) if imported in by_name]
    return {by_name[name] for name in found}
