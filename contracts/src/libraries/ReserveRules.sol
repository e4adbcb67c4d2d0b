// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {FlowCap} from "./FlowCap.sol";

/// @title ReserveRules
/// @notice How large reserves must be: P x T x safety. The twin of src/stab3l/peg/reserves.py.
library ReserveRules {
    /// @notice The largest outflow of a block, forgotten slowly.
    struct PeakOutflow {
        uint64 block_;
        uint128 current; // [base units] left in block_ so far
        uint128 peak; // [base units]
    }

    uint256 internal constant BASIS_POINTS = 10_000;
    uint256 internal constant WAD = 1e18;

    function requiredUp(uint256 peakPerBlock, uint256 blocks, uint256 safetyBps) internal pure returns (uint256) {
        return Math.ceilDiv(peakPerBlock * blocks * safetyBps, BASIS_POINTS);
    }

    /// @notice Adds an outflow of this block; `memory_` [wad per block] of the peak.
    function record(PeakOutflow memory outflow, uint256 amount, uint256 memory_) internal view returns (PeakOutflow memory) {
        uint256 peak = FlowCap.decayedUp(outflow.peak, memory_, block.number - outflow.block_);
        uint256 current = amount + (outflow.block_ == block.number ? outflow.current : 0);
        return PeakOutflow(uint64(block.number), uint128(current), uint128(Math.max(peak, current)));
    }

    /// @notice Held over required [wad]; without a requirement healthy whatever there is.
    function healthDown(uint256 held, uint256 required) internal pure returns (uint256) {
        return required == 0 ? WAD * WAD : Math.mulDiv(held, WAD, required);
    }
}
