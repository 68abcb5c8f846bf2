"""The schemas of words around single fields of a receipt."""
