// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {StakeManager} from "../../src/flow/StakeManager.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";
import {ICollateralManager} from "../../src/interfaces/IStaking.sol";
import {FlowFixture} from "../support/FlowFixture.sol";

contract StakeManagerStakeTest is FlowFixture {
    address internal immutable PROVIDER = makeAddr("provider");

    function test_the_constants_of_the_source_are_the_defaults() public view {
        StakeManager.Rules memory rules = stakes.rules();
        assertEq(rules.minSinkStake, 100e18);
        assertEq(rules.stakeUnit, 1e18);
        assertEq(registry.rules().alphaBps, 3000);
        assertEq(registry.rules().commitTimeoutBlocks, 20);
        assertEq(pools.thresholdBps(), 500);
    }

    function test_the_cap_is_the_root_of_the_stake() public {
        _stake(SINK, 100e18);
        assertEq(stakes.getCapacityCap(SINK), 10e15);
        _stake(SINK, 300e18);
        assertEq(stakes.getCapacityCap(SINK), 20e15);
        assertEq(stakes.getStake(SINK), 400e18);
    }

    function test_too_small_a_stake_admits_nothing() public {
        _stake(SINK, 100e18 - 1);
        assertEq(stakes.getCapacityCap(SINK), 0);
        vm.expectRevert(abi.encodeWithSelector(StakeManager.StakeBelowMin.selector, SINK, 100e18 - 1, 100e18));
        vm.prank(SINK);
        registry.registerSink(TASK);
    }

    function test_a_stake_is_locked_while_registered_and_for_the_cooldown() public {
        _registered(SINK);
        vm.startPrank(SINK);
        vm.expectRevert(abi.encodeWithSelector(StakeManager.StakeLocked.selector, SINK, 1, 0));
        stakes.unstake(1);
        registry.deregisterSink(TASK);
        uint256 until = block.timestamp + 1 days;
        vm.expectRevert(abi.encodeWithSelector(StakeManager.StakeLocked.selector, SINK, 0, until));
        stakes.unstake(1);
        vm.warp(until);
        vm.expectEmit();
        emit IStakeManager.Unstaked(SINK, STAKE);
        stakes.unstake(STAKE);
        assertEq(stable.balanceOf(SINK), STAKE);
    }

    function test_a_slash_reaches_a_locked_stake_and_ends_the_units_at_once() public {
        _steady(SINK, CAPACITY);
        assertGt(pool.getUnits(SINK), 0);
        vm.prank(ARBITER);
        stakes.slash(SINK, 50e18, "lied");
        assertEq(pool.getUnits(SINK), 0);
        assertEq(stakes.getStake(SINK), STAKE - 50e18);
        assertEq(stable.balanceOf(timelock), 50e18);
        (uint256 registrations, uint256 until) = stakes.lockOf(SINK);
        assertEq(registrations, 0);
        assertEq(until, block.timestamp + 1 days);
    }

    function test_only_the_arbiter_slashes() public {
        _stake(SINK, STAKE);
        _expectUnauthorised(OUTSIDER);
        vm.prank(OUTSIDER);
        stakes.slash(SINK, 1, "x");
    }

    function test_more_than_the_stake_cannot_be_taken() public {
        _stake(SINK, STAKE);
        vm.expectRevert(abi.encodeWithSelector(StakeManager.StakeShort.selector, SINK, STAKE + 1, STAKE));
        vm.prank(SINK);
        stakes.unstake(STAKE + 1);
    }

    // --- Splitting one stake over many addresses

    function test_splitting_a_stake_gains_under_the_root_unless_the_sinks_share_a_provider() public {
        address[4] memory sinks = [_sink(0), _sink(1), _sink(2), _sink(3)];
        uint256 together;
        for (uint256 i = 0; i < 4; i++) {
            _stake(sinks[i], 100e18);
            together += stakes.getCapacityCap(sinks[i]);
        }
        assertEq(together, 40e15, "four roots of 100 are twice the root of 400");
        _verified(PROVIDER);
        together = 0;
        for (uint256 i = 0; i < 4; i++) {
            vm.prank(PROVIDER);
            stakes.admit(sinks[i]);
            vm.prank(sinks[i]);
            stakes.join(PROVIDER);
        }
        for (uint256 i = 0; i < 4; i++) {
            together += stakes.getCapacityCap(sinks[i]);
        }
        assertEq(together, 20e15);
    }

    function test_the_linear_cap_knows_no_gain_from_splitting() public {
        StakeManager.Rules memory rules = stakes.rules();
        rules.linear = true;
        vm.prank(timelock);
        stakes.setRules(rules);
        _stake(SINK, 400e18);
        _stake(OTHER_SINK, 100e18);
        assertEq(stakes.getCapacityCap(SINK), 4 * stakes.getCapacityCap(OTHER_SINK));
    }

    function test_where_providers_are_demanded_a_stranger_cannot_register() public {
        StakeManager.Rules memory rules = stakes.rules();
        rules.providersOnly = true;
        vm.prank(timelock);
        stakes.setRules(rules);
        _stake(SINK, STAKE);
        vm.expectRevert(abi.encodeWithSelector(StakeManager.ProviderMissing.selector, SINK));
        vm.prank(SINK);
        registry.registerSink(TASK);
        _verified(SINK);
        vm.startPrank(SINK);
        stakes.join(SINK);
        registry.registerSink(TASK);
    }

    function test_nobody_joins_a_provider_that_did_not_admit_it() public {
        vm.expectRevert(abi.encodeWithSelector(StakeManager.ProviderUnverified.selector, PROVIDER));
        vm.prank(SINK);
        stakes.join(PROVIDER);
        _verified(PROVIDER);
        vm.expectRevert(abi.encodeWithSelector(StakeManager.SinkNotAdmitted.selector, PROVIDER, SINK));
        vm.prank(SINK);
        stakes.join(PROVIDER);
    }

    function _verified(address provider) private {
        bytes memory call_ = abi.encodeCall(ICollateralManager.outstandingOf, (provider));
        vm.mockCall(address(stakes.collateral()), call_, abi.encode(1e18));
    }

    /// forge-config: default.isolate = true
    function test_gas_of_stakes() public {
        deal(address(stable), SINK, STAKE, true);
        vm.startPrank(SINK);
        stable.approve(address(stakes), STAKE);
        stakes.stake(STAKE);
        assertLt(vm.snapshotGasLastCall("StakeManager", "stake"), 200_000);
        stakes.unstake(STAKE);
        assertLt(vm.snapshotGasLastCall("StakeManager", "unstake"), 200_000);
    }
}
