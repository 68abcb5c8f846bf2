"""The worker takes jobs from the queues, runs the pipeline and stores the results."""
