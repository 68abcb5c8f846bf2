"""Recognises lines of print one by one, each padded by no more than the model needs."""

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from onnxruntime import InferenceSession
from rapidocr.ch_ppocr_rec.typings import TextRecInput, TextRecOutput
from rapidocr.ch_ppocr_rec.utils import CTCLabelDecode

from worker.pipeline.ocr.decode import Pixels

Inputs = npt.NDArray[np.float32]

# The height in pixels at which the model reads a line.
HEIGHT = 48
# The model reads the end of a line well if at least this many blank columns follow,
_BLANK = 32
# and a short line if there are this many columns in all. Some faint prices are misread with fewer.
# RapidOCR pads to 320, which costs a tenth more.
_LEAST = 256
# Widths are multiples of this, so that the runtime meets few shapes.
_STEP = 32
# The token that stands for no letter.
_NOTHING = 0


class LineReader:
    """Takes the place of RapidOCR's recogniser, which pads every line to 320 columns.

    The session's output holds the probability of each token for each step, or the logits if the
    model's metadata has `output` = `logits`.
    """

    def __init__(self, session: InferenceSession) -> None:
        metadata = session.get_modelmeta().custom_metadata_map
        self._session = session
        self._input = session.get_inputs()[0].name
        self._logits = metadata.get("output") == "logits"
        self._decoder = CTCLabelDecode(character=metadata["character"].splitlines())

    def __call__(self, lines: TextRecInput) -> TextRecOutput:
        """Read every line. The signature is the one of RapidOCR's recogniser."""
        read = [self._read(image) for image in lines.img or []]
        texts, scores, words = zip(*read, strict=True)
        return TextRecOutput(list(lines.img or []), texts, list(scores), words, elapse=0.0)

    def read_line(self, image: Pixels, letters: str = "") -> tuple[str, float]:
        """Read one line of any height; return its text and the confidence in it.

        If `letters` are given, the likeliest text of these letters is returned.
        """
        text, confidence, _ = self._read(image, letters)
        return text, float(confidence)

    def _read(self, image: Pixels, letters: str = "") -> tuple[str, float, Any]:
        prepared = prepared_line(image)
        (output,) = self._session.run(None, {self._input: prepared})
        # The shape is (1, steps, tokens), or (steps, tokens) if the model gives logits.
        tokens, certain = self._likeliest(output.reshape(-1, output.shape[-1]), letters)
        # The decoder takes the widths as fractions of the height.
        width, padded = image.shape[1] / image.shape[0], prepared.shape[-1] / HEIGHT
        texts, words = self._decoder.decode(
            tokens[None], certain[None], True, (min(width, padded),), padded, True
        )
        return *texts[0], words[0]

    def _likeliest(self, steps: Inputs, letters: str) -> tuple[npt.NDArray[np.intp], Inputs]:
        """Return the likeliest token of each step, and its probability where it is a letter."""
        tokens = self._likeliest_of(steps, letters)
        best = steps[np.arange(len(steps)), tokens]
        if not self._logits:
            return tokens, best
        seen = np.flatnonzero(tokens != _NOTHING)
        certain = np.zeros_like(best)
        # One over the sum of the others relative to the best is what softmax gives the best.
        certain[seen] = 1 / np.exp(steps[seen] - best[seen, None]).sum(axis=1)
        return tokens, certain

    def _likeliest_of(self, steps: Inputs, letters: str) -> npt.NDArray[np.intp]:
        if not letters:
            return np.asarray(steps.argmax(axis=1))
        allowed = np.array([_NOTHING, *(self._decoder.dict[letter] for letter in letters)])
        return np.asarray(allowed[steps[:, allowed].argmax(axis=1)])


def padded_width(width: int, height: int) -> int:
    """Return the number of columns that the model gets for a line of these sides in pixels."""
    return max(math.ceil((HEIGHT * width / height + _BLANK) / _STEP) * _STEP, _LEAST)


def prepared_line(image: Pixels) -> Inputs:
    """Scale a line to the height that the model reads, and pad it on the right.

    The result has shape (1, 3, 48, columns) and values from -1 to 1; the padding is 0.
    """
    height, width = image.shape[:2]
    scaled = cv2.resize(image, (max(math.ceil(HEIGHT * width / height), 1), HEIGHT))
    prepared = np.zeros((1, 3, HEIGHT, padded_width(width, height)), np.float32)
    prepared[0, :, :, : scaled.shape[1]] = normalised(scaled)
    return prepared


def normalised(pixels: cv2.typing.MatLike) -> Inputs:
    """Turn pixels of shape (height, width, 3) into channels first, with values from -1 to 1."""
    channels = np.asarray(pixels, np.float32).transpose(2, 0, 1)
    return np.asarray(channels / 127.5 - 1, np.float32)
