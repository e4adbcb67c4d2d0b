// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {BackpressurePool} from "../../src/flow/BackpressurePool.sol";
import {FlowFixture} from "../support/FlowFixture.sol";

contract BackpressurePoolRebalanceTest is FlowFixture {
    uint256 internal constant HOUR = 1 hours;

    function test_a_sink_is_paid_its_capacity_and_the_rest_goes_to_the_escrow() public {
        _steady(SINK, CAPACITY);
        _steady(OTHER_SINK, 2 * CAPACITY);
        _keepUp(SINK, CAPACITY);
        _fund(SOURCE, 1000e18);
        _stream(SOURCE, 10 * CAPACITY);
        assertLe(_rateOf(SINK), _smoothed(SINK));
        assertGt(_rateOf(SINK), _smoothed(SINK) * 95 / 100, "growth below the threshold is not written");
        assertLe(_rateOf(OTHER_SINK), _smoothed(OTHER_SINK));
        (,,,,, uint256 rate, uint256 dust) = pools.stateOf(TASK);
        assertEq(_rateOf(SINK) + _rateOf(OTHER_SINK) + _rateOf(address(escrow)) + dust, rate);
    }

    function test_a_stream_below_capacity_goes_to_the_sinks_in_proportion() public {
        _steady(SINK, CAPACITY);
        _steady(OTHER_SINK, 3 * CAPACITY);
        _keepUp(SINK, CAPACITY);
        _fund(SOURCE, 1000e18);
        _stream(SOURCE, CAPACITY);
        assertEq(pool.getUnits(address(escrow)), 1);
        assertApproxEqRel(_rateOf(OTHER_SINK), 3 * _rateOf(SINK), 0.001e18);
        assertApproxEqRel(_rateOf(SINK) + _rateOf(OTHER_SINK), CAPACITY, 0.0001e18);
    }

    function test_every_wei_of_hours_of_stream_is_with_a_sink_the_escrow_or_the_dust() public {
        _steady(SINK, CAPACITY);
        _fund(SOURCE, 1000e18);
        uint256 begun = payment.balanceOf(SOURCE);
        _stream(SOURCE, 5 * CAPACITY);
        for (uint256 i = 0; i < 12; i++) {
            _nextEpoch();
            _signal(SINK, i % 3 == 0 ? CAPACITY / 2 : CAPACITY);
            pools.rebalance(TASK);
        }
        uint256 since = block.timestamp;
        _distributeFlow(SOURCE, pool, 0);
        assertEq(since, block.timestamp);
        uint256 sent = begun - payment.balanceOf(SOURCE);
        assertEq(sent, _received(SINK) + _received(address(escrow)) + payment.balanceOf(address(pools)));
    }

    function test_growth_below_the_threshold_waits_and_any_fall_does_not() public {
        _steady(SINK, CAPACITY);
        uint256 written = pool.getUnits(SINK);
        _nextEpoch();
        _signal(SINK, CAPACITY * 110 / 100); // the average grows by 3 %
        assertEq(pool.getUnits(SINK), written);
        _nextEpoch();
        _signal(SINK, CAPACITY * 120 / 100);
        assertGt(pool.getUnits(SINK), written * 105 / 100);
        written = pool.getUnits(SINK);
        _nextEpoch();
        _signal(SINK, CAPACITY);
        assertLt(pool.getUnits(SINK), written);
        assertEq(pool.getUnits(SINK), _smoothed(SINK) / QUANTUM);
    }

    function test_a_swap_of_two_capacities_is_seen_though_the_sum_stays() public {
        _steady(SINK, CAPACITY);
        _steady(OTHER_SINK, 4 * CAPACITY);
        _keepUp(SINK, CAPACITY);
        uint256 before = pool.getUnits(SINK);
        for (uint256 i = 0; i < 20; i++) {
            _nextEpoch();
            _signal(SINK, 4 * CAPACITY);
            _signal(OTHER_SINK, CAPACITY);
        }
        pools.rebalance(TASK);
        assertGt(pool.getUnits(SINK), 37 * before / 10);
        assertLt(pool.getUnits(OTHER_SINK), pool.getUnits(SINK));
    }

    function test_what_a_leaving_sink_was_paid_goes_to_the_escrow_not_to_the_others() public {
        _steady(SINK, CAPACITY);
        _steady(OTHER_SINK, CAPACITY);
        _keepUp(SINK, CAPACITY);
        _fund(SOURCE, 1000e18);
        _stream(SOURCE, 2 * CAPACITY);
        vm.prank(OTHER_SINK);
        registry.deregisterSink(TASK);
        assertEq(_rateOf(OTHER_SINK), 0);
        assertLe(_rateOf(SINK), _smoothed(SINK), "nobody is paid above capacity, not even for a moment");
    }

    function test_without_any_sink_the_escrow_takes_the_stream_and_the_admin_nothing() public {
        _steady(SINK, CAPACITY);
        _fund(SOURCE, 1000e18);
        _stream(SOURCE, CAPACITY);
        vm.prank(SINK);
        registry.deregisterSink(TASK);
        _pass(HOUR);
        assertApproxEqRel(escrow.bufferLevel(TASK), CAPACITY * HOUR, 0.001e18);
        assertLt(payment.balanceOf(address(pools)), 1e12);
    }

    function test_a_source_in_trouble_is_closed_by_anyone_and_the_pool_follows() public {
        _steady(SINK, CAPACITY);
        _fund(SOURCE, 20e18); // the deposit for four hours is 14.4
        _stream(SOURCE, CAPACITY);
        _pass(2 * HOUR);
        bytes memory close = abi.encodeCall(agreement.distributeFlow, (payment, SOURCE, pool, 0, new bytes(0)));
        vm.prank(OUTSIDER);
        host.callAgreement(agreement, close, new bytes(0));
        pools.rebalance(TASK);
        (,,,,, uint256 rate,) = pools.stateOf(TASK);
        assertEq(rate, 0);
        (int256 available,,,) = payment.realtimeBalanceOfNow(SOURCE);
        assertGe(available, 0);
        _keepUp(SINK, CAPACITY);
        uint256 held = payment.balanceOf(SINK);
        pool.claimAll(SINK);
        assertEq(payment.balanceOf(SINK), held + _received(SINK), "what was streamed is paid");
    }

    function test_while_paused_units_fall_but_do_not_rise() public {
        _steady(SINK, CAPACITY);
        uint256 written = pool.getUnits(SINK);
        vm.prank(GUARDIAN);
        pools.pause();
        _nextEpoch();
        _signal(SINK, 2 * CAPACITY);
        assertEq(pool.getUnits(SINK), written);
        pools.rebalance(TASK);
        assertEq(pool.getUnits(SINK), written);
        assertTrue(pools.needsRebalance(TASK));
        vm.prank(timelock);
        pools.unpause();
        pools.rebalance(TASK);
        assertGt(pool.getUnits(SINK), written);
        vm.prank(SINK);
        registry.deregisterSink(TASK);
        assertEq(pool.getUnits(SINK), 0);
    }

    function test_a_quantum_that_would_lose_more_than_a_ten_thousandth_is_refused() public {
        vm.startPrank(timelock);
        bytes32 taskTypeId = registry.registerTaskType("compute.other");
        vm.expectRevert(abi.encodeWithSelector(BackpressurePool.QuantumInvalid.selector, 9999, 10_000));
        pools.openPool(taskTypeId, 9999);
        vm.expectRevert(abi.encodeWithSelector(BackpressurePool.PoolUnknown.selector, keccak256("nothing")));
        pools.openPool(keccak256("nothing"), QUANTUM);
        vm.expectRevert(abi.encodeWithSelector(BackpressurePool.PoolKnown.selector, TASK));
        pools.openPool(TASK, QUANTUM);
    }

    function test_dust_goes_where_governance_says() public {
        _steady(SINK, CAPACITY);
        _fund(SOURCE, 1000e18);
        _stream(SOURCE, 3 * CAPACITY + 12_345);
        _nextEpoch();
        _signal(SINK, CAPACITY / 3);
        _pass(HOUR);
        uint256 dust = payment.balanceOf(address(pools));
        assertGt(dust, 0);
        vm.prank(timelock);
        pools.sweepDust(OUTSIDER);
        assertEq(payment.balanceOf(OUTSIDER), dust);
    }

    /// @dev Signals again, so that the sink's signal has no missed epoch.
    function _keepUp(address sink, uint256 capacity) private {
        for (uint256 i = 0; i < 28; i++) {
            if (i != 0) _nextEpoch();
            (, uint256 epoch,) = registry.signalOf(TASK, sink);
            if (epoch == registry.currentEpoch()) continue;
            _signal(sink, capacity);
            if (sink == SINK && _isSink(OTHER_SINK)) _resignal(OTHER_SINK);
        }
        pools.rebalance(TASK);
    }

    function _resignal(address sink) private {
        (uint256 smoothed, uint256 epoch,) = registry.signalOf(TASK, sink);
        if (epoch != registry.currentEpoch()) _signal(sink, (smoothed + 1e18 - 1) / 1e18);
    }

    function _isSink(address sink) private view returns (bool) {
        return registry.taskTypesOf(sink).length != 0;
    }

    /// @dev As the provider's agent does it once: income comes straight into the balance, and units are cheaper to write.
    /// forge-config: default.isolate = true
    function test_gas_of_a_connected_sinks_reveal() public {
        _steady(SINK, CAPACITY);
        _fund(SOURCE, 1000e18);
        _stream(SOURCE, 3 * CAPACITY);
        bytes memory connect = abi.encodeCall(agreement.connectPool, (pool, new bytes(0)));
        vm.prank(SINK);
        host.callAgreement(agreement, connect, new bytes(0));
        for (uint256 i = 2; i < 5; i++) {
            _nextEpoch();
            _signal(SINK, i * CAPACITY);
        }
        assertLt(vm.snapshotGasLastCall("CapacityRegistry", "revealCapacity of a connected sink with its unit update"), 300_000);
        _nextEpoch();
        _signal(SINK, 0);
        vm.snapshotGasLastCall("CapacityRegistry", "revealCapacity of a connected sink, less");
        pools.rebalance(TASK);
    }

    /// forge-config: default.isolate = true
    function test_gas_of_a_reveal_and_a_rebalance() public {
        _steady(SINK, CAPACITY);
        _fund(SOURCE, 1000e18);
        _stream(SOURCE, 3 * CAPACITY);
        _nextEpoch();
        _signal(SINK, CAPACITY);
        vm.snapshotGasLastCall("CapacityRegistry", "revealCapacity below the threshold");
        for (uint256 i = 2; i < 5; i++) {
            _nextEpoch();
            _signal(SINK, i * CAPACITY);
        }
        assertLt(vm.snapshotGasLastCall("CapacityRegistry", "revealCapacity with its unit update"), 360_000);
        pools.rebalance(TASK);
        vm.snapshotGasLastCall("BackpressurePool", "rebalance, escrow changed");
        pools.rebalance(TASK);
        vm.snapshotGasLastCall("BackpressurePool", "rebalance, nothing changed");
        vm.prank(SINK);
        registry.deregisterSink(TASK);
        vm.snapshotGasLastCall("CapacityRegistry", "deregisterSink under stream");
    }
}
