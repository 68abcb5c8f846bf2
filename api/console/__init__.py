"""The operator's console: pages that show the queues and the jobs, and change them."""
