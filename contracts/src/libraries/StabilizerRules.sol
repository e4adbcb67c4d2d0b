// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";

import {FlowCap} from "./FlowCap.sol";

/// @notice Governed, per pool. Amounts are base units of the pool's quote token.
struct StabilizerLimits {
    uint64 threshold; // [wad] theta: deviations up to it are left alone
    uint64 clamp; // [wad] the most that one block may say about the average
    uint8 sustainedBlocks; // N
    uint16 intervalBlocks; // MIN_BLOCKS between two actions
    uint64 memory_; // [wad per block] of the cap
    uint128 gain; // quote units traded for a deviation of 1
    uint128 amountMin; // less is not worth an action
    uint128 flowMax; // the decaying cap
    uint64 slippage; // [wad] how far below the target a trade may be paid
    uint64 gasPriceMax; // [wei]
}

/// @title StabilizerRules
/// @notice When the stabiliser acts, and how much. The twin of src/stab3l/peg/stabiliser.py.
library StabilizerRules {
    /// @dev In order of precedence: of several reasons not to act the first is given.
    enum Outcome {
        Act,
        GasPriceHigh,
        TooSoon,
        HistoryShort,
        WithinBand,
        SpotReturned,
        CapReached,
        InventoryShort
    }

    struct View {
        uint256 block_;
        uint256 gasPrice;
        uint256 actedBlock; // of the last action; 0 before the first
        int256 averageDeviation;
        uint256 coveredBlocks;
        int256 spotDeviation;
        uint256 flow;
        uint256 flowBlock;
        uint256 baseInventory; // [quote units at the target]
        uint256 quoteInventory;
    }

    uint256 internal constant WAD = 1e18;

    /// @notice Whether to act now, on which side, and with how much [quote units at the target].
    function decide(StabilizerLimits memory limits, View memory seen) internal pure returns (Outcome, bool sellsBase, uint256 amount) {
        if (seen.gasPrice > limits.gasPriceMax) return (Outcome.GasPriceHigh, false, 0);
        if (seen.actedBlock > 0 && seen.block_ < seen.actedBlock + limits.intervalBlocks) return (Outcome.TooSoon, false, 0);
        if (seen.coveredBlocks < limits.sustainedBlocks) return (Outcome.HistoryShort, false, 0);
        if (SignedMath.abs(seen.averageDeviation) <= limits.threshold) return (Outcome.WithinBand, false, 0);
        sellsBase = seen.averageDeviation > 0;
        bool returned = SignedMath.abs(seen.spotDeviation) <= limits.threshold || (seen.spotDeviation > 0) != sellsBase;
        if (returned) return (Outcome.SpotReturned, false, 0);
        return _sized(limits, seen, sellsBase);
    }

    /// @dev The proportional law, then the cap, then what there is.
    function _sized(StabilizerLimits memory limits, View memory seen, bool sellsBase) private pure returns (Outcome, bool, uint256 amount) {
        uint256 room = FlowCap.room(seen.flow, limits.memory_, seen.block_ - seen.flowBlock, limits.flowMax);
        amount = Math.min(Math.mulDiv(limits.gain, SignedMath.abs(seen.spotDeviation), WAD), room);
        if (amount < limits.amountMin || amount == 0) return (Outcome.CapReached, false, 0);
        amount = Math.min(amount, sellsBase ? seen.baseInventory : seen.quoteInventory);
        if (amount < limits.amountMin || amount == 0) return (Outcome.InventoryShort, false, 0);
        return (Outcome.Act, sellsBase, amount);
    }

    /// @notice The least that a sale of `amount` at `price` [wad] may pay; the scales are 10^decimals. Rounded up.
    function leastPaidUp(uint256 amount, uint256 price, uint256 slippage, uint256 soldScale, uint256 paidScale)
        internal
        pure
        returns (uint256)
    {
        return Math.mulDiv(amount * price, paidScale * (WAD - slippage), WAD * WAD * soldScale, Math.Rounding.Ceil);
    }

    /// @notice G [wad]: the part of a deviation that one action removes, gain x 2k / depth.
    function loopGain(uint256 gain, uint256 slope, uint256 quoteDepth) internal pure returns (uint256) {
        return Math.mulDiv(gain, 2 * slope, quoteDepth);
    }
}
