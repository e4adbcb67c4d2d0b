// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EscrowBuffer} from "../../src/flow/EscrowBuffer.sol";
import {IEscrowBuffer} from "../../src/interfaces/IEscrowBuffer.sol";
import {FlowFixture} from "../support/FlowFixture.sol";

contract EscrowBufferDrainTest is FlowFixture {
    address internal immutable OTHER_SOURCE = makeAddr("other source");

    function setUp() public override {
        super.setUp();
        _steady(SINK, CAPACITY);
        _fund(SOURCE, 2000e18);
        _fund(OTHER_SOURCE, 2000e18);
    }

    function test_overflow_is_taken_in_and_given_back_when_capacity_is_free() public {
        _stream(SOURCE, 3 * CAPACITY);
        _pass(600);
        uint256 level = escrow.bufferLevel(TASK);
        assertApproxEqRel(level, (3 * CAPACITY - _writtenCapacity()) * 600, 0.0001e18);
        _distributeFlow(SOURCE, pool, 0);
        pools.rebalance(TASK);
        uint256 paid = _received(SINK);
        _pass(60);
        escrow.drain(TASK);
        uint256 drained = _received(SINK) - paid;
        assertLe(drained, 60 * _writtenCapacity(), "never faster than the capacity");
        assertGt(drained, 60 * _writtenCapacity() * 99 / 100);
        assertApproxEqAbs(escrow.bufferLevel(TASK), level - drained, 1e7);
    }

    function test_deposits_leave_in_the_order_of_their_coming() public {
        uint256 second = 40 * CAPACITY;
        _deposit(SOURCE, 100 * CAPACITY);
        _deposit(OTHER_SOURCE, second);
        _pass(120);
        escrow.drain(TASK);
        (, uint256 left) = escrow.entryOf(TASK, 1);
        assertEq(left, 0);
        (, left) = escrow.entryOf(TASK, 2);
        assertLt(left, second);
        assertGt(left, 0);
        (uint256 head,) = escrow.queueOf(TASK);
        assertEq(head, 2);
    }

    function test_while_the_stream_fills_the_sinks_nothing_is_drained() public {
        _stream(SOURCE, 3 * CAPACITY);
        _pass(60);
        uint256 paid = _received(SINK);
        escrow.sync(TASK);
        try escrow.drain(TASK) {} catch {}
        assertApproxEqAbs(_received(SINK), paid, 1 hours * QUANTUM);
    }

    function test_an_empty_buffer_has_nothing_to_drain() public {
        vm.expectRevert(abi.encodeWithSelector(EscrowBuffer.NothingToDrain.selector, TASK, 0, 0));
        escrow.drain(TASK);
    }

    function test_spare_capacity_is_what_the_stream_leaves() public {
        _deposit(SOURCE, 1000 * CAPACITY);
        _stream(SOURCE, CAPACITY / 2);
        uint256 paid = _received(SINK);
        _pass(100);
        escrow.drain(TASK);
        assertLe(_received(SINK) - paid, 100 * _writtenCapacity());
        assertGt(_received(SINK) - paid, 99 * _writtenCapacity());
    }

    function test_a_full_buffer_refuses_deposits_and_says_that_the_stream_goes_on() public {
        vm.prank(timelock);
        escrow.setBufferMax(TASK, 500 * CAPACITY);
        _deposit(SOURCE, 499 * CAPACITY);
        vm.startPrank(OTHER_SOURCE);
        payment.approve(address(escrow), type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(EscrowBuffer.BufferIsFull.selector, TASK, 499 * CAPACITY, 2 * CAPACITY, 500 * CAPACITY));
        escrow.deposit(TASK, 2 * CAPACITY);
        vm.stopPrank();
        _stream(SOURCE, 3 * CAPACITY);
        _pass(60);
        uint256 level = escrow.bufferLevel(TASK);
        vm.expectEmit();
        emit IEscrowBuffer.BufferFull(TASK, level);
        escrow.sync(TASK);
    }

    function test_a_depositor_takes_back_what_is_left_and_nobody_elses() public {
        _deposit(SOURCE, 10e18);
        vm.expectRevert(abi.encodeWithSelector(EscrowBuffer.EntryOfAnother.selector, TASK, 1, SOURCE, OUTSIDER));
        vm.prank(OUTSIDER);
        escrow.reclaim(TASK, 1);
        vm.prank(GUARDIAN);
        escrow.pause();
        uint256 held = payment.balanceOf(SOURCE);
        vm.prank(SOURCE);
        escrow.reclaim(TASK, 1);
        assertEq(payment.balanceOf(SOURCE), held + 10e18);
        vm.expectRevert(abi.encodeWithSelector(EscrowBuffer.EntryEmpty.selector, TASK, 1));
        vm.prank(SOURCE);
        escrow.reclaim(TASK, 1);
        assertEq(escrow.bufferLevel(TASK), 0);
    }

    function test_a_claim_by_a_stranger_changes_no_level() public {
        _stream(SOURCE, 3 * CAPACITY);
        _pass(60);
        uint256 level = escrow.bufferLevel(TASK);
        pool.claimAll(address(escrow));
        assertEq(escrow.bufferLevel(TASK), level);
        escrow.sync(TASK);
        assertEq(escrow.bufferLevel(TASK), level);
        assertEq(payment.balanceOf(address(escrow)), level);
    }

    function _writtenCapacity() private view returns (uint256) {
        return uint256(pool.getUnits(SINK)) * QUANTUM;
    }

    function _deposit(address source, uint256 amount) private {
        vm.startPrank(source);
        payment.approve(address(escrow), amount);
        escrow.deposit(TASK, amount);
        vm.stopPrank();
    }

    /// forge-config: default.isolate = true
    function test_gas_of_the_buffer() public {
        vm.startPrank(SOURCE);
        payment.approve(address(escrow), 100e18);
        escrow.deposit(TASK, 100e18);
        vm.snapshotGasLastCall("EscrowBuffer", "deposit");
        vm.stopPrank();
        _stream(SOURCE, 3 * CAPACITY);
        _pass(60);
        escrow.sync(TASK);
        vm.snapshotGasLastCall("EscrowBuffer", "sync");
        _distributeFlow(SOURCE, pool, 0);
        pools.rebalance(TASK);
        _pass(60);
        escrow.drain(TASK);
        vm.snapshotGasLastCall("EscrowBuffer", "drain");
        vm.prank(SOURCE);
        escrow.reclaim(TASK, 1);
        vm.snapshotGasLastCall("EscrowBuffer", "reclaim");
    }
}
