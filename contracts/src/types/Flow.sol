// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title FlowConstants
/// @notice The constants of source 3, which a deployment starts with; governance changes what it may in each contract's rules.
library FlowConstants {
    /// @notice alpha = 0.3 [bps] of the moving average, per epoch.
    uint256 internal constant EWMA_ALPHA_BPS = 3000;
    /// @notice A sink's units are raised when its capacity has grown by 5 % [bps].
    uint256 internal constant REBALANCE_THRESHOLD_BPS = 500;
    /// @notice [wei of the stake token] at least, for each sink.
    uint256 internal constant MIN_SINK_STAKE = 100e18;
    /// @notice sqrt(stake / STAKE_UNIT) is the capacity cap [wei of the stake token].
    uint256 internal constant STAKE_UNIT = 1e18;
    /// @notice Fixed point of the smoothed capacity. Not of the pool's units: flows of usual size would floor to zero (docs/reference/flow.md).
    uint256 internal constant UNIT_SCALE = 1e18;
    /// @notice [blocks] until a commitment expires.
    uint256 internal constant COMMIT_TIMEOUT = 20;
    /// @notice [wei per second] that one unit of sqrt(stake / STAKE_UNIT) admits.
    uint256 internal constant CAPACITY_UNIT = 1e15;
    /// @notice [seconds] between two reveals of a sink.
    uint256 internal constant EPOCH_SECONDS = 300;
    /// @notice [seconds] from the last deregistration to the release of the stake.
    uint256 internal constant COOLDOWN_SECONDS = 1 days;
    uint256 internal constant BASIS_POINTS = 10_000;
}

/// @notice What a sink signs to be reported by somebody else (EIP-712).
struct CapacityReport {
    bytes32 taskTypeId;
    address sink;
    uint256 capacity; // [wei per second]
    uint256 epoch; // the only one in which it counts
}
