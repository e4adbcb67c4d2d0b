"""Watching: the chains and the exchange's outputs, followed into the read model, and typed questions to it."""

from __future__ import annotations
