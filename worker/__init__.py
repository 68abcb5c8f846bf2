"""The workers: take jobs from the queues, run the pipeline, store the results."""
