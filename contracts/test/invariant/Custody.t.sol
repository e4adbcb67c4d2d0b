// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {CustodyFixture} from "../support/CustodyFixture.sol";
import {FeeOnTransferToken, PlainToken} from "../support/Tokens.sol";
import {CustodyHandler} from "./CustodyHandler.sol";

/// @notice I4 as far as the chain can see it: what the engine owes is held here, for each token.
contract CustodyInvariantTest is CustodyFixture {
    CustodyHandler internal handler;
    PlainToken[] internal tokens;

    function setUp() public override {
        _deployCustody();
        FeeOnTransferToken charging = new FeeOnTransferToken(250);
        _list(address(charging), 1e23);
        tokens = new PlainToken[](3);
        (tokens[0], tokens[1], tokens[2]) = (dollar, compute, charging);
        vm.startPrank(address(timelock));
        custody.setEpochCap(address(dollar), 1e24);
        custody.setEpochCap(address(compute), 1e24);
        vm.stopPrank();
        handler = new CustodyHandler(custody, model, SEQUENCER, tokens);
        _letMint(address(handler));
        targetContract(address(handler));
    }

    function invariant_the_balance_is_what_came_in_less_what_was_paid() external view {
        for (uint256 i = 0; i < tokens.length; i++) {
            address token = address(tokens[i]);
            (uint256 deposited,,, uint256 paidOut) = custody.totalsOf(token);
            assertEq(_held(tokens[i]), deposited - paidOut + handler.donated(token));
        }
    }

    function invariant_nothing_leaves_that_was_not_withdrawn_credited_and_deposited_before() external view {
        for (uint256 i = 0; i < tokens.length; i++) {
            (uint256 deposited, uint256 credited, uint256 withdrawn, uint256 paidOut) = custody.totalsOf(address(tokens[i]));
            assertLe(paidOut, withdrawn);
            assertLe(withdrawn, credited);
            assertLe(credited, deposited);
        }
    }

    function invariant_each_withdrawal_is_paid_at_most_once() external view {
        for (uint256 i = 0; i < tokens.length; i++) {
            address token = address(tokens[i]);
            (,,, uint256 paidOut) = custody.totalsOf(token);
            assertEq(paidOut, handler.paidByHand(token));
            assertLe(paidOut, handler.requested(token));
        }
    }

    function invariant_the_engine_can_always_be_paid_in_full() external view {
        for (uint256 i = 0; i < tokens.length; i++) {
            address token = address(tokens[i]);
            (,,, uint256 paidOut) = custody.totalsOf(token);
            assertGe(_held(tokens[i]), model.credited(token) - paidOut);
        }
    }

    /// @dev The canary: a handler that never got far would make the invariants above say nothing.
    function test_the_handler_reaches_every_state_that_matters() public {
        for (uint256 i = 0; i < 400; i++) {
            uint256 noise = uint256(keccak256(abi.encode("canary", i)));
            uint256 action = noise % 7;
            if (action == 0) handler.deposit(noise >> 8, noise >> 16, address(uint160(noise)));
            if (action == 1) handler.credit(noise >> 8);
            if (action == 2) handler.requestWithdrawal(noise >> 8, noise >> 16, (noise >> 200) % 4 == 0);
            if (action == 3) handler.settle(uint64(noise >> 8));
            if (action == 4 || action == 5) handler.withdraw(uint64(noise >> 8), uint64(noise >> 72));
            if (action == 6) handler.wait_(noise >> 8);
        }
        bytes32[8] memory states = [bytes32("fee kept"), "credited", "requested", "settled", "paid", "other chain", "paid already", "cap"];
        for (uint256 i = 0; i < states.length; i++) {
            assertGt(handler.reached(states[i]), 0, string(abi.encodePacked(states[i])));
        }
    }
}
