// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Bucket} from "../../src/interfaces/IStability.sol";
import {PMMState} from "../../src/libraries/PMMPricing.sol";
import {StabilizerLimits} from "../../src/libraries/StabilizerRules.sol";
import {PMMPool} from "../../src/stability/PMMPool.sol";
import {StabilityFixture} from "../support/StabilityFixture.sol";
import {StabilityHandler} from "./StabilityHandler.sol";

/// @notice I9: a pool never pays more than its curve, and a round trip never gains. I10: the stabiliser never exceeds its caps, whatever its caller does.
contract StabilityInvariantTest is StabilityFixture {
    StabilityHandler internal handler;

    function setUp() public override {
        _deployStability();
        handler = new StabilityHandler(system, KEEPER);
        targetContract(address(handler));
        bytes4[] memory selectors = new bytes4[](8);
        (selectors[0], selectors[1], selectors[2]) = (handler.push.selector, handler.roundTrip.selector, handler.sandwich.selector);
        (selectors[3], selectors[4], selectors[5]) = (handler.stabilise.selector, handler.wait_.selector, handler.privateSwap.selector);
        (selectors[6], selectors[7]) = (handler.prices.selector, handler.triangulate.selector);
        targetSelector(FuzzSelector(address(handler), selectors));
    }

    /// @dev One campaign for all of them: each of its calls is worth many of a simpler contract's.
    /// forge-config: default.invariant.runs = 24
    function invariant_the_peg_is_sound() external view {
        _poolsHoldWhatTheyCount();
        _noRoundTripGains();
        _theStabiliserStaysWithinItsCaps();
        _bucketsAreCovered();
    }

    /// @dev Reserves are always backed; what lies above them is donations.
    function _poolsHoldWhatTheyCount() private view {
        for (uint256 i = 0; i < 5; i++) {
            PMMPool target = peg.pools[i];
            PMMState memory state = target.state();
            assertGe(IERC20(target.baseToken()).balanceOf(address(target)), state.baseReserve);
            assertGe(IERC20(target.quoteToken()).balanceOf(address(target)), state.quoteReserve);
        }
    }

    /// @dev I9 as the traders see it: whoever goes there and back, in one step or in pieces, with a flash loan or without, loses or ends even.
    function _noRoundTripGains() private view {
        assertEq(handler.gained(), 0);
    }

    /// @dev I10 as the vault sees it.
    function _theStabiliserStaysWithinItsCaps() private view {
        for (uint256 i = 0; i < 5; i++) {
            StabilizerLimits memory limits = policy.limitsOf(address(peg.pools[i]));
            assertLe(stabilizer.memoryOf(address(peg.pools[i])).flow, limits.flowMax);
        }
        assertEq(handler.early(), 0, "acted before MIN_BLOCKS");
        assertEq(handler.uncalled(), 0, "acted within the band");
        assertEq(handler.underpaid(), 0, "went through the target");
    }

    function _bucketsAreCovered() private view {
        address[4] memory tokens = [address(cUSDT), address(cUSDC), address(gold), address(compute)];
        for (uint256 i = 0; i < tokens.length; i++) {
            uint256 total = 0;
            for (uint256 bucket = 0; bucket < 5; bucket++) {
                total += vault.heldOf(Bucket(bucket), tokens[i]);
            }
            assertEq(total, vault.accountedOf(tokens[i]));
            assertLe(total, IERC20(tokens[i]).balanceOf(address(vault)));
        }
    }

    /// @dev The canary: a handler that never got far would make the invariants above say nothing.
    function test_the_handler_reaches_every_state_that_matters() public {
        for (uint256 i = 0; i < 500; i++) {
            uint256 noise = uint256(keccak256(abi.encode("peg", i)));
            uint256 action = noise % 8;
            if (action < 2) handler.push(noise >> 8, noise >> 16, noise >> 32, noise >> 200 & 1 == 0);
            if (action == 2) handler.roundTrip(noise >> 8, noise >> 16, noise >> 32, noise >> 200 & 1 == 0);
            if (action == 3) handler.sandwich(noise >> 8, noise >> 16, noise >> 200 & 1 == 0);
            if (action == 4) handler.stabilise(noise >> 8);
            if (action == 5) handler.wait_(noise >> 8);
            if (action == 6) handler.privateSwap(noise >> 8, noise >> 16, noise >> 32);
            if (action == 7) handler.prices(noise >> 8, noise >> 16);
        }
        bytes32[6] memory states = [bytes32("stabilised"), "refused", "sandwiched", "went there and back", "private swap", "gold moved"];
        for (uint256 i = 0; i < states.length; i++) {
            assertGt(handler.reached(states[i]), 0, string(abi.encodePacked(states[i])));
        }
    }
}
