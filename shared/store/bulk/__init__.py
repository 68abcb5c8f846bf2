"""Bulk operations in the database: their rows, and the chunks in which they are done."""
