"""What has to be done once Postgres was restored to an earlier moment, and Redis was not."""
