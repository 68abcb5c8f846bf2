"""The folder of this checkout, and the one where everything that runs from it keeps its data."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / ".data"
