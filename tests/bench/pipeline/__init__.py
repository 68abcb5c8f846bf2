"""Measures receipts and items through everything, beside the bare pipeline and the bare model."""
