// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {Custody} from "../../src/exchange/Custody.sol";
import {ICustody} from "../../src/interfaces/ICustody.sol";
import {PositionalMerkleProof} from "../../src/libraries/PositionalMerkleProof.sol";
import {CustodyFixture} from "../support/CustodyFixture.sol";
import {FeeOnTransferToken, PlainToken, ReentrantToken, RefusingToken, SilentToken} from "../support/Tokens.sol";

contract CustodyWithdrawTest is CustodyFixture {
    function testFuzz_every_withdrawal_of_a_batch_of_any_size_is_paid_once(uint256 countSeed, uint256 orderSeed) public {
        uint64 count = uint64(bound(countSeed, 1, 33));
        _deposit(dollar, 1000e6);
        for (uint64 i = 0; i < count; i++) {
            model.withdraw(address(dollar), TRADER, vm.addr(i + 1), 1e6 + i);
        }
        uint64 index = _settle();
        uint64 start = uint64(bound(orderSeed, 0, count - 1));
        for (uint64 i = 0; i < count; i++) {
            uint64 id = (start + i) % count;
            assertFalse(custody.paid(id));
            _withdraw(index, id);
            assertTrue(custody.paid(id));
            assertEq(dollar.balanceOf(vm.addr(id + 1)), 1e6 + id);
        }
        (,, uint256 withdrawn, uint256 paidOut) = custody.totalsOf(address(dollar));
        assertEq(paidOut, withdrawn);
    }

    function test_a_payment_names_owner_recipient_and_token() public {
        (uint64 index, uint64 id) = _settledWithdrawal(dollar, 10e6, 4e6);
        vm.expectEmit(address(custody));
        emit ICustody.Withdrawn(id, TRADER, RECIPIENT, address(dollar), 4e6);
        _withdraw(index, id);
        assertEq(dollar.balanceOf(RECIPIENT), 4e6);
        assertEq(_held(dollar), 6e6);
    }

    function test_a_withdrawal_is_proved_against_a_later_batch_too_but_paid_once() public {
        (uint64 first, uint64 id) = _settledWithdrawal(dollar, 10e6, 4e6);
        model.withdraw(address(dollar), TRADER, RECIPIENT, 1e6);
        uint64 second = _settle();
        _withdraw(second, id);
        vm.expectRevert(abi.encodeWithSelector(Custody.WithdrawalAlreadyPaid.selector, id));
        this.withdrawAsAnyone(first, id);
        vm.expectRevert(abi.encodeWithSelector(Custody.WithdrawalAlreadyPaid.selector, id));
        this.withdrawAsAnyone(second, id);
    }

    function test_a_withdrawal_is_paid_while_deposits_and_settlement_are_stopped() public {
        (uint64 index, uint64 id) = _settledWithdrawal(dollar, 10e6, 4e6);
        vm.prank(GUARDIAN);
        custody.pause();
        _withdraw(index, id);
        assertEq(dollar.balanceOf(RECIPIENT), 4e6);
    }

    // --- Forgeries

    function testFuzz_a_changed_field_breaks_the_proof(uint8 field, uint256 noise) public {
        (uint64 index, ICustody.Withdrawal memory leaf, bytes32[] memory proof) = _fiveWithdrawals();
        field = uint8(bound(field, 0, 3));
        if (field == 0) leaf.amount = _otherThan(leaf.amount, noise);
        if (field == 1) leaf.owner = address(uint160(_otherThan(uint160(leaf.owner), noise % 2 ** 160)));
        if (field == 2) leaf.recipient = address(uint160(_otherThan(uint160(leaf.recipient), noise % 2 ** 160)));
        if (field == 3) leaf.token = address(uint160(_otherThan(uint160(leaf.token), noise % 2 ** 160)));
        vm.expectPartialRevert(Custody.WithdrawalUnproven.selector);
        custody.withdraw(index, leaf, proof);
    }

    function testFuzz_a_changed_proof_is_refused(uint256 level, bytes32 noise) public {
        (uint64 index, ICustody.Withdrawal memory leaf, bytes32[] memory proof) = _fiveWithdrawals();
        level = bound(level, 0, proof.length - 1);
        vm.assume(noise != proof[level]);
        proof[level] = noise;
        vm.expectPartialRevert(Custody.WithdrawalUnproven.selector);
        custody.withdraw(index, leaf, proof);
    }

    function testFuzz_another_id_for_the_same_leaf_is_refused(uint64 id) public {
        (uint64 index, ICustody.Withdrawal memory leaf, bytes32[] memory proof) = _fiveWithdrawals();
        vm.assume(id != leaf.id);
        leaf.id = id;
        vm.expectPartialRevert(id < 5 ? Custody.WithdrawalUnproven.selector : PositionalMerkleProof.IndexOutOfTree.selector);
        custody.withdraw(index, leaf, proof);
    }

    function test_a_withdrawal_of_another_chain_is_refused_even_with_its_proof() public {
        _deposit(dollar, 10e6);
        uint64 id = model.withdrawOn(138, address(dollar), TRADER, RECIPIENT, 1e6);
        uint64 index = _settle();
        vm.expectRevert(abi.encodeWithSelector(Custody.WithdrawalOfOtherChain.selector, 138, block.chainid));
        this.withdrawAsAnyone(index, id);
        ICustody.Withdrawal memory leaf = model.withdrawalOf(id);
        leaf.chainId = uint64(block.chainid);
        bytes32[] memory proof = model.proofOf(id, 1);
        vm.expectPartialRevert(Custody.WithdrawalUnproven.selector);
        custody.withdraw(index, leaf, proof);
    }

    function test_a_proof_that_is_too_short_or_too_long_is_refused() public {
        (uint64 index, ICustody.Withdrawal memory leaf, bytes32[] memory proof) = _fiveWithdrawals();
        bytes32[] memory short = new bytes32[](2);
        (short[0], short[1]) = (proof[0], proof[1]);
        vm.expectRevert(abi.encodeWithSelector(PositionalMerkleProof.ProofLengthWrong.selector, 2, 3));
        custody.withdraw(index, leaf, short);
        bytes32[] memory long = new bytes32[](4);
        (long[0], long[1], long[2]) = (proof[0], proof[1], proof[2]);
        vm.expectRevert(abi.encodeWithSelector(PositionalMerkleProof.ProofLengthWrong.selector, 4, 3));
        custody.withdraw(index, leaf, long);
    }

    function test_a_withdrawal_that_only_a_later_batch_has_is_refused_against_an_earlier_one() public {
        (uint64 first,) = _settledWithdrawal(dollar, 10e6, 4e6);
        uint64 later = model.withdraw(address(dollar), TRADER, RECIPIENT, 1e6);
        _settle();
        ICustody.Withdrawal memory leaf = model.withdrawalOf(later);
        vm.expectRevert(abi.encodeWithSelector(PositionalMerkleProof.IndexOutOfTree.selector, later, 1));
        custody.withdraw(first, leaf, new bytes32[](0));
    }

    function test_an_unknown_batch_is_refused() public {
        (uint64 index, uint64 id) = _settledWithdrawal(dollar, 10e6, 4e6);
        ICustody.Withdrawal memory leaf = model.withdrawalOf(id);
        vm.expectRevert(abi.encodeWithSelector(Custody.BatchUnknown.selector, index + 1, index));
        custody.withdraw(index + 1, leaf, new bytes32[](0));
        vm.expectRevert(abi.encodeWithSelector(Custody.BatchUnknown.selector, 0, index));
        custody.withdraw(0, leaf, new bytes32[](0));
    }

    // --- What a false root could take

    function test_a_false_root_takes_no_more_than_the_batch_says_was_withdrawn() public {
        _deposit(dollar, 10e6);
        uint64 forged = model.withdraw(address(dollar), OUTSIDER, OUTSIDER, 10e6);
        ICustody.Batch memory batch = model.batch(10);
        batch.totals[0].withdrawn = 4e6;
        uint64 index = _settle(batch);
        vm.expectRevert(abi.encodeWithSelector(Custody.PaidAboveWithdrawn.selector, address(dollar), 4e6, 10e6));
        this.withdrawAsAnyone(index, forged);
    }

    function test_a_false_root_cannot_reach_an_unlisted_token() public {
        PlainToken token = new PlainToken("DONATED", 18);
        token.mint(address(custody), 1e18);
        uint64 forged = model.withdraw(address(token), OUTSIDER, OUTSIDER, 1e18);
        uint64 index = _settle();
        vm.expectRevert(abi.encodeWithSelector(Custody.TokenUnlisted.selector, address(token)));
        this.withdrawAsAnyone(index, forged);
    }

    function test_an_epoch_pays_up_to_the_cap_and_the_next_one_goes_on() public {
        _deposit(dollar, 3 * DOLLAR_CAP);
        uint64 a = model.withdraw(address(dollar), TRADER, RECIPIENT, DOLLAR_CAP - 1e6);
        uint64 b = model.withdraw(address(dollar), TRADER, RECIPIENT, 1e6 + 1);
        uint64 c = model.withdraw(address(dollar), TRADER, RECIPIENT, 1e6);
        uint64 index = _settle();
        _withdraw(index, a);
        uint256 next = (block.timestamp / EPOCH_SECONDS + 1) * EPOCH_SECONDS;
        (uint256 cap, uint256 left, uint256 nextEpochAt) = custody.epochOf(address(dollar));
        assertEq(abi.encode(cap, left, nextEpochAt), abi.encode(DOLLAR_CAP, 1e6, next));

        vm.expectRevert(abi.encodeWithSelector(Custody.WithdrawalCapReached.selector, address(dollar), 1e6 + 1, 1e6, next));
        this.withdrawAsAnyone(index, b);
        _withdraw(index, c);
        vm.warp(next - 1);
        vm.expectRevert(abi.encodeWithSelector(Custody.WithdrawalCapReached.selector, address(dollar), 1e6 + 1, 0, next));
        this.withdrawAsAnyone(index, b);
        vm.warp(next);
        _withdraw(index, b);
        assertEq(dollar.balanceOf(RECIPIENT), DOLLAR_CAP + 1e6 + 1);
    }

    function test_each_token_has_its_own_cap() public {
        (uint64 first, uint64 all) = _settledWithdrawal(dollar, DOLLAR_CAP, DOLLAR_CAP);
        _withdraw(first, all);
        (uint64 second, uint64 id) = _settledWithdrawal(compute, 5e18, 5e18);
        _withdraw(second, id);
        assertEq(compute.balanceOf(RECIPIENT), 5e18);
    }

    function test_a_withdrawal_above_the_cap_waits_until_governance_raises_it() public {
        (uint64 index, uint64 id) = _settledWithdrawal(dollar, DOLLAR_CAP + 1, DOLLAR_CAP + 1);
        vm.expectPartialRevert(Custody.WithdrawalCapReached.selector);
        this.withdrawAsAnyone(index, id);
        vm.prank(address(timelock));
        custody.setEpochCap(address(dollar), DOLLAR_CAP + 1);
        _withdraw(index, id);
        (, uint256 left,) = custody.epochOf(address(dollar));
        assertEq(left, 0);
    }

    function test_a_cap_lowered_below_what_was_paid_leaves_nothing() public {
        (uint64 index, uint64 id) = _settledWithdrawal(dollar, 10e6, 4e6);
        _withdraw(index, id);
        vm.prank(address(timelock));
        custody.setEpochCap(address(dollar), 3e6);
        (, uint256 left,) = custody.epochOf(address(dollar));
        assertEq(left, 0);
    }

    // --- Tokens and recipients that misbehave

    function test_a_recipient_that_the_token_refuses_delays_only_itself() public {
        RefusingToken token = new RefusingToken();
        _list(address(token), 1e30);
        token.refuse(OUTSIDER, true);
        _deposit(token, 10e6);
        uint64 stuck = model.withdraw(address(token), TRADER, OUTSIDER, 3e6);
        uint64 free = model.withdraw(address(token), TRADER, RECIPIENT, 4e6);
        uint64 index = _settle();

        vm.expectRevert(abi.encodeWithSelector(RefusingToken.Refused.selector, OUTSIDER));
        this.withdrawAsAnyone(index, stuck);
        assertFalse(custody.paid(stuck));
        _withdraw(index, free);
        _settle();
        token.refuse(OUTSIDER, false);
        _withdraw(index, stuck);
        assertEq(token.balanceOf(OUTSIDER), 3e6);
        assertEq(token.balanceOf(RECIPIENT), 4e6);
    }

    function test_a_token_that_fails_silently_marks_nothing_paid() public {
        SilentToken token = new SilentToken();
        _list(address(token), 1e30);
        (uint64 index, uint64 id) = _settledWithdrawal(token, 10e18, 4e18);
        token.fail(true);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(token)));
        this.withdrawAsAnyone(index, id);
        assertFalse(custody.paid(id));
    }

    function test_a_token_that_calls_back_is_not_paid_twice() public {
        ReentrantToken token = new ReentrantToken();
        _list(address(token), 1e30);
        (uint64 index, uint64 id) = _settledWithdrawal(token, 10e18, 4e18);
        token.arm(address(custody), abi.encodeCall(Custody.withdraw, (index, model.withdrawalOf(id), model.proofOf(id, 1))));
        _withdraw(index, id);
        assertTrue(token.called());
        assertEq(bytes4(token.answer()), ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        assertEq(token.balanceOf(RECIPIENT), 4e18);
    }

    function test_a_token_that_charges_a_fee_costs_the_recipient_and_not_the_others() public {
        FeeOnTransferToken token = new FeeOnTransferToken(100);
        _list(address(token), 1e30);
        token.mint(TRADER, 1000e18);
        vm.startPrank(TRADER);
        token.approve(address(custody), 1000e18);
        custody.deposit(address(token), 1000e18, TRADER);
        vm.stopPrank();
        model.credit(address(token), TRADER, 990e18);
        uint64 id = model.withdraw(address(token), TRADER, RECIPIENT, 100e18);
        _withdraw(_settle(), id);
        assertEq(token.balanceOf(RECIPIENT), 99e18);
        assertEq(_held(token), 890e18);
    }

    // --- Cost

    /// forge-config: default.isolate = true
    function test_gas_of_a_withdrawal_among_many() public {
        _deposit(dollar, 1000e6);
        for (uint256 i = 0; i < 1000; i++) {
            model.withdraw(address(dollar), TRADER, RECIPIENT, 1e5);
        }
        uint64 index = _settle();
        ICustody.Withdrawal memory leaf = model.withdrawalOf(700);
        bytes32[] memory proof = model.proofOf(700, 1000);
        custody.withdraw(index, leaf, proof);
        assertLt(vm.snapshotGasLastCall("Custody", "withdraw, first of its word, proof of 10"), 200_000);
    }

    function withdrawAsAnyone(uint64 index, uint64 id) external {
        ICustody.Withdrawal memory leaf = model.withdrawalOf(id);
        bytes32[] memory proof = model.proofOf(id, custody.batchOf(index).withdrawalsCount);
        vm.prank(OUTSIDER);
        custody.withdraw(index, leaf, proof);
    }

    function _fiveWithdrawals() private returns (uint64 index, ICustody.Withdrawal memory leaf, bytes32[] memory proof) {
        _deposit(dollar, 10e6);
        for (uint256 i = 0; i < 5; i++) {
            model.withdraw(address(dollar), TRADER, RECIPIENT, 1e6);
        }
        index = _settle();
        (leaf, proof) = (model.withdrawalOf(2), model.proofOf(2, 5));
    }

    function _otherThan(uint256 value, uint256 noise) private pure returns (uint256) {
        return noise == value ? value ^ 1 : noise;
    }
}
