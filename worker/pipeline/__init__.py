"""Turns bytes and text into contract objects. Nothing here knows Redis, SQL or arq."""
