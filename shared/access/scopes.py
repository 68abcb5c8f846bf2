"""What a token allows."""

from enum import StrEnum

# Stands for all tenants, among those of a token.
ALL_TENANTS = "*"


class Scope(StrEnum):
    """Something that a token may allow. `admin` is the operator, and includes all others."""

    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"
    JOBS_PRIORITY = "jobs:priority"
    ADMIN = "admin"
