// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";

import {IssuanceHandler} from "./IssuanceHandler.sol";

/// @notice I1, I2 and I3, and the sums that stand behind them.
contract IssuanceInvariantTest is Test {
    IssuanceHandler internal handler;

    function setUp() public {
        handler = new IssuanceHandler();
        bytes4[] memory actions = new bytes4[](16);
        (actions[0], actions[1]) = (handler.claim.selector, handler.mint.selector);
        (actions[2], actions[3], actions[4]) = (handler.deposit.selector, handler.withdraw.selector, handler.liquidate.selector);
        (actions[5], actions[6], actions[7]) = (handler.unstake.selector, handler.stake.selector, handler.claimReward.selector);
        (actions[8], actions[9], actions[10]) = (handler.redeem.selector, handler.retire.selector, handler.proceed.selector);
        (actions[11], actions[12], actions[13]) = (handler.movePrice.selector, handler.pass.selector, handler.govern.selector);
        (actions[14], actions[15]) = (handler.fault.selector, handler.queue.selector);
        targetSelector(FuzzSelector(address(handler), actions));
        targetContract(address(handler));
    }

    /// @dev All in one: each further one would run every sequence again.
    /// forge-config: default.invariant.runs = 16
    /// forge-config: default.invariant.depth = 150
    function invariant_issuance_adds_up() external view {
        _there_are_no_compute_units_outside_a_mint();
        _the_supply_is_what_was_minted_less_what_was_redeemed();
        _every_sstb_is_owed_by_some_provider();
        _every_provider_is_covered_or_in_liquidation();
        _the_collateral_is_there_to_the_unit();
        _the_stakes_are_there_to_the_unit();
        _rewards_stay_within_the_budget();
        _what_lies_in_redemption_is_owed_to_the_unit();
    }

    /// @dev I1
    function _there_are_no_compute_units_outside_a_mint() private view {
        (, uint256 compute,,,) = handler.balances();
        assertEq(compute, 0);
    }

    /// @dev I2 on one chain
    function _the_supply_is_what_was_minted_less_what_was_redeemed() private view {
        (,, uint256 supply,,) = handler.balances();
        assertEq(supply, handler.minted() - handler.burned());
    }

    function _every_sstb_is_owed_by_some_provider() private view {
        (,, uint256 supply,,) = handler.balances();
        (, uint256 outstanding, uint256 pending,,) = handler.sums();
        assertEq(outstanding - pending, supply);
    }

    /// @dev I3
    function _every_provider_is_covered_or_in_liquidation() private view {
        (uint256 short_, uint256 overbooked) = handler.breaches();
        assertEq(short_, 0);
        assertEq(overbooked, 0);
    }

    function _the_collateral_is_there_to_the_unit() private view {
        (uint256 dollars,,,,) = handler.balances();
        (uint256 collaterals,,,,) = handler.sums();
        assertEq(dollars, collaterals);
        assertEq(dollars, handler.collateralIn() - handler.collateralOut());
    }

    function _the_stakes_are_there_to_the_unit() private view {
        (,,, uint256 tokens,) = handler.balances();
        (,,, uint256 staked,) = handler.sums();
        (,, uint256 total) = handler.budgets();
        assertEq(tokens, staked);
        assertEq(total, staked);
    }

    function _what_lies_in_redemption_is_owed_to_the_unit() private view {
        (uint256 tokens, uint256 tokensOwed, uint256 bonds, uint256 bondsOwed) = handler.escrows();
        assertEq(tokens, tokensOwed);
        assertEq(bonds, bondsOwed);
    }

    function _rewards_stay_within_the_budget() private view {
        (,,,, uint256 paid) = handler.balances();
        (,,,, uint256 accrued) = handler.sums();
        (uint256 promised, uint256 budget,) = handler.budgets();
        assertLe(paid + accrued, promised);
        assertLe(promised, budget);
    }

    /// @dev The canary: a handler that never got far would make the invariants above say nothing.
    function test_the_handler_reaches_every_state_that_matters() public {
        for (uint256 i = 0; i < 3000; i++) {
            uint256 noise = uint256(keccak256(abi.encode("canary", i)));
            _act(noise % 18, noise >> 8, noise >> 128);
        }
        bytes32[24] memory states = [
            bytes32("proven"),
            "minted",
            "refused",
            "flagged",
            "cured",
            "liquidated",
            "withdrawn",
            "unstaked",
            "staked",
            "rewarded",
            "redeemed",
            "redeemed liquidated",
            "retired",
            "expired",
            "finalised",
            "confirmed",
            "disputed",
            "resolved",
            "verified again",
            "revoked",
            "queued",
            "admitted",
            "left",
            "lapsed"
        ];
        for (uint256 i = 0; i < states.length; i++) {
            assertGt(handler.reached(states[i]), 0, string(abi.encodePacked(states[i])));
        }
    }

    function _act(uint256 action, uint256 first, uint256 second) private {
        if (action == 0) handler.claim(first, uint32(second));
        if (action == 1) handler.mint(first, second);
        if (action == 2) handler.deposit(first, second);
        if (action == 3) handler.withdraw(first, second);
        if (action == 4) handler.liquidate(first);
        if (action == 5) handler.unstake(first, second);
        if (action == 6) handler.stake(first, second);
        if (action == 7) handler.claimReward(first);
        if (action == 8) handler.redeem(first, second, second >> 8, first >> 8);
        if (action == 9) handler.retire(first, second);
        if (action >= 10 && action <= 12) handler.proceed(first, second);
        if (action == 13) handler.movePrice(first);
        if (action == 14) handler.pass(first, second % 3 == 0);
        if (action == 15) handler.govern(first, second);
        if (action == 16) handler.fault(first, second);
        if (action == 17) handler.queue(first, uint16(second));
    }
}
