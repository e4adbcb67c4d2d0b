// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title PriceHistory
/// @notice What a pool's price was, block by block; trades of one block weigh nothing until the block has ended.
/// The twin of src/stab3l/peg/price_history.py.
/// @dev At most one entry a block, written before its first trade; the last ENTRIES are kept, so windows up to WINDOW_MAX blocks are exact.
library PriceHistory {
    struct Entry {
        uint32 block_;
        uint224 cumulative; // [wad x blocks] sum of price x blocks up to the start of block_
    }

    struct History {
        Entry[16] entries;
    }

    uint256 internal constant ENTRIES = 16;
    uint256 internal constant WINDOW_MAX = ENTRIES - 1;
    uint256 internal constant PRICE_CAP = type(uint128).max;
    int256 private constant WAD = 1e18;

    /// @notice Records the price that held until now; `last` is the place of the newest entry. Call once for the first trade of a block.
    function accumulate(History storage history, uint256 last, uint256 price) internal returns (uint256 next) {
        Entry memory newest = history.entries[last];
        next = (last + 1) % ENTRIES;
        uint256 cumulative = newest.cumulative + Math.min(price, PRICE_CAP) * (block.number - newest.block_);
        history.entries[next] = Entry(uint32(block.number), uint224(cumulative));
    }

    /// @notice Mean deviation [wad] from `target` over the last `window` blocks, each block's clamped to +-`clamp`; `covered`: blocks that the history has.
    function averageDeviation(History storage history, uint256 last, uint256 price, uint256 target, uint256 clamp, uint256 window)
        internal
        view
        returns (int256 mean, uint256 covered)
    {
        uint256 held = Math.min(price, PRICE_CAP);
        uint256 until = block.number;
        int256 total;
        Entry memory entry = history.entries[last];
        for (uint256 seen = 1; seen <= ENTRIES; seen++) {
            uint256 blocks = Math.min(until - entry.block_, window - covered);
            total += _clamped(deviationOf(held, target), int256(clamp)) * int256(blocks);
            covered += blocks;
            last = (last + ENTRIES - 1) % ENTRIES;
            Entry memory before = history.entries[last];
            if (covered == window || seen == ENTRIES || before.block_ == 0) break;
            held = (entry.cumulative - before.cumulative) / (entry.block_ - before.block_);
            until = entry.block_;
            entry = before;
        }
        if (covered > 0) mean = total / int256(covered);
    }

    /// @notice (price - target) / target [wad], rounded towards zero.
    function deviationOf(uint256 price, uint256 target) internal pure returns (int256) {
        return (int256(price) - int256(target)) * WAD / int256(target);
    }

    function _clamped(int256 value, int256 clamp) private pure returns (int256) {
        return value > clamp ? clamp : value < -clamp ? -clamp : value;
    }
}
