"""What labels mean: near-synonyms in nine languages, narrow and wide ones side by side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.pipeline.knowledge.groceries import load_grocery
from worker.pipeline.meaning.groceries.categories import Meaning
from worker.pipeline.meaning.groceries.loading import load_meanings

MEANINGS = load_meanings()
GROCERY = load_grocery()


def meaning(label: str, *beside: str) -> Meaning:
    """Of one label in a request that has others."""
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
        ("Other", ["Misc.", "Sonstiges", "Autres", "Otros", "Altro", "Overig"]),
    ],
)  # fmt: skip
def test_near_synonyms_mean_the_same(category: str, synonyms: list[str]) -> None:
    """However they are written, in whichever of the languages."""
    for synonym in synonyms:
        assert meaning(synonym).topics == meaning(category).topics, synonym


def test_a_narrow_label_takes_its_topics_from_a_wide_one() -> None:
    """With "Wine" beside it, "Drinks" is about the rest."""
    drinks, wine = MEANINGS.of(["Drinks", "Wein"])

    assert wine.topics == ("wine",)
    assert set(drinks.topics) == {*meaning("Drinks").topics} - {"wine"}


def test_related_topics_go_to_a_label_that_nobody_contests() -> None:
    """Kitchen paper is in "Cleaning", unless there is a label for it."""
    assert "paper" in meaning("Cleaning", "Food").topics
    assert "paper" in meaning("Cleaning", "Other").topics
    assert "paper" not in meaning("Cleaning", "Household").topics


def test_what_sells_all_food_gives_way_to_narrower_labels() -> None:
    """ "Groceries" is everything edible beside "Household", the dry goods beside a fridge."""
    assert {"apples", "milk", "baking"} <= set(meaning("Groceries", "Everything else").topics)
    assert {"apples", "milk", "baking"} <= set(meaning("Lebensmittel", "Haushalt").topics)
    assert not {"apples", "milk"} & set(meaning("Groceries", "Produce", "Dairy").topics)


def test_labels_that_share_a_topic_share_it_out() -> None:
    """Each of several narrow labels within one stands for its own part."""
    narrow = MEANINGS.of(["Apples", "Citrus", "Berries", "Fruit"])
    chilled = MEANINGS.of(["Butter", "Yogurt", "Milk", "Cheese"])

    for labels in (narrow, chilled):
        topics = [topic for one in labels for topic in one.topics]
        assert all(one.topics for one in labels)
        assert len(set(topics)) == len(topics)


def test_a_household_takes_what_has_no_other_place() -> None:
    """Unless there is a label for the rest."""
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
def test_what_decorates_a_label_says_nothing(decorated: str, plain: str) -> None:
    """Where it hangs in the shop, or a picture."""
    assert meaning(decorated).topics == meaning(plain).topics


def test_other_is_what_no_other_label_stands_for() -> None:
    """Bread is "Other" where there is no bakery."""
    other, produce = MEANINGS.of(["Sonstiges", "Obst & Gemüse"])

    assert "bread" in other.topics
    assert {*other.topics, *produce.topics} == set(GROCERY.topics)
    assert not {*other.topics} & {*produce.topics}


def test_a_label_that_nobody_knows_means_itself() -> None:
    """Nothing is made up for it."""
    assert MEANINGS.of(["Space travel", "&", "¿?"]) == [
        Meaning(("Space travel",)), Meaning(("&",)), Meaning(("¿?",)),
    ]  # fmt: skip


def test_a_label_known_in_part_means_that_part() -> None:
    """Rather than less than it could."""
    assert meaning("Cheese & Fireworks").topics == ("cheese",)
    assert meaning("Limpieza del hogar").topics == meaning("Limpieza & hogar").topics
    assert meaning("Trips to the water slide") == Meaning(("Trips to the water slide",))


@given(st.lists(st.text(max_size=30), min_size=1, max_size=20))
def test_any_labels_have_a_meaning(labels: list[str]) -> None:
    """One each, in their order, with a text to embed, and no topic twice in one."""
    meanings = MEANINGS.of(labels)

    assert len(meanings) == len(labels)
    for one in meanings:
        assert one.texts
        assert len(set(one.topics)) == len(one.topics)


names = st.sampled_from(
    [
        name
        for known in (*GROCERY.topics.values(), *GROCERY.categories.values())
        for name in known.names
    ]
)


@given(st.lists(names, min_size=1, max_size=8))
def test_topics_are_neither_shared_between_sizes_nor_lost(labels: list[str]) -> None:
    """Each topic that some label stands for alone is kept by one of the labels."""
    together = MEANINGS.of(labels)
    alone = {topic for label in labels for topic in meaning(label, "Other").topics}

    assert alone <= {topic for one in together for topic in one.topics}
