"""The page of the report needs no other file, and is safe whatever was read."""

from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

from shared.rejections import NoTextFound
from tests.worker.cli.quality.readings import file_reading, read_item, read_receipt
from worker.cli.extraction.files import FileReading
from worker.cli.quality.page import write_page
from worker.cli.quality.report import QualityReport
from worker.cli.quality.truth import Truth, TruthItem

HOSTILE = '</title><script>alert("1")</script>" onload="x'


class Page(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect a tag."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Collect text."""
        self.text += data


def written_page(tmp_path: Path) -> Page:
    """Write and parse a page about a good, a hostile, an unscored and a failed reading."""
    good = read_receipt(read_item("Milk", "21.34"))
    hostile = read_receipt(read_item(HOSTILE, "1"), merchant=HOSTILE, date=None)
    truth = Truth(merchant="Green Valley Market", total=Decimal("21.34"), date="2026-03-14",
                  line_items=[TruthItem(name="Milk", total_price=Decimal("21.34"))])  # fmt: skip
    report = QualityReport.of(
        "test 1",
        [
            (file_reading("good.jpg", good, ["Green Valley Market", "Milk 21.34"]), truth),
            (file_reading("hostile<b>.jpg", hostile, [HOSTILE]), truth),
            (file_reading("unknown.jpg", good), None),
            (FileReading(Path("blank.jpg"), None, NoTextFound()), truth),
        ],
    )
    write_page(report, tmp_path / "report.html")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    return Page((tmp_path / "report.html").read_text(encoding="utf-8"))


def test_the_page_needs_no_other_file(tmp_path: Path) -> None:
    """The page has no script, and nothing that a browser would fetch."""
    page = written_page(tmp_path)

    assert {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "img"} == set()
    for _, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes)
        assert not (attributes.get("src") or attributes.get("href") or "").startswith("http")


def test_what_was_read_never_becomes_a_tag(tmp_path: Path) -> None:
    page = written_page(tmp_path)

    assert HOSTILE in page.text
    assert "hostile<b>.jpg" in page.text


def test_the_worst_files_come_first_with_their_mistakes(tmp_path: Path) -> None:
    page = written_page(tmp_path)
    order = [page.text.index(name) for name in ("blank.jpg", "hostile", "good.jpg", "unknown.jpg")]

    assert order == sorted(order)
    for text in ("no_text_found", "missed: Milk 21.34", "Everything was read", "not scored"):
        assert text in page.text


def test_every_word_has_a_box_in_the_colour_of_its_row(tmp_path: Path) -> None:
    page = written_page(tmp_path)
    classes = [attributes.get("class") for tag, attributes in page.tags if tag == "rect"]

    assert classes.count("merchant") == 2
    assert classes.count("item") == 1
    assert "Milk 21.34 (0.90)" in page.text
