"""Traces whom a program and its children talk to. The kernel sees native code too."""

import re
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

# Ports of DNS, DNS over TLS and multicast DNS.
_NAME_SERVICES = {53, 853, 5353}
_PEER = re.compile(r'sin6?_port=htons\((?P<port>\d+)\).*?"(?P<address>[0-9a-fA-F.:]+)"')


class Peer(NamedTuple):
    """An address that a program sent something to, or tried to; `seen` is the system call."""

    address: str
    port: int
    seen: str

    @property
    def is_outside(self) -> bool:
        """Whether this is another machine, or a name server, which asks other machines even if it
        runs on this one."""
        return not ip_address(self.address).is_loopback or self.port in _NAME_SERVICES


class NetworkTrace:
    """Runs programs under strace, which needs no root."""

    def __init__(self, file: Path) -> None:
        """`file` is where the system calls are written."""
        self._file = file

    def command(self, command: Sequence[str | Path]) -> list[str | Path]:
        """Return `command` wrapped so that it and every process it starts are traced.

        The wrapped command ends when the last of them has ended, with the exit code of `command`.
        Several commands write to the same file.
        """
        calls = "trace=connect,sendto,sendmsg,sendmmsg"
        return [
            *("strace", "-f", "--seccomp-bpf", "-qq", "-A", "-o", self._file),
            *("-e", calls, "-e", "signal=none", "--", *command),
        ]

    def peers(self) -> list[Peer]:
        """Return every peer so far, in order."""
        found = ((line, _PEER.search(line)) for line in self._file.read_text().splitlines())
        return [Peer(at["address"], int(at["port"]), line) for line, at in found if at]
