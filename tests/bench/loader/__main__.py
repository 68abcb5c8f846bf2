"""`python -m tests.bench.loader` carries out the order on its stdin and prints what it found."""

import asyncio
import json
import sys

from tests.bench.loader import orders

_KINDS = {
    "jobs": orders.jobs,
    "arrivals": orders.arrivals,
    "batches": orders.batches,
    "repeat": orders.repeat,
    "pace": orders.pace,
}

if __name__ == "__main__":
    order = json.load(sys.stdin)
    json.dump(asyncio.run(_KINDS[order["kind"]](order)), sys.stdout)
