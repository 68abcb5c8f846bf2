"""Vectors and categories with the real embedding model."""

import numpy as np
import pytest

from worker.pipeline.meaning.groceries.known_groceries import load_meanings
from worker.pipeline.meaning.models.onnx_embedder import OnnxEmbedder
from worker.pipeline.meaning.similarity import SimilarityClassifier

COMMON = [
    "Produce", "Dairy", "Bakery", "Meat & Seafood", "Frozen", "Pantry", "Beverages", "Snacks",
    "Household", "Other",
]  # fmt: skip


@pytest.fixture(scope="module")
def embedder() -> OnnxEmbedder:
    """Return the model, loaded once."""
    return OnnxEmbedder()


@pytest.fixture(scope="module")
def classifier(embedder: OnnxEmbedder) -> SimilarityClassifier:
    """Return a classifier that knows the common labels."""
    return SimilarityClassifier(embedder, load_meanings())


def best(classifier: SimilarityClassifier, name: str, labels: list[str]) -> tuple[str, float]:
    """Return the best label and its score."""
    (scores,) = classifier.score([name], labels).tolist()
    index = max(range(len(labels)), key=scores.__getitem__)
    return labels[index], scores[index]


def test_vectors_have_length_one_and_keep_their_order(embedder: OnnxEmbedder) -> None:
    """The sizes of texts and batches do not matter."""
    texts = ["a", "milk " * 100, "whole milk", "b", "dish soap for the kitchen"]
    vectors = embedder.embed(texts, batch_size=2)

    assert vectors.shape == (5, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    for text, vector in zip(texts, vectors, strict=True):
        assert float(embedder.embed([text])[0] @ vector) > 0.995


def test_no_texts_have_no_vectors(embedder: OnnxEmbedder) -> None:
    """An empty list is valid input."""
    assert embedder.embed([]).shape == (0, 384)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("whole milk", "Dairy"), ("chicken breast", "Meat & Seafood"), ("bananas", "Produce"),
        ("sourdough bread", "Bakery"), ("frozen pizza", "Frozen"), ("olive oil", "Pantry"),
        ("orange juice", "Beverages"), ("potato chips", "Snacks"), ("dish soap", "Household"),
        ("shampoo", "Other"),
    ],
)  # fmt: skip
def test_common_things_get_common_labels(
    classifier: SimilarityClassifier, name: str, label: str
) -> None:
    """Anybody would choose these labels."""
    assert best(classifier, name, COMMON)[0] == label


@pytest.mark.parametrize(
    ("name", "label", "labels"),
    [
        ("screwdriver", "Tools", ["Tools", "Toys", "Books"]),
        ("teddy bear", "Toys", ["Tools", "Toys", "Books"]),
        ("aspirin", "Pharmacy", ["Pharmacy", "Garden", "Office"]),
        ("cheddar", "Fruit & Veg", ["Fruit & Veg", "Garden"]),
    ],
)
def test_any_labels_work(
    classifier: SimilarityClassifier, name: str, label: str, labels: list[str]
) -> None:
    """Nothing needs to be known about a label."""
    assert best(classifier, name, labels)[0] == label


def test_labels_that_mean_only_their_name_are_less_certain(
    classifier: SimilarityClassifier,
) -> None:
    """One of two labels has a smaller lead if there is an unknown label beside them."""
    toys, tools = classifier.score(["teddy bear"], ["Toys", "Tools"])[0]
    vague = classifier.score(["teddy bear"], ["Toys", "Tools", "Quantum mechanics"])[0]

    assert vague[0] / vague[1] < toys / tools


def test_scores_of_a_name_sum_to_one(classifier: SimilarityClassifier) -> None:
    """There is one row for each name, and no score is negative."""
    scores = classifier.score(["milk", "soap", "?"], COMMON)

    assert scores.shape == (3, len(COMMON))
    assert np.allclose(scores.sum(axis=1), 1)
    assert (scores >= 0).all()


