"""Parses the JSON text of a body; refuses what other readers of it would understand otherwise."""

import json
import math
from typing import Any

from fastapi.exceptions import RequestValidationError

from api.requests.shape import DEEPEST, check_shape
from shared.rejections import MalformedBody

# Names that must not be there twice: a proxy or a log that takes the first would see another one.
_ONCE = ("tenant_id", "account_id", "image_base64")


def parse(text: bytes | bytearray, most_values: int) -> Any:
    """Return the value of a JSON text.

    Raises RequestTooLarge and MalformedBody, and RequestValidationError if it is not JSON.
    """
    check_shape(text, most_values)
    try:
        return json.loads(
            # Its shape was counted in bytes, which mean something else in UTF-16.
            text.decode("utf-8-sig"),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except RecursionError:
        raise MalformedBody(f"The body has more than {DEEPEST} levels.") from None
    except json.JSONDecodeError as error:
        raise _invalid(str(error)) from None
    except UnicodeDecodeError:
        raise _invalid("it is not UTF-8") from None
    except ValueError:
        # The interpreter's own limit, whose text is about the interpreter.
        raise _invalid("a number has too many digits") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        for name in _ONCE:
            if names.count(name) > 1:
                raise MalformedBody(f"An object of the body has `{name}` twice.")
    return value


def _refuse_constant(name: str) -> Any:
    raise _invalid(f"{name} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _invalid("a number is too large")
    return number


def _invalid(reason: str) -> RequestValidationError:
    error = {"type": "json_invalid", "loc": ("body",), "msg": f"Invalid JSON: {reason}"}
    return RequestValidationError([error])
