"""Benchmarks: each scenario prints one JSON object and keeps it under ``bench/results`` (DESIGN section 13)."""
