"""`python -m tests.bench.pipeline` does the work that the order on its stdin describes."""

import json
import sys

from tests.bench.pipeline import bare

_KINDS = {"receipts": bare.receipts, "texts": bare.texts}

if __name__ == "__main__":
    order = json.load(sys.stdin)
    json.dump(_KINDS[order["kind"]](order), sys.stdout)
