// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRedemption} from "../../src/interfaces/IIssuance.sol";
import {Redemption} from "../../src/issuance/Redemption.sol";
import {Oracle} from "../../src/oracle/Oracle.sol";
import {CollateralManager} from "../../src/staking/CollateralManager.sol";
import {IssuanceFixture} from "../support/IssuanceFixture.sol";

/// @notice Disputes, missed deadlines and providers in liquidation.
contract DefaultTest is IssuanceFixture {
    uint256 internal supply;

    function setUp() public override {
        super.setUp();
        supply = _circulating(PROVIDER, BUYER);
    }

    // --- Missed deadline

    function test_a_missed_deadline_compensates_the_buyer_above_par() public {
        uint256 amount = supply / 4;
        uint256 id = _redeem(PROVIDER, amount);
        _pass(24 hours + 1);
        uint256 expected = amount * PAR * 11_000 / (10_000 * 1e30);
        vm.expectEmit(address(redemption));
        emit IRedemption.Compensated(id, BUYER, expected);
        vm.prank(OUTSIDER);
        redemption.expire(id);
        assertEq(dollar.balanceOf(BUYER), expected);
        assertEq(collateral.outstandingOf(PROVIDER), supply - amount);
        assertEq(redemption.pendingOf(PROVIDER), 0);
        assertEq(uint256(redemption.orderOf(id).state), uint256(IRedemption.State.Compensated));
    }

    function test_before_the_deadline_nothing_expires() public {
        uint256 id = _redeem(PROVIDER, supply);
        uint64 deadline = redemption.orderOf(id).deadline;
        _pass(24 hours);
        vm.expectRevert(abi.encodeWithSelector(Redemption.DeadlineAhead.selector, id, deadline));
        redemption.expire(id);
    }

    function test_an_order_expires_once() public {
        uint256 id = _redeem(PROVIDER, supply);
        _pass(24 hours + 1);
        redemption.expire(id);
        vm.expectRevert(abi.encodeWithSelector(Redemption.OrderInState.selector, id, IRedemption.State.Compensated));
        redemption.expire(id);
    }

    function test_a_compensation_is_worth_its_dollars_when_the_collateral_is_cheap() public {
        uint256 id = _redeem(PROVIDER, supply / 4);
        _pass(24 hours + 1);
        _reportPrice(0.95e18);
        redemption.expire(id);
        assertEq(dollar.balanceOf(BUYER), (supply / 4) * PAR * 11_000 / (10_000 * 0.95e30));
    }

    function test_a_dear_collateral_does_not_shrink_the_compensation() public {
        uint256 id = _redeem(PROVIDER, supply / 4);
        _pass(24 hours + 1);
        _reportPrice(1.2e18);
        redemption.expire(id);
        assertEq(dollar.balanceOf(BUYER), (supply / 4) * PAR * 11_000 / (10_000 * 1e30));
    }

    /// @dev What is missing is missing for all alike: the first to expire does not take from the last.
    function test_a_short_collateral_pays_every_buyer_the_same_share() public {
        uint256 first = _redeem(PROVIDER, supply / 4);
        uint256 second = _redeem(PROVIDER, supply / 4);
        _pass(24 hours + 1);
        _reportPrice(0.5e18);
        uint256 share = collateral.shareDown(PROVIDER, supply / 4);
        redemption.expire(first);
        assertEq(dollar.balanceOf(BUYER), share);
        redemption.expire(second);
        assertApproxEqAbs(dollar.balanceOf(BUYER), 2 * share, 1);
    }

    function test_without_a_price_a_compensation_waits() public {
        uint256 id = _redeem(PROVIDER, supply);
        _passSilently(24 hours + 1);
        vm.expectRevert(abi.encodeWithSelector(Oracle.QuorumNotMet.selector, DOLLAR_FEED, 0, 2));
        redemption.expire(id);
        _reportPrice(1e18);
        redemption.expire(id);
        assertGt(dollar.balanceOf(BUYER), 0);
    }

    // --- Disputes

    function test_a_dispute_lost_by_the_provider_compensates_the_buyer() public {
        uint256 id = _disputed(supply);
        vm.prank(ARBITER);
        redemption.resolve(id, false);
        assertEq(dollar.balanceOf(BUYER), supply * PAR * 11_000 / (10_000 * 1e30));
        assertEq(collateral.outstandingOf(PROVIDER), 0);
    }

    function test_a_dispute_lost_by_the_buyer_settles() public {
        uint256 id = _disputed(supply);
        vm.prank(ARBITER);
        redemption.resolve(id, true);
        assertEq(dollar.balanceOf(BUYER), 0);
        assertEq(uint256(redemption.orderOf(id).state), uint256(IRedemption.State.Settled));
    }

    function test_a_buyer_who_disputed_may_still_accept() public {
        uint256 id = _disputed(supply);
        vm.prank(BUYER);
        redemption.confirm(id);
        assertEq(uint256(redemption.orderOf(id).state), uint256(IRedemption.State.Settled));
    }

    function test_only_the_arbiter_resolves_and_only_disputes() public {
        uint256 id = _disputed(supply);
        _expectUnauthorised(address(timelock));
        vm.prank(address(timelock));
        redemption.resolve(id, true);
        vm.startPrank(ARBITER);
        redemption.resolve(id, true);
        vm.expectRevert(abi.encodeWithSelector(Redemption.OrderInState.selector, id, IRedemption.State.Settled));
        redemption.resolve(id, false);
    }

    function test_only_the_buyer_disputes_within_the_window() public {
        uint256 id = _redeem(PROVIDER, supply);
        _deliver(id);
        uint64 until = redemption.orderOf(id).disputeUntil;
        vm.expectRevert(abi.encodeWithSelector(Redemption.CallerNotBuyer.selector, id, BUYER, OUTSIDER));
        vm.prank(OUTSIDER);
        redemption.dispute(id);
        _passSilently(72 hours + 1);
        vm.expectRevert(abi.encodeWithSelector(Redemption.DisputeWindowPassed.selector, id, until));
        vm.prank(BUYER);
        redemption.dispute(id);
    }

    function test_a_disputed_delivery_is_not_finalised_by_silence() public {
        uint256 id = _disputed(supply);
        _passSilently(30 days);
        vm.expectRevert(abi.encodeWithSelector(Redemption.OrderInState.selector, id, IRedemption.State.Disputed));
        redemption.finalize(id);
    }

    // --- Liquidation

    function test_holders_redeem_a_liquidated_provider_at_par_while_it_lasts() public {
        _reportPrice(0.95e18);
        _liquidated(PROVIDER);
        uint256 amount = supply / 2;
        vm.expectEmit(address(redemption));
        emit Redemption.RedeemedLiquidated(PROVIDER, BUYER, amount, amount * PAR / 0.95e30);
        vm.prank(BUYER);
        uint256 paid = redemption.redeemLiquidated(PROVIDER, amount);
        assertEq(paid, amount * PAR / 0.95e30);
        assertEq(dollar.balanceOf(BUYER), paid);
        assertEq(collateral.outstandingOf(PROVIDER), supply - amount);
        assertEq(stable.totalSupply(), supply - amount);
    }

    function test_below_par_the_collateral_is_shared_pro_rata() public {
        _reportPrice(0.5e18);
        _liquidated(PROVIDER);
        uint256 all = collateral.collateralOf(PROVIDER);
        vm.startPrank(BUYER);
        uint256 first = redemption.redeemLiquidated(PROVIDER, supply / 4);
        assertEq(first, all * (supply / 4) / supply);
        uint256 rest = redemption.redeemLiquidated(PROVIDER, supply - supply / 4);
        assertEq(first + rest, all, "nothing is kept");
    }

    function test_what_is_left_of_a_liquidation_is_the_providers() public {
        _reportPrice(0.95e18);
        _liquidated(PROVIDER);
        vm.prank(BUYER);
        redemption.redeemLiquidated(PROVIDER, supply);
        uint256 left = collateral.collateralOf(PROVIDER);
        assertGt(left, 0);
        assertFalse(collateral.inLiquidation(PROVIDER));
        vm.prank(PROVIDER);
        collateral.withdraw(left);
        assertEq(dollar.balanceOf(PROVIDER), left);
    }

    function test_a_liquidated_provider_takes_no_new_jobs() public {
        _reportPrice(0.95e18);
        _liquidated(PROVIDER);
        vm.expectRevert(abi.encodeWithSelector(Redemption.ProviderLiquidated.selector, PROVIDER));
        vm.prank(BUYER);
        redemption.redeem(PROVIDER, 1, IRedemption.Tier.Standard, JOB, JOB_URI);
    }

    function test_a_solvent_provider_is_not_redeemed_as_liquidated() public {
        vm.expectRevert(abi.encodeWithSelector(Redemption.ProviderNotLiquidated.selector, PROVIDER));
        vm.prank(BUYER);
        redemption.redeemLiquidated(PROVIDER, supply);
    }

    function test_the_share_of_a_pending_order_survives_a_liquidation() public {
        uint256 id = _redeem(PROVIDER, supply / 2);
        _reportPrice(0.5e18);
        uint256 all = collateral.collateralOf(PROVIDER);
        _liquidated(PROVIDER);
        vm.expectRevert(abi.encodeWithSelector(Redemption.AmountAboveFree.selector, PROVIDER, supply, supply - supply / 2));
        vm.prank(BUYER);
        redemption.redeemLiquidated(PROVIDER, supply);
        vm.prank(BUYER);
        redemption.redeemLiquidated(PROVIDER, supply - supply / 2);
        redemption.expire(id);
        assertEq(dollar.balanceOf(BUYER), all);
    }

    /// @dev Never more than asked for, never more than the share, never less than either allows.
    function testFuzz_a_compensation_is_par_times_bps_or_the_share(uint256 amount, uint256 price) public {
        amount = bound(amount, 1, supply);
        price = bound(price, 0.01e18, 1.9e18);
        uint256 id = _redeem(PROVIDER, amount);
        _pass(24 hours + 1);
        _reportPrice(price);
        uint256 share = collateral.collateralOf(PROVIDER) * amount / supply;
        uint256 counted = price > 1e18 ? 1e18 : price;
        uint256 wanted = amount * PAR * 11_000 / (10_000 * counted * 1e12);
        redemption.expire(id);
        assertEq(dollar.balanceOf(BUYER), wanted < share ? wanted : share);
    }

    // --- Governance

    function test_governance_sets_window_and_compensation_within_limits() public {
        Redemption.Rules[5] memory bad = [
            Redemption.Rules(1 hours - 1, 72 hours, 11_000, 0, 0, 0, 0),
            Redemption.Rules(30 days + 1, 72 hours, 11_000, 0, 0, 0, 0),
            Redemption.Rules(72 hours, 72 hours, 9999, 0, 0, 0, 0),
            Redemption.Rules(72 hours, 72 hours, 12_001, 0, 0, 0, 0),
            Redemption.Rules(0, 72 hours, 0, 0, 0, 0, 0)
        ];
        for (uint256 i = 0; i < bad.length; i++) {
            vm.expectRevert(abi.encodeWithSelector(Redemption.RulesInvalid.selector, bad[i]));
            vm.prank(address(timelock));
            redemption.setRules(bad[i]);
        }
        vm.prank(address(timelock));
        redemption.setRules(Redemption.Rules(1 hours, 72 hours, 12_000, 0, 0, 0, 0));
        assertEq(redemption.rules().compensationBps, 12_000);
        _expectUnauthorised(OUTSIDER);
        vm.prank(OUTSIDER);
        redemption.setRules(Redemption.Rules(1 hours, 72 hours, 12_000, 0, 0, 0, 0));
    }

    function test_a_full_compensation_at_the_highest_rate_is_covered_by_the_lowest_ratio() public {
        vm.prank(address(timelock));
        redemption.setRules(Redemption.Rules(72 hours, 72 hours, 12_000, 0, 0, 0, 0));
        uint256 id = _redeem(PROVIDER, supply);
        _pass(24 hours + 1);
        redemption.expire(id);
        assertEq(dollar.balanceOf(BUYER), supply * PAR * 12_000 / (10_000 * 1e30));
        assertLe(collateral.collateralOf(PROVIDER), 1);
    }

    function test_the_share_is_the_most_that_can_be_seized() public {
        uint256 share = collateral.shareDown(PROVIDER, supply / 2);
        vm.startPrank(address(redemption));
        vm.expectRevert(abi.encodeWithSelector(CollateralManager.SeizureAboveShare.selector, PROVIDER, share + 1, share));
        collateral.seize(PROVIDER, BUYER, supply / 2, share + 1);
        collateral.seize(PROVIDER, BUYER, supply / 2, share);
        assertEq(dollar.balanceOf(BUYER), share);
    }

    function _disputed(uint256 amount) private returns (uint256 id) {
        id = _redeem(PROVIDER, amount);
        _deliver(id);
        vm.expectEmit(address(redemption));
        emit IRedemption.Disputed(id, BUYER);
        vm.prank(BUYER);
        redemption.dispute(id);
    }
}
