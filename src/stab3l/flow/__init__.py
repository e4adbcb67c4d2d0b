"""Rules of backpressure payments: how capacity is signalled, capped, turned into units, buffered and propagated.

Pure integers, the twins of ``contracts/src/flow`` (source 3; DESIGN section 9). Capacities and rates are wei of the
payment token per second, amounts are wei, time is seconds.
"""
