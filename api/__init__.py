"""The front: accepts requests over HTTP, stores them as jobs, answers with their results."""
