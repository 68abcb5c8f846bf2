"""Turns images into text: decoding, preparation, and the OCR engines."""
