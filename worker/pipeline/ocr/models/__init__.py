"""The models of RapidOCR's wheel, and the faster ones that are made from them."""
