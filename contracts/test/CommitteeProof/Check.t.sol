// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {CommitteeProof} from "../../src/issuance/CommitteeProof.sol";
import {Statement} from "../../src/types/Compute.sol";
import {IssuanceFixture} from "../support/IssuanceFixture.sol";

contract CheckTest is IssuanceFixture {
    Statement internal statement;
    uint256 internal claimId;

    function setUp() public override {
        super.setUp();
        claimId = _committed(PROVIDER);
        _sampleBlockMined(claimId);
        statement = verifier.statementOf(claimId);
    }

    /// @dev Refused by the committee and, as the same proof, by the verifier: nothing is minted.
    function _expectRefused(bytes[] memory signatures, bytes memory error_) private {
        vm.expectRevert(error_);
        committee.check(statement, abi.encode(signatures));
        vm.expectRevert(error_);
        verifier.prove(claimId, abi.encode(signatures));
        _assertNothingMinted();
    }

    function _signed(uint256 count) private view returns (bytes[] memory) {
        return _signatures(committee.digestOf(statement), count);
    }

    function test_threshold_and_more_signatures_pass() public view {
        committee.check(statement, abi.encode(_signed(COMMITTEE_THRESHOLD)));
        committee.check(statement, abi.encode(_signed(COMMITTEE_SIZE)));
    }

    function test_any_ascending_choice_of_signers_passes() public view {
        bytes[] memory signatures = new bytes[](3);
        bytes32 digest = committee.digestOf(statement);
        (signatures[0], signatures[1]) = (_signature(committeeKeys[0], digest), _signature(committeeKeys[2], digest));
        signatures[2] = _signature(committeeKeys[4], digest);
        committee.check(statement, abi.encode(signatures));
    }

    function test_too_few_signatures_are_refused() public {
        _expectRefused(_signed(2), abi.encodeWithSelector(CommitteeProof.ThresholdNotMet.selector, 2, 3));
        _expectRefused(new bytes[](0), abi.encodeWithSelector(CommitteeProof.ThresholdNotMet.selector, 0, 3));
    }

    function test_a_duplicate_signature_is_refused() public {
        bytes[] memory signatures = _signed(3);
        signatures[2] = signatures[1];
        address signer = vm.addr(committeeKeys[1]);
        _expectRefused(signatures, abi.encodeWithSelector(CommitteeProof.SignersNotAscending.selector, signer, signer));
    }

    function test_unsorted_signatures_are_refused() public {
        bytes[] memory signatures = _signed(3);
        (signatures[0], signatures[1]) = (signatures[1], signatures[0]);
        _expectRefused(
            signatures,
            abi.encodeWithSelector(CommitteeProof.SignersNotAscending.selector, vm.addr(committeeKeys[1]), vm.addr(committeeKeys[0]))
        );
    }

    function test_a_forged_signature_is_refused() public {
        (address stranger, uint256 key) = makeAddrAndKey("stranger");
        bytes[] memory signatures = _signed(3);
        signatures[1] = _signature(key, committee.digestOf(statement));
        _expectRefused(signatures, abi.encodeWithSelector(CommitteeProof.SignerUnknown.selector, stranger));
    }

    function test_a_malformed_signature_is_refused() public {
        bytes[] memory signatures = _signed(3);
        signatures[0] = hex"1234";
        _expectRefused(signatures, abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureLength.selector, 2));
        signatures[0] = new bytes(65);
        _expectRefused(signatures, abi.encodeWithSelector(ECDSA.ECDSAInvalidSignature.selector));
    }

    function test_the_mirrored_signature_is_refused() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(committeeKeys[0], committee.digestOf(statement));
        bytes32 mirrored = bytes32(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141 - uint256(s));
        bytes[] memory signatures = _signed(3);
        signatures[0] = abi.encodePacked(r, mirrored, v == 27 ? uint8(28) : uint8(27));
        _expectRefused(signatures, abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureS.selector, mirrored));
    }

    function test_a_proof_that_is_no_list_of_signatures_is_refused() public {
        (bool passed,) = address(verifier).call(abi.encodeCall(verifier.prove, (claimId, hex"00")));
        assertFalse(passed);
        _assertNothingMinted();
    }

    function test_a_signature_for_another_chain_is_refused() public {
        vm.chainId(138);
        bytes[] memory signatures = _signed(3);
        vm.chainId(31_337);
        vm.expectPartialRevert(CommitteeProof.SignerUnknown.selector);
        verifier.prove(claimId, abi.encode(signatures));
        _assertNothingMinted();
    }

    function test_a_signature_for_another_contract_is_refused() public {
        CommitteeProof other = new CommitteeProof(address(authority), committee.signers(), 3);
        bytes[] memory signatures = _signatures(other.digestOf(statement), 3);
        other.check(statement, abi.encode(signatures));
        vm.expectPartialRevert(CommitteeProof.SignerUnknown.selector);
        verifier.prove(claimId, abi.encode(signatures));
        _assertNothingMinted();
    }

    /// @dev EIP-712 written out by hand.
    function test_the_digest_is_that_of_the_typed_attestation() public view {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("stab3l CommitteeProof"),
                keccak256("1"),
                block.chainid,
                address(committee)
            )
        );
        bytes32 content = keccak256(
            bytes.concat(
                abi.encode(
                    keccak256(
                        "Attestation(uint256 claimId,address provider,uint8 computeClass,uint32 rows,uint32 depth,uint32 products,uint64 seedBlock,uint64 commitBlock,bytes32 seed,bytes32 root,bytes32 sampleSeed,uint256 operationsPerSecond)"
                    ),
                    statement.claimId,
                    statement.provider,
                    uint8(statement.computeClass),
                    statement.rows,
                    statement.depth,
                    statement.products
                ),
                abi.encode(
                    statement.seedBlock,
                    statement.commitBlock,
                    statement.seed,
                    statement.root,
                    statement.sampleSeed,
                    statement.operationsPerSecond
                )
            )
        );
        assertEq(committee.digestOf(statement), keccak256(abi.encodePacked(hex"1901", domain, content)));
    }

    // --- The committee

    function test_governance_replaces_the_committee() public {
        bytes[] memory old = _signed(3);
        (address next, uint256 key) = makeAddrAndKey("next verifier");
        address[] memory signers = new address[](1);
        signers[0] = next;
        vm.expectEmit(address(committee));
        emit CommitteeProof.SignersSet(signers, 1);
        vm.prank(address(timelock));
        committee.setSigners(signers, 1);

        assertEq(committee.signers(), signers);
        assertFalse(committee.isSigner(vm.addr(committeeKeys[0])));
        _expectRefused(old, abi.encodeWithSelector(CommitteeProof.SignerUnknown.selector, vm.addr(committeeKeys[0])));
        bytes[] memory signatures = new bytes[](1);
        signatures[0] = _signature(key, committee.digestOf(statement));
        committee.check(statement, abi.encode(signatures));
    }

    function test_a_committee_that_cannot_decide_is_refused() public {
        address[] memory signers = committee.signers();
        vm.startPrank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(CommitteeProof.ThresholdInvalid.selector, 0, 5));
        committee.setSigners(signers, 0);
        vm.expectRevert(abi.encodeWithSelector(CommitteeProof.ThresholdInvalid.selector, 6, 5));
        committee.setSigners(signers, 6);
        vm.expectRevert(abi.encodeWithSelector(CommitteeProof.SignersTooMany.selector, 33, 32));
        committee.setSigners(new address[](33), 1);
        signers[1] = signers[0];
        vm.expectRevert(abi.encodeWithSelector(CommitteeProof.SignersNotAscending.selector, signers[0], signers[0]));
        committee.setSigners(signers, 3);
        vm.expectRevert(abi.encodeWithSelector(CommitteeProof.SignersNotAscending.selector, address(0), address(0)));
        committee.setSigners(new address[](3), 1);
    }

    function test_nobody_else_changes_the_committee() public {
        address[] memory signers = committee.signers();
        _expectUnauthorised(OUTSIDER);
        vm.prank(OUTSIDER);
        committee.setSigners(signers, 1);
    }
}
