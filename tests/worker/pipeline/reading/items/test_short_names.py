"""Names of two letters, or of one, are names in the scripts that write words so."""

import pytest

from tests.worker.pipeline.reading.printed import names, read


@pytest.mark.parametrize(
    ("header", "goods", "rest"),
    [
        ("スーパー北町\n東京都港区7-8-9", ["牛乳 ¥198", "卵 ¥120"], "合計 ¥318\n現金 ¥318"),
        ("東湖超市", ["鸡蛋 12.00", "牛奶 8.50"], "合计 20.50\n现金 20.50"),
        ("하늘마트", ["두부 1,500", "빵 2,500"], "합계 4,000\n카드 4,000"),
    ],
)
def test_short_words_are_names(header: str, goods: list[str], rest: str) -> None:
    """The row above the first price, such as an address, gives no name."""
    text = "\n".join([header, "2026-11-20", *goods, rest])

    assert names(text) == [row.split()[0] for row in goods]
    assert read(text).reconciled


@pytest.mark.parametrize("mark", ["外", "軽", "個"])
def test_a_letter_that_marks_a_price_is_no_name(mark: str) -> None:
    """The name stands above it."""
    assert names(f"Shop\nおにぎり\n{mark} 1.50\n豆腐 1.20\n合計 2.70")[0] == "おにぎり"
