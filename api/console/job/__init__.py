"""What the page of a job shows, worked out from the rows of the job."""
