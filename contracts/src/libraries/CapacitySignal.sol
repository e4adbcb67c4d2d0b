// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {FlowConstants} from "../types/Flow.sol";

/// @title CapacitySignal
/// @notice The moving average of capacities, in the fixed point UNIT_SCALE; its twin is src/stab3l/flow/signal.py.
/// @dev Kept scaled: an average of whole wei sticks below its goal once alpha times the distance floors to zero.
library CapacitySignal {
    /// @notice Epochs without a reveal after which nothing is left.
    uint256 internal constant MISSED_EPOCHS_MAX = 128;

    /// @notice What `missed` epochs of silence leave of `smoothed`, rounded down each time.
    function decayedDown(uint256 smoothed, uint256 missed, uint256 alphaBps) internal pure returns (uint256) {
        if (missed > MISSED_EPOCHS_MAX) return 0;
        for (uint256 i = 0; i < missed && smoothed != 0; i++) {
            smoothed = smoothed * (FlowConstants.BASIS_POINTS - alphaBps) / FlowConstants.BASIS_POINTS;
        }
        return smoothed;
    }

    /// @notice One step towards `raw`, rounded against the sink.
    function blendedDown(uint256 smoothed, uint256 raw, uint256 alphaBps) internal pure returns (uint256) {
        if (raw >= smoothed) return smoothed + (raw - smoothed) * alphaBps / FlowConstants.BASIS_POINTS;
        uint256 step = (smoothed - raw) * alphaBps;
        return smoothed - (step + FlowConstants.BASIS_POINTS - 1) / FlowConstants.BASIS_POINTS;
    }
}
