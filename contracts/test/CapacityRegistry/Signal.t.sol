// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {CapacityRegistry} from "../../src/flow/CapacityRegistry.sol";
import {ICapacitySignal} from "../../src/interfaces/ICapacitySignal.sol";
import {CapacityReport} from "../../src/types/Flow.sol";
import {FlowFixture} from "../support/FlowFixture.sol";

contract CapacityRegistrySignalTest is FlowFixture {
    uint256 internal constant ONE = 1e18; // fixed point of the average

    function setUp() public override {
        super.setUp();
        _registered(SINK);
        _nextEpoch();
    }

    function test_a_reveal_moves_the_average_by_alpha() public {
        _commit(SINK, CAPACITY);
        vm.roll(block.number + 1);
        vm.expectEmit();
        emit ICapacitySignal.CapacityRevealed(TASK, SINK, CAPACITY, CAPACITY * 3 / 10);
        vm.prank(SINK);
        registry.revealCapacity(TASK, CAPACITY, NONCE);
        assertEq(_smoothed(SINK), CAPACITY * 3 / 10);
        _nextEpoch();
        _signal(SINK, CAPACITY);
        assertEq(_smoothed(SINK), CAPACITY * 51 / 100);
    }

    function test_the_average_arrives_at_small_capacities_too() public {
        for (uint256 i = 0; i < 40; i++) {
            _signal(SINK, 10);
            _nextEpoch();
        }
        (uint256 smoothed,,) = registry.signalOf(TASK, SINK);
        assertGt(smoothed, 9.999 * 1e18, "an average of whole wei would stick at 7");
    }

    function test_the_average_cannot_be_walked_within_an_epoch() public {
        _signal(SINK, CAPACITY);
        uint256 epoch = registry.currentEpoch();
        vm.roll(block.number + 1);
        bytes32 hash = registry.commitmentOf(TASK, SINK, epoch, CAPACITY, NONCE);
        vm.expectRevert(abi.encodeWithSelector(CapacityRegistry.EpochRevealed.selector, TASK, SINK, epoch));
        vm.prank(SINK);
        registry.commitCapacity(TASK, hash);
        vm.startPrank(SINK);
        registry.deregisterSink(TASK);
        registry.registerSink(TASK);
        vm.expectRevert(abi.encodeWithSelector(CapacityRegistry.EpochRevealed.selector, TASK, SINK, epoch));
        registry.commitCapacity(TASK, hash);
    }

    function test_a_reveal_needs_a_block_between() public {
        _commit(SINK, CAPACITY);
        vm.expectRevert(abi.encodeWithSelector(CapacityRegistry.CommitmentTooYoung.selector, block.number, block.number));
        vm.prank(SINK);
        registry.revealCapacity(TASK, CAPACITY, NONCE);
    }

    function test_a_commitment_expires() public {
        _commit(SINK, CAPACITY);
        uint256 made = block.number;
        vm.roll(made + 21);
        vm.expectRevert(abi.encodeWithSelector(CapacityRegistry.CommitmentExpired.selector, made, made + 21));
        vm.prank(SINK);
        registry.revealCapacity(TASK, CAPACITY, NONCE);
    }

    function test_a_commitment_counts_in_its_epoch_only() public {
        _commit(SINK, CAPACITY);
        uint256 epoch = registry.currentEpoch();
        vm.warp((epoch + 1) * EPOCH_SECONDS);
        vm.roll(block.number + 1);
        vm.expectRevert(abi.encodeWithSelector(CapacityRegistry.CommitmentOfOtherEpoch.selector, epoch, epoch + 1));
        vm.prank(SINK);
        registry.revealCapacity(TASK, CAPACITY, NONCE);
    }

    function test_a_copied_commitment_opens_nothing_for_the_copyist() public {
        _registered(OTHER_SINK);
        bytes32 hash = registry.commitmentOf(TASK, SINK, registry.currentEpoch(), CAPACITY, NONCE);
        vm.prank(SINK);
        registry.commitCapacity(TASK, hash);
        vm.prank(OTHER_SINK);
        registry.commitCapacity(TASK, hash);
        vm.roll(block.number + 1);
        vm.prank(SINK);
        registry.revealCapacity(TASK, CAPACITY, NONCE);
        bytes32 own = registry.commitmentOf(TASK, OTHER_SINK, registry.currentEpoch(), CAPACITY, NONCE);
        vm.expectRevert(abi.encodeWithSelector(CapacityRegistry.CommitmentMismatch.selector, hash, own));
        vm.prank(OTHER_SINK);
        registry.revealCapacity(TASK, CAPACITY, NONCE);
    }

    function test_another_capacity_than_committed_is_refused() public {
        _commit(SINK, CAPACITY);
        vm.roll(block.number + 1);
        vm.expectPartialRevert(CapacityRegistry.CommitmentMismatch.selector);
        vm.prank(SINK);
        registry.revealCapacity(TASK, CAPACITY + 1, NONCE);
    }

    function test_silence_decays_the_signal_and_its_units() public {
        for (uint256 i = 0; i < 3; i++) {
            _signal(SINK, CAPACITY);
            _nextEpoch();
        }
        uint256 before = _smoothed(SINK);
        _nextEpoch();
        assertEq(_smoothed(SINK), before * 7 / 10);
        address[] memory silent = new address[](1);
        silent[0] = SINK;
        registry.decay(TASK, silent);
        assertEq(_smoothed(SINK), before * 7 / 10, "read and written agree");
        assertEq(pool.getUnits(SINK), before * 7 / 10 / QUANTUM);
        registry.decay(TASK, silent);
        assertEq(_smoothed(SINK), before * 7 / 10, "once for each epoch");
    }

    function test_the_cap_of_the_stake_is_shared_over_task_types() public {
        bytes32 second = _secondTask();
        vm.prank(SINK);
        registry.registerSink(second);
        uint256 cap = stakes.getCapacityCap(SINK);
        for (uint256 i = 0; i < 12; i++) {
            _signal(SINK, 10 * cap);
            _signalFor(second, SINK, 10 * cap);
            _nextEpoch();
        }
        (uint256 first,,) = registry.signalOf(TASK, SINK);
        (uint256 other,,) = registry.signalOf(second, SINK);
        assertLe(first + other, cap * ONE);
        assertGt(first + other, cap * ONE * 99 / 100);
    }

    function test_completion_is_judged_against_offered_work_only() public {
        vm.prank(ARBITER);
        registry.recordCompletion(TASK, SINK, 0, 0);
        _signal(SINK, CAPACITY);
        assertEq(_smoothed(SINK), CAPACITY * 3 / 10, "idle capacity is no fault");
        vm.prank(ARBITER);
        registry.recordCompletion(TASK, SINK, 100, 50);
        _nextEpoch();
        _signal(SINK, CAPACITY);
        assertEq(_smoothed(SINK), CAPACITY * 3 / 10 * 7 / 10 + CAPACITY / 2 * 3 / 10);
        vm.expectRevert(abi.encodeWithSelector(CapacityRegistry.CompletionInvalid.selector, 1, 2));
        vm.prank(ARBITER);
        registry.recordCompletion(TASK, SINK, 1, 2);
    }

    function test_who_left_has_no_units_in_the_same_transaction() public {
        _signal(SINK, CAPACITY);
        assertGt(pool.getUnits(SINK), 0);
        vm.prank(SINK);
        registry.deregisterSink(TASK);
        assertEq(pool.getUnits(SINK), 0);
        assertEq(_smoothed(SINK), 0);
    }

    // --- Signed reports

    function test_signed_reports_count_once_and_a_spoilt_one_harms_no_other() public {
        (address signer, uint256 key) = makeAddrAndKey("signing sink");
        _registered(signer);
        CapacityReport[] memory reports = new CapacityReport[](3);
        bytes[] memory signatures = new bytes[](3);
        reports[0] = CapacityReport(TASK, SINK, CAPACITY, registry.currentEpoch());
        signatures[0] = _signed(key, reports[0]); // by another's key
        reports[1] = CapacityReport(TASK, signer, CAPACITY, registry.currentEpoch());
        signatures[1] = _signed(key, reports[1]);
        (reports[2], signatures[2]) = (reports[1], signatures[1]); // again
        uint256 epoch = registry.currentEpoch();
        vm.expectEmit();
        emit CapacityRegistry.ReportSkipped(TASK, SINK, epoch);
        registry.reportCapacities(reports, signatures);
        assertEq(_smoothed(SINK), 0);
        assertEq(_smoothed(signer), CAPACITY * 3 / 10);
        assertEq(pool.getUnits(signer), 0);
        assertTrue(pools.needsRebalance(TASK));
        pools.rebalance(TASK);
        assertEq(pool.getUnits(signer), CAPACITY * 3 / 10 / QUANTUM);
        assertFalse(pools.needsRebalance(TASK));
    }

    function test_a_report_of_yesterday_is_skipped() public {
        (address signer, uint256 key) = makeAddrAndKey("signing sink");
        _registered(signer);
        CapacityReport[] memory reports = new CapacityReport[](1);
        bytes[] memory signatures = new bytes[](1);
        reports[0] = CapacityReport(TASK, signer, CAPACITY, registry.currentEpoch());
        signatures[0] = _signed(key, reports[0]);
        _nextEpoch();
        registry.reportCapacities(reports, signatures);
        assertEq(_smoothed(signer), 0);
    }

    function _signed(uint256 key, CapacityReport memory report) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, registry.digestOf(report));
        return abi.encodePacked(r, s, v);
    }

    function _secondTask() private returns (bytes32 taskTypeId) {
        vm.startPrank(timelock);
        taskTypeId = registry.registerTaskType("compute.matrix");
        pools.openPool(taskTypeId, QUANTUM);
        vm.stopPrank();
    }

    function _signalFor(bytes32 taskTypeId, address sink, uint256 capacity) private {
        bytes32 hash = registry.commitmentOf(taskTypeId, sink, registry.currentEpoch(), capacity, NONCE);
        vm.prank(sink);
        registry.commitCapacity(taskTypeId, hash);
        vm.roll(vm.getBlockNumber() + 1);
        vm.prank(sink);
        registry.revealCapacity(taskTypeId, capacity, NONCE);
    }

    /// forge-config: default.isolate = true
    function test_gas_of_signals() public {
        _stake(OTHER_SINK, STAKE);
        vm.prank(OTHER_SINK);
        registry.registerSink(TASK);
        vm.snapshotGasLastCall("CapacityRegistry", "registerSink");
        _commit(SINK, CAPACITY);
        assertLt(vm.snapshotGasLastCall("CapacityRegistry", "commitCapacity"), 200_000);
    }
}
