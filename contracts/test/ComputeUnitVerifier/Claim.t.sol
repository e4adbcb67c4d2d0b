// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {IComputeUnitVerifier} from "../../src/interfaces/IComputeUnitVerifier.sol";
import {ComputeUnitVerifier} from "../../src/issuance/ComputeUnitVerifier.sol";
import {ComputeClass, ProofMethod} from "../../src/types/Compute.sol";
import {IssuanceFixture} from "../support/IssuanceFixture.sol";

/// @notice Registration, challenge and commitment.
contract ClaimTest is IssuanceFixture {
    // --- Registration

    function test_a_provider_registers_method_and_stake_period() public {
        vm.expectEmit(address(verifier));
        emit IComputeUnitVerifier.ProviderRegistered(PROVIDER, ProofMethod.Committee, 7 days);
        vm.prank(PROVIDER);
        verifier.register(ProofMethod.Committee, 7 days);
        (ProofMethod method, uint32 period) = verifier.registrationOf(PROVIDER);
        assertEq(uint256(method), uint256(ProofMethod.Committee));
        assertEq(period, 7 days);
    }

    function test_a_stake_period_one_second_short_is_refused() public {
        vm.expectRevert(abi.encodeWithSelector(ComputeUnitVerifier.StakePeriodTooShort.selector, 7 days - 1, 7 days));
        vm.prank(PROVIDER);
        verifier.register(ProofMethod.Committee, 7 days - 1);

        vm.expectRevert(abi.encodeWithSelector(ComputeUnitVerifier.ProviderUnregistered.selector, PROVIDER));
        vm.prank(PROVIDER);
        verifier.openChallenge(ComputeClass.F32, TERM_SECONDS, PRODUCTS);
        _assertNothingMinted();
    }

    function test_a_stake_period_above_the_longest_term_is_refused() public {
        vm.expectRevert(abi.encodeWithSelector(ComputeUnitVerifier.StakePeriodTooLong.selector, 365 days + 1, 365 days));
        verifier.register(ProofMethod.Committee, 365 days + 1);
    }

    function test_methods_without_a_proof_contract_are_refused() public {
        ProofMethod[2] memory missing = [ProofMethod.None, ProofMethod.ZKP];
        for (uint256 i = 0; i < missing.length; i++) {
            vm.expectRevert(abi.encodeWithSelector(ComputeUnitVerifier.MethodUnavailable.selector, missing[i]));
            verifier.register(missing[i], 7 days);
        }
    }

    function test_an_open_claim_keeps_the_registration_it_was_opened_with() public {
        (uint256 claimId, uint256 cuValue) = _proven(PROVIDER);
        vm.prank(PROVIDER);
        verifier.register(ProofMethod.Committee, 7 days);
        _fund(PROVIDER, collateral.requiredUp(cuValue));
        vm.prank(PROVIDER);
        (, uint256 stakeId) = agent.mint(claimId);
        (,,, uint64 unlocksAt) = staking.stakeOf(stakeId);
        assertEq(unlocksAt, block.timestamp + STAKE_SECONDS);
    }

    // --- Challenge

    function test_a_challenge_is_seeded_by_a_future_block() public {
        _register(PROVIDER);
        vm.expectEmit(address(verifier));
        emit IComputeUnitVerifier.ChallengeOpened(1, PROVIDER, ComputeClass.F32, 4096, 4096, PRODUCTS, 1002, 1102);
        uint256 claimId = _open(PROVIDER);
        assertEq(verifier.lastClaimOf(PROVIDER), claimId);
        IComputeUnitVerifier.Claim memory claim = verifier.claimOf(claimId);
        assertEq(claim.provider, PROVIDER);
        assertEq(claim.seedBlock, block.number + 2);
        assertEq(claim.deadlineBlock, claim.seedBlock + 100);
        assertEq(claim.committedSeconds, TERM_SECONDS);
        assertEq(claim.seed, 0);
    }

    function test_a_term_outside_stake_period_and_a_year_is_refused() public {
        _register(PROVIDER);
        uint32[2] memory terms = [STAKE_SECONDS - 1, 365 days + 1];
        for (uint256 i = 0; i < terms.length; i++) {
            vm.expectRevert(
                abi.encodeWithSelector(ComputeUnitVerifier.CommittedSecondsOutOfRange.selector, terms[i], STAKE_SECONDS, 365 days)
            );
            vm.prank(PROVIDER);
            verifier.openChallenge(ComputeClass.F32, terms[i], PRODUCTS);
        }
    }

    function test_a_number_of_products_out_of_range_is_refused() public {
        _register(PROVIDER);
        uint32[2] memory products = [0, uint32(1 << 20) + 1];
        for (uint256 i = 0; i < products.length; i++) {
            vm.expectRevert(abi.encodeWithSelector(ComputeUnitVerifier.ProductsOutOfRange.selector, products[i], 1 << 20));
            vm.prank(PROVIDER);
            verifier.openChallenge(ComputeClass.F32, TERM_SECONDS, products[i]);
        }
    }

    function test_a_class_without_conversion_is_refused() public {
        _register(PROVIDER);
        vm.prank(address(timelock));
        verifier.setClassConversion(ComputeClass.I8, 0);
        vm.expectRevert(abi.encodeWithSelector(ComputeUnitVerifier.ClassUnavailable.selector, ComputeClass.I8));
        vm.prank(PROVIDER);
        verifier.openChallenge(ComputeClass.I8, TERM_SECONDS, PRODUCTS);
    }

    function test_a_live_claim_keeps_the_provider_from_a_second() public {
        uint256 claimId = _committedOrOpen(false);
        _expectLive(claimId, IComputeUnitVerifier.ClaimState.Open);
        _commit(PROVIDER, claimId);
        _expectLive(claimId, IComputeUnitVerifier.ClaimState.Committed);
        _sampleBlockMined(claimId);
        verifier.prove(claimId, _proof(claimId));
        _expectLive(claimId, IComputeUnitVerifier.ClaimState.Proven);
    }

    function test_an_open_claim_past_its_deadline_is_replaced() public {
        uint256 claimId = _committedOrOpen(false);
        vm.roll(verifier.claimOf(claimId).deadlineBlock);
        _expectLive(claimId, IComputeUnitVerifier.ClaimState.Open);
        vm.roll(vm.getBlockNumber() + 1);
        assertEq(_open(PROVIDER), claimId + 1);
    }

    function test_a_committed_claim_whose_sample_hash_is_gone_is_replaced() public {
        uint256 claimId = _committedOrOpen(true);
        vm.roll(verifier.claimOf(claimId).commitBlock + 2 + 256);
        _expectLive(claimId, IComputeUnitVerifier.ClaimState.Committed);
        vm.roll(vm.getBlockNumber() + 1);
        assertEq(_open(PROVIDER), claimId + 1);
    }

    function test_a_proven_claim_that_was_not_minted_in_a_day_is_replaced() public {
        (uint256 claimId,) = _proven(PROVIDER);
        _passSilently(24 hours);
        _expectLive(claimId, IComputeUnitVerifier.ClaimState.Proven);
        _passSilently(1);
        assertEq(_open(PROVIDER), claimId + 1);
    }

    // --- Commitment

    function test_a_root_before_the_seed_is_known_is_refused() public {
        uint256 claimId = _committedOrOpen(false);
        uint64 seedBlock = verifier.claimOf(claimId).seedBlock;
        vm.roll(seedBlock);
        vm.expectRevert(abi.encodeWithSelector(ComputeUnitVerifier.SeedBlockNotMined.selector, seedBlock, seedBlock));
        vm.prank(PROVIDER);
        verifier.commitRoot(claimId, ROOT);
    }

    function test_a_late_commit_mints_nothing() public {
        uint256 claimId = _committedOrOpen(false);
        uint64 deadline = verifier.claimOf(claimId).deadlineBlock;
        vm.roll(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(ComputeUnitVerifier.CommitTooLate.selector, deadline + 1, deadline));
        vm.prank(PROVIDER);
        verifier.commitRoot(claimId, ROOT);
        _assertNothingMinted();
    }

    function test_the_deadline_block_itself_is_in_time() public {
        uint256 claimId = _committedOrOpen(false);
        vm.roll(verifier.claimOf(claimId).deadlineBlock);
        vm.prank(PROVIDER);
        verifier.commitRoot(claimId, ROOT);
        assertEq(verifier.claimOf(claimId).root, ROOT);
    }

    function test_a_challenge_is_used_once() public {
        uint256 claimId = _committedOrOpen(true);
        vm.expectRevert(
            abi.encodeWithSelector(
                ComputeUnitVerifier.ClaimInState.selector,
                claimId,
                IComputeUnitVerifier.ClaimState.Committed,
                IComputeUnitVerifier.ClaimState.Open
            )
        );
        vm.prank(PROVIDER);
        verifier.commitRoot(claimId, keccak256("a better root"));
    }

    function test_another_provider_cannot_commit() public {
        uint256 claimId = _committedOrOpen(false);
        vm.roll(verifier.claimOf(claimId).seedBlock + 1);
        vm.expectRevert(abi.encodeWithSelector(ComputeUnitVerifier.ClaimOfAnother.selector, claimId, PROVIDER, OTHER_PROVIDER));
        vm.prank(OTHER_PROVIDER);
        verifier.commitRoot(claimId, ROOT);
    }

    function test_no_root_is_no_root() public {
        uint256 claimId = _committedOrOpen(false);
        vm.roll(verifier.claimOf(claimId).seedBlock + 1);
        vm.expectRevert(ComputeUnitVerifier.RootZero.selector);
        vm.prank(PROVIDER);
        verifier.commitRoot(claimId, 0);
    }

    function test_the_seed_binds_block_claim_provider_and_class() public {
        uint256 claimId = _committedOrOpen(true);
        IComputeUnitVerifier.Claim memory claim = verifier.claimOf(claimId);
        bytes32 expected = keccak256(abi.encode(blockhash(claim.seedBlock), claimId, PROVIDER, ComputeClass.F32));
        assertEq(claim.seed, expected);
        assertNotEq(blockhash(claim.seedBlock), 0);
    }

    /// @dev The rate is what was done over all blocks from seed to commitment, both included, rounded down.
    function testFuzz_the_rate_is_a_lower_bound(uint32 products, uint256 blocks) public {
        products = uint32(bound(products, 1, 1 << 20));
        blocks = bound(blocks, 1, 100);
        _register(PROVIDER);
        vm.prank(PROVIDER);
        uint256 claimId = verifier.openChallenge(ComputeClass.F32, TERM_SECONDS, products);
        vm.roll(verifier.claimOf(claimId).seedBlock + blocks);
        vm.prank(PROVIDER);
        verifier.commitRoot(claimId, ROOT);
        _sampleBlockMined(claimId);
        uint256 rate = verifier.statementOf(claimId).operationsPerSecond;
        uint256 operations = 2 * 4096 * 4096 * 4096 * uint256(products);
        assertLe(rate * (blocks + 1), operations);
        assertGt((rate + 1) * (blocks + 1), operations);
    }

    function test_while_paused_nothing_before_the_mint_moves() public {
        uint256 claimId = _committedOrOpen(false);
        vm.roll(verifier.claimOf(claimId).seedBlock + 1);
        vm.prank(GUARDIAN);
        verifier.pause();
        vm.startPrank(PROVIDER);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        verifier.register(ProofMethod.Committee, 7 days);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        verifier.openChallenge(ComputeClass.F32, TERM_SECONDS, PRODUCTS);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        verifier.commitRoot(claimId, ROOT);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        verifier.prove(claimId, "");
    }

    /// forge-config: default.isolate = true
    function test_gas_of_a_claim() public {
        _register(PROVIDER);
        assertLt(vm.snapshotGasLastCall("ComputeUnitVerifier", "register"), 200_000);
        uint256 claimId = _open(PROVIDER);
        assertLt(vm.snapshotGasLastCall("ComputeUnitVerifier", "openChallenge"), 200_000);
        vm.roll(verifier.claimOf(claimId).seedBlock + WORK_BLOCKS);
        vm.prank(PROVIDER);
        verifier.commitRoot(claimId, ROOT);
        assertLt(vm.snapshotGasLastCall("ComputeUnitVerifier", "commitRoot"), 200_000);
        _sampleBlockMined(claimId);
        verifier.prove(claimId, _proof(claimId));
        assertLt(vm.snapshotGasLastCall("ComputeUnitVerifier", "prove, 3 signatures"), 200_000);
    }

    function _committedOrOpen(bool committed) private returns (uint256 claimId) {
        _register(PROVIDER);
        claimId = _open(PROVIDER);
        if (committed) _commit(PROVIDER, claimId);
    }

    function _expectLive(uint256 claimId, IComputeUnitVerifier.ClaimState state) private {
        vm.expectRevert(abi.encodeWithSelector(ComputeUnitVerifier.ClaimLive.selector, claimId, state));
        vm.prank(PROVIDER);
        verifier.openChallenge(ComputeClass.F32, TERM_SECONDS, PRODUCTS);
    }
}
