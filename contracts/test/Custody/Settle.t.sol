// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {Custody} from "../../src/exchange/Custody.sol";
import {ICustody} from "../../src/interfaces/ICustody.sol";
import {CustodyFixture} from "../support/CustodyFixture.sol";
import {PlainToken} from "../support/Tokens.sol";

contract CustodySettleTest is CustodyFixture {
    function test_a_batch_posts_its_state_root_and_totals() public {
        _deposit(dollar, 100e6);
        model.withdraw(address(dollar), TRADER, RECIPIENT, 30e6);
        ICustody.Batch memory batch = model.batch(25);
        bytes memory trees = abi.encode(batch.balancesRoot, uint256(7), batch.withdrawalsRoot, uint256(1));
        bytes32 stateRoot = keccak256(bytes.concat(trees, abi.encode(batch.positionsRoot, uint256(3))));

        vm.expectEmit(address(custody));
        emit ICustody.BatchSettled(1, 1, 25, 1, stateRoot, batch.inputHash, batch.outputHash);
        assertEq(_settle(batch), 1);

        assertEq(custody.stateRootOf(1), stateRoot);
        (uint64 index, uint64 lastInput, uint64 block_, uint64 withdrawalsCount) = custody.lastBatch();
        assertEq(abi.encode(index, lastInput, block_, withdrawalsCount), abi.encode(1, 25, 1, 1));
        (uint256 deposited, uint256 credited, uint256 withdrawn, uint256 paidOut) = custody.totalsOf(address(dollar));
        assertEq(abi.encode(deposited, credited, withdrawn, paidOut), abi.encode(100e6, 100e6, 30e6, 0));
        assertEq(custody.creditedDepositCount(), 1);
    }

    function test_before_the_first_batch_there_is_nothing() public {
        (uint64 index, uint64 lastInput, uint64 block_, uint64 withdrawalsCount) = custody.lastBatch();
        assertEq(uint256(index) + lastInput + block_ + withdrawalsCount, 0);
        vm.expectRevert(abi.encodeWithSelector(Custody.BatchUnknown.selector, 0, 0));
        custody.stateRootOf(0);
        vm.expectRevert(abi.encodeWithSelector(Custody.BatchUnknown.selector, 1, 0));
        custody.stateRootOf(1);
    }

    // --- Order

    function test_a_batch_posted_again_is_recognised_by_what_is_expected_next() public {
        ICustody.Batch memory batch = model.batch(10);
        _settle(batch);
        _expectRefusal(batch, abi.encodeWithSelector(Custody.BatchOutOfOrder.selector, 11, 1));
    }

    function test_a_batch_that_skips_inputs_is_refused() public {
        _settle();
        ICustody.Batch memory batch = model.batch(10);
        batch.firstInput += 1;
        _expectRefusal(batch, abi.encodeWithSelector(Custody.BatchOutOfOrder.selector, 11, 12));
    }

    function test_a_batch_that_ends_before_it_starts_is_refused() public {
        _settle();
        ICustody.Batch memory batch = model.batch(10);
        batch.lastInput = 10;
        _expectRefusal(batch, abi.encodeWithSelector(Custody.BatchBackwards.selector, 11, 10));
    }

    function test_a_batch_that_ends_with_an_old_block_is_refused() public {
        _settle();
        ICustody.Batch memory batch = model.batch(10);
        batch.block_ = 1;
        _expectRefusal(batch, abi.encodeWithSelector(Custody.BlockBackwards.selector, 1, 1));
    }

    function test_only_the_sequencer_settles() public {
        ICustody.Batch memory batch = model.batch(10);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, OUTSIDER));
        vm.prank(OUTSIDER);
        custody.settle(batch);
    }

    function test_the_guardian_stops_settlement() public {
        vm.prank(GUARDIAN);
        custody.pause();
        _expectRefusal(model.batch(10), abi.encodeWithSelector(Pausable.EnforcedPause.selector));
    }

    // --- Deposits

    function test_a_batch_may_trail_the_deposits_by_any_number() public {
        _deposit(dollar, 5e6);
        _depositUncredited(dollar, 7e6);
        _settle();
        (uint256 deposited, uint256 credited,,) = custody.totalsOf(address(dollar));
        assertEq(deposited, 12e6);
        assertEq(credited, 5e6);
    }

    function test_a_skipped_deposit_is_refused() public {
        _depositUncredited(dollar, 5e6);
        _deposit(dollar, 7e6);
        ICustody.Batch memory batch = model.batch(10);
        _expectRefusal(batch, abi.encodeWithSelector(Custody.DepositHashMismatch.selector, 1, custody.depositHashAt(1), batch.depositHash));
        batch.depositCount = 2;
        _expectRefusal(batch, abi.encodeWithSelector(Custody.DepositHashMismatch.selector, 2, custody.depositHashAt(2), batch.depositHash));
    }

    function test_deposits_that_never_happened_are_refused() public {
        _deposit(dollar, 5e6);
        model.credit(address(dollar), TRADER, 5e6);
        _expectRefusal(model.batch(10), abi.encodeWithSelector(Custody.DepositCountOutOfRange.selector, 2, 0, 1));
    }

    function test_credited_deposits_are_not_taken_back() public {
        _deposit(dollar, 5e6);
        _settle();
        ICustody.Batch memory batch = model.batch(10);
        (batch.depositCount, batch.depositHash) = (0, bytes32(0));
        _expectRefusal(batch, abi.encodeWithSelector(Custody.DepositCountOutOfRange.selector, 0, 1, 1));
    }

    // --- Totals

    function test_crediting_more_than_was_deposited_is_refused() public {
        _deposit(dollar, 5e6);
        ICustody.Batch memory batch = model.batch(10);
        batch.totals[0].credited += 1;
        _expectRefusal(batch, abi.encodeWithSelector(Custody.CreditedAboveDeposited.selector, address(dollar), 5e6, 5e6 + 1));
    }

    function test_crediting_less_than_all_deposits_counted_is_refused() public {
        _deposit(dollar, 5e6);
        ICustody.Batch memory batch = model.batch(10);
        batch.totals[0].credited -= 1;
        _expectRefusal(batch, abi.encodeWithSelector(Custody.CreditedIncomplete.selector, address(dollar), 5e6, 5e6 - 1));
    }

    function test_a_credit_is_not_taken_back() public {
        _deposit(dollar, 5e6);
        _settle();
        ICustody.Batch memory batch = model.batch(10);
        batch.totals[0].credited -= 1;
        _expectRefusal(batch, abi.encodeWithSelector(Custody.CreditedBackwards.selector, address(dollar), 5e6, 5e6 - 1));
    }

    function test_withdrawing_more_than_was_credited_is_refused() public {
        _deposit(dollar, 5e6);
        model.withdraw(address(dollar), TRADER, RECIPIENT, 5e6 + 1);
        _expectRefusal(model.batch(10), abi.encodeWithSelector(Custody.WithdrawnAboveCredited.selector, address(dollar), 5e6, 5e6 + 1));
    }

    function test_a_withdrawal_is_not_taken_back() public {
        _settledWithdrawal(dollar, 5e6, 3e6);
        ICustody.Batch memory batch = model.batch(10);
        batch.totals[0].withdrawn = 2e6;
        _expectRefusal(batch, abi.encodeWithSelector(Custody.WithdrawnBackwards.selector, address(dollar), 3e6, 2e6));
    }

    function test_a_missing_or_additional_total_is_refused() public {
        ICustody.Batch memory batch = model.batch(10);
        ICustody.TokenTotal[] memory all = batch.totals;
        batch.totals = new ICustody.TokenTotal[](1);
        batch.totals[0] = all[0];
        _expectRefusal(batch, abi.encodeWithSelector(Custody.TotalsIncomplete.selector, 2, 1));
        batch.totals = new ICustody.TokenTotal[](3);
        (batch.totals[0], batch.totals[1], batch.totals[2]) = (all[0], all[1], all[1]);
        _expectRefusal(batch, abi.encodeWithSelector(Custody.TotalsIncomplete.selector, 2, 3));
    }

    function test_totals_out_of_listing_order_or_repeated_are_refused() public {
        ICustody.Batch memory batch = model.batch(10);
        (batch.totals[0], batch.totals[1]) = (batch.totals[1], batch.totals[0]);
        _expectRefusal(batch, abi.encodeWithSelector(Custody.TotalOutOfOrder.selector, 0, address(dollar), address(compute)));
        batch = model.batch(10);
        batch.totals[1] = batch.totals[0];
        _expectRefusal(batch, abi.encodeWithSelector(Custody.TotalOutOfOrder.selector, 1, address(compute), address(dollar)));
    }

    // --- Withdrawals tree

    function test_a_withdrawals_tree_that_shrinks_is_refused() public {
        _settledWithdrawal(dollar, 5e6, 3e6);
        ICustody.Batch memory batch = model.batch(10);
        batch.withdrawalsCount = 0;
        _expectRefusal(batch, abi.encodeWithSelector(Custody.WithdrawalsBackwards.selector, 1, 0));
    }

    function test_a_withdrawals_tree_rewritten_in_place_is_refused() public {
        _settledWithdrawal(dollar, 5e6, 3e6);
        ICustody.Batch memory batch = model.batch(10);
        bytes32 honest = batch.withdrawalsRoot;
        batch.withdrawalsRoot = keccak256("forged");
        _expectRefusal(batch, abi.encodeWithSelector(Custody.WithdrawalsRewritten.selector, 1, honest, keccak256("forged")));
    }

    // --- Cost

    /// forge-config: default.isolate = true
    function test_gas_of_a_batch_does_not_depend_on_the_trades_in_it() public {
        _deposit(dollar, 5e6);
        _deposit(compute, 5e18);
        _settle();
        uint256 ten = _gasOfSettling(10, "settle, two tokens");
        uint256 tenThousand = _gasOfSettling(10_000, "settle, two tokens, ten thousand inputs");
        assertLt(ten, 200_000);
        assertApproxEqAbs(tenThousand, ten, 500); // calldata bytes that are no longer zero
    }

    /// forge-config: default.isolate = true
    function test_gas_of_a_batch_with_all_the_tokens_there_can_be() public {
        _fillListing();
        for (uint256 round = 0; round < 2; round++) {
            _settle();
        }
        assertLt(_gasOfSettling(10, "settle, sixteen tokens"), 400_000);
    }

    function _gasOfSettling(uint64 inputs, string memory name) private returns (uint256 gas) {
        ICustody.Batch memory batch = model.batch(inputs);
        vm.prank(SEQUENCER);
        custody.settle(batch);
        gas = vm.snapshotGasLastCall("Custody", name);
        model.settled(batch);
    }

    function _fillListing() private {
        for (uint256 i = custody.tokens().length; i < custody.TOKENS_MAX(); i++) {
            PlainToken token = new PlainToken("MORE", 18);
            _list(address(token), 1e30);
            _deposit(token, 1e18);
        }
    }
}
