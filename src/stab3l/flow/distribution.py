"""A distribution pool as Superfluid's General Distribution Agreement does its arithmetic, in whole wei.

The reference for what each member is owed: one index per pool, so each act costs the same for any number of members.
What does not divide by the units is the adjustment flow and goes to the pool's admin (the dust account).
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class _Member:
    units: int = 0
    settled: int = 0
    index: int = 0


@dataclass(slots=True)
class Distribution:
    """One pool. Times are seconds and never go back; rates are wei per second, amounts wei."""

    now: int = 0
    total_units: int = 0
    rate_per_unit: int = 0
    adjustment: int = 0
    """Wei per second that flow to the admin."""
    dust: int = 0
    """Wei that have flowed to the admin."""
    sources: dict[str, int] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    _index: int = 0
    _members: dict[str, _Member] = field(default_factory=dict)

    @property
    def rate(self) -> int:
        """Wei per second to all members."""
        return self.rate_per_unit * self.total_units

    def units_of(self, member: str) -> int:
        """Units of a member; 0 for a stranger."""
        found = self._members.get(member)
        return 0 if found is None else found.units

    def received(self, member: str) -> int:
        """All that a member was ever given, until ``now``."""
        found = self._members.get(member)
        return 0 if found is None else found.settled + found.units * (self._index - found.index)

    def at(self, now: int) -> None:
        """Time passes."""
        elapsed = now - self.now
        self.now = now
        self._index += self.rate_per_unit * elapsed
        self.dust += self.adjustment * elapsed
        if elapsed:
            for source, rate in self.sources.items():
                self.sent[source] = self.sent.get(source, 0) + rate * elapsed

    def set_units(self, member: str, units: int) -> None:
        """Changes one member; the stream is divided anew and its remainder added to the adjustment."""
        found = self._members.setdefault(member, _Member())
        found.settled += found.units * (self._index - found.index)
        found.index = self._index
        rate = self.rate
        self.total_units += units - found.units
        found.units = units
        self.rate_per_unit = rate // self.total_units if self.total_units else 0
        self.adjustment += rate - self.rate

    def set_rate(self, source: str, requested: int) -> int:
        """Sets a source's stream; what it takes. The adjustment is taken up with it as far as it divides."""
        old, before, adjustment = self.sources.get(source, 0), self.rate, self.adjustment
        wanted = before + requested - old + adjustment
        self.rate_per_unit = wanted // self.total_units if self.total_units else 0
        actual = old + self.rate - before - adjustment
        self.adjustment = max(0, -actual)
        self.sources[source] = max(0, actual)
        if not self.sources[source]:
            del self.sources[source]
        return max(0, actual)

    def give(self, source: str, amount: int) -> int:
        """Distributes at once what of ``amount`` divides by the units; that much."""
        each = amount // self.total_units if self.total_units else 0
        self._index += each
        self.sent[source] = self.sent.get(source, 0) + each * self.total_units
        return each * self.total_units
