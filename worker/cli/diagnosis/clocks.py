"""Compare the clocks of the servers with that of this machine."""

from worker.cli.diagnosis.finding import Finding, ok, warning

# Seconds. Leases use the clock of Postgres and log lines those of the machines, and people compare
# the two.
_SKEW = 2.0


def clock(name: str, skew: float) -> Finding:
    """Make a finding about a server's clock, which is `skew` seconds ahead of this machine's."""
    detail = f"{abs(skew):.1f} s {'ahead of' if skew > 0 else 'behind'} this machine"
    if abs(skew) > _SKEW:
        return warning(name, detail, "Synchronise both clocks by NTP (timedatectl set-ntp true).")
    return ok(name, detail)
