// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice Median of several reporters with staleness and deviation guards (DESIGN section 5).
interface IOracle {
    event Reported(bytes32 indexed feed, address indexed reporter, uint256 price, uint64 at);
    event AnswerUpdated(bytes32 indexed feed, uint256 price, uint64 at);

    /// @notice Reporter role. `price` [1e18 fixed point dollars].
    function report(bytes32 feed, uint256 price) external;
    /// @notice Median of the fresh reports; reverts when fewer than the quorum are fresh.
    function priceOf(bytes32 feed) external view returns (uint256 price, uint64 updatedAt);
}
