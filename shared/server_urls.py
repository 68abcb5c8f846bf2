"""What the checks of the URLs of Postgres and Redis have in common.

The checks run before anything tries to connect. No error text shows a URL, because it contains a
password.
"""

from collections.abc import Collection

LAST_PORT = 65_535


def scheme_of(url: str) -> str:
    """Return what is before `://`, or an empty string."""
    scheme, separator, _ = url.partition("://")
    return scheme if separator else ""


def check_scheme(scheme: str, known: Collection[str]) -> None:
    """Raise ValueError unless `scheme` is one of `known`."""
    if scheme not in known:
        *others, last = (f"{name}://" for name in known)
        raise ValueError(f"The URL must begin with {', '.join(others)} or {last}.")


def check_parameter(name: str, values: Collection[str], known: Collection[str]) -> None:
    """Raise ValueError unless a parameter is one of `known` and is given once."""
    if name not in known:
        raise ValueError(f"The URL's parameter {name!r} is unknown to the driver: remove it.")
    if len(values) > 1:
        raise ValueError(f"The URL gives the parameter {name!r} more than once.")


def check_choice(name: str, value: str, choices: Collection[str]) -> None:
    """Raise ValueError unless the value of a parameter is one of `choices`."""
    if value not in choices:
        raise ValueError(f"The URL's {name} must be one of {', '.join(choices)}.")


def check_host(host: str) -> None:
    """Raise ValueError unless a name or address of a host can be looked up."""
    try:
        # Python encodes every name like this before it looks it up.
        host.encode("idna")
    except UnicodeError:
        possible = False
    else:
        possible = not set("\0@ ") & set(host)
    if not possible:
        raise ValueError(
            "The host of the URL is not a possible name. (@ in a password must be written as %40.)"
        )
