"""How leases are timed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Leases:
    """For how many seconds a lease lasts, and after how many it is renewed."""

    last: float
    renewed_after: float

    @property
    def silence(self) -> float:
        """After how many seconds without any heartbeat Postgres counts as having been away.

        A worker that is alone is silent for `renewed_after` at a time. A shorter outage leaves
        every worker the time to renew its leases before they run out.
        """
        return max(self.last / 2, 1.5 * self.renewed_after)