def test_the_order_of_labels_changes_nothing(classifier: SimilarityClassifier) -> None:
    """Each label keeps its score."""
    forward = classifier.score(["oat milk"], COMMON)[0]
    backward = classifier.score(["oat milk"], COMMON[::-1])[0]

    assert np.allclose(forward, backward[::-1])


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("ORG WHL MLK", "Dairy"), ("CHKN BRST", "Meat & Seafood"), ("PPR TWLS", "Household"),
        ("Vollkornbrot", "Bakery"), ("Apfelsaft", "Beverages"), ("Zahnpasta", "Other"),
        ("Pommes de terre", "Produce"), ("Poulet fermier", "Meat & Seafood"),
        ("Aceite de oliva", "Pantry"), ("Carta igienica", "Household"), ("Aardbeien", "Produce"),
        ("SPRKLNG WTR", "Beverages"), ("CRMBLD GOAT CHS", "Dairy"),
        ("Galletas integrales", "Snacks"), ("DETERS. BUCATO", "Household"),
        ("Weichspüler Lavendel", "Household"),
    ],
)  # fmt: skip
def test_abbreviations_and_other_languages_are_understood(
    classifier: SimilarityClassifier, name: str, label: str
) -> None:
    """Tills abbreviate names, and people use their own language."""
    assert best(classifier, name, COMMON)[0] == label


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Salmon Flavor Cat Treats", "Other"), ("Strawberry Banana Toothpaste", "Other"),
        ("Lemon Fresh Dishwasher Tablets", "Household"), ("Banana Bread Mix", "Pantry"),
        ("Frozen Mango Chunks", "Frozen"), ("Chicken Noodle Soup", "Pantry"),
        ("Cheddar Cheese Crackers", "Snacks"), ("Apple Cinnamon Tea", "Beverages"),
        ("Beef Ravioli in Tomato Sauce", "Pantry"), ("Vanilla Oat Milk", "Dairy"),
    ],
)  # fmt: skip
def test_a_thing_is_not_what_it_tastes_of(
    classifier: SimilarityClassifier, name: str, label: str
) -> None:
    """Words before the head, and behind "with" or "in", only describe it."""
    assert best(classifier, name, COMMON)[0] == label


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Toblerone", "Snacks"), ("Gerolsteiner", "Beverages"), ("Pampers Gr. 4", "Other"),
        ("Barilla No 5", "Pantry"), ("Lavazza Rossa", "Beverages"), ("Ariel Color", "Household"),
        ("Kerrygold", "Dairy"), ("Royal Canin Adult", "Other"),
    ],
)  # fmt: skip
def test_brands_are_known(classifier: SimilarityClassifier, name: str, label: str) -> None:
    """The names do not say what the thing is."""
    assert best(classifier, name, COMMON)[0] == label


GOLDEN = [
    "bananas", "whole milk", "sourdough bread", "chicken breast", "frozen pizza", "olive oil",
    "orange juice", "potato chips", "dish soap",
]  # fmt: skip


@pytest.mark.parametrize(
    "labels",
    [
        COMMON,
        ["Fruit & Veg", "Milk & Eggs", "Bread & Cakes", "Meat & Fish", "Frozen Food", "Cupboard",
         "Drinks", "Snacks & Sweets", "Cleaning", "Everything else"],
        ["Obst & Gemüse", "Molkereiprodukte", "Backwaren", "Fleisch & Fisch", "Tiefkühl",
         "Vorrat", "Getränke", "Süßes & Snacks", "Haushalt", "Sonstiges"],
        ["Fruits et légumes", "Produits laitiers", "Boulangerie", "Viande", "Surgelés",
         "Épicerie", "Boissons", "Snacks", "Entretien", "Autres"],
        ["Frutas y verduras", "Lácteos", "Panadería", "Carne y pescado", "Congelados",
         "Despensa", "Bebidas", "Snacks", "Limpieza", "Otros"],
        ["Frutta e verdura", "Latticini", "Panetteria", "Carne", "Surgelati", "Dispensa",
         "Bevande", "Snack", "Casa", "Altro"],
        ["Groente & fruit", "Zuivel", "Bakkerij", "Vlees", "Diepvries", "Voorraadkast",
         "Dranken", "Snacks", "Schoonmaak", "Overig"],
    ],
    ids=["common", "en", "de", "fr", "es", "it", "nl"],
)  # fmt: skip
def test_near_synonyms_work_as_labels(classifier: SimilarityClassifier, labels: list[str]) -> None:
    """In any of the languages, the right label scores so high that its confidence is `high`."""
    found = [best(classifier, name, labels) for name in GOLDEN]

    assert [label for label, _ in found] == labels[: len(GOLDEN)]
    assert [name for name, (_, score) in zip(GOLDEN, found, strict=True) if score < 0.8] == []
