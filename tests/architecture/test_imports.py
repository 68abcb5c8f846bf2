"""What may import what. Each rule says why it is there."""

import ast
from pathlib import Path

import pytest

from tests.architecture.layers import layer, may_import
from tests.architecture.sources import PACKAGES, SOURCES, imports, module_name, parse

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
            "shared.local",
        ),
    ),
]
# The ml extra: not there by default, and gigabytes where it is.
ML_EXTRA = {"torch", "transformers", "sentence_transformers", "huggingface_hub"}


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


@pytest.mark.parametrize(("libraries", "owners"), OWNERS, ids=lambda value: str(value)[:30])
def test_only_their_owners_import_libraries(
    libraries: tuple[str, ...], owners: tuple[str, ...]
) -> None:
    """All SQL is in one folder, and every Redis key in another: there they can be read, counted and
    changed together."""
    others = [path for path in SOURCES if not _is_in(module_name(path), owners)]
    wrong = [
        f"{module_name(path)} imports {imported}"
        for path in others
        for imported in imports(path)
        if imported.partition(".")[0] in libraries
    ]

    assert wrong == []


def _is_in(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def test_one_module_writes_published_at() -> None:
    """What the outbox holds is decided in one place."""
    writers = {
        module_name(path)
        for path in SOURCES
        for node in ast.walk(parse(path))
        if _writes(node, "published_at")
    }

    assert writers == {"shared.store.publication"}


def _writes(node: ast.AST, name: str) -> bool:
    """As a keyword of `values`, a key of a dictionary, or an attribute."""
    if isinstance(node, ast.keyword):
        return node.arg == name
    if isinstance(node, ast.Dict):
        return any(isinstance(key, ast.Constant) and key.value == name for key in node.keys)
    return isinstance(node, ast.Attribute) and node.attr == name and isinstance(node.ctx, ast.Store)


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
