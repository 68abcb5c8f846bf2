"""Fields that several requests share: the common ones, the entries of a batch, hints."""
