"""Loads all knowledge that reading a receipt needs."""

from worker.pipeline.knowledge.chains import load_chains, load_slogans
from worker.pipeline.knowledge.countries import load_countries
from worker.pipeline.knowledge.country_clues import load_country_clues
from worker.pipeline.knowledge.currencies import load_currencies
from worker.pipeline.knowledge.fields.details import load_details
from worker.pipeline.knowledge.fields.goods import load_goods_words
from worker.pipeline.knowledge.fields.item_rows import load_item_words
from worker.pipeline.knowledge.languages import merchant_words
from worker.pipeline.knowledge.translations import load_short_forms
from worker.pipeline.knowledge.units import load_units


def load_reading() -> None:
    """Load every file that reading needs.

    A mistake then shows at the start. Raises KnowledgeError.
    """
    merchant_words()
    load_currencies()
    load_countries()
    load_country_clues()
    load_chains()
    load_details()
    load_slogans()
    load_goods_words()
    load_units()
    load_item_words()
    load_short_forms()
