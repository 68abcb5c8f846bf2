"""From bytes and text to contract objects. Knows no Redis, no SQL, no arq."""
