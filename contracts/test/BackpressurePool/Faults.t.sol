// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {CapacityRegistry} from "../../src/flow/CapacityRegistry.sol";
import {FlowFixture} from "../support/FlowFixture.sol";
import {NaivePool} from "../support/NaivePool.sol";

/// @notice The faults of the blueprint that DESIGN section 9 names: each is shown on it, and shown not to be here.
contract BackpressurePoolFaultsTest is FlowFixture {
    NaivePool internal naive;

    function setUp() public override {
        super.setUp();
        naive = new NaivePool(payment);
        _fund(SOURCE, 1000e18);
    }

    function test_the_unit_scale_floors_a_usual_flow_to_nothing() public {
        _naiveSink(SINK, CAPACITY);
        naive.rebalance();
        _distributeFlow(SOURCE, naive.pool(), CAPACITY);
        assertEq(naive.pool().getMemberFlowRate(SINK), 0, "silently nothing");

        _steady(SINK, CAPACITY);
        _stream(SOURCE, CAPACITY / 2);
        assertApproxEqRel(_rateOf(SINK), CAPACITY / 2, 0.0001e18);
    }

    function test_a_pool_without_units_gives_the_stream_to_its_admin() public {
        _naiveSink(SINK, CAPACITY);
        naive.rebalanceUnscaled();
        _distributeFlow(SOURCE, naive.pool(), 3 * CAPACITY);
        vm.startPrank(address(naive));
        naive.pool().updateMemberUnits(SINK, 0);
        vm.stopPrank();
        uint256 before = payment.balanceOf(address(naive));
        _pass(100);
        assertEq(payment.balanceOf(address(naive)) - before, 100 * (3 * CAPACITY - 3 * CAPACITY % (CAPACITY * 3 / 10)));

        _steady(SINK, CAPACITY);
        _stream(SOURCE, 3 * CAPACITY);
        vm.prank(SINK);
        registry.deregisterSink(TASK);
        pools.rebalance(TASK);
        before = payment.balanceOf(address(pools));
        uint256 buffered = escrow.bufferLevel(TASK);
        _pass(100);
        assertLe(payment.balanceOf(address(pools)) - before, 300 * CAPACITY / 10_000);
        assertApproxEqRel(escrow.bufferLevel(TASK) - buffered, 300 * CAPACITY, 0.0001e18);
    }

    function test_units_do_not_outlive_a_registration() public {
        _naiveSink(SINK, CAPACITY);
        naive.rebalanceUnscaled();
        naive.deregister(SINK);
        naive.rebalanceUnscaled();
        assertGt(naive.pool().getUnits(SINK), 0, "paid for ever");

        _steady(SINK, CAPACITY);
        vm.prank(SINK);
        registry.deregisterSink(TASK);
        assertEq(pool.getUnits(SINK), 0);
    }

    function test_the_average_is_not_walked_in_one_transaction() public {
        naive.register(SINK);
        for (uint256 i = 0; i < 30; i++) {
            _naiveReveal(SINK, CAPACITY);
        }
        assertGt(naive.smoothed(SINK), CAPACITY * 99 / 100, "at its goal within a block");

        _registered(SINK);
        _nextEpoch();
        _signal(SINK, CAPACITY);
        uint256 epoch = registry.currentEpoch();
        vm.expectRevert(abi.encodeWithSelector(CapacityRegistry.EpochRevealed.selector, TASK, SINK, epoch));
        vm.prank(SINK);
        registry.commitCapacity(TASK, keccak256("again"));
        assertEq(_smoothed(SINK), CAPACITY * 3 / 10);
    }

    function test_a_commitment_is_its_makers_alone() public {
        bytes32 hash = keccak256(abi.encode(CAPACITY, NONCE));
        vm.prank(SINK);
        naive.commit(hash);
        vm.prank(OTHER_SINK);
        naive.commit(hash);
        vm.prank(SINK);
        naive.reveal(CAPACITY, NONCE);
        vm.prank(OTHER_SINK);
        naive.reveal(CAPACITY, NONCE);
        assertEq(naive.smoothed(OTHER_SINK), naive.smoothed(SINK), "copied");

        _registered(SINK);
        _registered(OTHER_SINK);
        _nextEpoch();
        hash = registry.commitmentOf(TASK, SINK, registry.currentEpoch(), CAPACITY, NONCE);
        vm.prank(SINK);
        registry.commitCapacity(TASK, hash);
        vm.prank(OTHER_SINK);
        registry.commitCapacity(TASK, hash);
        vm.roll(block.number + 1);
        vm.expectPartialRevert(CapacityRegistry.CommitmentMismatch.selector);
        vm.prank(OTHER_SINK);
        registry.revealCapacity(TASK, CAPACITY, NONCE);
    }

    function test_a_swap_of_capacities_is_seen() public {
        _naiveSink(SINK, CAPACITY);
        _naiveSink(OTHER_SINK, 4 * CAPACITY);
        naive.rebalance();
        for (uint256 i = 0; i < 30; i++) {
            _naiveReveal(SINK, 4 * naive.smoothed(OTHER_SINK));
            _naiveReveal(OTHER_SINK, 0);
            if (naive.smoothed(SINK) > naive.smoothed(OTHER_SINK)) break;
        }
        _naiveSet(SINK, OTHER_SINK);
        assertFalse(naive.needsRebalance(), "the sum has not changed");

        _steady(SINK, 4 * CAPACITY);
        uint256 written = pool.getUnits(SINK);
        for (uint256 i = 0; i < 10; i++) {
            _nextEpoch();
            _signal(SINK, CAPACITY);
        }
        assertLt(pool.getUnits(SINK), written / 2, "each sink by itself");
    }

    function test_a_sink_is_never_paid_above_its_capacity() public {
        _naiveSink(SINK, CAPACITY);
        naive.rebalanceUnscaled();
        _distributeFlow(SOURCE, naive.pool(), 9 * CAPACITY);
        assertGt(uint256(uint96(naive.pool().getMemberFlowRate(SINK))), 8 * CAPACITY);

        _steady(SINK, CAPACITY);
        _stream(SOURCE, 9 * CAPACITY);
        assertLe(_rateOf(SINK), _smoothed(SINK));
    }

    function test_a_critical_sender_is_closed_before_it_owes_money() public {
        _steady(SINK, CAPACITY);
        address poor = makeAddr("poor source");
        _fund(poor, 15e18);
        _stream(poor, CAPACITY);
        _pass(20 minutes);
        assertTrue(payment.isAccountCriticalNow(poor));
        assertTrue(payment.isAccountSolventNow(poor));
        bytes memory close = abi.encodeCall(agreement.distributeFlow, (payment, poor, pool, 0, new bytes(0)));
        host.callAgreement(agreement, close, new bytes(0));
        pools.rebalance(TASK);
        assertEq(pool.getTotalFlowRate(), 0);
        assertTrue(payment.isAccountSolventNow(poor));
    }

    function _naiveSink(address sink, uint256 capacity) private {
        naive.register(sink);
        _naiveReveal(sink, capacity);
    }

    function _naiveReveal(address sink, uint256 capacity) private {
        vm.startPrank(sink);
        naive.commit(keccak256(abi.encode(capacity, NONCE)));
        naive.reveal(capacity, NONCE);
        vm.stopPrank();
    }

    /// @dev Gives each the average that the other had, so that only the sum is as before.
    function _naiveSet(address one, address other) private {
        uint256 first = CAPACITY * 3 / 10;
        bytes32 slot = keccak256(abi.encode(one, uint256(0)));
        vm.store(address(naive), slot, bytes32(4 * first));
        vm.store(address(naive), keccak256(abi.encode(other, uint256(0))), bytes32(first));
    }
}
