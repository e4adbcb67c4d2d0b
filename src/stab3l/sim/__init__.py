"""Simulators: the same integer rules as the contracts, at high speed."""
