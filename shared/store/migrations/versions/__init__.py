"""The revisions of the schema, one file each, numbered in the order they are applied."""
