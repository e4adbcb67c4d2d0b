// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {FlowConstants} from "../types/Flow.sol";

/// @title PoolUnits
/// @notice How many units of a pool each member has; its twin is src/stab3l/flow/units.py.
/// @dev A unit stands for `quantum` wei per second, for every sink and for ever: so one sink's change touches no other sink.
library PoolUnits {
    /// @notice Units of a sink that can do `capacity` [wei per second].
    function unitsDown(uint256 capacity, uint256 quantum) internal pure returns (uint256) {
        return capacity / quantum;
    }

    /// @notice Whether `units` are worth a write when `written` stand: always when fewer, from the threshold on when more.
    function mustWrite(uint256 written, uint256 units, uint256 thresholdBps) internal pure returns (bool) {
        if (units <= written) return units < written;
        return (units - written) * FlowConstants.BASIS_POINTS >= written * thresholdBps;
    }

    /// @notice Units of the escrow, at least 1: as many as keep each unit at or below `quantum`, and the sinks together at or below `limit`, while
    /// `rate` [wei per second] flows in. A limit below one wei per second and unit is raised to it: a stream cannot be divided further.
    function escrowUnitsUp(uint256 rate, uint256 quantum, uint256 sinkUnits, uint256 onwardUnits, uint256 limit)
        internal
        pure
        returns (uint256 units)
    {
        uint256 needed = Math.ceilDiv(rate, quantum);
        if (limit < sinkUnits * quantum) {
            needed = Math.max(needed, Math.mulDiv(rate, sinkUnits, Math.max(limit, sinkUnits), Math.Rounding.Ceil));
        }
        uint256 others = sinkUnits + onwardUnits;
        return needed > others ? needed - others : 1;
    }
}
