// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISuperfluidPool} from "@superfluid-finance/ethereum-contracts/contracts/interfaces/superfluid/ISuperfluid.sol";

import {Pipeline} from "../../src/flow/Pipeline.sol";
import {FlowFixture} from "../support/FlowFixture.sol";

contract PipelinePropagateTest is FlowFixture {
    bytes32 internal constant CHAIN = keccak256("a pipeline");
    bytes32[] internal stages;
    ISuperfluidPool[] internal stagePools;

    function setUp() public override {
        super.setUp();
        vm.startPrank(timelock);
        stages = [TASK, registry.registerTaskType("stage 1"), registry.registerTaskType("stage 2")];
        pools.openPool(stages[1], QUANTUM);
        pools.openPool(stages[2], QUANTUM);
        pipeline.createPipeline(CHAIN, stages);
        vm.stopPrank();
        for (uint256 i = 0; i < 3; i++) {
            stagePools.push(ISuperfluidPool(pools.getPool(stages[i])));
            _stake(_sink(i), STAKE);
            vm.prank(_sink(i));
            registry.registerSink(stages[i]);
        }
        _settle([4 * CAPACITY, 2 * CAPACITY, 3 * CAPACITY]);
        _fund(SOURCE, 10_000e18);
        _fund(address(this), 500e18);
        payment.transfer(address(pipeline), 500e18); // for what Superfluid locks
    }

    function test_no_stage_is_paid_more_than_the_ones_behind_it_can_do() public {
        _distributeFlow(SOURCE, stagePools[0], 9 * CAPACITY);
        pipeline.propagate(CHAIN);
        uint256[] memory effective = pipeline.effectiveCapacities(CHAIN);
        assertApproxEqRel(effective[0], 2 * CAPACITY, 0.01e18);
        assertEq(effective[0], effective[1]);
        assertApproxEqRel(effective[2], 3 * CAPACITY, 0.01e18);
        for (uint256 i = 0; i < 3; i++) {
            assertLe(_rate(i, _sink(i)), effective[i]);
        }
        assertApproxEqRel(_rate(0, _sink(0)), 2 * CAPACITY, 0.01e18);
        assertApproxEqRel(_rate(1, _sink(1)), 2 * CAPACITY, 0.01e18);
        assertApproxEqRel(_rate(2, _sink(2)), 2 * CAPACITY, 0.01e18, "as much as the stages before let through");
    }

    function test_a_stage_that_is_cut_lowers_what_it_forwards_with_it() public {
        _distributeFlow(SOURCE, stagePools[0], 6 * CAPACITY);
        pipeline.propagate(CHAIN);
        assertGt(pipeline.forwardedTo(stages[1]), 3 * CAPACITY);
        vm.prank(_sink(0));
        registry.deregisterSink(stages[0]);
        pools.rebalance(stages[0]); // by anyone: Pipeline keeps its income until it has cut what it forwards
        assertGe(_income(0), pipeline.forwardedTo(stages[1]));
        pipeline.propagate(CHAIN);
        assertEq(_income(0), 0);
        assertEq(pipeline.forwardedTo(stages[1]), 0);
        assertEq(pipeline.forwardedTo(stages[2]), 0);
        _pass(1 days);
        (int256 available,,,) = payment.realtimeBalanceOfNow(address(pipeline));
        assertGe(available, 0, "never in trouble");
    }

    function test_a_bottleneck_at_the_end_reaches_the_first_stage() public {
        _distributeFlow(SOURCE, stagePools[0], 6 * CAPACITY);
        pipeline.propagate(CHAIN);
        _settle([4 * CAPACITY, 2 * CAPACITY, CAPACITY / 2]);
        pipeline.propagate(CHAIN);
        assertLe(_rate(0, _sink(0)), CAPACITY * 51 / 100);
        assertLe(pipeline.forwardedTo(stages[1]), _income(0));
        assertLe(pipeline.forwardedTo(stages[2]), _income(1));
    }

    function test_a_raise_without_deposit_is_left_out_and_told() public {
        uint256 lent = payment.balanceOf(address(pipeline));
        vm.prank(timelock);
        pipeline.returnDeposit(OUTSIDER, lent);
        _distributeFlow(SOURCE, stagePools[0], 6 * CAPACITY);
        vm.expectEmit(true, true, false, false);
        emit Pipeline.ForwardUnfunded(CHAIN, 1, 0);
        pipeline.propagate(CHAIN);
        assertEq(pipeline.forwardedTo(stages[1]), 0);
    }

    function test_a_task_type_is_a_stage_of_one_pipeline() public {
        vm.startPrank(timelock);
        vm.expectRevert(abi.encodeWithSelector(Pipeline.StageTaken.selector, TASK, CHAIN));
        pipeline.createPipeline(keccak256("another"), stages);
        vm.expectRevert(abi.encodeWithSelector(Pipeline.PipelineKnown.selector, CHAIN));
        pipeline.createPipeline(CHAIN, stages);
        vm.expectRevert(abi.encodeWithSelector(Pipeline.StageCountInvalid.selector, 0, 2, 8));
        pipeline.createPipeline(keccak256("another"), new bytes32[](0));
    }

    function _settle(uint256[3] memory capacities) private {
        for (uint256 epoch = 0; epoch < 28; epoch++) {
            _nextEpoch();
            for (uint256 i = 0; i < 3; i++) {
                bytes32 hash = registry.commitmentOf(stages[i], _sink(i), registry.currentEpoch(), capacities[i], NONCE);
                vm.prank(_sink(i));
                registry.commitCapacity(stages[i], hash);
            }
            vm.roll(vm.getBlockNumber() + 1);
            for (uint256 i = 0; i < 3; i++) {
                vm.prank(_sink(i));
                registry.revealCapacity(stages[i], capacities[i], NONCE);
            }
        }
    }

    function _rate(uint256 stage, address member) private view returns (uint256) {
        return uint256(uint96(stagePools[stage].getMemberFlowRate(member)));
    }

    function _income(uint256 stage) private view returns (uint256) {
        return _rate(stage, address(pipeline));
    }

    /// forge-config: default.isolate = true
    function test_gas_of_a_propagation() public {
        _distributeFlow(SOURCE, stagePools[0], 6 * CAPACITY);
        pipeline.propagate(CHAIN);
        vm.snapshotGasLastCall("Pipeline", "propagate, three stages opened");
        pipeline.propagate(CHAIN);
        vm.snapshotGasLastCall("Pipeline", "propagate, nothing changed");
    }
}
