"""Bounds the depth and the number of values of a JSON text before anything of it is built.

Whole texts are searched by single calls of the interpreter's own C code, since a loop over their
characters would take longer than parsing them.
"""

import re

from shared.rejections import MalformedBody, RequestTooLarge

# Levels of objects and lists. The deepest request has six.
DEEPEST = 32
# A string, which must not be searched twice where its end is missing: hence the possessive `+`.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_BRACKETS = b"[]{}"
_NO_BRACKETS = bytes(sorted(set(range(256)) - set(_BRACKETS)))
# Brackets that nothing closes in between.
_TOO_DEEP = re.compile(rb"[\[{]{%d}" % (DEEPEST + 1))
# The quotes of a value and of its key.
_QUOTES_PER_VALUE = 4


def check_shape(text: bytes | bytearray, most_values: int) -> None:
    """Refuse a JSON text that has more values than `most_values`, or is deeper than 32 levels.

    An empty object or list counts as two values. Raises RequestTooLarge and MalformedBody. A text
    that is not JSON may pass.
    """
    commas, opened = text.count(b","), text.count(b"[") + text.count(b"{")
    # Marks inside strings are counted as well, so what is small enough with them is so without.
    if commas + opened <= most_values and opened <= DEEPEST:
        return
    # The quote that begins a string never follows a backslash.
    if text.count(b'"') - text.count(b'\\"') > _QUOTES_PER_VALUE * most_values:
        raise _too_many(most_values)
    outside = _STRING.sub(b"", text)
    brackets = outside.translate(None, _NO_BRACKETS)
    if _TOO_DEEP.search(brackets):
        raise _too_deep()
    if outside.count(b",") + outside.count(b"[") + outside.count(b"{") > most_values:
        raise _too_many(most_values)
    if _deeper_than(DEEPEST, brackets):
        raise _too_deep()


def _deeper_than(levels: int, brackets: bytes) -> bool:
    """Return whether pairs of brackets remain once the innermost ones were removed so often.

    Brackets that are no pairs remain as well: such a text is not JSON.
    """
    for _ in range(levels):
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if not brackets:
            return False
    return True


def _too_many(most: int) -> RequestTooLarge:
    return RequestTooLarge(f"The body has more than {most} values.")


def _too_deep() -> MalformedBody:
    return MalformedBody(f"The body has more than {DEEPEST} levels of objects and lists.")
