// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title FlowCap
/// @notice A cap on flow that decays by block, so that splitting cannot evade it: flow x memory^blocks + amount <= cap.
/// The twin of src/stab3l/peg/flow_cap.py.
library FlowCap {
    uint256 internal constant WAD = 1e18;
    uint256 internal constant BLOCKS_MAX = type(uint16).max;

    /// @notice memory^blocks [wad] by squaring, each product rounded up; `memory_` is at most one.
    function powerUp(uint256 memory_, uint256 blocks) internal pure returns (uint256 result) {
        result = WAD;
        blocks = Math.min(blocks, BLOCKS_MAX);
        while (blocks > 0) {
            if (blocks & 1 == 1) result = Math.ceilDiv(result * memory_, WAD);
            blocks >>= 1;
            if (blocks > 0) memory_ = Math.ceilDiv(memory_ * memory_, WAD);
        }
    }

    /// @notice What is left of a flow after so many blocks.
    function decayedUp(uint256 flow, uint256 memory_, uint256 blocks) internal pure returns (uint256) {
        return blocks == 0 ? flow : Math.ceilDiv(flow * powerUp(memory_, blocks), WAD);
    }

    /// @notice What may still flow now.
    function room(uint256 flow, uint256 memory_, uint256 blocks, uint256 cap) internal pure returns (uint256) {
        uint256 left = decayedUp(flow, memory_, blocks);
        return cap > left ? cap - left : 0;
    }
}
