// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRedemption} from "../../src/interfaces/IIssuance.sol";
import {Redemption} from "../../src/issuance/Redemption.sol";
import {IssuanceFixture} from "../support/IssuanceFixture.sol";

/// @notice Fee, premium, and the gate of 5 % of the supply a day with its queue.
contract QueueTest is IssuanceFixture {
    uint256 internal supply;

    function setUp() public override {
        super.setUp();
        supply = _circulating(PROVIDER, BUYER);
        _setRules(10, 500);
    }

    function _setRules(uint16 feeBps, uint16 gateBps) internal {
        vm.prank(address(timelock));
        redemption.setRules(Redemption.Rules(72 hours, 72 hours, 10_000, feeBps, gateBps, 0, 0));
    }

    function _assertState(uint256 id, IRedemption.State state) internal view {
        assertEq(uint256(redemption.orderOf(id).state), uint256(state));
    }

    function test_a_fee_is_taken_on_top_and_collected_by_governance() public {
        uint256 amount = supply / 100;
        _redeem(PROVIDER, amount);
        uint256 fee = (amount * 10 + 9999) / 10_000;
        assertEq(stable.balanceOf(BUYER), supply - amount - fee);
        assertEq(redemption.fees(), fee);
        vm.prank(address(timelock));
        assertEq(redemption.collectFees(OUTSIDER), fee);
        assertEq(stable.balanceOf(OUTSIDER), fee);
        _expectUnauthorised(OUTSIDER);
        vm.prank(OUTSIDER);
        redemption.collectFees(OUTSIDER);
    }

    function test_what_exceeds_a_days_share_waits_and_passes_in_order() public {
        uint256 share = supply * 500 / 10_000;
        uint256 first = _redeem(PROVIDER, share - 10);
        uint256 second = _redeem(PROVIDER, share / 2);
        uint256 third = _redeem(PROVIDER, 1);
        _assertState(first, IRedemption.State.Requested);
        _assertState(second, IRedemption.State.Queued);
        _assertState(third, IRedemption.State.Queued); // fits, but comes later
        assertEq(redemption.pendingOf(PROVIDER), share - 10);
        vm.expectPartialRevert(Redemption.GateClosed.selector);
        redemption.admit();
        _pass(14 hours);
        assertEq(redemption.admit(), second);
        assertEq(redemption.admit(), third);
        _assertState(third, IRedemption.State.Requested);
        assertEq(redemption.orderOf(second).deadline, vm.getBlockTimestamp() + 24 hours, "the clock starts at the gate");
        vm.expectRevert(Redemption.QueueEmpty.selector);
        redemption.admit();
        assertEq(stable.balanceOf(address(redemption)), redemption.fees());
    }

    function test_an_order_above_a_days_share_needs_a_full_gate_and_closes_it_for_longer() public {
        uint256 share = supply * 500 / 10_000;
        uint256 large = _redeem(PROVIDER, share * 3);
        _assertState(large, IRedemption.State.Requested);
        assertEq(redemption.gateAvailable(), 0);
        uint256 small = _redeem(PROVIDER, 1);
        _pass(2 days);
        vm.expectPartialRevert(Redemption.GateClosed.selector);
        redemption.admit();
        _pass(1 days);
        assertEq(redemption.admit(), small);
    }

    /// @dev Whatever is asked and however it is split: no more than a day's share at once, and what refills in the time.
    function test_splitting_does_not_pass_the_gate(uint256 seed) public {
        uint256 share = supply * 500 / 10_000;
        uint256 passed;
        for (uint256 i = 0; i < 12; i++) {
            uint256 amount = uint256(keccak256(abi.encode(seed, i))) % (share / 3) + 1;
            uint256 id = _redeem(PROVIDER, amount);
            if (redemption.orderOf(id).state == IRedemption.State.Requested) passed += amount;
        }
        assertLe(passed, share);
    }

    function test_a_buyer_may_leave_the_queue() public {
        _redeem(PROVIDER, supply * 500 / 10_000);
        uint256 held = stable.balanceOf(BUYER);
        uint256 id = _redeem(PROVIDER, 1000);
        vm.expectPartialRevert(Redemption.CallerNotBuyer.selector);
        redemption.withdraw(id);
        vm.prank(BUYER);
        redemption.withdraw(id);
        assertEq(stable.balanceOf(BUYER), held - 1, "the fee stays");
        _assertState(id, IRedemption.State.Withdrawn);
        vm.expectRevert(Redemption.QueueEmpty.selector);
        redemption.admit();
        vm.expectPartialRevert(Redemption.OrderInState.selector);
        vm.prank(BUYER);
        redemption.withdraw(id);
    }

    function test_nobody_waits_behind_withdrawn_orders_alone() public {
        _redeem(PROVIDER, supply * 500 / 10_000);
        uint256 first = _redeem(PROVIDER, 1000);
        uint256 second = _redeem(PROVIDER, 1000);
        assertEq(redemption.queueLength(), 2);
        vm.startPrank(BUYER);
        redemption.withdraw(first);
        redemption.withdraw(second);
        vm.stopPrank();
        assertEq(redemption.queueLength(), 0);
        _assertState(_redeem(PROVIDER, 1000), IRedemption.State.Queued); // the gate itself is closed
        vm.prank(BUYER);
        redemption.withdraw(second + 1);
        _pass(1 days);
        _assertState(_redeem(PROVIDER, 1000), IRedemption.State.Requested);
        vm.expectRevert(Redemption.QueueEmpty.selector);
        redemption.admit();
    }

    function test_one_withdrawn_in_the_middle_is_passed_over() public {
        _redeem(PROVIDER, supply * 500 / 10_000);
        uint256[3] memory ids = [_redeem(PROVIDER, 1000), _redeem(PROVIDER, 1000), _redeem(PROVIDER, 1000)];
        vm.prank(BUYER);
        redemption.withdraw(ids[1]);
        _pass(1 days);
        _assertState(_redeem(PROVIDER, 1000), IRedemption.State.Queued); // others wait
        assertEq(redemption.queueLength(), 3);
        assertEq(redemption.admit(), ids[0]);
        assertEq(redemption.admit(), ids[2]);
        assertEq(redemption.admit(), ids[2] + 1);
        assertEq(redemption.queueLength(), 0);
        _assertState(_redeem(PROVIDER, 1000), IRedemption.State.Requested);
    }

    /// forge-config: default.isolate = true
    function test_many_withdrawn_orders_are_stepped_over_in_several_calls() public {
        _redeem(PROVIDER, supply * 500 / 10_000);
        uint256 first = _redeem(PROVIDER, 1000);
        uint256 many = redemption.STEPS_MAX() + 1;
        for (uint256 i = 0; i < many; i++) {
            _redeem(PROVIDER, 1000);
        }
        uint256 last = _redeem(PROVIDER, 1000);
        vm.startPrank(BUYER);
        for (uint256 id = first; id < last; id++) {
            redemption.withdraw(id);
        }
        vm.stopPrank();
        _pass(1 days);
        assertEq(redemption.admit(), 0);
        assertLt(vm.snapshotGasLastCall("Redemption", "admit, sixteen withdrawn before"), 200_000);
        assertEq(redemption.admit(), last);
        assertEq(redemption.queueLength(), 0);
    }

    function test_a_provider_that_is_sold_out_meanwhile_sends_the_order_back() public {
        uint256 others = _circulating(OTHER_PROVIDER, PROVIDER);
        _redeem(PROVIDER, supply / 2);
        uint256 id = _redeem(PROVIDER, supply / 4);
        vm.prank(PROVIDER);
        redemption.retire(others / 2);
        assertEq(redemption.admit(), id);
        _assertState(id, IRedemption.State.Withdrawn);
        assertApproxEqRel(stable.balanceOf(BUYER), supply / 2, 0.01e18);
    }

    function test_a_premium_goes_to_the_provider_who_delivers_and_back_if_it_does_not() public {
        vm.prank(PROVIDER);
        redemption.setOffer([uint16(100), 500, 2000], "https://example.org");
        uint256 amount = supply / 100;
        vm.startPrank(BUYER);
        uint256 first = redemption.redeem(PROVIDER, amount, IRedemption.Tier.Premium, JOB, JOB_URI);
        uint256 second = redemption.redeem(PROVIDER, amount, IRedemption.Tier.Enterprise, JOB, JOB_URI);
        vm.stopPrank();
        assertApproxEqAbs(redemption.premiumOf(first), amount / 20, 1);
        _deliver(first);
        vm.prank(BUYER);
        redemption.confirm(first);
        assertApproxEqAbs(stable.balanceOf(PROVIDER), amount / 20, 1);
        uint256 held = stable.balanceOf(BUYER);
        uint256 premium = redemption.premiumOf(second);
        _pass(1 hours + 1);
        redemption.expire(second);
        assertEq(stable.balanceOf(BUYER), held + premium);
        vm.expectPartialRevert(Redemption.PremiumTooHigh.selector);
        redemption.setOffer([uint16(0), 0, 5001], "https://example.org");
    }

    function test_a_paused_gate_admits_nobody_but_lets_everybody_leave() public {
        _redeem(PROVIDER, supply * 500 / 10_000);
        uint256 id = _redeem(PROVIDER, 1000);
        vm.prank(GUARDIAN);
        redemption.pause();
        _pass(1 days);
        vm.expectRevert();
        redemption.admit();
        vm.prank(BUYER);
        redemption.withdraw(id);
    }

    /// forge-config: default.isolate = true
    function test_gas() public {
        _redeem(PROVIDER, 1); // the first of all pays for slots that stay
        assertLt(vm.snapshotGasLastCall("Redemption", "redeem, the first of all, fee and gate"), 200_000);
        _redeem(PROVIDER, supply * 400 / 10_000);
        assertLt(vm.snapshotGasLastCall("Redemption", "redeem, fee and gate"), 200_000);
        _redeem(PROVIDER, supply * 400 / 10_000);
        assertLt(vm.snapshotGasLastCall("Redemption", "redeem into the queue"), 230_000);
        _pass(1 days);
        redemption.admit();
        assertLt(vm.snapshotGasLastCall("Redemption", "admit"), 200_000);
    }
}
