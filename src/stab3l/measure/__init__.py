"""Measuring the engine: what it does in a second, how long a message takes, how much memory it needs."""
