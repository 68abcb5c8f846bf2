"""Gives this process a network of its own, so that no port collides with those of the machine."""

import ctypes
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.containers.commands import Failed, output_of

_CLONE_NEWNET = 0x40000000
_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")


@contextmanager
def own_network(env: Mapping[str, str]) -> Iterator[None]:
    """Move this thread, and whatever it starts, into a network namespace during the block.

    The namespace has a loopback of its own, and reaches the machine's network through a pair of
    virtual interfaces. `env` is the environment that finds `ip` and `iptables`.
    """
    number = os.getpid() % 250
    name, outside = f"containers-{os.getpid()}", f"ctr{os.getpid() % 10**8}"
    ours, theirs = f"10.213.{number}.1", f"10.213.{number}.2"
    with ExitStack() as undo:

        def do(command: str, back: str | None = None) -> None:
            output_of(command.split(), env=env)
            if back:
                undo.callback(output_of, back.split(), env=env)

        do(f"ip netns add {name}", f"ip netns delete {name}")
        do(f"ip link add {outside} type veth peer name eth0 netns {name}")
        do(f"ip addr add {ours}/30 dev {outside}")
        do(f"ip link set {outside} up")
        do(f"ip -n {name} addr add {theirs}/30 dev eth0")
        do(f"ip -n {name} link set eth0 up")
        do(f"ip -n {name} link set lo up")
        do(f"ip -n {name} route add default via {ours}")
        for rule in (
            f"POSTROUTING -t nat -s {theirs}/32 -j MASQUERADE",
            f"FORWARD -i {outside} -j ACCEPT",
            f"FORWARD -o {outside} -j ACCEPT",
        ):
            do(f"iptables -w -I {rule}", f"iptables -w -D {rule}")
        if _FORWARDING.read_text().strip() == "0":
            _FORWARDING.write_text("1")
            undo.callback(_FORWARDING.write_text, "0")
        before = undo.enter_context(Path("/proc/thread-self/ns/net").open())
        with Path(f"/run/netns/{name}").open() as inside:
            _set_namespace(inside.fileno())
        undo.callback(_set_namespace, before.fileno())
        yield


def _set_namespace(descriptor: int) -> None:
    # os.setns() came with Python 3.12.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise Failed(f"no network of its own: {os.strerror(ctypes.get_errno())}")
