// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {IProviderStaking} from "../../src/interfaces/IStaking.sol";
import {Peers} from "../../src/libraries/Peers.sol";
import {ProviderStaking} from "../../src/staking/ProviderStaking.sol";
import {IssuanceFixture} from "../support/IssuanceFixture.sol";

contract StakeTest is IssuanceFixture {
    uint256 internal held;

    function setUp() public override {
        super.setUp();
        held = _circulating(PROVIDER, PROVIDER);
        vm.prank(PROVIDER);
        stable.approve(address(staking), held);
    }

    function test_a_holder_stakes_again() public {
        uint256 before = stable.balanceOf(address(staking));
        vm.expectEmit(address(staking));
        emit IProviderStaking.Staked(uint256(uint160(PROVIDER)) << 96 | 2, PROVIDER, held, uint64(block.timestamp + 7 days));
        vm.prank(PROVIDER);
        uint256 stakeId = staking.stake(held, 7 days);
        assertEq(staking.stakedOf(PROVIDER), held);
        assertEq(staking.totalStaked(), held);
        assertEq(staking.stakeCountOf(PROVIDER), 2);
        assertEq(stable.balanceOf(address(staking)), before + held);
        (address provider, uint256 amount, uint64 startedAt, uint64 unlocksAt) = staking.stakeOf(stakeId);
        assertEq(provider, PROVIDER);
        assertEq(amount, held);
        assertEq(startedAt, block.timestamp);
        assertEq(unlocksAt, startedAt + 7 days);
    }

    function test_a_period_one_second_short_is_refused() public {
        vm.expectRevert(abi.encodeWithSelector(ProviderStaking.PeriodTooShort.selector, 7 days - 1, 7 days));
        vm.prank(PROVIDER);
        staking.stake(held, 7 days - 1);
        vm.expectRevert(abi.encodeWithSelector(ProviderStaking.PeriodTooLong.selector, 365 days + 1, 365 days));
        vm.prank(PROVIDER);
        staking.stake(held, 365 days + 1);
    }

    function test_a_stake_of_nothing_or_of_what_is_not_held_is_refused() public {
        vm.startPrank(PROVIDER);
        vm.expectRevert(ProviderStaking.ZeroAmount.selector);
        staking.stake(0, 7 days);
        stable.approve(address(staking), held + 1);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, PROVIDER, held, held + 1));
        staking.stake(held + 1, 7 days);
    }

    function test_a_stake_is_locked_to_the_second() public {
        vm.startPrank(PROVIDER);
        uint256 stakeId = staking.stake(held, 7 days);
        uint64 unlocksAt = uint64(block.timestamp + 7 days);
        _passSilently(7 days - 1);
        vm.expectRevert(abi.encodeWithSelector(ProviderStaking.StakeLocked.selector, stakeId, unlocksAt));
        staking.unstake(stakeId);
        _passSilently(1);
        vm.expectEmit(address(staking));
        emit IProviderStaking.Unstaked(stakeId, PROVIDER, held);
        assertEq(staking.unstake(stakeId), held);
        assertEq(stable.balanceOf(PROVIDER), held);
        assertEq(staking.totalStaked(), 0);
    }

    function test_a_stake_is_returned_once_and_to_its_provider() public {
        vm.prank(PROVIDER);
        uint256 stakeId = staking.stake(held, 7 days);
        _passSilently(7 days);
        vm.expectRevert(abi.encodeWithSelector(ProviderStaking.StakeOfAnother.selector, stakeId, PROVIDER, OUTSIDER));
        vm.prank(OUTSIDER);
        staking.unstake(stakeId);
        vm.startPrank(PROVIDER);
        staking.unstake(stakeId);
        vm.expectRevert(abi.encodeWithSelector(ProviderStaking.StakeUnknown.selector, stakeId));
        staking.unstake(stakeId);
        vm.expectRevert(abi.encodeWithSelector(ProviderStaking.StakeUnknown.selector, stakeId));
        staking.stakeOf(stakeId);
    }

    function test_while_paused_stakes_can_leave() public {
        vm.prank(PROVIDER);
        uint256 stakeId = staking.stake(held / 2, 7 days);
        vm.prank(GUARDIAN);
        staking.pause();
        vm.expectRevert(Pausable.EnforcedPause.selector);
        vm.prank(PROVIDER);
        staking.stake(held / 2, 7 days);
        _passSilently(7 days);
        vm.prank(PROVIDER);
        staking.unstake(stakeId);
        assertEq(stable.balanceOf(PROVIDER), held);
    }

    function test_only_minting_agent_stakes_for_others() public {
        vm.expectRevert(abi.encodeWithSelector(Peers.CallerNotPeer.selector, OUTSIDER, address(agent)));
        vm.prank(OUTSIDER);
        staking.stakeMinted(OUTSIDER, 1, 7 days);
    }

    /// forge-config: default.isolate = true
    function test_gas_of_a_stake() public {
        _addBudget(1000e18);
        vm.prank(PROVIDER);
        uint256 stakeId = staking.stake(held, 7 days);
        assertLt(vm.snapshotGasLastCall("ProviderStaking", "stake"), 200_000);
        _passSilently(7 days);
        vm.prank(PROVIDER);
        staking.unstake(stakeId);
        assertLt(vm.snapshotGasLastCall("ProviderStaking", "unstake"), 200_000);
    }
}
