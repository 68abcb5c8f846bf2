"""Prepares photos for an OCR engine."""
