"""Rules of what may import what, each with its reason."""

import ast
from pathlib import Path

import pytest

from tests.architecture.layers import layer, may_import
from tests.architecture.sources import PACKAGES, SOURCES, imports, module_name, parse

FORBIDDEN = [
    # `shared` is also used where neither a web server nor a worker runs.
    ("shared", ("fastapi", "starlette", "uvicorn", "arq.worker")),
    # A caller of the service has neither its database nor its Redis.
    ("shared.client", ("sqlalchemy", "asyncpg", "redis", "arq", "alembic")),
    # The pipeline turns bytes and text into contract objects: it also runs in recognition children,
    # commands and tests.
    ("worker.pipeline", ("redis", "arq", "sqlalchemy", "asyncpg", "opentelemetry", "fastapi")),
    (
        "worker.features.recognition_child",
        ("redis", "arq", "sqlalchemy", "asyncpg", "opentelemetry"),
    ),
    # A front has to start within a second and stay small.
    ("api", ("rapidocr", "onnxruntime", "cv2", "tokenizers", "numpy", "pebble", "torch")),
]
# The server of fronts and workers, which nothing else in `shared` imports.
SERVER = "shared.serving"
# The packages that may import a library. All but the first have a reason.
OWNERS = [
    (("sqlalchemy", "asyncpg", "psycopg", "alembic"), ("shared.store",)),
    (
        ("redis", "arq"),
        (
            "shared.wire",
            # It inspects a Redis that may not be fit to carry messages.
            "worker.cli.diagnosis.broker",
            # It starts the server, and asks whether it has started.
            "shared.local",
        ),
    ),
]
# The ml extra is not installed by default, and takes gigabytes.
ML_EXTRA = {"torch", "transformers", "sentence_transformers", "huggingface_hub"}


def test_imports_run_one_way() -> None:
    """Imports run api → shared ← worker, and downwards inside a package. Otherwise one part could
    not be changed, tested or deployed without the other."""
    wrong = [
        f"{module_name(path)} imports {imported}"
        for path in SOURCES
        for imported in imports(path)
        if imported.partition(".")[0] in PACKAGES and not may_import(module_name(path), imported)
    ]

    assert wrong == []


def test_every_module_has_a_layer() -> None:
    """A new module has to be added to `layers.py`."""
    names = map(module_name, SOURCES)

    assert [name for name in names if name not in PACKAGES and layer(name) is None] == []


@pytest.mark.parametrize(("package", "libraries"), FORBIDDEN, ids=lambda value: str(value)[:30])
def test_libraries_stay_where_they_belong(package: str, libraries: tuple[str, ...]) -> None:
    """Imports through other modules of ours count too."""
    wrong = [
        f"{module_name(path)} imports {imported}"
        for path in _reachable(package)
        if not _is_in(module_name(path), (SERVER,)) or package != "shared"
        for imported in imports(path)
        if any(imported == library or imported.startswith(library + ".") for library in libraries)
    ]

    assert wrong == []


@pytest.mark.parametrize(("libraries", "owners"), OWNERS, ids=lambda value: str(value)[:30])
def test_only_their_owners_import_libraries(
    libraries: tuple[str, ...], owners: tuple[str, ...]
) -> None:
    """All SQL is in one folder and every Redis key in another, so that each can be read and changed
    as a whole."""
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
    """`published_at` decides what the outbox holds, and one module has to answer for that."""
    writers = {
        module_name(path)
        for path in SOURCES
        for node in ast.walk(parse(path))
        if _writes(node, "published_at")
    }

    assert writers == {"shared.store.publication"}


def _writes(node: ast.AST, name: str) -> bool:
    """Whether a node sets a column: a keyword argument, a key of a dictionary, or an attribute."""
    if isinstance(node, ast.keyword):
        return node.arg == name
    if isinstance(node, ast.Dict):
        return any(isinstance(key, ast.Constant) and key.value == name for key in node.keys)
    return isinstance(node, ast.Attribute) and node.attr == name and isinstance(node.ctx, ast.Store)


def test_the_ml_extra_is_imported_only_when_chosen() -> None:
    """Only functions of its adapters import it, which run when a setting chose it."""
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
    """Return the files of a package and those of ours that they import, directly or not."""
    by_name = {module_name(path): path for path in SOURCES}
    found: set[str] = set()
    waiting = [name for name in by_name if name == package or name.startswith(package + ".")]
    # `shared.local` starts fronts and workers as processes, and does not become part of them.
    while waiting:
        name = waiting.pop()
        if name in found or name.startswith("shared.local"):
            continue
        found.add(name)
        waiting += [imported for imported in imports(by_name[name]) if imported in by_name]
    return {by_name[name] for name in found}
