// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Capacity, ComputeClass, ProofMethod, Statement} from "../types/Compute.sol";

/// @notice Registration, fresh challenge, commitment, proof, CU value (DESIGN section 5, source 1 steps 1-7).
interface IComputeUnitVerifier {
    /// @notice The standard benchmark. An open claim keeps the one that it was opened with.
    struct Standard {
        uint32 rows; // N
        uint32 depth; // K
        uint32 windowBlocks; // [blocks] from the seed block to the last one that accepts the root
        uint32 seedDelayBlocks; // [blocks] from the opening to the seed block
        uint32 blockSeconds; // [seconds]
        uint16 haircutBps; // [bps] of the rate that counts
        uint32 epochBlocks; // [blocks] seed blocks are multiples of it, so that all who are asked in one epoch compute at the same time
    }

    enum ClaimState {
        None,
        Open, // waiting for the root
        Committed, // waiting for the proof
        Proven, // waiting for the mint
        Consumed, // minted, or a re-verification that brings nothing new
        Revoked // its root is proven false
    }

    struct Claim {
        address provider;
        ClaimState state;
        ComputeClass computeClass;
        uint32 rows;
        uint32 depth;
        uint32 products;
        uint32 committedSeconds; // term over which the rate is promised
        uint64 seedBlock;
        uint64 deadlineBlock; // last block in which the root is accepted
        uint64 commitBlock;
        bytes32 seed;
        bytes32 root;
        uint256 cuValue; // [wad CU], set by prove
    }

    event ProviderRegistered(address indexed provider, ProofMethod method, uint32 stakePeriodSeconds);
    event ChallengeOpened(
        uint256 indexed claimId,
        address indexed provider,
        ComputeClass computeClass,
        uint32 rows,
        uint32 depth,
        uint32 products,
        uint64 seedBlock,
        uint64 deadlineBlock
    );
    event RootCommitted(
        uint256 indexed claimId, address indexed provider, bytes32 seed, bytes32 root, uint64 commitBlock, uint256 operationsPerSecond
    );
    event ClaimRevoked(uint256 indexed claimId, address indexed provider, uint256 cuMinted);
    event ClaimProven(uint256 indexed claimId, address indexed provider, uint256 cuValue);

    /// @notice Chooses the proof method and the stake period (>= 7 days). May be called again to change both; open claims keep theirs.
    function register(ProofMethod method, uint32 stakePeriodSeconds) external;

    /// @notice Opens the provider's next claim. The seed is the hash of a future block, so nothing can be computed ahead.
    function openChallenge(ComputeClass computeClass, uint32 committedSeconds, uint32 products) external returns (uint256 claimId);

    /// @notice Commits the Merkle root of the outputs, after the seed block and not after the deadline block.
    function commitRoot(uint256 claimId, bytes32 root) external;

    /// @notice Checks the proof against the stored statement and assigns the CU value. Anyone may call it.
    function prove(uint256 claimId, bytes calldata proof) external returns (uint256 cuValue);

    /// @notice Marks a proven claim as minted. Only MintingAgent.
    function consume(uint256 claimId, address provider) external returns (uint256 cuValue, uint32 stakePeriodSeconds);

    function claimOf(uint256 claimId) external view returns (Claim memory);
    function lastClaimOf(address provider) external view returns (uint256 claimId);

    /// @notice What a proof must bind to; reverts while the sample block is not yet mined or no longer readable.
    function statementOf(uint256 claimId) external view returns (Statement memory);

    function registrationOf(address provider) external view returns (ProofMethod method, uint32 stakePeriodSeconds);

    /// @notice The governed standard benchmark.
    function standard() external view returns (Standard memory);
    /// @notice K of the claims of a method: what its proof contract proves, or the standard's.
    function depthOf(ProofMethod method) external view returns (uint32);
    /// @notice What the provider promised and when it last showed how much.
    function capacityOf(address provider) external view returns (Capacity memory);
    /// @notice Takes a claim back whose root is proven false. Only ClaimFaults. `cuMinted`: what was minted on it.
    function revoke(uint256 claimId) external returns (address provider, uint256 cuMinted);
}
