"""`grocery-ai categorize` and `embed` read names and print CSV or JSON."""

import csv
import io
import json

import pytest

from tests.worker.cli.conftest import Run


def test_categories_of_lines_of_stdin(grocery_ai: Run) -> None:
    """Quotes and commas are quoted in the CSV; empty lines are ignored."""
    done = grocery_ai("categorize", stdin='Whole Milk\n\nSoap, "Dish"\n')

    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert done.returncode == 0, done.stderr
    assert [(row["name"], row["category"]) for row in rows] == [
        ("Whole Milk", "Dairy"),
        ('Soap, "Dish"', "Household"),
    ]
    assert all(0 < float(row["confidence"]) <= 1 for row in rows)


def test_categories_of_arguments_by_labels_of_the_caller(grocery_ai: Run) -> None:
    done = grocery_ai("categorize", "Bananas", "--labels", "Fruit & Veg, Cleaning", "--json")

    (row,) = json.loads(done.stdout)
    assert (row["name"], row["category"]) == ("Bananas", "Fruit & Veg")


def test_unit_vectors_in_the_order_of_the_texts(grocery_ai: Run) -> None:
    done = grocery_ai("embed", stdin="milk\nbread\n")

    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert json.loads(grocery_ai("embed", "milk", "bread", "--json").stdout) == rows
    assert [row["text"] for row in rows] == ["milk", "bread"]
    for row in rows:
        assert sum(x * x for x in row["vector"]) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    ("command", "stdin", "said"),
    [
        (["categorize"], "", "stdin holds no names"),
        (["categorize", "milk", "--labels", " , "], "", "at least one label"),
        (["categorize", "milk", "x" * 1000], "", "name 2"),
        (["categorize", "milk", "--labels", ",".join(map(str, range(101)))], "", "--labels"),
        (["embed"], "\n\n", "stdin holds no names"),
        (["embed", "milk", "--batch-size", "0"], "", "--batch-size"),
    ],
)
def test_wrong_usage(grocery_ai: Run, command: list[str], stdin: str, said: str) -> None:
    """A mistake is reported in a sentence, with exit code 2."""
    done = grocery_ai(*command, stdin=stdin)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
