"""How fronts and workers read HTTP from the network: bounded in size, in time and in number."""
