"""Rules of the house that no linter knows. Each says why it is there."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("api", "shared", "worker")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in SOURCES
}
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
        ["worker.cli.commands"],
        ["worker.cli.doctor", "worker.cli.extract", "worker.cli.items"],
        ["worker.cli.remote.jobs", "worker.cli.remote.submit"],
        ["worker.cli.remote.service", "worker.cli.remote"],
        ["worker.cli.results"],
        ["worker.cli.comparison", "worker.cli.progress", "worker.cli.selection"],
        ["worker.cli.options", "worker.cli.messages", "worker.cli"],
        ["worker.cli.diagnosis"],
        ["worker.cli.quality.page", "worker.cli.quality.tables"],
        ["worker.cli.quality.report"],
        [
            "worker.cli.quality.drawing",
            "worker.cli.quality.reliability",
            "worker.cli.quality",
        ],
        ["worker.cli.quality.scoring"],
        ["worker.cli.quality.matching"],
        ["worker.cli.quality.truth"],
        ["worker.main", "worker.cli.files"],
        ["worker.assembly"],
        ["worker.features.loading", "worker.health.probes", "worker.jobs.consuming"],
        ["worker.reconciliation"],
        [
            "worker.jobs.consumer",
            "worker.jobs.heartbeat",
            "worker.jobs.cancellations",
        ],
        ["worker.jobs.execution"],
        ["worker.jobs.endings"],
        ["worker.telemetry.worker_telemetry"],
        ["worker.telemetry.worker_metrics"],
        [
            "worker.telemetry.job_metrics",
            "worker.telemetry.job_tracing",
            "worker.jobs.persistence",
            "worker.health.pulse",
        ],
        ["worker.telemetry.state"],
        ["worker.features.runners", "worker.jobs.running"],
        [
            "worker.features.recognition",
            "worker.features.item_models",
            "worker.features.page_progress",
        ],
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
        ["shared.wire.broker", "shared.wire.messenger"],
        ["shared.wire.connections"],
        ["shared.wire.messages"],
        [
            "shared.store.transitions",
            "shared.store.jobs",
            "shared.store.queue_stats",
            "shared.store.retention",
        ],
        [
            "shared.store.publication",
            "shared.store.read_only",
            "shared.store.server",
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
        ["shared.contracts", "shared.server_urls"],
        [
            "shared.rejections",
            "shared.store.retry_policy",
            "shared.client.errors",
            "shared.listening",
        ],
        ["shared.errors", "shared.opt_outs"],
        ["shared.store", "shared.telemetry", "shared.wire"],
    ],
}


def module_name(path: Path) -> str:
    """As Python imports it."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from modules
            # A package is imported for its own sake only where a name is taken from itself.
            if not modules <= MODULES:
                yield node.module


def layer(name: str) -> int | None:
    """How far down a module of ours is in its package; the most precise entry decides."""
    places = {
        entry: number
        for number, entries in enumerate(LAYERS[name.partition(".")[0]])
        for entry in entries
        if name == entry or name.startswith(entry + ".")
    }
    return places[max(places, key=len)] if places else None


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_imports_run_one_way(path: Path) -> None:
    """api → shared ← worker, and downwards inside: else one cannot be changed, tested or deployed
    without the other."""
    name = module_name(path)
    package = name.partition(".")[0]
    own = layer(name)
    for imported in imports(path):
        other = imported.partition(".")[0]
        if other not in PACKAGES:
            continue
        assert other in (package, "shared"), f"{name} imports {imported}"
        below = layer(imported) if other == package else None
        if own is not None and below is not None:
            assert below >= own, f"{name} imports {imported}, which is above it"


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_every_module_has_its_layer(path: Path) -> None:
    """A new file has to be given its place."""
    name = module_name(path)

    assert name in PACKAGES or layer(name) is not None


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
# Where a library may be imported at all, and why in the other places as well.
OWNERS = [
    (("sqlalchemy", "asyncpg", "psycopg", "alembic"), ("shared.store",)),
    (
        ("redis", "arq"),
        (
            "shared.wire",
            # It runs arq's own poll loop.
            "worker.jobs.consumer",
            # It looks into a server that may not be fit to carry messages.
            "worker.cli.diagnosis.broker",
            # It starts that server, and asks it whether it has started.
            "shared.local.valkey",
        ),
    ),
]
LONGEST_FUNCTION = 60
# The ml extra: not there by default, and gigabytes where it is.
ML_EXTRA = {"torch", "transformers", "sentence_transformers", "huggingface_hub"}


