"""Simulators: the same integer rules as the contracts, at high speed. Floats are for figures and plots only."""
