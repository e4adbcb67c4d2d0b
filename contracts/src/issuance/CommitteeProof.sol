// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IComputeProof} from "../interfaces/IComputeProof.sol";
import {Statement} from "../types/Compute.sol";

/// @title CommitteeProof
/// @notice Proves a statement by the signatures of M of N verifiers, each of whom checked deadline, openings and Freivalds products off chain.
/// @dev A proof is abi.encode(bytes[]): 65-byte signatures, strictly ascending by signer. The domain binds them to this chain and contract.
/// @custom:stop Governance takes the method away in ComputeUnitVerifier, or changes the signers.
/// @custom:trusts That fewer than `threshold` of the signers lie together.
contract CommitteeProof is IComputeProof, AccessManaged, EIP712 {
    error SignerUnknown(address signer);
    error SignersNotAscending(address previous, address next);
    error SignersTooMany(uint256 count, uint256 max);
    error ThresholdNotMet(uint256 have, uint256 need);
    error ThresholdInvalid(uint256 threshold, uint256 signers);

    event SignersSet(address[] signers, uint256 threshold);

    /// @notice Every field of Statement, in its order.
    bytes32 public constant ATTESTATION_TYPEHASH = keccak256(
        "Attestation(uint256 claimId,address provider,uint8 computeClass,uint32 rows,uint32 depth,uint32 products,uint64 seedBlock,uint64 commitBlock,bytes32 seed,bytes32 root,bytes32 sampleSeed,uint256 operationsPerSecond)"
    );
    /// @notice Bounds the gas of a proof.
    uint256 public constant SIGNERS_MAX = 32;
    uint256 private constant BASIS_POINTS = 10_000;

    /// @notice Signatures that a proof needs.
    uint256 public threshold;
    /// @notice Whether this address is a verifier.
    mapping(address signer => bool) public isSigner;
    address[] private _signers;

    constructor(address authority_, address[] memory signers_, uint256 threshold_)
        AccessManaged(authority_)
        EIP712("stab3l CommitteeProof", "1")
    {
        _setSigners(signers_, threshold_);
    }

    /// @inheritdoc IComputeProof
    function check(Statement calldata statement, bytes calldata proof) external view returns (uint256 creditBps) {
        requireSigned(keccak256(abi.encode(ATTESTATION_TYPEHASH, statement)), proof);
        return BASIS_POINTS;
    }

    /// @inheritdoc IComputeProof
    function depth() external pure returns (uint32) {
        return 0;
    }

    /// @notice Reverts unless enough verifiers signed the EIP-712 struct with this hash. Also for what is not a benchmark: enrolments, verdicts.
    function requireSigned(bytes32 structHash, bytes calldata proof) public view {
        bytes[] memory signatures = abi.decode(proof, (bytes[]));
        if (signatures.length < threshold) revert ThresholdNotMet(signatures.length, threshold);
        bytes32 digest = _hashTypedDataV4(structHash);
        address previous;
        for (uint256 i = 0; i < signatures.length; i++) {
            address signer = ECDSA.recover(digest, signatures[i]);
            if (!isSigner[signer]) revert SignerUnknown(signer);
            if (signer <= previous) revert SignersNotAscending(previous, signer);
            previous = signer;
        }
    }

    /// @notice Replaces all signers, given in strictly ascending order, and the number of them that a proof needs.
    function setSigners(address[] calldata signers_, uint256 threshold_) external restricted {
        _setSigners(signers_, threshold_);
    }

    function _setSigners(address[] memory signers_, uint256 threshold_) private {
        if (signers_.length > SIGNERS_MAX) revert SignersTooMany(signers_.length, SIGNERS_MAX);
        if (threshold_ == 0 || threshold_ > signers_.length) revert ThresholdInvalid(threshold_, signers_.length);
        for (uint256 i = 0; i < _signers.length; i++) {
            delete isSigner[_signers[i]];
        }
        address previous;
        for (uint256 i = 0; i < signers_.length; i++) {
            if (signers_[i] <= previous) revert SignersNotAscending(previous, signers_[i]);
            previous = signers_[i];
            isSigner[previous] = true;
        }
        (_signers, threshold) = (signers_, threshold_);
        emit SignersSet(signers_, threshold_);
    }

    /// @notice What each verifier signs.
    function digestOf(Statement calldata statement) external view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(ATTESTATION_TYPEHASH, statement)));
    }

    /// @notice All signers, ascending.
    function signers() external view returns (address[] memory) {
        return _signers;
    }
}
