"""Whom a program talks to, and all that it starts, as the kernel sees it: native code as well."""

import re
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

# DNS, DNS over TLS, multicast DNS.
_NAME_SERVICES = {53, 853, 5353}
_PEER = re.compile(r'sin6?_port=htons\((?P<port>\d+)\).*?"(?P<address>[0-9a-fA-F.:]+)"')


class Peer(NamedTuple):
    """A program sent something there, or tried to; `seen` is the system call."""

    address: str
    port: int
    seen: str

    @property
    def is_outside(self) -> bool:
        """Another machine, or a name server, which may be on this one and ask others."""
        return not ip_address(self.address).is_loopback or self.port in _NAME_SERVICES


class NetworkTrace:
    """Runs programs under strace, which needs no root."""

    def __init__(self, file: Path) -> None:
        """`file`: where the system calls are written."""
        self._file = file

    def command(self, command: Sequence[str | Path]) -> list[str | Path]:
        """`command`, traced with every process that it starts; ends when the last of them has, with
        the exit code of `command`. What several commands do is written one after the other."""
        calls = "trace=connect,sendto,sendmsg,sendmmsg"
        return [
            *("strace", "-f", "--seccomp-bpf", "-qq", "-A", "-o", self._file),
            *("-e", calls, "-e", "signal=none", "--", *command),
        ]

    def peers(self) -> list[Peer]:
        """All until now, in order."""
        found = ((line, _PEER.search(line)) for line in self._file.read_text().splitlines())
        return [Peer(at["address"], int(at["port"]), line) for line, at in found if at]
