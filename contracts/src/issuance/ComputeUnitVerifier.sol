// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IComputeProof} from "../interfaces/IComputeProof.sol";
import {IComputeUnitVerifier} from "../interfaces/IComputeUnitVerifier.sol";
import {Peers} from "../libraries/Peers.sol";
import {Capacity, ComputeClass, ProofMethod, Statement} from "../types/Compute.sol";

/// @title ComputeUnitVerifier
/// @notice Registration, fresh challenge, commitment, proof and CU value of the standard benchmark (docs/reference/benchmark.md).
/// The arithmetic's twin is src/stab3l/compute/credit.py.
/// @dev Blocks prove the rate: the seed is a block hash unknown when the claim is opened, the commitment closes the work, and a later block hash
/// chooses the samples, unknown when the root is committed. Nothing that a proof is bound to comes from the caller.
/// @custom:stop The guardian pauses registration, challenges, commitments and proofs. What was proven can still be minted if MintingAgent runs.
/// @custom:trusts The proof contract that governance registered for each method; block producers not to choose block hashes for a provider;
/// `blockSeconds` to be no more than the chain's true block time.
contract ComputeUnitVerifier is IComputeUnitVerifier, AccessManaged, Pausable {
    using SafeCast for uint256;

    struct Registration {
        ProofMethod method;
        uint32 stakePeriodSeconds;
    }

    /// @dev By slots: who, the task and how far it is, what it is worth, seed, root, before. A proof writes only into slots that hold something already.
    struct StoredClaim {
        address provider;
        ComputeClass computeClass;
        ProofMethod method;
        uint32 committedSeconds;
        uint32 stakePeriodSeconds;
        ClaimState state;
        uint32 rows;
        uint32 depth;
        uint32 products;
        uint32 blockSeconds;
        uint16 haircutBps;
        uint48 seedBlock;
        uint16 windowBlocks;
        uint40 mintableUntil; // [unix seconds]
        uint40 commitBlock;
        uint88 operationsPerSecond;
        uint128 cuValue; // [wad CU]
        bytes32 seed;
        bytes32 root;
        Capacity before; // what the provider had when it opened this claim
    }

    error MethodUnavailable(ProofMethod method);
    error ClassUnavailable(ComputeClass computeClass);
    error StakePeriodTooShort(uint256 stakePeriodSeconds, uint256 min);
    error StakePeriodTooLong(uint256 stakePeriodSeconds, uint256 max);
    error CommittedSecondsOutOfRange(uint256 committedSeconds, uint256 min, uint256 max);
    error ProductsOutOfRange(uint256 products, uint256 max);
    error ProviderUnregistered(address provider);
    error ClaimLive(uint256 claimId, ClaimState state);
    error ClaimUnknown(uint256 claimId);
    error ClaimOfAnother(uint256 claimId, address provider, address caller);
    error ClaimInState(uint256 claimId, ClaimState state, ClaimState expected);
    error ClaimExpired(uint256 claimId);
    error ClaimWorthless(uint256 claimId);
    error RootZero();
    error SeedBlockNotMined(uint256 blockNumber, uint256 seedBlock);
    error CommitTooLate(uint256 blockNumber, uint256 deadlineBlock);
    error SampleBlockNotMined(uint256 blockNumber, uint256 sampleBlock);
    error StandardInvalid(Standard standard);
    error ClassConversionTooLarge(uint256 conversion, uint256 max);
    error ClaimNotRevocable(uint256 claimId, ClaimState state);

    event StandardSet(Standard standard);
    event ProofSet(ProofMethod indexed method, address proof);
    event ClassConversionSet(ComputeClass indexed computeClass, uint256 conversion);

    uint256 public constant STAKE_PERIOD_SECONDS_MIN = 7 days;
    uint256 public constant COMMITTED_SECONDS_MAX = 365 days;
    /// @notice [seconds] A proof older than this says too little about today: mint in time or prove again.
    uint256 public constant PROVEN_SECONDS_MAX = 24 hours;
    /// @notice [blocks] The hash of block b1 + 2 chooses the samples.
    uint256 public constant SAMPLE_DELAY_BLOCKS = 2;
    /// @notice [blocks] The EVM remembers the hashes of this many blocks.
    uint256 public constant BLOCKHASH_BLOCKS = 256;
    /// @notice [blocks] So that the seed block's hash is readable until the deadline.
    uint256 public constant WINDOW_BLOCKS_MAX = 200;
    /// @notice [blocks] Longest wait for a common seed block.
    uint256 public constant EPOCH_BLOCKS_MAX = 7200;
    /// @notice N, the most products and, as above that float32 sums are not exact, K (docs/reference/benchmark.md).
    uint256 public constant ROWS_MAX = 1 << 20;
    uint256 public constant DEPTH_MAX = 1 << 14;
    uint256 public constant PRODUCTS_MAX = 1 << 20;
    /// @notice [wad standard CU per CU of a class]
    uint256 public constant CLASS_CONVERSION_MAX = 1000e18;

    uint256 private constant OPERATIONS_PER_CU = 1e15;
    uint256 private constant BASIS_POINTS = 10_000;
    uint256 private constant WAD = 1e18;

    Standard private _standard;
    /// @notice MintingAgent.
    address public agent;
    /// @notice ClaimFaults.
    address public faults;
    /// @notice Claims opened so far; the last one's id, since ids start from 1.
    uint256 public claimCount;
    /// @inheritdoc IComputeUnitVerifier
    mapping(address provider => uint256 claimId) public lastClaimOf;
    /// @inheritdoc IComputeUnitVerifier
    mapping(address provider => Registration) public registrationOf;
    /// @notice The contract that checks proofs of a method; none where the method is not available.
    mapping(ProofMethod => IComputeProof) public proofOf;
    mapping(ProofMethod => uint32) private _depthOf; // K that a method proves; zero: the standard's
    /// @notice [wad standard CU per CU of the class] Zero where the class is not available.
    mapping(ComputeClass => uint256) public classConversionOf;
    mapping(uint256 claimId => StoredClaim) private _claims;

    constructor(address authority_, Standard memory standard_) AccessManaged(authority_) {
        _setStandard(standard_);
        _setClassConversion(ComputeClass.F32, 1e18);
    }

    // --- The provider's way from registration to value

    /// @inheritdoc IComputeUnitVerifier
    function register(ProofMethod method, uint32 stakePeriodSeconds) external whenNotPaused {
        _proof(method);
        if (stakePeriodSeconds < STAKE_PERIOD_SECONDS_MIN) revert StakePeriodTooShort(stakePeriodSeconds, STAKE_PERIOD_SECONDS_MIN);
        if (stakePeriodSeconds > COMMITTED_SECONDS_MAX) revert StakePeriodTooLong(stakePeriodSeconds, COMMITTED_SECONDS_MAX);
        registrationOf[msg.sender] = Registration(method, stakePeriodSeconds);
        emit ProviderRegistered(msg.sender, method, stakePeriodSeconds);
    }

    /// @inheritdoc IComputeUnitVerifier
    function openChallenge(ComputeClass computeClass, uint32 committedSeconds, uint32 products)
        external
        whenNotPaused
        returns (uint256 claimId)
    {
        Registration memory registration = registrationOf[msg.sender];
        _checkOpening(registration, computeClass, committedSeconds, products);
        _checkNoLiveClaim(lastClaimOf[msg.sender]);
        Capacity memory capacity = capacityOf(msg.sender);

        claimId = ++claimCount;
        lastClaimOf[msg.sender] = claimId;
        StoredClaim storage claim = _claims[claimId];
        claim.provider = msg.sender;
        claim.state = ClaimState.Open;
        claim.computeClass = computeClass;
        claim.method = registration.method;
        claim.committedSeconds = committedSeconds;
        claim.stakePeriodSeconds = registration.stakePeriodSeconds;
        claim.before = capacity;
        _setTask(claim, products);
        emit ChallengeOpened(claimId, msg.sender, computeClass, claim.rows, claim.depth, products, claim.seedBlock, _deadlineBlock(claim));
    }

    /// @inheritdoc IComputeUnitVerifier
    function commitRoot(uint256 claimId, bytes32 root) external whenNotPaused {
        StoredClaim storage claim = _inState(claimId, ClaimState.Open);
        if (msg.sender != claim.provider) revert ClaimOfAnother(claimId, claim.provider, msg.sender);
        if (root == 0) revert RootZero();
        if (block.number <= claim.seedBlock) revert SeedBlockNotMined(block.number, claim.seedBlock);
        if (block.number > _deadlineBlock(claim)) revert CommitTooLate(block.number, _deadlineBlock(claim));

        bytes32 seed = keccak256(abi.encode(blockhash(claim.seedBlock), claimId, msg.sender, claim.computeClass));
        uint256 rate = _rateDown(claim);
        claim.state = ClaimState.Committed;
        claim.commitBlock = uint40(block.number);
        claim.operationsPerSecond = uint88(rate);
        (claim.seed, claim.root) = (seed, root);
        emit RootCommitted(claimId, msg.sender, seed, root, uint64(block.number), rate);
    }

    /// @inheritdoc IComputeUnitVerifier
    /// @dev A rate that is promised already adds nothing: then the claim is a re-verification, and has done its work.
    function prove(uint256 claimId, bytes calldata proof) external whenNotPaused returns (uint256 cuValue) {
        StoredClaim storage claim = _inState(claimId, ClaimState.Committed);
        uint256 creditBps = _proof(claim.method).check(_statement(claimId, claim), proof);
        Capacity memory before = claim.before;
        cuValue = _cuValueDown(claim, before, creditBps);
        if (cuValue == 0 && before.promisedUntil <= block.timestamp) revert ClaimWorthless(claimId);

        claim.state = cuValue == 0 ? ClaimState.Consumed : ClaimState.Proven;
        claim.cuValue = cuValue.toUint128();
        claim.mintableUntil = uint40(block.timestamp + PROVEN_SECONDS_MAX);
        emit ClaimProven(claimId, claim.provider, cuValue);
    }

    /// @inheritdoc IComputeUnitVerifier
    function consume(uint256 claimId, address provider) external returns (uint256 cuValue, uint32 stakePeriodSeconds) {
        Peers.check(agent);
        StoredClaim storage claim = _inState(claimId, ClaimState.Proven);
        if (provider != claim.provider) revert ClaimOfAnother(claimId, claim.provider, provider);
        if (block.timestamp > claim.mintableUntil) revert ClaimExpired(claimId);
        claim.state = ClaimState.Consumed;
        return (claim.cuValue, claim.stakePeriodSeconds);
    }

    /// @inheritdoc IComputeUnitVerifier
    function revoke(uint256 claimId) external returns (address provider, uint256 cuMinted) {
        Peers.check(faults);
        StoredClaim storage claim = _claims[claimId];
        ClaimState state = claim.state;
        if (state < ClaimState.Committed || state == ClaimState.Revoked) revert ClaimNotRevocable(claimId, state);
        claim.state = ClaimState.Revoked;
        (provider, cuMinted) = (claim.provider, state == ClaimState.Consumed ? claim.cuValue : 0);
        emit ClaimRevoked(claimId, provider, cuMinted);
    }

    function _checkOpening(Registration memory registration, ComputeClass computeClass, uint32 committedSeconds, uint32 products)
        private
        view
    {
        if (registration.method == ProofMethod.None) revert ProviderUnregistered(msg.sender);
        _proof(registration.method);
        if (classConversionOf[computeClass] == 0) revert ClassUnavailable(computeClass);
        if (committedSeconds < registration.stakePeriodSeconds || committedSeconds > COMMITTED_SECONDS_MAX) {
            revert CommittedSecondsOutOfRange(committedSeconds, registration.stakePeriodSeconds, COMMITTED_SECONDS_MAX);
        }
        if (products == 0 || products > PRODUCTS_MAX) revert ProductsOutOfRange(products, PRODUCTS_MAX);
    }

    /// @dev One claim at a time: with two, one machine's work could be chosen for the luckier samples.
    function _checkNoLiveClaim(uint256 claimId) private view {
        StoredClaim storage claim = _claims[claimId];
        ClaimState state = claim.state;
        bool live = state == ClaimState.Open
            ? block.number <= _deadlineBlock(claim)
            : state == ClaimState.Committed
                ? block.number <= _sampleBlock(claim) + BLOCKHASH_BLOCKS
                : state == ClaimState.Proven && block.timestamp <= claim.mintableUntil;
        if (live) revert ClaimLive(claimId, state);
    }

    function _setTask(StoredClaim storage claim, uint32 products) private {
        Standard memory task = _standard;
        uint32 depth = _depthOf[claim.method];
        (claim.rows, claim.depth, claim.products) = (task.rows, depth == 0 ? task.depth : depth, products);
        (claim.blockSeconds, claim.haircutBps) = (task.blockSeconds, task.haircutBps);
        uint256 seedBlock = Math.ceilDiv(block.number + task.seedDelayBlocks, task.epochBlocks) * task.epochBlocks;
        claim.seedBlock = uint48(seedBlock);
        claim.windowBlocks = uint16(task.windowBlocks);
    }

    /// @dev All operations over all blocks from b0 to b1, both included: never more than the true rate. Bounded by the maxima: below 2^76.
    function _rateDown(StoredClaim storage claim) private view returns (uint256) {
        uint256 operations = 2 * uint256(claim.rows) * claim.rows * claim.depth * claim.products;
        return operations / ((block.number - claim.seedBlock + 1) * claim.blockSeconds);
    }

    /// @dev (rate x term - what of it is promised already) x haircut x credit, in [wad standard CU].
    function _cuValueDown(StoredClaim storage claim, Capacity memory before, uint256 creditBps) private view returns (uint256) {
        uint256 term = claim.committedSeconds;
        uint256 rate = _standardRateDown(claim);
        uint256 promisedTerm = before.promisedUntil > block.timestamp ? Math.min(term, before.promisedUntil - block.timestamp) : 0;
        uint256 work = rate * term - Math.min(rate, before.promisedRate) * promisedTerm;
        return work * claim.haircutBps * creditBps * WAD / (BASIS_POINTS * BASIS_POINTS * OPERATIONS_PER_CU);
    }

    /// @dev [standard operations per second]
    function _standardRateDown(StoredClaim storage claim) private view returns (uint256) {
        return uint256(claim.operationsPerSecond) * classConversionOf[claim.computeClass] / WAD;
    }

    /// @dev What a claim leaves. A promise is the envelope of all promises that still run: never less than what was sold, so nothing is sold twice.
    function _capacityAfter(StoredClaim storage claim) private view returns (Capacity memory capacity) {
        capacity = claim.before;
        ClaimState state = claim.state;
        if (state != ClaimState.Proven && state != ClaimState.Consumed) return capacity;
        uint256 provenAt = claim.mintableUntil - PROVEN_SECONDS_MAX;
        uint256 rate = _standardRateDown(claim);
        (capacity.verifiedRate, capacity.verifiedAt) = (uint88(rate), uint40(provenAt));
        if (state == ClaimState.Proven && block.timestamp > claim.mintableUntil) return capacity;
        uint256 earlier = capacity.promisedUntil > provenAt ? capacity.promisedRate : 0;
        capacity.promisedRate = uint88(Math.max(earlier, rate));
        capacity.promisedUntil = uint40(Math.max(capacity.promisedUntil, provenAt + claim.committedSeconds));
    }

    function _statement(uint256 claimId, StoredClaim storage claim) private view returns (Statement memory) {
        uint256 sampleBlock = _sampleBlock(claim);
        if (block.number <= sampleBlock) revert SampleBlockNotMined(block.number, sampleBlock);
        if (block.number > sampleBlock + BLOCKHASH_BLOCKS) revert ClaimExpired(claimId);
        return Statement({
            claimId: claimId,
            provider: claim.provider,
            computeClass: claim.computeClass,
            rows: claim.rows,
            depth: claim.depth,
            products: claim.products,
            seedBlock: claim.seedBlock,
            commitBlock: claim.commitBlock,
            seed: claim.seed,
            root: claim.root,
            sampleSeed: keccak256(abi.encode(blockhash(sampleBlock), claim.root)),
            operationsPerSecond: claim.operationsPerSecond
        });
    }

    function _sampleBlock(StoredClaim storage claim) private view returns (uint256) {
        return claim.commitBlock + SAMPLE_DELAY_BLOCKS;
    }

    /// @dev The last block that accepts the root.
    function _deadlineBlock(StoredClaim storage claim) private view returns (uint64) {
        return uint64(claim.seedBlock) + claim.windowBlocks;
    }

    // --- Governance and guardian

    /// @notice Binds MintingAgent and ClaimFaults, once.
    function wire(address agent_, address faults_) external restricted {
        agent = Peers.bindOnce(agent, agent_);
        faults = Peers.bindOnce(faults, faults_);
    }

    /// @notice Changes the standard benchmark for claims opened from now on.
    function setStandard(Standard calldata standard_) external restricted {
        _setStandard(standard_);
    }

    /// @notice Makes a method available, through the contract that checks it, or takes it away (address zero).
    function setProof(ProofMethod method, IComputeProof proof) external restricted {
        if (method == ProofMethod.None) revert MethodUnavailable(method);
        proofOf[method] = proof;
        _depthOf[method] = address(proof) == address(0) ? 0 : proof.depth();
        emit ProofSet(method, address(proof));
    }

    /// @notice What one CU of a class is worth in standard CU [wad]; counts for every claim proved from now on. Zero closes the class.
    function setClassConversion(ComputeClass computeClass, uint256 conversion) external restricted {
        _setClassConversion(computeClass, conversion);
    }

    /// @notice Stops everything before the mint.
    function pause() external restricted {
        _pause();
    }

    /// @notice Resumes it.
    function unpause() external restricted {
        _unpause();
    }

    function _setStandard(Standard memory next) private {
        bool valid = next.rows > 0 && next.rows <= ROWS_MAX && next.depth > 0 && next.depth <= DEPTH_MAX && next.windowBlocks > 0
            && next.windowBlocks <= WINDOW_BLOCKS_MAX && next.seedDelayBlocks > 0 && next.seedDelayBlocks <= WINDOW_BLOCKS_MAX
            && next.blockSeconds > 0 && next.haircutBps > 0 && next.haircutBps <= BASIS_POINTS && next.epochBlocks > 0
            && next.epochBlocks <= EPOCH_BLOCKS_MAX;
        if (!valid) revert StandardInvalid(next);
        _standard = next;
        emit StandardSet(next);
    }

    function _setClassConversion(ComputeClass computeClass, uint256 conversion) private {
        if (conversion > CLASS_CONVERSION_MAX) revert ClassConversionTooLarge(conversion, CLASS_CONVERSION_MAX);
        classConversionOf[computeClass] = conversion;
        emit ClassConversionSet(computeClass, conversion);
    }

    // --- Views

    /// @inheritdoc IComputeUnitVerifier
    function claimOf(uint256 claimId) external view returns (Claim memory) {
        StoredClaim storage claim = _claims[claimId];
        return Claim({
            provider: claim.provider,
            state: claim.state,
            computeClass: claim.computeClass,
            rows: claim.rows,
            depth: claim.depth,
            products: claim.products,
            committedSeconds: claim.committedSeconds,
            seedBlock: claim.seedBlock,
            deadlineBlock: _deadlineBlock(claim),
            commitBlock: claim.commitBlock,
            seed: claim.seed,
            root: claim.root,
            cuValue: claim.cuValue
        });
    }

    /// @notice [unix seconds] Until when a proven claim can be minted; zero before the proof.
    function mintableUntilOf(uint256 claimId) external view returns (uint64) {
        return _claims[claimId].mintableUntil;
    }

    /// @inheritdoc IComputeUnitVerifier
    function statementOf(uint256 claimId) external view returns (Statement memory) {
        StoredClaim storage claim = _claims[claimId];
        if (claim.state < ClaimState.Committed || claim.state == ClaimState.Revoked) {
            revert ClaimInState(claimId, claim.state, ClaimState.Committed);
        }
        return _statement(claimId, claim);
    }

    /// @inheritdoc IComputeUnitVerifier
    function capacityOf(address provider) public view returns (Capacity memory) {
        return _capacityAfter(_claims[lastClaimOf[provider]]);
    }

    /// @inheritdoc IComputeUnitVerifier
    function standard() external view returns (Standard memory) {
        return _standard;
    }

    /// @inheritdoc IComputeUnitVerifier
    function depthOf(ProofMethod method) external view returns (uint32) {
        return _depthOf[method] == 0 ? _standard.depth : _depthOf[method];
    }

    // --- Shared checks

    function _inState(uint256 claimId, ClaimState expected) private view returns (StoredClaim storage claim) {
        claim = _claims[claimId];
        if (claim.state == ClaimState.None) revert ClaimUnknown(claimId);
        if (claim.state != expected) revert ClaimInState(claimId, claim.state, expected);
    }

    function _proof(ProofMethod method) private view returns (IComputeProof proof) {
        proof = proofOf[method];
        if (address(proof) == address(0)) revert MethodUnavailable(method);
    }
}
