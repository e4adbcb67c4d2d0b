// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";

import {ICapacitySignal} from "../interfaces/ICapacitySignal.sol";
import {CapacitySignal} from "../libraries/CapacitySignal.sol";
import {Peers} from "../libraries/Peers.sol";
import {CapacityReport, FlowConstants} from "../types/Flow.sol";
import {ISlashListener, StakeManager} from "./StakeManager.sol";

/// @notice What CapacityRegistry tells the pools of task types.
interface ICapacityListener {
    /// @notice The sink can do `capacity` [wei per second] now; its units follow at once if they must.
    function onCapacity(bytes32 taskTypeId, address sink, uint256 capacity) external;
    /// @notice As `onCapacity`, but the units follow at the next rebalance.
    function onCapacityLater(bytes32 taskTypeId, address sink) external;
    /// @notice The sink has left: its units are zero before this returns.
    function onRemoved(bytes32 taskTypeId, address sink) external;
}

/// @title CapacityRegistry
/// @notice Task types, their sinks, and how much each sink can do: committed, revealed one block or more later, and smoothed over epochs.
/// @dev A signal moves once an epoch and decays when an epoch passes in silence. A sink's signals together never exceed the cap of its stake.
/// @custom:stop The guardian pauses signals and new registrations; sinks can still leave.
/// @custom:trusts The arbiter for completion rates.
contract CapacityRegistry is ICapacitySignal, ISlashListener, EIP712, AccessManaged, Pausable {
    using EnumerableSet for EnumerableSet.AddressSet;
    using EnumerableSet for EnumerableSet.Bytes32Set;

    struct Rules {
        uint16 alphaBps; // weight of the newest capacity
        uint32 commitTimeoutBlocks;
        uint32 epochSeconds;
        uint16 sinksMax; // of one task type
    }

    /// @dev One word: a reveal reads and writes it once.
    struct Signal {
        uint160 smoothed; // [wei per second, in the fixed point UNIT_SCALE]
        uint32 epoch; // of the last reveal or decay; zero: none yet
        uint16 missBps; // part of the offered work that was not completed
        uint32 committedBlock;
        uint8 committedEpoch; // its last eight bits
        bool registered;
    }

    error TaskTypeKnown(bytes32 taskTypeId);
    error TaskTypeUnknown(bytes32 taskTypeId);
    error TaskTypesTooMany(address sink, uint256 max);
    error SinksTooMany(bytes32 taskTypeId, uint256 max);
    error SinkKnown(bytes32 taskTypeId, address sink);
    error SinkUnknown(bytes32 taskTypeId, address sink);
    error CommitmentMissing(bytes32 taskTypeId, address sink);
    error CommitmentTooYoung(uint256 committedBlock, uint256 currentBlock);
    error CommitmentExpired(uint256 committedBlock, uint256 currentBlock);
    error CommitmentOfOtherEpoch(uint256 committedEpoch, uint256 currentEpoch);
    error CommitmentMismatch(bytes32 committed, bytes32 revealed);
    error EpochRevealed(bytes32 taskTypeId, address sink, uint256 epoch);
    error CapacityTooLarge(uint256 capacity, uint256 max);
    error LengthsDiffer(uint256 reports, uint256 signatures);
    error CompletionInvalid(uint256 offered, uint256 completed);
    error RulesInvalid(Rules rules);

    event TaskTypeRegistered(bytes32 indexed taskTypeId, string name);
    event SinkRegistered(bytes32 indexed taskTypeId, address indexed sink);
    event SinkDeregistered(bytes32 indexed taskTypeId, address indexed sink);
    event CapacityDecayed(bytes32 indexed taskTypeId, address indexed sink, uint256 missedEpochs, uint256 smoothed);
    event ReportSkipped(bytes32 indexed taskTypeId, address indexed sink, uint256 epoch);
    event CompletionRecorded(bytes32 indexed taskTypeId, address indexed sink, uint256 offered, uint256 completed);
    event RulesSet(Rules rules);

    /// @notice What a sink signs (EIP-712).
    bytes32 public constant REPORT_TYPEHASH = keccak256("CapacityReport(bytes32 taskTypeId,address sink,uint256 capacity,uint256 epoch)");
    /// @notice [wei per second] what a Superfluid flow can hold.
    uint256 public constant CAPACITY_MAX = uint256(uint96(type(int96).max));
    /// @notice Bounds the gas of a slash.
    uint256 public constant TASK_TYPES_OF_SINK_MAX = 8;
    uint256 private constant ALPHA_BPS_MIN = 100;
    uint256 private constant EPOCH_SECONDS_MIN = 10;

    StakeManager public immutable stakes;
    uint32 private immutable EPOCH_SECONDS;
    // These lie in one word with the pause.
    uint16 private _alphaBps;
    uint32 private _commitTimeoutBlocks;
    uint16 private _sinksMax;
    /// @notice BackpressurePool.
    ICapacityListener public pools;
    mapping(bytes32 taskTypeId => bool) public taskTypeKnown;
    mapping(bytes32 taskTypeId => EnumerableSet.AddressSet) private _sinks;
    mapping(address sink => EnumerableSet.Bytes32Set) private _taskTypesOf;
    mapping(bytes32 taskTypeId => mapping(address sink => Signal)) private _signals;
    mapping(bytes32 taskTypeId => mapping(address sink => bytes32)) private _commitments;

    constructor(address authority_, StakeManager stakes_, Rules memory rules_)
        EIP712("stab3l CapacityRegistry", "1")
        AccessManaged(authority_)
    {
        (stakes, EPOCH_SECONDS) = (stakes_, rules_.epochSeconds);
        _setRules(rules_);
    }

    // --- Sinks

    /// @notice The caller becomes a sink of the task type; its stake is locked.
    function registerSink(bytes32 taskTypeId) external whenNotPaused {
        if (!taskTypeKnown[taskTypeId]) revert TaskTypeUnknown(taskTypeId);
        EnumerableSet.AddressSet storage sinks = _sinks[taskTypeId];
        if (sinks.length() >= _sinksMax) revert SinksTooMany(taskTypeId, _sinksMax);
        if (_taskTypesOf[msg.sender].length() >= TASK_TYPES_OF_SINK_MAX) revert TaskTypesTooMany(msg.sender, TASK_TYPES_OF_SINK_MAX);
        if (!sinks.add(msg.sender)) revert SinkKnown(taskTypeId, msg.sender);
        _taskTypesOf[msg.sender].add(taskTypeId);
        _signals[taskTypeId][msg.sender].registered = true;
        emit SinkRegistered(taskTypeId, msg.sender);
        stakes.lock(msg.sender);
    }

    /// @notice The caller leaves the task type; it is paid nothing from this transaction on.
    function deregisterSink(bytes32 taskTypeId) external {
        _checkSink(taskTypeId, msg.sender);
        _remove(taskTypeId, msg.sender);
    }

    /// @inheritdoc ISlashListener
    function onSlashed(address sink) external {
        Peers.check(address(stakes));
        bytes32[] memory taskTypes = _taskTypesOf[sink].values();
        for (uint256 i = 0; i < taskTypes.length; i++) {
            _remove(taskTypes[i], sink);
        }
    }

    function _remove(bytes32 taskTypeId, address sink) private {
        _sinks[taskTypeId].remove(sink);
        _taskTypesOf[sink].remove(taskTypeId);
        Signal storage signal = _signals[taskTypeId][sink];
        (signal.smoothed, signal.registered) = (0, false); // the epoch stays: who comes back has not another reveal in it
        delete _commitments[taskTypeId][sink];
        emit SinkDeregistered(taskTypeId, sink);
        stakes.unlock(sink);
        pools.onRemoved(taskTypeId, sink);
    }

    // --- Signals

    /// @inheritdoc ICapacitySignal
    /// @dev `commitHash` as `commitmentOf` computes it. A later commitment replaces an earlier one.
    function commitCapacity(bytes32 taskTypeId, bytes32 commitHash) external whenNotPaused {
        _checkSink(taskTypeId, msg.sender);
        uint256 epoch = currentEpoch();
        Signal storage signal = _signals[taskTypeId][msg.sender];
        if (signal.epoch == epoch) revert EpochRevealed(taskTypeId, msg.sender, epoch);
        _commitments[taskTypeId][msg.sender] = commitHash;
        (signal.committedBlock, signal.committedEpoch) = (uint32(block.number), uint8(epoch));
        emit CapacityCommitted(taskTypeId, msg.sender, commitHash);
    }

    /// @inheritdoc ICapacitySignal
    function revealCapacity(bytes32 taskTypeId, uint256 capacity, bytes32 nonce) external whenNotPaused {
        _checkSink(taskTypeId, msg.sender);
        _checkCommitment(taskTypeId, capacity, nonce);
        delete _commitments[taskTypeId][msg.sender];
        uint256 smoothed = _advance(taskTypeId, msg.sender, capacity, currentEpoch());
        pools.onCapacity(taskTypeId, msg.sender, smoothed);
    }

    /// @notice Takes in what sinks have signed; the caller pays the gas, the units follow at the next rebalance. A report that no longer counts is
    /// skipped, so that nobody can spoil a batch by revealing first.
    function reportCapacities(CapacityReport[] calldata reports, bytes[] calldata signatures) external whenNotPaused {
        if (reports.length != signatures.length) revert LengthsDiffer(reports.length, signatures.length);
        uint256 epoch = currentEpoch();
        for (uint256 i = 0; i < reports.length; i++) {
            CapacityReport calldata report = reports[i];
            if (!_counts(report, signatures[i], epoch)) {
                emit ReportSkipped(report.taskTypeId, report.sink, report.epoch);
                continue;
            }
            _advance(report.taskTypeId, report.sink, report.capacity, epoch);
            pools.onCapacityLater(report.taskTypeId, report.sink);
        }
    }

    /// @notice Writes down what silence has cost these sinks; anyone may call. Who has missed nothing is passed over.
    function decay(bytes32 taskTypeId, address[] calldata sinks) external {
        uint256 epoch = currentEpoch();
        for (uint256 i = 0; i < sinks.length; i++) {
            Signal storage signal = _signals[taskTypeId][sinks[i]];
            uint256 missed = _missed(signal, epoch);
            if (missed == 0 || signal.smoothed == 0) continue;
            uint256 smoothed = CapacitySignal.decayedDown(signal.smoothed, missed, _alphaBps);
            (signal.smoothed, signal.epoch) = (uint160(smoothed), uint32(epoch - 1));
            emit CapacityDecayed(taskTypeId, sinks[i], missed, smoothed / FlowConstants.UNIT_SCALE);
            pools.onCapacity(taskTypeId, sinks[i], smoothed / FlowConstants.UNIT_SCALE);
        }
    }

    /// @notice What became of the work that was offered to the sink; never of capacity that stood idle. It weighs on the sink's next signals.
    function recordCompletion(bytes32 taskTypeId, address sink, uint256 offered, uint256 completed) external restricted {
        _checkSink(taskTypeId, sink);
        if (completed > offered) revert CompletionInvalid(offered, completed);
        uint256 missed = offered == 0 ? 0 : (offered - completed) * FlowConstants.BASIS_POINTS / offered;
        _signals[taskTypeId][sink].missBps = uint16(missed);
        emit CompletionRecorded(taskTypeId, sink, offered, completed);
    }

    function _counts(CapacityReport calldata report, bytes calldata signature, uint256 epoch) private view returns (bool) {
        Signal storage signal = _signals[report.taskTypeId][report.sink];
        return report.epoch == epoch && report.capacity <= CAPACITY_MAX && signal.registered && signal.epoch != epoch
            && SignatureChecker.isValidSignatureNow(report.sink, digestOf(report), signature);
    }

    function _checkCommitment(bytes32 taskTypeId, uint256 capacity, bytes32 nonce) private view {
        bytes32 committed = _commitments[taskTypeId][msg.sender];
        (uint256 madeIn, uint256 epoch) = _committedAt(_signals[taskTypeId][msg.sender]);
        if (committed == 0) revert CommitmentMissing(taskTypeId, msg.sender);
        if (block.number <= madeIn) revert CommitmentTooYoung(madeIn, block.number);
        if (block.number > madeIn + _commitTimeoutBlocks) revert CommitmentExpired(madeIn, block.number);
        if (epoch != currentEpoch()) revert CommitmentOfOtherEpoch(epoch, currentEpoch());
        bytes32 revealed = commitmentOf(taskTypeId, msg.sender, epoch, capacity, nonce);
        if (revealed != committed) revert CommitmentMismatch(committed, revealed);
    }

    /// @dev One step of the average, within what the stake admits beside the sink's other task types. Returns wei per second.
    function _advance(bytes32 taskTypeId, address sink, uint256 raw, uint256 epoch) private returns (uint256 smoothed) {
        if (raw > CAPACITY_MAX) revert CapacityTooLarge(raw, CAPACITY_MAX);
        Signal storage signal = _signals[taskTypeId][sink];
        if (signal.epoch == epoch) revert EpochRevealed(taskTypeId, sink, epoch);
        uint256 counted = raw * FlowConstants.UNIT_SCALE * (FlowConstants.BASIS_POINTS - signal.missBps) / FlowConstants.BASIS_POINTS;
        smoothed = CapacitySignal.decayedDown(signal.smoothed, _missed(signal, epoch), _alphaBps);
        smoothed = CapacitySignal.blendedDown(smoothed, counted, _alphaBps);
        uint256 room = _room(taskTypeId, sink);
        if (smoothed > room) smoothed = room;
        (signal.smoothed, signal.epoch) = (uint160(smoothed), uint32(epoch));
        smoothed /= FlowConstants.UNIT_SCALE;
        emit CapacityRevealed(taskTypeId, sink, raw, smoothed);
    }

    /// @dev What the cap of the stake leaves for this task type beside the sink's others [in the fixed point UNIT_SCALE].
    function _room(bytes32 taskTypeId, address sink) private view returns (uint256) {
        (uint256 cap, uint256 registrations) = stakes.capOf(sink);
        cap *= FlowConstants.UNIT_SCALE;
        if (registrations <= 1) return cap;
        uint256 elsewhere = 0;
        bytes32[] memory taskTypes = _taskTypesOf[sink].values();
        for (uint256 i = 0; i < taskTypes.length; i++) {
            if (taskTypes[i] != taskTypeId) elsewhere += _signals[taskTypes[i]][sink].smoothed;
        }
        return cap > elsewhere ? cap - elsewhere : 0;
    }

    // --- Governance and guardian

    /// @notice Binds BackpressurePool, once.
    function wire(ICapacityListener pools_) external restricted {
        pools = ICapacityListener(Peers.bindOnce(address(pools), address(pools_)));
    }

    /// @notice Adds a task type; its id is the hash of its name.
    function registerTaskType(string calldata name) external restricted returns (bytes32 taskTypeId) {
        taskTypeId = keccak256(bytes(name));
        if (taskTypeKnown[taskTypeId]) revert TaskTypeKnown(taskTypeId);
        taskTypeKnown[taskTypeId] = true;
        emit TaskTypeRegistered(taskTypeId, name);
    }

    /// @notice Changes the rules. The length of an epoch is fixed for ever: epochs are counted from it.
    function setRules(Rules calldata rules_) external restricted {
        if (rules_.epochSeconds != EPOCH_SECONDS) revert RulesInvalid(rules_);
        _setRules(rules_);
    }

    /// @notice Stops signals and registrations.
    function pause() external restricted {
        _pause();
    }

    /// @notice Resumes them.
    function unpause() external restricted {
        _unpause();
    }

    function _setRules(Rules memory next) private {
        bool valid = next.alphaBps >= ALPHA_BPS_MIN && next.alphaBps <= FlowConstants.BASIS_POINTS && next.commitTimeoutBlocks != 0
            && next.epochSeconds >= EPOCH_SECONDS_MIN && next.sinksMax != 0;
        if (!valid) revert RulesInvalid(next);
        (_alphaBps, _commitTimeoutBlocks, _sinksMax) = (next.alphaBps, next.commitTimeoutBlocks, next.sinksMax);
        emit RulesSet(next);
    }

    // --- Views

    /// @inheritdoc ICapacitySignal
    /// @dev [wei per second], with what silence has cost until now.
    function getSmoothedCapacity(bytes32 taskTypeId, address sink) external view returns (uint256) {
        Signal storage signal = _signals[taskTypeId][sink];
        uint256 missed = _missed(signal, currentEpoch());
        return CapacitySignal.decayedDown(signal.smoothed, missed, _alphaBps) / FlowConstants.UNIT_SCALE;
    }

    /// @notice Last written average [wei per second, in the fixed point UNIT_SCALE], its epoch, and the part of offered work not completed [bps].
    function signalOf(bytes32 taskTypeId, address sink) external view returns (uint256 smoothed, uint256 epoch, uint256 missBps) {
        Signal storage signal = _signals[taskTypeId][sink];
        return (signal.smoothed, signal.epoch, signal.missBps);
    }

    /// @notice Last commitment of the sink; zeros: none, or revealed.
    function pendingCommitmentOf(bytes32 taskTypeId, address sink)
        external
        view
        returns (bytes32 hash, uint256 blockNumber, uint256 epoch)
    {
        hash = _commitments[taskTypeId][sink];
        if (hash != 0) (blockNumber, epoch) = _committedAt(_signals[taskTypeId][sink]);
    }

    /// @notice Sinks of the task type, in no order.
    function sinksOf(bytes32 taskTypeId) external view returns (address[] memory) {
        return _sinks[taskTypeId].values();
    }

    /// @notice Number of them.
    function sinkCountOf(bytes32 taskTypeId) external view returns (uint256) {
        return _sinks[taskTypeId].length();
    }

    /// @notice Task types of the sink.
    function taskTypesOf(address sink) external view returns (bytes32[] memory) {
        return _taskTypesOf[sink].values();
    }

    /// @notice Whether the address is a sink of the task type.
    function isSink(bytes32 taskTypeId, address sink) external view returns (bool) {
        return _signals[taskTypeId][sink].registered;
    }

    /// @notice Number of the epoch, from 1970.
    function currentEpoch() public view returns (uint256) {
        return block.timestamp / EPOCH_SECONDS;
    }

    /// @notice The hash to commit: bound to this chain and contract, the sink, the task type and the epoch.
    function commitmentOf(bytes32 taskTypeId, address sink, uint256 epoch, uint256 capacity, bytes32 nonce) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), sink, taskTypeId, epoch, capacity, nonce));
    }

    /// @notice The EIP-712 hash that a sink signs.
    function digestOf(CapacityReport calldata report) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(REPORT_TYPEHASH, report)));
    }

    /// @notice Rules in force.
    function rules() external view returns (Rules memory) {
        return Rules(_alphaBps, _commitTimeoutBlocks, EPOCH_SECONDS, _sinksMax);
    }

    /// @dev Block and epoch of the last commitment. The epoch is the latest with its last bits: the hash is bound to all of it.
    function _committedAt(Signal storage signal) private view returns (uint256 blockNumber, uint256 epoch) {
        epoch = currentEpoch();
        epoch -= uint8(epoch - signal.committedEpoch);
        blockNumber = signal.committedBlock;
    }

    function _missed(Signal storage signal, uint256 epoch) private view returns (uint256) {
        uint256 last = signal.epoch;
        return last == 0 || epoch <= last + 1 ? 0 : epoch - last - 1;
    }

    function _checkSink(bytes32 taskTypeId, address sink) private view {
        if (!_signals[taskTypeId][sink].registered) revert SinkUnknown(taskTypeId, sink);
    }
}
