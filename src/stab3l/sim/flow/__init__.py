"""Backpressure payments simulated: demand, capacities, shocks, liars and sybils, against other ways to share work."""
