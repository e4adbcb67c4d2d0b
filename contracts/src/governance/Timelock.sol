// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title Timelock
/// @notice Holds the AccessManager's admin role and GOVERNOR. What it is told to do becomes possible only after a delay that all can watch.
/// @dev It administers itself: its own roles and delay change through itself.
/// @custom:stop A canceller (every proposer is one) removes what waits.
/// @custom:trusts Its proposers and executors.
contract Timelock is TimelockController {
    /// @notice [seconds] The delay where nothing else is needed.
    uint256 public constant DELAY_SECONDS_DEFAULT = 2 days;

    constructor(uint256 delaySeconds, address[] memory proposers, address[] memory executors)
        TimelockController(delaySeconds, proposers, executors, address(0))
    {}
}
