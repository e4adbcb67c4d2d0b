"""Where prices come from: one port and its sources."""
