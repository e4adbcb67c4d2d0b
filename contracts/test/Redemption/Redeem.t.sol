// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {IRedemption} from "../../src/interfaces/IIssuance.sol";
import {Redemption} from "../../src/issuance/Redemption.sol";
import {IssuanceFixture} from "../support/IssuanceFixture.sol";

/// @notice The way of a redemption that goes well: request, delivery, acceptance.
contract RedeemTest is IssuanceFixture {
    uint256 internal supply;

    function setUp() public override {
        super.setUp();
        supply = _circulating(PROVIDER, BUYER);
    }

    // --- Request

    function test_a_redemption_burns_and_notifies_the_provider() public {
        uint256 amount = supply / 4;
        vm.expectEmit(address(redemption));
        emit IRedemption.RedemptionRequested(
            1, BUYER, PROVIDER, amount, IRedemption.Tier.Standard, JOB, JOB_URI, uint64(block.timestamp + 24 hours)
        );
        uint256 id = _redeem(PROVIDER, amount);
        assertEq(stable.totalSupply(), supply - amount);
        assertEq(stable.balanceOf(BUYER), supply - amount);
        assertEq(redemption.pendingOf(PROVIDER), amount);
        assertEq(collateral.outstandingOf(PROVIDER), supply, "obliged until settled");
        IRedemption.Order memory order = redemption.orderOf(id);
        assertEq(order.buyer, BUYER);
        assertEq(order.provider, PROVIDER);
        assertEq(order.amount, amount);
        assertEq(order.jobHash, JOB);
        assertEq(uint256(order.state), uint256(IRedemption.State.Requested));
    }

    function test_each_tier_has_its_deadline() public {
        uint256[3] memory hours_ = [uint256(24), 6, 1];
        for (uint256 i = 0; i < 3; i++) {
            vm.prank(BUYER);
            uint256 id = redemption.redeem(PROVIDER, 1, IRedemption.Tier(i), JOB, JOB_URI);
            assertEq(redemption.orderOf(id).deadline, block.timestamp + hours_[i] * 1 hours);
        }
    }

    function test_pending_redemptions_never_exceed_what_is_outstanding() public {
        (uint256 other, uint256 stakeId) = _minted(OTHER_PROVIDER);
        _pass(STAKE_SECONDS);
        vm.startPrank(OTHER_PROVIDER);
        staking.unstake(stakeId);
        stable.transfer(BUYER, other);
        vm.stopPrank();
        _redeem(PROVIDER, supply - 1);
        vm.expectRevert(abi.encodeWithSelector(Redemption.AmountAboveFree.selector, PROVIDER, 2, 1));
        vm.prank(BUYER);
        redemption.redeem(PROVIDER, 2, IRedemption.Tier.Standard, JOB, JOB_URI);
        _redeem(PROVIDER, 1);
        assertEq(redemption.freeOf(PROVIDER), 0);
    }

    function test_a_provider_that_owes_nothing_cannot_be_redeemed_against() public {
        vm.expectRevert(abi.encodeWithSelector(Redemption.AmountAboveFree.selector, OTHER_PROVIDER, 1, 0));
        vm.prank(BUYER);
        redemption.redeem(OTHER_PROVIDER, 1, IRedemption.Tier.Standard, JOB, JOB_URI);
    }

    function test_nobody_redeems_what_he_does_not_hold() public {
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, OUTSIDER, 0, 1));
        vm.prank(OUTSIDER);
        redemption.redeem(PROVIDER, 1, IRedemption.Tier.Standard, JOB, JOB_URI);
    }

    function test_malformed_requests_are_refused() public {
        vm.startPrank(BUYER);
        vm.expectRevert(Redemption.ZeroAmount.selector);
        redemption.redeem(PROVIDER, 0, IRedemption.Tier.Standard, JOB, JOB_URI);
        vm.expectRevert(Redemption.JobHashZero.selector);
        redemption.redeem(PROVIDER, 1, IRedemption.Tier.Standard, 0, JOB_URI);
        vm.expectRevert(abi.encodeWithSelector(Redemption.UriLengthInvalid.selector, 0, 512));
        redemption.redeem(PROVIDER, 1, IRedemption.Tier.Standard, JOB, "");
        vm.expectRevert(abi.encodeWithSelector(Redemption.UriLengthInvalid.selector, 513, 512));
        redemption.redeem(PROVIDER, 1, IRedemption.Tier.Standard, JOB, string(new bytes(513)));
    }

    function test_while_paused_only_new_redemptions_stop() public {
        uint256 id = _redeem(PROVIDER, supply / 2);
        vm.prank(GUARDIAN);
        redemption.pause();
        vm.expectRevert(Pausable.EnforcedPause.selector);
        vm.prank(BUYER);
        redemption.redeem(PROVIDER, 1, IRedemption.Tier.Standard, JOB, JOB_URI);
        _deliver(id);
        vm.prank(BUYER);
        redemption.confirm(id);
        assertEq(collateral.outstandingOf(PROVIDER), supply - supply / 2);
    }

    // --- Delivery

    function test_a_delivery_waits_for_acceptance() public {
        uint256 id = _redeem(PROVIDER, supply);
        vm.expectEmit(address(redemption));
        emit IRedemption.Delivered(id, PROVIDER, RESULT, 1_000_000, RESULT_URI);
        _deliver(id);
        IRedemption.Order memory order = redemption.orderOf(id);
        assertEq(order.resultHash, RESULT);
        assertEq(order.workDone, 1_000_000);
        assertEq(order.disputeUntil, block.timestamp + 72 hours);
        assertEq(collateral.outstandingOf(PROVIDER), supply);
    }

    function test_the_deadline_itself_is_in_time_and_a_second_later_is_not() public {
        uint256 first = _redeem(PROVIDER, 1);
        uint256 second = _redeem(PROVIDER, 1);
        _passSilently(24 hours);
        _deliver(first);
        uint64 deadline = redemption.orderOf(second).deadline;
        _passSilently(1);
        vm.expectRevert(abi.encodeWithSelector(Redemption.DeadlinePassed.selector, second, deadline));
        vm.prank(PROVIDER);
        redemption.deliver(second, RESULT, 1, RESULT_URI);
    }

    function test_only_the_provider_delivers_once_and_something() public {
        uint256 id = _redeem(PROVIDER, supply);
        vm.expectRevert(abi.encodeWithSelector(Redemption.CallerNotProvider.selector, id, PROVIDER, OUTSIDER));
        vm.prank(OUTSIDER);
        redemption.deliver(id, RESULT, 1, RESULT_URI);
        vm.expectRevert(Redemption.ResultHashZero.selector);
        vm.prank(PROVIDER);
        redemption.deliver(id, 0, 1, RESULT_URI);
        _deliver(id);
        vm.expectRevert(abi.encodeWithSelector(Redemption.OrderInState.selector, id, IRedemption.State.Delivered));
        vm.prank(PROVIDER);
        redemption.deliver(id, RESULT, 1, RESULT_URI);
    }

    // --- Acceptance

    function test_confirmation_releases_the_obligation_and_its_collateral() public {
        uint256 amount = supply / 2;
        uint256 id = _redeem(PROVIDER, amount);
        _deliver(id);
        uint256 releasable = collateral.collateralOf(PROVIDER) - collateral.requiredUp(supply - amount);
        vm.expectEmit(address(redemption));
        emit IRedemption.Settled(id, releasable);
        vm.prank(BUYER);
        redemption.confirm(id);
        assertEq(collateral.outstandingOf(PROVIDER), supply - amount);
        assertEq(redemption.pendingOf(PROVIDER), 0);

        vm.prank(PROVIDER);
        collateral.withdraw(releasable);
        assertEq(dollar.balanceOf(PROVIDER), releasable);
    }

    function test_only_the_buyer_confirms_and_only_a_delivery() public {
        uint256 id = _redeem(PROVIDER, supply);
        vm.expectRevert(abi.encodeWithSelector(Redemption.OrderInState.selector, id, IRedemption.State.Requested));
        vm.prank(BUYER);
        redemption.confirm(id);
        _deliver(id);
        vm.expectRevert(abi.encodeWithSelector(Redemption.CallerNotBuyer.selector, id, BUYER, PROVIDER));
        vm.prank(PROVIDER);
        redemption.confirm(id);
    }

    function test_silence_past_the_dispute_window_is_acceptance() public {
        uint256 id = _redeem(PROVIDER, supply);
        _deliver(id);
        uint64 until = redemption.orderOf(id).disputeUntil;
        _passSilently(72 hours);
        vm.expectRevert(abi.encodeWithSelector(Redemption.DisputeWindowOpen.selector, id, until));
        redemption.finalize(id);
        _passSilently(1);
        vm.prank(OUTSIDER);
        redemption.finalize(id);
        assertEq(uint256(redemption.orderOf(id).state), uint256(IRedemption.State.Settled));
        assertEq(collateral.outstandingOf(PROVIDER), 0);
    }

    /// @dev All is settled, so the provider leaves with everything although no price is fresh.
    function test_a_provider_that_owes_nothing_leaves_without_a_price() public {
        uint256 id = _redeem(PROVIDER, supply);
        _deliver(id);
        _passSilently(72 hours + 1);
        redemption.finalize(id);
        uint256 all = collateral.collateralOf(PROVIDER);
        vm.prank(PROVIDER);
        collateral.withdraw(all);
        assertEq(dollar.balanceOf(PROVIDER), all);
    }

    function test_without_a_price_a_settlement_goes_through_and_releases_nothing_yet() public {
        uint256 id = _redeem(PROVIDER, supply / 2);
        _deliver(id);
        _passSilently(72 hours + 1);
        vm.expectEmit(address(redemption));
        emit IRedemption.Settled(id, 0);
        redemption.finalize(id);
    }

    function test_an_order_that_does_not_exist_is_refused() public {
        vm.expectRevert(abi.encodeWithSelector(Redemption.OrderUnknown.selector, 1, 0));
        redemption.orderOf(1);
        vm.expectRevert(abi.encodeWithSelector(Redemption.OrderUnknown.selector, 0, 0));
        redemption.finalize(0);
    }

    // --- Retirement

    function test_a_provider_retires_its_own_obligation() public {
        vm.prank(BUYER);
        stable.transfer(PROVIDER, supply / 3);
        vm.expectEmit(address(redemption));
        emit IRedemption.Retired(PROVIDER, supply / 3);
        vm.prank(PROVIDER);
        redemption.retire(supply / 3);
        assertEq(collateral.outstandingOf(PROVIDER), supply - supply / 3);
        assertEq(stable.totalSupply(), supply - supply / 3);
    }

    function test_what_is_pending_cannot_be_retired() public {
        _redeem(PROVIDER, supply - 10);
        vm.prank(BUYER);
        stable.transfer(PROVIDER, 10);
        vm.expectRevert(abi.encodeWithSelector(Redemption.AmountAboveFree.selector, PROVIDER, 11, 10));
        vm.prank(PROVIDER);
        redemption.retire(11);
        vm.prank(PROVIDER);
        redemption.retire(10);
    }

    /// forge-config: default.isolate = true
    function test_gas_of_a_redemption() public {
        uint256 id = _redeem(PROVIDER, supply / 4);
        _snapshot("redeem");
        vm.prank(PROVIDER);
        redemption.deliver(id, RESULT, 1, RESULT_URI);
        _snapshot("deliver");
        vm.prank(BUYER);
        redemption.confirm(id);
        _snapshot("confirm");
        id = _redeem(PROVIDER, supply / 4);
        vm.prank(PROVIDER);
        redemption.deliver(id, RESULT, 1, RESULT_URI);
        vm.prank(BUYER);
        redemption.dispute(id);
        _snapshot("dispute");
        vm.prank(ARBITER);
        redemption.resolve(id, false);
        _snapshot("resolve for the buyer");
        id = _redeem(PROVIDER, supply / 4);
        _pass(24 hours + 1);
        redemption.expire(id);
        _snapshot("expire");
        vm.prank(BUYER);
        stable.transfer(PROVIDER, 1000);
        vm.prank(PROVIDER);
        redemption.retire(1000);
        _snapshot("retire");
    }

    function _snapshot(string memory name) private {
        assertLt(vm.snapshotGasLastCall("Redemption", name), 200_000);
    }
}
