"""The meanings of labels: near-synonyms in many languages, and narrow labels beside wide ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.pipeline.knowledge.groceries import load_grocery
from worker.pipeline.meaning.groceries.categories import Meaning
from worker.pipeline.meaning.groceries.known_groceries import load_meanings

MEANINGS = load_meanings()
GROCERY = load_grocery()


def meaning(label: str, *beside: str) -> Meaning:
    """Return the meaning of a label in a request that also has the labels `beside`."""
    return MEANINGS.of([label, *beside])[0]


@pytest.mark.parametrize(
    ("category", "synonyms"),
    [
        ("Produce", ["Fruit & Veg", "Obst & Gemüse", "OBST UND GEMUESE", "Obst/Gemüse",
                     "fruits et légumes", "Frutas y verduras", "Frutta e verdura",
                     "Groente & fruit", "Fresh Vegetables and Fruits", "Owoce i warzywa",
                     "Frukt och grönt", "Frukt & grönsaker", "Frutas e legumes"]),
        ("Dairy", ["Milk, Cheese & Eggs", "Molkereiprodukte", "Produits laitiers", "Lacteos",
                   "Latticini", "Zuivel", "dairy products", "Nabiał", "Mejeri", "Laticínios"]),
        ("Bakery", ["Bread & Cakes", "Backwaren", "Boulangerie", "Panadería", "Bakkerij",
                    "Pieczywo", "Bageri", "Padaria"]),
        ("Meat & Seafood", ["MEAT AND SEAFOOD", "Fleisch & Fisch", "Viande et poisson",
                            "Carne y pescado", "Carne e pesce", "Vlees & vis"]),
        ("Frozen", ["Tiefkühl", "Tiefkühlkost", "Surgelés", "Congelados", "Surgelati",
                    "Diepvries", "Frozen Foods"]),
        ("Pantry", ["Store cupboard", "Vorrat", "Épicerie", "Despensa", "Dispensa"]),
        ("Beverages", ["Drinks", "Getränke", "Boissons", "Bebidas", "Bevande", "Dranken"]),
        ("Other", ["Misc.", "Sonstiges", "Autres", "Otros", "Altro", "Overig", "Diğer", "その他"]),
        ("Vegetables", ["Овочі", "Zelenina", "채소", "свіжі овочі"]),
    ],
)  # fmt: skip
def test_near_synonyms_mean_the_same(category: str, synonyms: list[str]) -> None:
    """Spelling and language do not matter."""
    for synonym in synonyms:
        assert meaning(synonym).topics == meaning(category).topics, synonym


@pytest.mark.parametrize(
    ("label", "english"),
    [
        ("Fisk", "Fish"),
        ("Bryggkaffe", "Coffee"),
        ("Bebek bezi", "Diapers"),
        ("Μανιτάρια", "Mushrooms"),
    ],
)
def test_other_labels_are_translated(label: str, english: str) -> None:
    """The words for goods do for labels, too."""
    assert meaning(label).topics == meaning(english).topics


def test_a_narrow_label_takes_its_topics_from_a_wide_one() -> None:
    """Beside "Wine", "Drinks" stands for the rest."""
    drinks, wine = MEANINGS.of(["Drinks", "Wein"])

    assert wine.topics == ("wine",)
    assert set(drinks.topics) == {*meaning("Drinks").topics} - {"wine"}


def test_related_topics_go_to_a_label_if_no_other_stands_for_them() -> None:
    """Kitchen paper belongs to "Cleaning", unless there is a label for it."""
    assert "paper" in meaning("Cleaning", "Food").topics
    assert "paper" in meaning("Cleaning", "Other").topics
    assert "paper" not in meaning("Cleaning", "Household").topics


def test_what_sells_all_food_gives_way_to_narrower_labels() -> None:
    """The label "Groceries" is all food beside "Household", but dry goods beside "Dairy"."""
    assert {"apples", "milk", "baking"} <= set(meaning("Groceries", "Everything else").topics)
    assert {"apples", "milk", "baking"} <= set(meaning("Lebensmittel", "Haushalt").topics)
    assert not {"apples", "milk"} & set(meaning("Groceries", "Produce", "Dairy").topics)


def test_narrow_labels_divide_a_topic() -> None:
    """Each of several narrow labels within a wide one stands for its own part."""
    narrow = MEANINGS.of(["Apples", "Citrus", "Berries", "Fruit"])
    chilled = MEANINGS.of(["Butter", "Yogurt", "Milk", "Cheese"])

    for labels in (narrow, chilled):
        topics = [topic for label in labels for topic in label.topics]
        assert all(label.topics for label in labels)
        assert len(set(topics)) == len(topics)


def test_household_takes_what_has_no_other_place() -> None:
    """A label for the remainder takes these things from the household."""
    assert "hair" in meaning("Household", "Food").topics
    assert "hair" not in meaning("Household", "Other").topics


@pytest.mark.parametrize(
    ("decorated", "plain"),
    [
        ("Aisle 7 - Snacks", "Snacks"), ("Back wall - Dairy", "Dairy"), ("❄️ Frozen", "Frozen"),
        ("Section B: Cleaning", "Cleaning"), ("🍷 Wein", "Wine"), ("Tinned Goods", "Canned"),
        ("Frais", "Fresh"), ("Chilled", "Kühlregal"), ("cleaning stuff", "Putzen"),
    ],
)  # fmt: skip
def test_decoration_does_not_change_a_label(decorated: str, plain: str) -> None:
    """The place of an aisle and a picture are decoration."""
    assert meaning(decorated).topics == meaning(plain).topics


def test_other_is_everything_that_no_label_stands_for() -> None:
    """Bread is "Other" if there is no label for the bakery."""
    other, produce = MEANINGS.of(["Sonstiges", "Obst & Gemüse"])

    assert "bread" in other.topics
    assert {*other.topics, *produce.topics} == set(GROCERY.topics)
    assert not {*other.topics} & {*produce.topics}


def test_an_unknown_label_means_its_own_text() -> None:
    """No topic is invented for it."""
    assert MEANINGS.of(["Space travel", "&", "¿?"]) == [
        Meaning(("Space travel",)), Meaning(("&",)), Meaning(("¿?",)),
    ]  # fmt: skip


def test_a_partly_known_label_means_the_known_part() -> None:
    """At least half of the words must be known."""
    assert meaning("Cheese & Fireworks").topics == ("cheese",)
    assert meaning("Limpieza del hogar").topics == meaning("Limpieza & hogar").topics
    assert meaning("Trips to the water slide") == Meaning(("Trips to the water slide",))


@given(st.lists(st.text(max_size=30), min_size=1, max_size=20))
def test_any_labels_have_a_meaning(labels: list[str]) -> None:
    """Each label has a meaning, in order, with a text to embed and no topic twice."""
    meanings = MEANINGS.of(labels)

    assert len(meanings) == len(labels)
    for found in meanings:
        assert found.texts
        assert len(set(found.topics)) == len(found.topics)


names = st.sampled_from(
    [
        name
        for known in (*GROCERY.topics.values(), *GROCERY.categories.values())
        for name in known.names
    ]
)


@given(st.lists(names, min_size=1, max_size=8))
def test_no_topic_is_lost(labels: list[str]) -> None:
    """Each topic that a label stands for by itself belongs to some label of the request."""
    together = MEANINGS.of(labels)
    alone = {topic for label in labels for topic in meaning(label, "Other").topics}

    assert alone <= {topic for found in together for topic in found.topics}
