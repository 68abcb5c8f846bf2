"""Damaged images, PDFs and bodies, made from whole ones, and what becomes of each."""
