// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice How a provider proves its compute (source 1, Verification Process, step 1). Committee: M-of-N verifiers sign.
enum ProofMethod {
    None,
    ZKP,
    TEE,
    Committee
}

/// @notice The arithmetic that a claim is about; each class has a governed conversion into the standard compute unit.
enum ComputeClass {
    F32,
    F64,
    I8
}

/// @notice A provider's capacity in standard operations per second: what it sold until when, and what it last showed.
struct Capacity {
    uint88 promisedRate;
    uint40 promisedUntil; // [unix seconds]
    uint88 verifiedRate;
    uint40 verifiedAt; // [unix seconds]
}

/// @notice All that a proof is bound to. Every field is computed or stored by ComputeUnitVerifier; none comes from the caller.
struct Statement {
    uint256 claimId;
    address provider;
    ComputeClass computeClass;
    uint32 rows; // N: A is N x K, B is K x N
    uint32 depth; // K
    uint32 products; // R: number of products that the root covers
    uint64 seedBlock; // b0: its hash seeds the challenge
    uint64 commitBlock; // b1: when the root was committed
    bytes32 seed; // keccak256(abi.encode(blockhash(b0), claimId, provider, computeClass))
    bytes32 root; // Merkle root over the tiles of all products
    bytes32 sampleSeed; // keccak256(abi.encode(blockhash(b1 + 2), root))
    uint256 operationsPerSecond; // credited rate, a lower bound
}
