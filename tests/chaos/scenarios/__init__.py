"""The scenarios. Each breaks one thing while jobs are submitted and run."""
