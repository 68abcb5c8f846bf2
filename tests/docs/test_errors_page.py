"""docs/errors.md agrees with the error tree, the statuses and the retry budgets."""

from collections.abc import Iterator

from api.errors import STATUS_BY_CLASS, status_of
from shared import errors, image_errors, rejections
from shared.client import errors as client_errors
from shared.errors import ErrorClass, ServiceError
from shared.store.retry_policy import BUDGETS
from tests.docs.pages import rows, section, text_of

PAGE = "docs/errors.md"
# Errors that stop a process at its start, before it serves requests.
AT_THE_START = {errors.DependencyMissing, errors.PortTaken}
# Classes that are raised although others derive from them.
RAISED_THEMSELVES = {errors.Crashed, errors.DatabaseUnavailable}


def raised() -> Iterator[type[ServiceError]]:
    """Yield every class of ours that is raised: the leaves of the tree, and RAISED_THEMSELVES."""
    modules = {
        errors.__name__,
        image_errors.__name__,
        rejections.__name__,
        client_errors.__name__,
    }
    waiting = [ServiceError]
    while waiting:
        kind = waiting.pop()
        below = kind.__subclasses__()
        waiting += below
        # Other classes with subclasses are only caught. Tests may define classes of their own.
        service_modules = modules - {client_errors.__name__}
        ours = [subclass for subclass in below if subclass.__module__ in service_modules]
        if kind.__module__ in modules and (not ours or kind in RAISED_THEMSELVES):
            yield kind


def test_the_page_has_every_code() -> None:
    """Each code has its error class, HTTP status, and the exception that the client raises."""
    documented = {tuple(row[:4]) for row in rows(section(text_of(PAGE), "Codes"))}

    assert documented == {
        (f"`{kind.code}`", f"`{kind.error_class}`", _status(kind), f"`{kind.__name__}`")
        for kind in raised()
    }


def _status(kind: type[ServiceError]) -> str:
    if kind in AT_THE_START or kind.__module__ == client_errors.__name__:
        return "—"
    return str(status_of(kind.code, kind.error_class).value)


def test_codes_are_unique() -> None:
    """Callers distinguish errors by the code alone."""
    names = [kind.code for kind in raised()]

    assert len(names) == len(set(names))


def test_the_page_has_every_class() -> None:
    """Each class has its budget, HTTP status, and whether the same request may succeed later."""
    documented = {row[0].strip("`"): row for row in rows(section(text_of(PAGE), "Classes"))}

    assert documented.keys() == set(ErrorClass)
    for error_class in ErrorClass:
        _, _, attempts, status, retryable = documented[error_class]
        if error_class is not ErrorClass.UNAVAILABLE:
            assert attempts.split(",")[0] == str(BUDGETS.get(error_class, 1)), error_class
        assert status.split()[0] == str(STATUS_BY_CLASS[error_class].value), error_class
        assert retryable == ("yes" if error_class.retryable else "no"), error_class
