// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice One Superfluid pool for each task type (source 3, IBackpressurePool).
interface IBackpressurePool {
    event Rebalanced(bytes32 indexed taskTypeId, uint256 sinkCount, uint256 totalCapacity);

    function rebalance(bytes32 taskTypeId) external;
    function needsRebalance(bytes32 taskTypeId) external view returns (bool);
    function getPool(bytes32 taskTypeId) external view returns (address);
}
