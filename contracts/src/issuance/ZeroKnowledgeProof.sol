// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IComputeProof} from "../interfaces/IComputeProof.sol";
import {IComputeUnitVerifier} from "../interfaces/IComputeUnitVerifier.sol";
import {BenchmarkMatrices} from "../libraries/BenchmarkMatrices.sol";
import {Opening, Openings} from "../libraries/Openings.sol";
import {Grid, SampleGrid} from "../libraries/SampleGrid.sol";
import {Statement} from "../types/Compute.sol";
import {Groth16Verifier} from "./Groth16Verifier.sol";

/// @title ZeroKnowledgeProof
/// @notice Proves that four committed entries, where two sampled rows and two sampled columns cross, are what the seed says: by one Groth16 proof, or
/// without any by computing each entry here.
/// @dev 1 `openSamples` reads the entries out of the root by Merkle paths. 2 `ComputeUnitVerifier.prove` comes to `check`, which derives the lines' words
/// and compares the fold of words and entries with the circuit's, at a point that is the hash of what the circuit folds (docs/reference/zero-knowledge.md). The direct way: `checkEntry` once for each crossing,
/// then `prove` with an empty proof. A claim that is not opened in time, while its sample block's hash is readable, fails.
/// @custom:stop Governance takes the method away in ComputeUnitVerifier.
/// @custom:trusts Groth16Verifier's key. The direct way trusts nothing.
contract ZeroKnowledgeProof is IComputeProof {
    error SamplesNotOpened(uint256 claimId);
    error DepthNotProvable(uint256 depth, uint256 provable);
    error EntryWrong(uint256 claimId, uint256 crossing, int256 committed, int256 right);
    error CrossingOutOfRange(uint256 crossing);
    error CrossingsUnchecked(uint256 claimId, uint256 checkedMask);
    error ProofInvalid(uint256 claimId);
    error ProofLengthWrong(uint256 length, uint256 expected);

    event SamplesOpened(uint256 indexed claimId, address indexed provider, int32[4] entries);
    event EntryChecked(uint256 indexed claimId, uint256 crossing, int256 value);

    uint256 private constant PROOF_BYTES = 9 * 32; // a, b, c and gamma
    uint256 private constant ALL_CHECKED = 15;
    uint256 private constant CREDIT_BPS = 10_000;

    IComputeUnitVerifier public immutable verifier;
    Groth16Verifier public immutable groth16;
    /// @inheritdoc IComputeProof
    uint32 public immutable depth;

    /// @dev By hash of the statement, one slot.
    struct Samples {
        int32 first;
        int32 second;
        int32 third;
        int32 fourth;
        uint8 checkedMask; // crossings that were computed here and are right
        bool opened;
    }

    mapping(bytes32 statementHash => Samples) private _samples;

    constructor(IComputeUnitVerifier verifier_, Groth16Verifier groth16_, uint32 depth_) {
        (verifier, groth16, depth) = (verifier_, groth16_, depth_);
    }

    /// @notice Opens the four sampled entries of a committed claim. Anyone may call it.
    function openSamples(uint256 claimId, bytes32 productRoot, bytes32[] calldata productPath, Opening[4] calldata openings) external {
        Statement memory statement = verifier.statementOf(claimId);
        if (statement.depth != depth) revert DepthNotProvable(statement.depth, depth);
        Grid memory grid = SampleGrid.draw(statement);
        Openings.checkProduct(statement, grid.product, productRoot, productPath);
        int32[4] memory entries;
        for (uint256 i = 0; i < SampleGrid.CROSSINGS; i++) {
            (uint32 row, uint32 column) = SampleGrid.crossing(grid, i);
            entries[i] = Openings.read(openings[i], statement, productRoot, row, column);
        }
        _samples[_hash(statement)] = Samples(entries[0], entries[1], entries[2], entries[3], 0, true);
        emit SamplesOpened(claimId, statement.provider, entries);
    }

    /// @notice Computes one opened entry here, without any proof system. Anyone may call it; it reverts for a wrong entry.
    function checkEntry(uint256 claimId, uint256 crossing) external {
        if (crossing >= SampleGrid.CROSSINGS) revert CrossingOutOfRange(crossing);
        Statement memory statement = verifier.statementOf(claimId);
        Samples storage samples = _opened(statement);
        Grid memory grid = SampleGrid.draw(statement);
        (uint32 row, uint32 column) = SampleGrid.crossing(grid, crossing);
        int256 right = BenchmarkMatrices.entry(statement.seed, grid.product, row, column, statement.depth);
        int32 committed = _entries(samples)[crossing];
        if (committed != right) revert EntryWrong(claimId, crossing, committed, right);
        samples.checkedMask |= uint8(1 << crossing);
        emit EntryChecked(claimId, crossing, right);
    }

    /// @inheritdoc IComputeProof
    /// @dev `proof`: a (2 words), b (4), c (2) and gamma, the circuit's hash of claim and words; or nothing when every crossing was checked directly.
    function check(Statement calldata statement, bytes calldata proof) external view returns (uint256 creditBps) {
        Samples memory samples = _opened(statement);
        if (proof.length == 0) {
            if (samples.checkedMask != ALL_CHECKED) revert CrossingsUnchecked(statement.claimId, samples.checkedMask);
            return CREDIT_BPS;
        }
        if (proof.length != PROOF_BYTES) revert ProofLengthWrong(proof.length, PROOF_BYTES);
        (uint256[8] memory points, uint256 gamma) = abi.decode(proof, (uint256[8], uint256));
        uint256 folded = SampleGrid.fold(statement, _entries(samples), gamma);
        if (!groth16.verify(points, [gamma, folded])) revert ProofInvalid(statement.claimId);
        return CREDIT_BPS;
    }

    /// @notice The opened entries of a claim and which crossings were checked directly; reverts before `openSamples`.
    function samplesOf(uint256 claimId) external view returns (int32[4] memory entries, uint8 checkedMask) {
        Samples memory samples = _opened(verifier.statementOf(claimId));
        return (_entries(samples), samples.checkedMask);
    }

    function _opened(Statement memory statement) private view returns (Samples storage samples) {
        samples = _samples[_hash(statement)];
        if (!samples.opened) revert SamplesNotOpened(statement.claimId);
    }

    function _entries(Samples memory samples) private pure returns (int32[4] memory) {
        return [samples.first, samples.second, samples.third, samples.fourth];
    }

    function _hash(Statement memory statement) private pure returns (bytes32) {
        return keccak256(abi.encode(statement));
    }
}
