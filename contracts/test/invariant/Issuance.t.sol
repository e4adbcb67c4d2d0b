// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";

import {CheatingHandler} from "./CheatingHandler.sol";

/// @notice I1, I2 and I3, and the sums that stand behind them, while honest participants and every known cheat act in any order.
contract IssuanceInvariantTest is Test {
    CheatingHandler internal handler;

    function setUp() public {
        handler = new CheatingHandler();
        bytes4[] memory actions = new bytes4[](31);
        (actions[0], actions[1]) = (handler.claim.selector, handler.mint.selector);
        (actions[2], actions[3], actions[4]) = (handler.deposit.selector, handler.withdraw.selector, handler.liquidate.selector);
        (actions[5], actions[6], actions[7]) = (handler.unstake.selector, handler.stake.selector, handler.claimReward.selector);
        (actions[8], actions[9], actions[10]) = (handler.redeem.selector, handler.retire.selector, handler.proceed.selector);
        (actions[11], actions[12], actions[13]) = (handler.movePrice.selector, handler.pass.selector, handler.govern.selector);
        (actions[14], actions[15]) = (handler.fault.selector, handler.queue.selector);
        (actions[16], actions[17], actions[18]) = (handler.wrongEntry.selector, handler.wrongWord.selector, handler.staleSeed.selector);
        (actions[19], actions[20]) = (handler.lateRoot.selector, handler.rootDerivedSampling.selector);
        (actions[21], actions[22], actions[23]) = (handler.replayedProof.selector, handler.silence.selector, handler.forgedQuote.selector);
        (actions[24], actions[25]) = (handler.flippedByte.selector, handler.outdatedTcb.selector);
        (actions[26], actions[27]) = (handler.developmentKey.selector, handler.overClaimedRate.selector);
        (actions[28], actions[29]) = (handler.doubleRedemption.selector, handler.wrongResult.selector);
        actions[30] = handler.lyingBuyer.selector;
        targetSelector(FuzzSelector(address(handler), actions));
        targetContract(address(handler));
    }

    /// @dev All in one: each further one would run every sequence again.
    /// A cheat costs some 10 ms; `make issuance-soak` runs many more and shows how often each action ran.
    /// forge-config: default.invariant.runs = 3
    /// forge-config: default.invariant.depth = 150
    /// forge-config: soak.invariant.runs = 32
    /// forge-config: soak.invariant.depth = 300
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
        vm.pauseGasMetering(); // more than one transaction may use
        bytes32 missing = "everything";
        for (uint256 i = 0; i < 8000 && missing != 0; i++) {
            uint256 noise = uint256(keccak256(abi.encode("canary", i)));
            _act(noise % 18, noise >> 8, noise >> 128);
            if (i % 40 == 0) _cheat((i / 40) % 15, noise >> 8, noise >> 128);
            if (i % 100 == 99) missing = _missing();
        }
        assertEq(missing, 0, string(abi.encodePacked(missing)));
    }

    /// @dev A cheat that was not tried to its end, or a state that was not reached; zero where there is none.
    function _missing() private view returns (bytes32) {
        bytes32[15] memory cheats = handler.cheats();
        for (uint256 i = 0; i < cheats.length; i++) {
            if (handler.tried(cheats[i]) == 0) return cheats[i];
        }
        bytes32[29] memory states = [
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
            "lapsed",
            "proven by Groth16",
            "proven directly",
            "found by samples",
            "missed by samples",
            "shown by anyone"
        ];
        for (uint256 i = 0; i < states.length; i++) {
            if (handler.reached(states[i]) == 0) return states[i];
        }
        return 0;
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

    function _cheat(uint256 which, uint256 first, uint256 second) private {
        if (which == 0) handler.wrongEntry(first, second % 2 == 0);
        if (which == 1) handler.wrongWord(first, uint8(second));
        if (which == 2) handler.staleSeed();
        if (which == 3) handler.lateRoot(first);
        if (which == 4) handler.rootDerivedSampling();
        if (which == 5) handler.replayedProof(first);
        if (which == 6) handler.silence(first);
        if (which == 7) handler.forgedQuote(first);
        if (which == 8) handler.flippedByte(first, second, uint8(first >> 64));
        if (which == 9) handler.outdatedTcb(first, second % 2 == 0);
        if (which == 10) handler.developmentKey(first);
        if (which == 11) handler.overClaimedRate(first, second % 2 == 0);
        if (which == 12) handler.doubleRedemption(first, second);
        if (which == 13) handler.wrongResult(first, second);
        if (which == 14) handler.lyingBuyer(first, second);
    }
}
