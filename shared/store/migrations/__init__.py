"""The migrations of the schema. `bin/migrate` applies those that a database lacks."""
