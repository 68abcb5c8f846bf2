"""The calls about the queues and the workers, for operators."""
