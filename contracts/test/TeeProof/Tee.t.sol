// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {CommitteeProof} from "../../src/issuance/CommitteeProof.sol";
import {TeeProof} from "../../src/issuance/TeeProof.sol";
import {ProofMethod, Statement} from "../../src/types/Compute.sol";
import {IssuanceFixture} from "../support/IssuanceFixture.sol";

/// @notice Enrolment of an enclave by the committee, and results that it signs.
contract TeeProofTest is IssuanceFixture {
    uint256 internal constant ENCLAVE_KEY = 0xE4C1A7E;
    uint256 internal constant P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551;
    bytes32 internal constant CHIP = keccak256("platform 1");

    TeeProof internal tee;

    function setUp() public override {
        super.setUp();
        tee = TeeProof(address(verifier.proofOf(ProofMethod.TEE)));
    }

    function _enrolment(uint256 key, bytes32 chip) internal view returns (TeeProof.Enrolment memory) {
        (uint256 x, uint256 y) = vm.publicKeyP256(key);
        return TeeProof.Enrolment(bytes32(x), bytes32(y), chip, TeeProof.TcbStatus.UpToDate, uint40(block.timestamp + 30 days));
    }

    function _ask(address provider) internal {
        vm.prank(provider);
        tee.askChallenge();
        vm.roll(vm.getBlockNumber() + 3);
    }

    function _signed(address provider, TeeProof.Enrolment memory enrolment) internal view returns (bytes memory) {
        bytes32 struct_ = keccak256(abi.encode(tee.ENROLMENT_TYPEHASH(), provider, tee.challengeOf(provider), enrolment));
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("stab3l CommitteeProof"),
                keccak256("1"),
                block.chainid,
                address(committee)
            )
        );
        return abi.encode(_signatures(keccak256(abi.encodePacked("\x19\x01", domain, struct_)), COMMITTEE_THRESHOLD));
    }

    function _enrol(address provider, TeeProof.Enrolment memory enrolment) internal {
        _ask(provider);
        bytes memory proof = _signed(provider, enrolment);
        vm.prank(provider);
        tee.enrol(enrolment, proof);
    }

    function _result(uint256 key, Statement memory statement) internal view returns (bytes memory) {
        (bytes32 r, bytes32 s) = vm.signP256(key, tee.digestOf(statement));
        if (uint256(s) > P256_ORDER / 2) s = bytes32(P256_ORDER - uint256(s));
        return abi.encode(r, s);
    }

    function _sampled() internal returns (uint256 claimId, Statement memory statement) {
        vm.prank(PROVIDER);
        verifier.register(ProofMethod.TEE, STAKE_SECONDS);
        claimId = _open(PROVIDER);
        _commit(PROVIDER, claimId);
        _sampleBlockMined(claimId);
        statement = verifier.statementOf(claimId);
    }

    function test_an_enrolled_enclave_proves_by_one_signature() public {
        _enrol(PROVIDER, _enrolment(ENCLAVE_KEY, CHIP));
        (uint256 claimId, Statement memory statement) = _sampled();
        uint256 expected = statement.operationsPerSecond * TERM_SECONDS * 9000 * 1e18 / (10_000 * 1e15);
        assertEq(verifier.prove(claimId, _result(ENCLAVE_KEY, statement)), expected);
    }

    function test_a_platform_that_needs_hardening_counts_for_less() public {
        TeeProof.Enrolment memory enrolment = _enrolment(ENCLAVE_KEY, CHIP);
        enrolment.status = TeeProof.TcbStatus.SWHardeningNeeded;
        _enrol(PROVIDER, enrolment);
        (uint256 claimId, Statement memory statement) = _sampled();
        uint256 full = statement.operationsPerSecond * TERM_SECONDS * 9000;
        assertEq(verifier.prove(claimId, _result(ENCLAVE_KEY, statement)), full * 9000 * 1e18 / (1e8 * 1e15));
    }

    function test_an_outdated_platform_is_not_enrolled_and_counts_no_longer() public {
        TeeProof.Enrolment memory enrolment = _enrolment(ENCLAVE_KEY, CHIP);
        for (uint8 status = 4; status <= 6; status++) {
            enrolment.status = TeeProof.TcbStatus(status);
            _ask(PROVIDER);
            vm.expectRevert(abi.encodeWithSelector(TeeProof.StatusUnacceptable.selector, status));
            vm.prank(PROVIDER);
            tee.enrol(enrolment, "");
        }
        _enrol(PROVIDER, _enrolment(ENCLAVE_KEY, CHIP));
        vm.prank(address(timelock));
        tee.setCredit(TeeProof.TcbStatus.UpToDate, 0);
        (uint256 claimId, Statement memory statement) = _sampled();
        bytes memory result = _result(ENCLAVE_KEY, statement);
        vm.expectRevert(abi.encodeWithSelector(TeeProof.StatusUnacceptable.selector, 0));
        verifier.prove(claimId, result);
    }

    function test_an_enrolment_ends_with_its_collateral() public {
        _enrol(PROVIDER, _enrolment(ENCLAVE_KEY, CHIP));
        vm.warp(vm.getBlockTimestamp() + 30 days);
        (uint256 claimId, Statement memory statement) = _sampled();
        bytes memory result = _result(ENCLAVE_KEY, statement);
        vm.expectPartialRevert(TeeProof.EnrolmentExpired.selector);
        verifier.prove(claimId, result);
    }

    function test_one_chip_serves_one_provider() public {
        _enrol(PROVIDER, _enrolment(ENCLAVE_KEY, CHIP));
        _ask(OTHER_PROVIDER);
        TeeProof.Enrolment memory again = _enrolment(ENCLAVE_KEY + 1, CHIP);
        bytes memory proof = _signed(OTHER_PROVIDER, again);
        vm.expectRevert(abi.encodeWithSelector(TeeProof.ChipOfAnother.selector, CHIP, PROVIDER));
        vm.prank(OTHER_PROVIDER);
        tee.enrol(again, proof);
        _enrol(PROVIDER, again);
    }

    function test_an_enrolment_signed_for_another_is_worthless() public {
        _ask(PROVIDER);
        _ask(OTHER_PROVIDER);
        TeeProof.Enrolment memory enrolment = _enrolment(ENCLAVE_KEY, CHIP);
        bytes memory proof = _signed(PROVIDER, enrolment);
        vm.expectRevert();
        vm.prank(OTHER_PROVIDER);
        tee.enrol(enrolment, proof);
        enrolment.chip = keccak256("another");
        vm.expectPartialRevert(CommitteeProof.SignerUnknown.selector);
        vm.prank(PROVIDER);
        tee.enrol(enrolment, proof);
    }

    function test_a_quote_answers_a_challenge_that_nobody_knew() public {
        vm.expectRevert(abi.encodeWithSelector(TeeProof.ChallengeNotAsked.selector, PROVIDER));
        tee.challengeOf(PROVIDER);
        vm.prank(PROVIDER);
        tee.askChallenge();
        vm.expectPartialRevert(TeeProof.ChallengeNotReady.selector);
        tee.challengeOf(PROVIDER);
        vm.roll(vm.getBlockNumber() + 259);
        vm.expectPartialRevert(TeeProof.ChallengeExpired.selector);
        tee.challengeOf(PROVIDER);
    }

    function test_a_result_of_another_key_or_of_another_claim_fails() public {
        _enrol(PROVIDER, _enrolment(ENCLAVE_KEY, CHIP));
        (uint256 claimId, Statement memory statement) = _sampled();
        bytes memory forged = _result(ENCLAVE_KEY + 1, statement);
        vm.expectRevert(abi.encodeWithSelector(TeeProof.ResultSignatureInvalid.selector, claimId));
        verifier.prove(claimId, forged);
        for (uint256 field = 0; field < 12; field++) {
            Statement memory other = _changed(verifier.statementOf(claimId), field);
            bytes memory result = _result(ENCLAVE_KEY, other);
            vm.expectRevert(abi.encodeWithSelector(TeeProof.ResultSignatureInvalid.selector, claimId));
            verifier.prove(claimId, result);
        }
    }

    function test_without_an_enclave_nothing_is_proved() public {
        (uint256 claimId, Statement memory statement) = _sampled();
        bytes memory result = _result(ENCLAVE_KEY, statement);
        vm.expectRevert(abi.encodeWithSelector(TeeProof.NotEnrolled.selector, PROVIDER));
        verifier.prove(claimId, result);
    }

    /// forge-config: default.isolate = true
    function test_gas() public {
        _enrol(PROVIDER, _enrolment(ENCLAVE_KEY, CHIP));
        assertLt(vm.snapshotGasLastCall("TeeProof", "enrol, 3 signatures"), 200_000);
        (uint256 claimId, Statement memory statement) = _sampled();
        verifier.prove(claimId, _result(ENCLAVE_KEY, statement));
        assertLt(vm.snapshotGasLastCall("TeeProof", "prove"), 200_000);
    }
}
