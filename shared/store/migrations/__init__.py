"""The schema's history. `bin/migrate` brings a database up to date."""
