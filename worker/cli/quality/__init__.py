"""How good the readings are: compared with what is known to be printed."""
