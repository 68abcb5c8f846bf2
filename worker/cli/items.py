"""`grocery-ai categorize` and `embed`: the item models in this process, without a server."""

import asyncio
import csv
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from shared.contracts.categories import BatchItem, CategorizePayload
from shared.contracts.categories import confidence_level as level_of
from worker.cli.options import (
    AsJson,
    Labels,
    Texts,
    pipeline_settings,
    print_json,
    print_json_lines,
    split_labels,
    texts_or_stdin,
)

if TYPE_CHECKING:
    from worker.features.item_models import ItemModels

BatchSize = Annotated[
    int, typer.Option(min=1, max=256, help="How many texts the model takes at once.")
]


def categorize(names: Texts = None, labels: Labels = None, as_json: AsJson = False) -> None:
    """Categorise item names, and print `name,category,confidence` as CSV."""
    wanted = split_labels(labels)
    items = _checked(texts_or_stdin(names), wanted)
    rows = asyncio.run(_categorize(items, wanted))
    if as_json:
        keys = ("name", "category", "confidence", "confidence_level")
        print_json([dict(zip(keys, (*row, level_of(row[2])), strict=True)) for row in rows])
        return
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(("name", "category", "confidence"))
    table.writerows((name, category, f"{confidence:.4f}") for name, category, confidence in rows)


def embed(texts: Texts = None, batch_size: BatchSize = 32, as_json: AsJson = False) -> None:
    """Embed texts, and print one `{"text", "vector"}` per line, or one document with --json."""
    given = texts_or_stdin(texts)
    vectors = asyncio.run(_embed(given, batch_size))
    pairs = zip(given, vectors, strict=True)
    rows = [{"text": text, "vector": vector} for text, vector in pairs]
    if as_json:
        print_json(rows)
    else:
        print_json_lines(rows)


async def _categorize(names: Sequence[str], labels: Sequence[str]) -> list[tuple[str, str, float]]:
    async with _models() as models:
        scores = await models.score(names, labels)
    best = zip(names, scores.argmax(axis=1), scores.max(axis=1).tolist(), strict=True)
    return [(name, labels[index], confidence) for name, index, confidence in best]


async def _embed(texts: Sequence[str], batch_size: int) -> list[list[float]]:
    async with _models() as models:
        vectors = await models.embed(texts, batch_size)
    return [[round(x, 7) for x in vector] for vector in vectors.tolist()]


@asynccontextmanager
async def _models() -> AsyncIterator["ItemModels"]:
    from worker.features.item_models import ItemModels

    models = ItemModels.from_settings(pipeline_settings())
    try:
        await models.start()
        yield models
    finally:
        await models.close()


def _checked(names: Sequence[str], labels: Sequence[str]) -> list[str]:
    """Return the names in the form of the contract.

    Raises typer.BadParameter if a name or the labels are invalid; it says which name.
    """
    try:
        CategorizePayload(item_name="any", candidate_labels=list(labels))
    except ValidationError as error:
        raise typer.BadParameter(error.errors()[0]["msg"], param_hint="--labels") from error
    checked = []
    for number, name in enumerate(names, start=1):
        try:
            checked.append(BatchItem(id=number, name=name).name)
        except ValidationError as error:
            raise typer.BadParameter(f"name {number}: {error.errors()[0]['msg']}") from error
    return checked
