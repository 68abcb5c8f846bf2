"""Finds domains of the web and of mail addresses, and the names in them."""

import re
from collections.abc import Iterator
from functools import cache

from worker.pipeline.knowledge.languages import merchant_words
from worker.pipeline.words.folding import folded

_DOMAIN = re.compile(
    r"(?<![\w.])(?P<lead>https?\W{1,3}|www[.,]\s?|[\w.+-]+@)?"
    r"(?P<host>(?:[a-z0-9][a-z0-9-]*\.)+(?P<top>[a-z]{2,12}))(?![\w@])",
    re.IGNORECASE,
)
# Top-level domains that show a domain even without `www.` or `@` in front.
_SURE = frozenset({"com", "net", "org", "shop", "store", "info", "biz", "eu", "example"})
# What a registry puts between its country and the name: `shop.co.uk`.
_SECOND = frozenset({"co", "com", "net", "org", "gov", "gob", "gouv", "ac", "edu", "or", "ne"})
# Domains of authorities, which print them on every receipt.
_AUTHORITIES = frozenset({"gov", "gob", "gouv"})
_SHORTEST = 3


def domains_in(text: str) -> Iterator[str]:
    """Yield the domains in a row, in lower case and without `www.`."""
    for found in _DOMAIN.finditer(text):
        host = folded(found["host"]).removeprefix("www.")
        if found["lead"] or folded(found["top"]) in _SURE:
            yield host


def name_in(domain: str) -> str | None:
    """Return the name that was registered: `mill-lane` for `shop.mill-lane.co.uk`.

    Returns None if the domain is that of an authority, of a provider of mail, or the like.
    """
    *labels, _ = domain.split(".")
    if _AUTHORITIES & set(labels):
        return None
    if len(labels) > 1 and labels[-1] in _SECOND:
        labels.pop()
    name = labels[-1]
    if len(name) < _SHORTEST or name in _hosts() or not re.search("[a-z]", name):
        return None
    return name


@cache
def _hosts() -> frozenset[str]:
    return frozenset(merchant_words().web_hosts)
