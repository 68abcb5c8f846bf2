"""Figures of what was done, and of what is kept, by which new jobs are refused."""
