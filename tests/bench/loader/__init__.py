"""A caller as light as it can be, in a process of its own, beside which the front has the CPU."""
