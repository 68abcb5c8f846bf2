"""The types of numbers in the shapes of a receipt."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, PlainSerializer

# Amounts are Decimal here and decimal strings on the wire, with all digits that were printed.
Amount = Annotated[Decimal, PlainSerializer(lambda amount: format(amount, "f"), return_type=str)]
# Callers of the flat shape want amounts as JSON numbers.
JsonNumber = Annotated[Decimal, PlainSerializer(float, return_type=float)]
Confidence = Annotated[float, Field(ge=0, le=1)]
