"""Finds the total, and checks it by arithmetic."""
