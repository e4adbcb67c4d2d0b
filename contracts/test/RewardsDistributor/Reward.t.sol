// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRewardsDistributor} from "../../src/interfaces/IStaking.sol";
import {Peers} from "../../src/libraries/Peers.sol";
import {RewardsDistributor} from "../../src/staking/RewardsDistributor.sol";
import {IssuanceFixture} from "../support/IssuanceFixture.sol";

/// @notice R = S x T x M until the budget ends.
contract RewardTest is IssuanceFixture {
    uint256 internal constant BUDGET = 1_000_000e18;

    function test_a_reward_is_stake_times_time_times_multiplier() public {
        _addBudget(BUDGET);
        (uint256 stake_,) = _minted(PROVIDER);
        _pass(10 days);
        uint256 expected = stake_ * 10 days * MULTIPLIER / 1e18;
        assertApproxEqAbs(distributor.accruedOf(PROVIDER), expected, 1);
        assertLe(distributor.accruedOf(PROVIDER), expected);

        uint256 accrued = distributor.accruedOf(PROVIDER);
        vm.expectEmit(address(distributor));
        emit IRewardsDistributor.RewardClaimed(PROVIDER, accrued);
        vm.prank(PROVIDER);
        assertEq(distributor.claim(), accrued);
        assertEq(reward.balanceOf(PROVIDER), accrued);
        assertEq(distributor.accruedOf(PROVIDER), 0);
    }

    function test_who_claims_often_gets_no_more_than_who_claims_once() public {
        _addBudget(BUDGET);
        (uint256 first,) = _minted(PROVIDER);
        (uint256 second,) = _minted(OTHER_PROVIDER);
        assertEq(first, second);
        for (uint256 i = 0; i < 20; i++) {
            _pass(1 hours + i);
            vm.prank(PROVIDER);
            distributor.claim();
        }
        assertLe(reward.balanceOf(PROVIDER), distributor.accruedOf(OTHER_PROVIDER));
        assertApproxEqAbs(reward.balanceOf(PROVIDER), distributor.accruedOf(OTHER_PROVIDER), 20);
    }

    function test_what_is_unstaked_earns_no_more() public {
        _addBudget(BUDGET);
        (, uint256 stakeId) = _minted(PROVIDER);
        _pass(STAKE_SECONDS);
        vm.prank(PROVIDER);
        staking.unstake(stakeId);
        uint256 accrued = distributor.accruedOf(PROVIDER);
        _pass(30 days);
        assertGt(accrued, 0);
        assertEq(distributor.accruedOf(PROVIDER), accrued);
        vm.prank(PROVIDER);
        distributor.claim();
        vm.expectRevert(abi.encodeWithSelector(RewardsDistributor.NothingAccrued.selector, PROVIDER));
        vm.prank(PROVIDER);
        distributor.claim();
    }

    function test_a_later_stake_earns_from_its_start() public {
        _addBudget(BUDGET);
        (uint256 stake_,) = _minted(PROVIDER);
        _pass(5 days);
        _minted(OTHER_PROVIDER);
        assertEq(distributor.accruedOf(OTHER_PROVIDER), 0);
        _pass(5 days);
        assertApproxEqAbs(distributor.accruedOf(OTHER_PROVIDER), stake_ * 5 days * MULTIPLIER / 1e18, 1);
        assertApproxEqAbs(distributor.accruedOf(PROVIDER), 2 * distributor.accruedOf(OTHER_PROVIDER), 2);
    }

    function test_without_budget_nothing_accrues_and_the_time_stays_unpaid() public {
        (uint256 stake_,) = _minted(PROVIDER);
        _pass(5 days);
        assertEq(distributor.accruedOf(PROVIDER), 0);
        vm.expectEmit(address(distributor));
        emit IRewardsDistributor.BudgetAdded(BUDGET, BUDGET);
        _addBudget(BUDGET);
        assertEq(distributor.accruedOf(PROVIDER), 0);
        _pass(1 days);
        assertApproxEqAbs(distributor.accruedOf(PROVIDER), stake_ * 1 days * MULTIPLIER / 1e18, 1);
    }

    function test_the_budget_is_paid_to_the_last_and_never_exceeded() public {
        _addBudget(1e9);
        _minted(PROVIDER);
        _minted(OTHER_PROVIDER);
        _pass(10 days);
        assertEq(distributor.promisedUp(), 1e9);
        vm.prank(PROVIDER);
        distributor.claim();
        vm.prank(OTHER_PROVIDER);
        distributor.claim();
        assertLe(reward.totalSupply(), 1e9);
        assertGe(reward.totalSupply(), 1e9 - 3);
    }

    function testFuzz_the_budget_is_never_exceeded(uint96 added, uint32[5] calldata pauses, uint64 multiplier, bool leaves) public {
        added = uint96(bound(added, 1, type(uint96).max / 2));
        _addBudget(added);
        vm.prank(address(timelock));
        distributor.setMultiplier(bound(multiplier, 0, 1e12));
        (, uint256 stakeId) = _minted(PROVIDER);
        for (uint256 i = 0; i < pauses.length; i++) {
            _pass(pauses[i] % 200 days);
            if (i == 1) _minted(OTHER_PROVIDER);
            if (i == 2) _addBudget(added);
            if (i == 3 && leaves && block.timestamp >= 1_800_000_000 + STAKE_SECONDS) {
                vm.prank(PROVIDER);
                staking.unstake(stakeId);
            }
            uint256 promised = distributor.accruedOf(PROVIDER) + distributor.accruedOf(OTHER_PROVIDER);
            assertLe(promised, distributor.promisedUp(), "parts above the whole");
            assertLe(distributor.promisedUp(), distributor.budget(), "above the budget");
        }
    }

    function test_a_new_multiplier_counts_from_now_on() public {
        _addBudget(BUDGET);
        (uint256 stake_,) = _minted(PROVIDER);
        _pass(1 days);
        vm.expectEmit(address(distributor));
        emit IRewardsDistributor.MultiplierSet(3 * MULTIPLIER);
        vm.prank(address(timelock));
        distributor.setMultiplier(3 * MULTIPLIER);
        _pass(1 days);
        assertApproxEqAbs(distributor.accruedOf(PROVIDER), 4 * (stake_ * 1 days * MULTIPLIER / 1e18), 4);
        assertEq(distributor.multiplier(), 3 * MULTIPLIER);
    }

    function test_governance_stays_within_its_limits() public {
        vm.startPrank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(RewardsDistributor.MultiplierTooLarge.selector, 1e12 + 1, 1e12));
        distributor.setMultiplier(1e12 + 1);
        uint256 max = distributor.BUDGET_MAX();
        vm.expectRevert(abi.encodeWithSelector(RewardsDistributor.BudgetTooLarge.selector, max + 1, max));
        distributor.addBudget(max + 1);
        vm.stopPrank();
        vm.startPrank(OUTSIDER);
        _expectUnauthorised(OUTSIDER);
        distributor.setMultiplier(0);
        _expectUnauthorised(OUTSIDER);
        distributor.addBudget(1);
        vm.expectRevert(abi.encodeWithSelector(Peers.CallerNotPeer.selector, OUTSIDER, address(staking)));
        distributor.onStakeChange(OUTSIDER);
    }

    /// forge-config: default.isolate = true
    function test_gas_of_a_claim() public {
        _addBudget(BUDGET);
        _minted(PROVIDER);
        _pass(1 days);
        vm.prank(PROVIDER);
        distributor.claim();
        assertLt(vm.snapshotGasLastCall("RewardsDistributor", "claim"), 200_000);
    }
}
