// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {
    IGeneralDistributionAgreementV1,
    ISuperToken,
    ISuperfluid,
    ISuperfluidPool
} from "@superfluid-finance/ethereum-contracts/contracts/interfaces/superfluid/ISuperfluid.sol";
import {Test} from "forge-std/Test.sol";

import {BackpressurePool} from "../../src/flow/BackpressurePool.sol";
import {CapacityRegistry} from "../../src/flow/CapacityRegistry.sol";
import {EscrowBuffer} from "../../src/flow/EscrowBuffer.sol";

/// @notice Sinks signal, leave and come back, sources stream and deposit, keepers rebalance, decay and drain, in any order and with time between.
contract FlowHandler is Test {
    bytes32 internal constant TASK = keccak256("compute.wasm");
    bytes32 internal constant GDA_CLASS = keccak256("org.superfluid-finance.agreements.GeneralDistributionAgreement.v1");
    uint256 internal constant CAPACITY_MAX = 40e15; // twice the cap of the stake
    uint256 internal constant RATE_MAX = 50e15;

    CapacityRegistry internal immutable REGISTRY;
    BackpressurePool internal immutable POOLS;
    EscrowBuffer internal immutable ESCROW;
    ISuperToken internal immutable TOKEN;
    ISuperfluid internal immutable HOST;
    IGeneralDistributionAgreementV1 internal immutable AGREEMENT;
    ISuperfluidPool internal immutable POOL;
    address[] public sinks;
    address[] public sources;
    uint256 public revealed;
    uint256 public drained;
    uint256 public streamed;

    constructor(BackpressurePool pools, EscrowBuffer escrow, address[] memory sinks_, address[] memory sources_) {
        (POOLS, ESCROW, REGISTRY, TOKEN) = (pools, escrow, pools.registry(), pools.token());
        HOST = ISuperfluid(TOKEN.getHost());
        AGREEMENT = IGeneralDistributionAgreementV1(address(HOST.getAgreementClass(GDA_CLASS)));
        POOL = ISuperfluidPool(pools.getPool(TASK));
        (sinks, sources) = (sinks_, sources_);
    }

    function reveal(uint256 seed, uint256 capacity) external {
        address sink = sinks[seed % sinks.length];
        capacity = bound(capacity, 0, CAPACITY_MAX);
        (, uint256 epoch,) = REGISTRY.signalOf(TASK, sink);
        if (REGISTRY.taskTypesOf(sink).length == 0 || epoch == REGISTRY.currentEpoch()) return;
        bytes32 hash = REGISTRY.commitmentOf(TASK, sink, REGISTRY.currentEpoch(), capacity, 0);
        vm.prank(sink);
        REGISTRY.commitCapacity(TASK, hash);
        vm.roll(vm.getBlockNumber() + 1);
        vm.prank(sink);
        REGISTRY.revealCapacity(TASK, capacity, 0);
        revealed++;
    }

    function comeOrGo(uint256 seed) external {
        address sink = sinks[seed % sinks.length];
        bool known = REGISTRY.taskTypesOf(sink).length != 0;
        vm.prank(sink);
        if (known) REGISTRY.deregisterSink(TASK);
        else REGISTRY.registerSink(TASK);
    }

    /// @dev As the SDK does it: stream and rebalancing at one moment.
    function stream(uint256 seed, uint256 rate) external {
        address source = sources[seed % sources.length];
        int96 requested = int96(uint96(bound(rate, 0, RATE_MAX)));
        bytes memory call_ = abi.encodeCall(AGREEMENT.distributeFlow, (TOKEN, source, POOL, requested, new bytes(0)));
        vm.prank(source);
        HOST.callAgreement(AGREEMENT, call_, new bytes(0));
        POOLS.rebalance(TASK);
        streamed++;
    }

    function deposit(uint256 seed, uint256 amount) external {
        address source = sources[seed % sources.length];
        amount = bound(amount, 1, 10e18);
        if (ESCROW.bufferLevel(TASK) + amount > ESCROW.bufferMax(TASK)) return;
        vm.startPrank(source);
        TOKEN.approve(address(ESCROW), amount);
        ESCROW.deposit(TASK, amount);
        vm.stopPrank();
    }

    function drain() external {
        try ESCROW.drain(TASK) {
            drained++;
        } catch (bytes memory reason) {
            assertEq(bytes4(reason), EscrowBuffer.NothingToDrain.selector);
        }
    }

    function keep() external {
        REGISTRY.decay(TASK, sinks);
        POOLS.rebalance(TASK);
    }

    function sync() external {
        ESCROW.sync(TASK);
    }

    function pass(uint256 seconds_) external {
        vm.warp(vm.getBlockTimestamp() + bound(seconds_, 1, 900));
        vm.roll(vm.getBlockNumber() + 10);
    }

    function sinkCount() external view returns (uint256) {
        return sinks.length;
    }

    function sourceCount() external view returns (uint256) {
        return sources.length;
    }
}
