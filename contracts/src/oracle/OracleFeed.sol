// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AggregatorV3Interface} from "./AggregatorV3Interface.sol";
import {Oracle} from "./Oracle.sol";

/// @title OracleFeed
/// @notice One feed of Oracle for readers that expect a Chainlink aggregator.
/// @dev As there, the last answer is given with its time however old it is: the reader judges its age. Only the last round is kept.
/// @custom:stop Nothing to stop.
/// @custom:trusts Oracle.
contract OracleFeed is AggregatorV3Interface {
    error RoundUnavailable(uint80 roundId, uint64 last);

    /// @inheritdoc AggregatorV3Interface
    uint8 public constant decimals = 18;
    /// @inheritdoc AggregatorV3Interface
    uint256 public constant version = 1;

    Oracle public immutable oracle;
    bytes32 public immutable feed;
    /// @inheritdoc AggregatorV3Interface
    string public description;

    /// @notice `description_` such as "USDC/USD" names the feed: its id is the hash of it.
    constructor(Oracle oracle_, string memory description_) {
        oracle = oracle_;
        description = description_;
        feed = keccak256(bytes(description_));
    }

    /// @inheritdoc AggregatorV3Interface
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return _lastRound();
    }

    /// @inheritdoc AggregatorV3Interface
    function getRoundData(uint80 roundId) external view returns (uint80, int256, uint256, uint256, uint80) {
        (uint64 last,,) = oracle.lastAnswerOf(feed);
        if (roundId != last) revert RoundUnavailable(roundId, last);
        return _lastRound();
    }

    function _lastRound() private view returns (uint80, int256, uint256, uint256, uint80) {
        (uint64 round, uint256 price, uint64 at) = oracle.lastAnswerOf(feed);
        if (round == 0) revert RoundUnavailable(0, 0);
        return (round, int256(price), at, at, round);
    }
}
