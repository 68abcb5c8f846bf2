"""OCR engines, which implement the interface of `engine.py`."""
