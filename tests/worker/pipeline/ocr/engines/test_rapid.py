"""The words that the engine makes of RapidOCR's pieces."""

from hypothesis import given
from hypothesis import strategies as st

from worker.pipeline.ocr.engines.rapid import Box, whole_words

WORDS = st.lists(
    st.text("Whole \u8089\u9e21-7".replace(" ", ""), min_size=1, max_size=6), max_size=5
)


def boxed(pieces: list[str]) -> list[tuple[str, Box]]:
    """Place pieces one behind the other, with ten pixels for each letter."""
    found, left = [], 0.0
    for piece in pieces:
        right = left + 10 * len(piece)
        found.append((piece, (left, 5.0, right, 25.0)))
        left = right
    return found


@given(WORDS)
def test_letters_are_joined_to_words(words: list[str]) -> None:
    """The box of each word is around its letters."""
    letters = [letter for word in words for letter in word]

    assert whole_words(" ".join(words), boxed(letters)) == boxed(words)


@given(WORDS)
def test_whole_words_stay_as_they_are(words: list[str]) -> None:
    """RapidOCR cuts a line without Chinese in it into words."""
    assert whole_words(" ".join(words), boxed(words)) == boxed(words)


@given(WORDS, st.data())
def test_no_letter_is_lost_however_a_line_is_cut(words: list[str], data: st.DataObject) -> None:
    """A piece may extend over two words."""
    letters = "".join(words)
    cuts = sorted(data.draw(st.sets(st.integers(1, max(len(letters) - 1, 1)))))
    ends = [cut for cut in cuts if cut < len(letters)]
    pieces = [letters[i:j] for i, j in zip([0, *ends], [*ends, len(letters)], strict=True)]

    found = whole_words(" ".join(words), boxed([piece for piece in pieces if piece]))

    assert "".join(word for word, _ in found) == letters


def test_pieces_that_differ_from_the_text_are_kept() -> None:
    """The text has a dot where the piece has a comma."""
    assert whole_words("Milk 1.19", boxed(["Milk", "1,19"])) == boxed(["Milk", "1,19"])
