"""Finds jobs by conditions, within a tenant or across all."""
