"""What tests need of Postgres itself: databases with many jobs, and a pooler before it."""
