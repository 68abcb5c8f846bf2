"""`python -m tests.bench.anchors` runs the worker that the order on its stdin describes."""

import asyncio
import json
import sys

from tests.bench.anchors.work import work

if __name__ == "__main__":
    json.dump(asyncio.run(work(json.load(sys.stdin))), sys.stdout)
