"""Other queues, which the figures of ours are compared with: arq by itself, and SAQ."""
