"""The front: it accepts requests over HTTP, stores them as jobs and answers with their results."""
