"""What RapidOCR's adapter makes of the engine's answers."""

from hypothesis import given
from hypothesis import strategies as st

from worker.pipeline.ocr.engines.rapid import Box, whole_words

WORDS = st.lists(
    st.text("Whole \u8089\u9e21-7".replace(" ", ""), min_size=1, max_size=6), max_size=5
)


def boxed(pieces: list[str]) -> list[tuple[str, Box]]:
    """One behind the other, ten pixels a letter."""
    found, left = [], 0.0
    for piece in pieces:
        right = left + 10 * len(piece)
        found.append((piece, (left, 5.0, right, 25.0)))
        left = right
    return found


@given(WORDS)
def test_a_line_that_was_cut_into_letters_has_its_words_back(words: list[str]) -> None:
    """Each in the box around its letters."""
    letters = [letter for word in words for letter in word]

    assert whole_words(" ".join(words), boxed(letters)) == boxed(words)


@given(WORDS)
def test_whole_words_stay_as_they_are(words: list[str]) -> None:
    """As the engine cuts all other lines."""
    assert whole_words(" ".join(words), boxed(words)) == boxed(words)


@given(WORDS, st.data())
def test_a_piece_over_two_words_keeps_the_pieces(words: list[str], data: st.DataObject) -> None:
    """However the line was cut, no letter is lost."""
    letters = "".join(words)
    cuts = sorted(data.draw(st.sets(st.integers(1, max(len(letters) - 1, 1)))))
    ends = [cut for cut in cuts if cut < len(letters)]
    pieces = [letters[i:j] for i, j in zip([0, *ends], [*ends, len(letters)], strict=True)]

    found = whole_words(" ".join(words), boxed([piece for piece in pieces if piece]))

    assert "".join(word for word, _ in found) == letters


def test_pieces_that_are_not_the_text_are_kept() -> None:
    """Better cut than lost."""
    assert whole_words("Milk 1.19", boxed(["Milk", "1,19"])) == boxed(["Milk", "1,19"])
