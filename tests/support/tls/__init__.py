"""A certificate for `localhost` with its key, signed by itself."""

from pathlib import Path

PEM = Path(__file__).with_name("localhost.pem")
