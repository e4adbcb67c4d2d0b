// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {Custody} from "../../src/exchange/Custody.sol";
import {ICustody} from "../../src/interfaces/ICustody.sol";
import {CustodyFixture} from "../support/CustodyFixture.sol";
import {FeeOnTransferToken, PlainToken, ReentrantToken} from "../support/Tokens.sol";

contract CustodyDepositTest is CustodyFixture {
    function testFuzz_deposits_extend_the_hash_chain_that_the_engine_computes(uint96[8] calldata amounts, address owner) public {
        vm.assume(owner != address(0));
        bytes32 expected = bytes32(0);
        for (uint64 i = 0; i < amounts.length; i++) {
            PlainToken token = i % 3 == 0 ? compute : dollar;
            uint256 amount = uint256(amounts[i]) + 1;
            expected = keccak256(abi.encode(expected, uint256(i + 1), uint256(uint160(address(token))), uint256(uint160(owner)), amount));
            token.mint(address(this), amount);
            token.approve(address(custody), amount);
            vm.expectEmit(address(custody));
            emit ICustody.Deposited(i + 1, owner, address(token), amount, expected);
            assertEq(custody.deposit(address(token), amount, owner), i + 1);
            assertEq(custody.depositHashAt(i + 1), expected);
        }
        assertEq(custody.depositCount(), amounts.length);
    }

    function test_a_deposit_is_held_and_counted() public {
        _deposit(dollar, 250e6);
        _deposit(dollar, 50e6);
        (uint256 deposited, uint256 credited, uint256 withdrawn, uint256 paidOut) = custody.totalsOf(address(dollar));
        assertEq(deposited, 300e6);
        assertEq(credited + withdrawn + paidOut, 0);
        assertEq(_held(dollar), 300e6);
    }

    function test_a_token_that_charges_a_fee_credits_what_arrived() public {
        FeeOnTransferToken token = new FeeOnTransferToken(100);
        _list(address(token), 1e30);
        token.mint(TRADER, 1000e18);
        vm.startPrank(TRADER);
        token.approve(address(custody), 1000e18);
        vm.expectEmit(address(custody));
        emit ICustody.Deposited(
            1, TRADER, address(token), 990e18, keccak256(abi.encode(bytes32(0), uint64(1), address(token), TRADER, uint256(990e18)))
        );
        custody.deposit(address(token), 1000e18, TRADER);
        (uint256 deposited,,,) = custody.totalsOf(address(token));
        assertEq(deposited, 990e18);
        assertEq(_held(token), 990e18);
    }

    function test_a_deposit_of_which_nothing_arrives_is_refused() public {
        FeeOnTransferToken token = new FeeOnTransferToken(10_000);
        _list(address(token), 1e30);
        token.mint(address(this), 1e18);
        token.approve(address(custody), 1e18);
        vm.expectRevert(Custody.ZeroAmount.selector);
        custody.deposit(address(token), 1e18, TRADER);
        vm.expectRevert(Custody.ZeroAmount.selector);
        custody.deposit(address(dollar), 0, TRADER);
    }

    function test_a_deposit_for_nobody_is_refused() public {
        vm.expectRevert(Custody.ZeroAddress.selector);
        custody.deposit(address(dollar), 1, address(0));
    }

    function test_an_unlisted_token_is_refused() public {
        PlainToken token = new PlainToken("OTHER", 18);
        vm.expectRevert(abi.encodeWithSelector(Custody.TokenUnlisted.selector, address(token)));
        custody.deposit(address(token), 1, TRADER);
    }

    function test_a_total_that_the_engine_could_not_credit_is_refused() public {
        uint256 max = custody.DEPOSITED_MAX();
        assertEq(max, 2 ** 127 - 1);
        _deposit(compute, max - 5);
        compute.mint(address(this), 6);
        compute.approve(address(custody), 6);
        vm.expectRevert(abi.encodeWithSelector(Custody.DepositTotalTooLarge.selector, address(compute), max + 1, max));
        custody.deposit(address(compute), 6, TRADER);
        custody.deposit(address(compute), 5, TRADER);
    }

    function test_the_guardian_stops_deposits_and_the_governor_resumes_them() public {
        vm.prank(GUARDIAN);
        custody.pause();
        vm.expectRevert(Pausable.EnforcedPause.selector);
        custody.deposit(address(dollar), 1, TRADER);
        vm.prank(address(timelock));
        custody.unpause();
        _deposit(dollar, 1);
        assertEq(custody.depositCount(), 1);
    }

    function test_a_token_that_calls_back_cannot_deposit_twice_at_once() public {
        ReentrantToken token = new ReentrantToken();
        _list(address(token), 1e30);
        token.mint(TRADER, 2e18);
        token.arm(address(custody), abi.encodeCall(Custody.deposit, (address(token), 1e18, TRADER)));
        vm.startPrank(TRADER);
        token.approve(address(custody), 2e18);
        custody.deposit(address(token), 1e18, TRADER);
        assertTrue(token.called());
        assertFalse(token.succeeded());
        assertEq(bytes4(token.answer()), ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        assertEq(custody.depositCount(), 1);
    }

    function test_the_chain_starts_from_zero_and_has_no_future() public {
        assertEq(custody.depositHashAt(0), bytes32(0));
        vm.expectRevert(abi.encodeWithSelector(Custody.DepositUnknown.selector, 1, 0));
        custody.depositHashAt(1);
    }

    /// forge-config: default.isolate = true
    function test_gas_of_a_deposit() public {
        _deposit(dollar, 1e6);
        vm.startPrank(TRADER);
        dollar.mint(TRADER, 1e6);
        dollar.approve(address(custody), 1e6);
        custody.deposit(address(dollar), 1e6, TRADER);
        assertLt(vm.snapshotGasLastCall("Custody", "deposit"), 200_000);
    }
}