@pytest.mark.parametrize(("package", "libraries"), FORBIDDEN, ids=lambda value: str(value)[:30])
def test_libraries_stay_where_they_belong(package: str, libraries: tuple[str, ...]) -> None:
    """Also not by way of another module of ours."""
    for path in _reachable(package):
        for imported in imports(path):
            assert not any(
                imported == library or imported.startswith(library + ".") for library in libraries
            ), f"{module_name(path)} imports {imported}"


@pytest.mark.parametrize(("libraries", "owners"), OWNERS, ids=lambda value: str(value)[:30])
def test_only_their_owners_import_libraries(
    libraries: tuple[str, ...], owners: tuple[str, ...]
) -> None:
    """All SQL is in one folder, and every Redis key in another: there they can be read, counted and
    changed together."""
    for path in SOURCES:
        name = module_name(path)
        if any(name == owner or name.startswith(owner + ".") for owner in owners):
            continue
        for imported in imports(path):
            assert imported.partition(".")[0] not in libraries, f"{name} imports {imported}"


def test_one_module_writes_published_at() -> None:
    """What the outbox holds is decided in one place."""
    writers = {
        module_name(path)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.keyword) and node.arg == "published_at")
        or (
            isinstance(node, ast.Dict)
            and any(
                isinstance(key, ast.Constant) and key.value == "published_at" for key in node.keys
            )
        )
        or (
            isinstance(node, ast.Attribute)
            and node.attr == "published_at"
            and isinstance(node.ctx, ast.Store)
        )
    }

    assert writers == {"shared.store.publication"}


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_functions_fit_on_a_screen(path: Path) -> None:
    """A longer function does more than its name says."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            length = node.end_lineno - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{module_name(path)}.{node.name}: {length} lines"


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_the_ml_extra_is_imported_only_when_chosen(path: Path) -> None:
    """Inside the functions of its adapters, where a setting has asked for it."""
    imported = {name.partition(".")[0] for name in imports(path)} & ML_EXTRA
    adapter = module_name(path).startswith("worker.pipeline.meaning.")
    at_import = [
        node
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        and any(name in ast.unparse(node) for name in ML_EXTRA)
    ]

    assert adapter or not imported
    assert not at_import


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_files_have_one_job(path: Path) -> None:
    """When a file needs headings, it is two files."""
    assert len(path.read_text().splitlines()) <= 250


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_folders_are_by_matter(folder: Path) -> None:
    """A newcomer sees at a glance what is in a folder; more files than that are two matters."""
    assert len(list(folder.glob("*.py"))) <= 14


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("*.py")), ids=str)
def test_tests_are_short_enough_to_read(path: Path) -> None:
    """The same, with more room for tables."""
    assert len(path.read_text().splitlines()) <= 350


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_importing_does_nothing(path: Path) -> None:
    """Modules define; entry points act. Otherwise tests and tools get what they did not ask for."""
    if path.name in ("__main__.py", "env.py"):
        return
    for node in ast.parse(path.read_text()).body:
        acts = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        assert not acts, f"{module_name(path)}:{node.lineno}"


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_everything_public_is_explained(path: Path) -> None:
    """Modules, classes and functions, in their own words."""
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree)
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    inner = {node for function in functions for node in ast.walk(function) if node is not function}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            private = node.name.startswith("_") or node in inner
            assert private or ast.get_docstring(node), f"{path}:{node.lineno}"


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
