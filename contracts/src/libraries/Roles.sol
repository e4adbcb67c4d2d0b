// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Roles
/// @notice Ids of the roles that the AccessManager grants to people and keepers. Role 0 is its admin: the governance Timelock.
library Roles {
    /// @notice Stops what may be stopped.
    uint64 internal constant GUARDIAN = 1;
    /// @notice Settles the exchange's batches.
    uint64 internal constant SEQUENCER = 2;
    /// @notice Reports prices.
    uint64 internal constant REPORTER = 3;
    /// @notice Decides disputes about deliveries.
    uint64 internal constant ARBITER = 4;
    /// @notice Sets parameters and ends a stop; held by the Timelock.
    uint64 internal constant GOVERNOR = 5;
    /// @notice Keeps the peg: synchronises prices, restores the stabiliser's inventory, rebalances buckets.
    uint64 internal constant PEG_KEEPER = 20;
    /// @notice Trades the private mesh; held by Stabilizer and the peg's keepers.
    uint64 internal constant MESH = 21;
    /// @notice Is paid from the cross-chain bucket; granted to a bridge.
    uint64 internal constant BRIDGE = 22;
}
