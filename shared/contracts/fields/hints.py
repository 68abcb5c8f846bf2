"""Hints about a receipt: what its print may leave open."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from shared.contracts.iso_codes import COUNTRIES, CURRENCIES

# Language, script, region, and further parts that are not used.
_LOCALE = re.compile(
    r"(?P<language>[a-z]{2,3})(?:[-_](?P<script>[a-z]{4}))?(?:[-_](?P<region>[a-z]{2}|\d{3}))?"
    r"(?:[-_][a-z\d]{1,8}){0,8}",
    re.IGNORECASE | re.ASCII,
)


def _currency(value: str) -> str:
    code = value.strip().upper()
    if code not in CURRENCIES:
        raise PydanticCustomError(
            "currency_code", "must be the code of a currency (ISO 4217), such as EUR"
        )
    return code


def _country(value: str) -> str:
    code = value.strip().upper()
    if code not in COUNTRIES:
        raise PydanticCustomError(
            "country_code", "must be the code of a country (ISO 3166-1, two letters), such as DE"
        )
    return code


def _locale(value: str) -> str:
    parts = _LOCALE.fullmatch(value.strip())
    region = parts and (parts["region"] or "").upper()
    if not parts or (region and region.isalpha() and region not in COUNTRIES):
        raise PydanticCustomError(
            "locale", "must be a language, best with a country (BCP 47), such as de-DE"
        )
    script = (parts["script"] or "").title()
    return "-".join(filter(None, (parts["language"].lower(), script, region)))


# The codes are accepted in any case, and locales also with an underscore (`en_US`).
CurrencyCode = Annotated[str, Field(examples=["EUR"]), AfterValidator(_currency)]
CountryCode = Annotated[str, Field(examples=["DE"]), AfterValidator(_country)]
Locale = Annotated[str, Field(examples=["de-DE"]), AfterValidator(_locale)]

# Where a currency comes from: its sign or code is on the receipt; other print, the chain or the
# `country` of the request suggests it; or it is the default.
CurrencySource = Literal["printed", "inferred", "default"]
