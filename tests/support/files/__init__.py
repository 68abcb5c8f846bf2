"""Files that are made by code: costly ones, and damaged ones."""
