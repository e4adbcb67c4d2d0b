"""Agents of the demo economy: a market maker and a trader, each a pure decision and a loop around it."""

from __future__ import annotations
