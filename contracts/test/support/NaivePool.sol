// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {
    ISuperToken,
    ISuperfluidPool,
    PoolConfig
} from "@superfluid-finance/ethereum-contracts/contracts/interfaces/superfluid/ISuperfluid.sol";

import {FlowToken, SuperfluidCalls} from "../../src/libraries/SuperfluidCalls.sol";

/// @title NaivePool
/// @notice The blueprint's design to the letter, on the same Superfluid: the faults that DESIGN section 9 names are shown on it.
contract NaivePool {
    uint256 internal constant UNIT_SCALE = 1e18;
    uint256 internal constant ALPHA_BPS = 3000;
    uint256 internal constant THRESHOLD_BPS = 500;

    ISuperfluidPool public immutable pool;
    mapping(address => uint256) public smoothed;
    mapping(address => bytes32) public commitments;
    address[] public sinks;
    uint256 public lastTotal;

    constructor(ISuperToken token) {
        FlowToken memory flow = SuperfluidCalls.flowOf(token);
        pool = flow.agreement.createPool(token, address(this), PoolConfig(false, true));
    }

    function register(address sink) external {
        sinks.push(sink);
    }

    function deregister(address sink) external {
        for (uint256 i = 0; i < sinks.length; i++) {
            if (sinks[i] == sink) sinks[i] = sinks[sinks.length - 1];
        }
        sinks.pop(); // and the units stay until somebody rebalances over what is left
    }

    function commit(bytes32 hash) external {
        commitments[msg.sender] = hash;
    }

    function reveal(uint256 capacity, bytes32 nonce) external {
        require(commitments[msg.sender] == keccak256(abi.encode(capacity, nonce)), "mismatch");
        delete commitments[msg.sender];
        smoothed[msg.sender] = (capacity * ALPHA_BPS + smoothed[msg.sender] * (10_000 - ALPHA_BPS)) / 10_000;
    }

    function needsRebalance() public view returns (bool) {
        uint256 total = _total();
        uint256 change = total > lastTotal ? total - lastTotal : lastTotal - total;
        return change * 10_000 >= lastTotal * THRESHOLD_BPS;
    }

    function rebalance() external {
        require(needsRebalance(), "no need");
        lastTotal = _total();
        for (uint256 i = 0; i < sinks.length; i++) {
            pool.updateMemberUnits(sinks[i], uint128(smoothed[sinks[i]] * UNIT_SCALE));
        }
    }

    /// @dev One share for each wei per second, as a design without UNIT_SCALE would write.
    function rebalanceUnscaled() external {
        for (uint256 i = 0; i < sinks.length; i++) {
            pool.updateMemberUnits(sinks[i], uint128(smoothed[sinks[i]]));
        }
    }

    function _total() private view returns (uint256 total) {
        for (uint256 i = 0; i < sinks.length; i++) {
            total += smoothed[sinks[i]];
        }
    }
}
