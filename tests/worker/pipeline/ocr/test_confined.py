"""The process that loads a file ends there, whatever happens in it, and gives nothing away."""

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context

import pytest
from PIL import Image

from shared.errors import RecognitionCrashed
from shared.errors_elsewhere import ErrorElsewhere
from shared.local.receipt_image import encode
from shared.rejections import ImageTooCostly, ImageUnreadable
from worker.pipeline.ocr.confined import PageLimits, load_confined

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process so"),
]

MARKER = "zanzibar-crumpet"
PIXELS = 40_000_000
SMALL = encode(Image.new("RGB", (8, 8)))


class Unsendable(Exception):
    """An error that cannot be pickled."""

    def __init__(self) -> None:
        """Hold what has no name."""
        super().__init__(MARKER)
        self.held = lambda: None


class Unreceivable(ImageUnreadable):
    """An error that can be pickled, and not be made again."""

    def __init__(self, first: str, second: str) -> None:
        """Take more arguments than are kept."""
        super().__init__(first + second)


class Limits(PageLimits):
    """Limits that do something in the loading process, where they are read."""

    def __init__(self, act: Callable[[], int]) -> None:
        """Call `act` there."""
        object.__setattr__(self, "act", act)

    def __getattribute__(self, name: str) -> object:
        """Act when a limit is read."""
        return (
            object.__getattribute__(self, "act")()
            if name == "cpu"
            else super().__getattribute__(name)
        )


def unsendable() -> int:
    """Fail with an error that cannot be sent."""
    raise Unsendable


def unreceivable() -> int:
    """Fail with an error that cannot be received."""
    raise Unreceivable(MARKER, "")


class Ending(BaseException):
    """What no `except Exception` catches, as the error of Ctrl-C."""


def ending() -> int:
    """Fail with an error that ends programs."""
    raise Ending


def descriptors() -> int:
    """Fail with the numbers of the open descriptors as the text."""
    raise ImageUnreadable(" ".join(os.listdir("/proc/self/fd")))


@pytest.fixture(scope="module")
def child() -> Iterator[Executor]:
    """A process without threads, as a recognition child is."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        yield executor


def load(content: bytes, limits: PageLimits) -> int:
    """Load the file; return the number of its pages if this is still the process that began."""
    begun = os.getpid()
    try:
        return len(load_confined(content, PIXELS, limits))
    finally:
        if os.getpid() != begun:
            # A test could not see that a second copy went on, but for this.
            os.kill(begun, 9)


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (unsendable, ErrorElsewhere),
        (unreceivable, RecognitionCrashed),
        (ending, RecognitionCrashed),
    ],
)
def test_no_error_leaves_the_loading_process(
    child: Executor, act: Callable[[], int], error: type[Exception]
) -> None:
    """A second copy of the recognition child would answer in its place."""
    with pytest.raises(error) as raised:
        child.submit(load, SMALL, Limits(act)).result()

    assert MARKER not in str(raised.value)
    assert isinstance(raised.value, RecognitionCrashed) or act.__name__ in str(raised.value)


def test_the_loading_process_has_no_descriptors_of_its_parent(child: Executor) -> None:
    """The fork has its pipe, the three of every process, and the one that lists them."""
    with pytest.raises(ImageUnreadable) as raised:
        child.submit(load, SMALL, Limits(descriptors)).result()

    assert len(raised.value.detail.split()) == 5


def test_a_page_for_which_memory_runs_out_anywhere_is_too_costly(child: Executor) -> None:
    """Memory may run out when the page is decoded, turned or sent."""
    content = encode(Image.new("RGB", (4000, 3000)))
    outcomes = [
        child.submit(_outcome, content, PageLimits(5, megabytes * 1_000_000)).result()
        for megabytes in (10, 60, 120, 400)
    ]

    costly = outcomes.count(ImageTooCostly.__name__)
    assert outcomes == [ImageTooCostly.__name__] * costly + ["1"] * (len(outcomes) - costly)
    assert costly >= 2


def _outcome(content: bytes, limits: PageLimits) -> str:
    try:
        return str(load(content, limits))
    except (ImageTooCostly, RecognitionCrashed) as error:
        return type(error).__name__
