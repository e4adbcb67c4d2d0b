// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Reverification} from "../../src/issuance/Reverification.sol";
import {ComputeClass} from "../../src/types/Compute.sol";
import {IssuanceFixture} from "../support/IssuanceFixture.sol";

/// @notice Credit decays, random epochs summon everybody at once, and capacity is sold once.
contract SummonTest is IssuanceFixture {
    Reverification internal reverification;

    function setUp() public override {
        super.setUp();
        reverification = Reverification(_reverification());
        vm.prank(address(timelock));
        reverification.setRules(Reverification.Rules(100, 10_000, 15 minutes, 24 hours));
    }

    function _summon() internal returns (uint256 epoch) {
        epoch = vm.getBlockNumber() / 100 + 1;
        vm.roll(epoch * 100 + 1);
        reverification.summon(epoch);
    }

    /// @dev Opens just before the summons' seed block and proves.
    function _answer(address provider, uint32 products) internal {
        vm.roll(reverification.seedBlock() - 2);
        vm.prank(provider);
        uint256 claimId = verifier.openChallenge(ComputeClass.F32, TERM_SECONDS, products);
        _commit(provider, claimId);
        _sampleBlockMined(claimId);
        verifier.prove(claimId, _proof(claimId));
        reverification.answer(provider);
    }

    // --- Decay

    function test_credit_halves_in_a_day_and_ends_after_two() public {
        assertEq(reverification.creditBpsOf(PROVIDER), 0);
        _minted(PROVIDER);
        assertEq(reverification.creditBpsOf(PROVIDER), 10_000);
        vm.warp(vm.getBlockTimestamp() + 3 hours);
        assertEq(reverification.creditBpsOf(PROVIDER), 9375);
        vm.warp(vm.getBlockTimestamp() + 21 hours);
        assertEq(reverification.creditBpsOf(PROVIDER), 5000);
        uint256 rate = verifier.capacityOf(PROVIDER).verifiedRate;
        assertEq(reverification.creditedRateOf(PROVIDER), rate / 2);
        vm.warp(vm.getBlockTimestamp() + 24 hours);
        assertEq(reverification.creditBpsOf(PROVIDER), 0);
    }

    // --- Capacity is counted once

    function test_the_same_rate_proved_again_brings_credit_but_no_value() public {
        _minted(PROVIDER);
        _pass(1 days);
        uint256 claimId = _open(PROVIDER);
        _commit(PROVIDER, claimId);
        _sampleBlockMined(claimId);
        uint256 again = verifier.prove(claimId, _proof(claimId));
        // The term reaches a day further than the last one: that day is new.
        uint256 rate = verifier.capacityOf(PROVIDER).verifiedRate;
        assertApproxEqAbs(again, rate * 1 days * 9000 * 1e18 / (10_000 * 1e15), rate * 100 * 1e3);
        assertEq(reverification.creditBpsOf(PROVIDER), 10_000);
    }

    function test_a_shorter_term_inside_a_promise_is_worth_nothing() public {
        _minted(PROVIDER);
        vm.prank(PROVIDER);
        uint256 claimId = verifier.openChallenge(ComputeClass.F32, STAKE_SECONDS, PRODUCTS);
        _commit(PROVIDER, claimId);
        _sampleBlockMined(claimId);
        assertEq(verifier.prove(claimId, _proof(claimId)), 0);
        _open(PROVIDER);
    }

    function test_a_faster_machine_is_credited_for_the_difference(uint32 more) public {
        more = uint32(bound(more, 1, 1000));
        (uint256 first,) = _minted(PROVIDER);
        vm.prank(PROVIDER);
        uint256 claimId = verifier.openChallenge(ComputeClass.F32, TERM_SECONDS, PRODUCTS + more);
        _commit(PROVIDER, claimId);
        _sampleBlockMined(claimId);
        uint256 second = verifier.prove(claimId, _proof(claimId));
        uint256 alone = uint256(PRODUCTS + more) * first / PRODUCTS;
        assertApproxEqRel(first + second, alone, 1e12, "no second counts twice");
    }

    function test_a_promise_that_was_never_minted_does_not_bind() public {
        _proven(PROVIDER);
        _pass(24 hours + 1);
        assertEq(verifier.capacityOf(PROVIDER).promisedRate, 0);
        assertGt(verifier.capacityOf(PROVIDER).verifiedRate, 0);
        uint256 claimId = _open(PROVIDER);
        _commit(PROVIDER, claimId);
        _sampleBlockMined(claimId);
        assertGt(verifier.prove(claimId, _proof(claimId)), 0);
    }

    // --- Summons

    function test_an_unanswered_summons_ends_the_credit_until_the_next_proof() public {
        _minted(PROVIDER);
        _summon();
        assertGt(reverification.creditBpsOf(PROVIDER), 0);
        _pass(15 minutes + 1);
        assertEq(reverification.creditBpsOf(PROVIDER), 0);
        vm.prank(PROVIDER);
        uint256 claimId = verifier.openChallenge(ComputeClass.F32, STAKE_SECONDS, PRODUCTS);
        _commit(PROVIDER, claimId);
        _sampleBlockMined(claimId);
        verifier.prove(claimId, _proof(claimId));
        assertEq(reverification.creditBpsOf(PROVIDER), 10_000);
        vm.expectRevert(abi.encodeWithSelector(Reverification.NothingToAnswer.selector, PROVIDER));
        reverification.answer(PROVIDER);
    }

    function test_an_answer_in_time_keeps_it() public {
        _minted(PROVIDER);
        _summon();
        _answer(PROVIDER, PRODUCTS);
        _pass(16 minutes);
        assertGt(reverification.creditBpsOf(PROVIDER), 9800);
    }

    /// @dev One machine of `PRODUCTS` in `WORK_BLOCKS` poses as two. Asked one after the other, each would show the whole machine; asked in one block, the
    /// two together show no more than it, however the work is split.
    function test_two_identities_on_one_machine_fall_short(uint32 share) public {
        share = uint32(bound(share, 1, PRODUCTS - 1));
        _minted(PROVIDER);
        uint256 machine = verifier.capacityOf(PROVIDER).verifiedRate;
        _minted(OTHER_PROVIDER);
        assertEq(verifier.capacityOf(OTHER_PROVIDER).verifiedRate, machine, "one after the other");
        _summon();
        address[2] memory identities = [PROVIDER, OTHER_PROVIDER];
        uint256[2] memory claims;
        vm.roll(reverification.seedBlock() - 2);
        for (uint256 i = 0; i < 2; i++) {
            vm.prank(identities[i]);
            claims[i] = verifier.openChallenge(ComputeClass.F32, STAKE_SECONDS, i == 0 ? share : PRODUCTS - share);
        }
        uint256 together;
        for (uint256 i = 0; i < 2; i++) {
            // Both commit when the machine has done both: earlier it has not.
            vm.roll(reverification.seedBlock() + WORK_BLOCKS);
            vm.prank(identities[i]);
            verifier.commitRoot(claims[i], ROOT);
        }
        for (uint256 i = 0; i < 2; i++) {
            _sampleBlockMined(claims[i]);
            verifier.prove(claims[i], _proof(claims[i]));
            reverification.answer(identities[i]);
            together += verifier.capacityOf(identities[i]).verifiedRate;
        }
        assertLe(together, machine);
    }

    function test_only_an_epochs_first_block_summons() public {
        uint256 epoch = vm.getBlockNumber() / 100 + 1;
        vm.expectPartialRevert(Reverification.EpochNotReadable.selector);
        reverification.summon(epoch);
        vm.roll(epoch * 100 + 1);
        vm.prank(address(timelock));
        reverification.setRules(Reverification.Rules(100, 0, 15 minutes, 24 hours));
        vm.expectRevert(abi.encodeWithSelector(Reverification.EpochQuiet.selector, epoch));
        reverification.summon(epoch);
        vm.prank(address(timelock));
        reverification.setRules(Reverification.Rules(100, 10_000, 15 minutes, 24 hours));
        reverification.summon(epoch);
        vm.expectRevert(abi.encodeWithSelector(Reverification.EpochSummoned.selector, epoch));
        reverification.summon(epoch);
        vm.roll(epoch * 100 + 257);
        vm.expectPartialRevert(Reverification.EpochNotReadable.selector);
        reverification.summon(epoch);
    }

    function test_seed_blocks_are_common_to_an_epoch() public {
        vm.prank(address(timelock));
        verifier.setStandard(_standard(50));
        _register(PROVIDER);
        _register(OTHER_PROVIDER);
        vm.roll(2003);
        uint256 first = _open(PROVIDER);
        vm.roll(2040);
        uint256 second = _open(OTHER_PROVIDER);
        assertEq(verifier.claimOf(first).seedBlock, 2050);
        assertEq(verifier.claimOf(second).seedBlock, 2050);
    }

    function test_governance_sets_the_schedule_within_limits() public {
        Reverification.Rules memory bad = Reverification.Rules(257, 1, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(Reverification.RulesInvalid.selector, bad));
        vm.prank(address(timelock));
        reverification.setRules(bad);
        _expectUnauthorised(OUTSIDER);
        vm.prank(OUTSIDER);
        reverification.setRules(bad);
    }
}
