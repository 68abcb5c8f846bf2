"""How much a system bears, from what was measured: sizes, a simulation, and the page about both."""
