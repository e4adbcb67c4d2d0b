"""Keepers carry facts between the chains and the exchange: observe, decide (pure), act; each may be killed anywhere."""
