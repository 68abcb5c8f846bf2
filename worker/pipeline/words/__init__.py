"""Forms of words for comparing and for showing them."""
