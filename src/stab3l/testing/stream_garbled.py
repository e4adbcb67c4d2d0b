"""The random command stream's records that are no commands."""

from __future__ import annotations

from random import Random

from stab3l.engine.wire import EVIDENCE_BYTES_MAX, HEADER_BYTES, CommandKind
from stab3l.testing.stream_voice import Intent


class GarbledStream:
    """Spoils what the others say."""

    def __init__(self, random: Random, whole: list[Intent]) -> None:
        self.random = random
        self._whole = whole

    def garbled(self) -> bytes:
        """A record with something that no command has."""
        whole = self.random.choice(self._whole)()
        garble = self.random.choice(
            [self._with_flags, self._with_another_kind, self._with_long_evidence, self._with_noise]
        )
        return garble(whole)

    def _with_flags(self, record: bytes) -> bytes:
        return record[:2] + self.random.randint(1, 2**16 - 1).to_bytes(2, "little") + record[4:]

    def _with_another_kind(self, record: bytes) -> bytes:
        kind: int = self.random.choice([*range(24), 255, 256, 2**16 - 1])
        return kind.to_bytes(2, "little") + record[2:]

    def _with_long_evidence(self, record: bytes) -> bytes:
        record += bytes(EVIDENCE_BYTES_MAX + self.random.randint(0, 1))
        return record[:4] + len(record).to_bytes(4, "little") + record[8:]

    def _with_noise(self, record: bytes) -> bytes:
        body = bytearray(record)
        for _ in range(self.random.randint(1, 3)):
            position = self.random.choice([*range(HEADER_BYTES, len(body)), len(body) - 1])
            if body[0] == CommandKind.PLACE and self.random.random() < 0.5:
                position = HEADER_BYTES + self.random.randrange(40, 64)
            if position >= HEADER_BYTES:
                body[position] = self.random.choice([0, 1, 2, 3, 4, 5, 8, 255])
        return bytes(body)

    def cut_short(self, record: bytes) -> bytes:
        """A last record that breaks off."""
        if self.random.random() < 0.5:
            return record[: self.random.randint(1, len(record) - 1)]
        return record[:4] + self.random.choice([0, 7, 2**32 - 1]).to_bytes(4, "little") + record[8:]
