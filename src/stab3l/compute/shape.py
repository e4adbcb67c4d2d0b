"""The size of a benchmark and what follows from it (docs/reference/benchmark.md, Job)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from stab3l.errors import Invalid
from stab3l.units import Operations

Entries = npt.NDArray[np.int32]
"""Rows of C, stored big-endian (dtype ``>i4``), as they are hashed and sent."""

TILE_COLUMNS: Final = 64
"""Columns of C in one Merkle leaf."""

ELEMENT_BYTES: Final = 4
"""An entry of C is a big-endian two's complement int32."""

TILE_BYTES: Final = TILE_COLUMNS * ELEMENT_BYTES

DEPTH_MAX: Final = 16_384
"""With |a b| <= 2^10 every partial sum stays within 2^24, where float32 counts exactly."""

ROWS_MAX: Final = 65_536
PRODUCTS_MAX: Final = 65_536


@dataclass(frozen=True, slots=True)
class Shape:
    """R products C = A B, where A is N x K and B is K x N.

    Raises:
        Invalid: N is not a multiple of 64 or one of the sizes is outside its bounds.
    """

    rows: int
    """N."""
    depth: int
    """K."""
    products: int
    """R."""

    def __post_init__(self) -> None:
        fits = (
            0 < self.rows <= ROWS_MAX
            and self.rows % TILE_COLUMNS == 0
            and 0 < self.depth <= DEPTH_MAX
            and 0 < self.products <= PRODUCTS_MAX
        )
        if not fits:
            raise Invalid(
                f"no benchmark has {self.rows} rows, depth {self.depth} and {self.products} products",
                rows=self.rows,
                depth=self.depth,
                products=self.products,
            )

    @property
    def operations(self) -> Operations:
        """Credited operations of all products, 2 N^2 K R."""
        return Operations(2 * self.rows * self.rows * self.depth * self.products)

    @property
    def tiles_per_row(self) -> int:
        """Merkle leaves that one row of C fills."""
        return self.rows // TILE_COLUMNS

    @property
    def tiles(self) -> int:
        """Merkle leaves of one product."""
        return self.rows * self.tiles_per_row

    @property
    def tree_depth(self) -> int:
        """Length of a path in the tree of one product."""
        return (self.tiles - 1).bit_length()

    @property
    def row_bytes(self) -> int:
        """Bytes of one row of C."""
        return self.rows * ELEMENT_BYTES

    @property
    def product_bytes(self) -> int:
        """Bytes of one C, rows after each other."""
        return self.rows * self.row_bytes
