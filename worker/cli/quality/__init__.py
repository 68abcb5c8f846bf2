"""The report on quality: what was read, compared with what is printed."""
