// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ComputeClass, ProofMethod, Statement} from "../types/Compute.sol";

/// @notice Registration, fresh challenge, commitment, proof, CU value (DESIGN section 5, source 1 steps 1-7).
interface IComputeUnitVerifier {
    enum ClaimState {
        None,
        Open, // waiting for the root
        Committed, // waiting for the proof
        Proven, // waiting for the mint
        Consumed // minted
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

    /// @notice The governed standard benchmark: N, K, window in blocks, delay until the seed block, seconds per block.
    function standard()
        external
        view
        returns (uint32 rows, uint32 depth, uint32 windowBlocks, uint32 seedDelayBlocks, uint32 blockSeconds, uint16 haircutBps);
}
