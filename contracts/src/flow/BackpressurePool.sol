// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {
    IGeneralDistributionAgreementV1,
    ISuperToken,
    ISuperfluid,
    ISuperfluidPool,
    PoolConfig
} from "@superfluid-finance/ethereum-contracts/contracts/interfaces/superfluid/ISuperfluid.sol";

import {IBackpressurePool} from "../interfaces/IBackpressurePool.sol";
import {Peers} from "../libraries/Peers.sol";
import {PoolUnits} from "../libraries/PoolUnits.sol";
import {FlowToken, SuperfluidCalls} from "../libraries/SuperfluidCalls.sol";
import {FlowConstants} from "../types/Flow.sol";
import {CapacityRegistry, ICapacityListener} from "./CapacityRegistry.sol";

/// @notice The member of every pool that takes what the sinks cannot.
interface IPoolOverflow {
    /// @notice The pool of the task type stands: what it streams here may come straight into the balance.
    function onPoolOpened(bytes32 taskTypeId) external;
}

/// @title BackpressurePool
/// @notice One Superfluid distribution pool for each task type. A sink has one unit for each `quantum` of its capacity; the escrow has as many as
/// keep every unit at or below its quantum. So no sink is paid above its capacity, and what is too much lies in the escrow.
/// @dev A change of one sink writes one member, or two when what it leaves must go to the escrow. The escrow always has a unit: a pool without units
/// would give the whole stream to its admin, which is this contract. What the division by units leaves over does come here: it is the dust account.
/// @custom:stop The guardian pauses unit writes that only raise; removals, decreases and rebalancing go on.
/// @custom:trusts CapacityRegistry, EscrowBuffer and Pipeline, bound once; the Superfluid framework.
contract BackpressurePool is IBackpressurePool, ICapacityListener, AccessManaged, Pausable, ReentrancyGuardTransient {
    using EnumerableSet for EnumerableSet.AddressSet;
    using SafeCast for uint256;
    using SafeCast for int256;
    using SuperfluidCalls for FlowToken;

    /// @dev Three words; the third is read only where the task type is a stage of a pipeline.
    struct Pool {
        ISuperfluidPool pool;
        uint96 quantum; // [wei per second] that a unit stands for
        uint96 sinkUnits; // of all sinks
        uint96 escrowUnits;
        uint16 sinkCount; // sinks that have units
        bool staged; // whether Pipeline has set what follows
        uint96 limit; // [wei per second] that the sinks may get together, beside what each can do
        uint96 onwardUnits; // of Pipeline
        uint16 onwardShare; // units of Pipeline for each unit of a sink
    }

    /// @dev What the sinks could have taken in beside the stream; EscrowBuffer may hand out so much.
    struct Spare {
        uint96 free; // [wei per second] of their capacity that was not streamed to, as noted last
        uint40 at; // [unix seconds]
        uint120 amount; // [wei]
    }

    error PoolUnknown(bytes32 taskTypeId);
    error PoolKnown(bytes32 taskTypeId);
    error QuantumInvalid(uint256 quantum, uint256 min);
    error ThresholdInvalid(uint256 thresholdBps);
    error UnitsTooMany(bytes32 taskTypeId, uint256 units, uint256 max);

    event PoolOpened(bytes32 indexed taskTypeId, address pool, uint256 quantum);
    event LimitSet(bytes32 indexed taskTypeId, uint256 limit, uint256 onwardShare);
    event ThresholdSet(uint256 thresholdBps);
    event DustSwept(address indexed to, uint256 amount);

    /// @notice [wei per second] A unit worth less would lose more than 0.01 % to the division by units.
    uint256 public constant QUANTUM_MIN = 1e4;
    /// @notice Superfluid counts units in 127 bits; the flow to them in 95.
    uint256 public constant UNITS_MAX = uint256(uint96(type(int96).max));
    /// @notice [seconds] of spare capacity that may be made up for at once.
    uint256 public constant SPARE_WINDOW_SECONDS = 1 hours;
    uint96 private constant NO_LIMIT = type(uint96).max;

    CapacityRegistry public immutable registry;
    ISuperToken public immutable token;
    ISuperfluid private immutable HOST;
    IGeneralDistributionAgreementV1 private immutable AGREEMENT;
    /// @notice [bps] from which growth of a sink's units is written. In one word with the pause.
    uint16 public thresholdBps;
    /// @notice EscrowBuffer.
    address public escrow;
    /// @notice Pipeline.
    address public pipeline;
    mapping(bytes32 taskTypeId => Pool) private _pools;
    mapping(bytes32 taskTypeId => Spare) private _spares;
    mapping(bytes32 taskTypeId => EnumerableSet.AddressSet) private _pending;

    constructor(address authority_, CapacityRegistry registry_, ISuperToken token_, uint256 thresholdBps_) AccessManaged(authority_) {
        (registry, token) = (registry_, token_);
        FlowToken memory flow = SuperfluidCalls.flowOf(token_);
        (HOST, AGREEMENT) = (flow.host, flow.agreement);
        _setThreshold(thresholdBps_);
    }

    // --- Capacities

    /// @inheritdoc ICapacityListener
    function onCapacity(bytes32 taskTypeId, address sink, uint256 capacity) external {
        Peers.check(address(registry));
        Pool storage pool = _known(taskTypeId);
        uint256 units = PoolUnits.unitsDown(capacity, pool.quantum);
        uint256 written = pool.pool.getUnits(sink);
        if (!PoolUnits.mustWrite(written, units, thresholdBps)) return;
        if (units > written && paused()) {
            _pending[taskTypeId].add(sink);
            return;
        }
        // Where nothing but capacity limits the sinks, a raise frees at least as much as it draws: what was noted stays true until the next note.
        _writeSink(taskTypeId, pool, sink, written, units);
        if (units < written) _writeEscrowUp(pool);
        if (units < written || pool.staged) _noteFree(taskTypeId, pool, _flowOf(pool));
    }

    /// @inheritdoc ICapacityListener
    function onCapacityLater(bytes32 taskTypeId, address sink) external {
        Peers.check(address(registry));
        _pending[taskTypeId].add(sink);
    }

    /// @inheritdoc ICapacityListener
    function onRemoved(bytes32 taskTypeId, address sink) external {
        Peers.check(address(registry));
        Pool storage pool = _known(taskTypeId);
        _pending[taskTypeId].remove(sink);
        uint256 written = pool.pool.getUnits(sink);
        if (written == 0) return;
        _writeSink(taskTypeId, pool, sink, written, 0);
        _writeEscrowUp(pool);
        _noteFree(taskTypeId, pool, _flowOf(pool));
    }

    /// @inheritdoc IBackpressurePool
    /// @dev Writes the sinks that wait, then what follows from them: Pipeline's units and the escrow's. Sinks that did not change cost nothing.
    function rebalance(bytes32 taskTypeId) external nonReentrant {
        Pool storage pool = _known(taskTypeId);
        _writePending(taskTypeId, pool);
        _writeOnward(pool);
        _noteFree(taskTypeId, pool, _settleStream(pool));
        emit Rebalanced(taskTypeId, pool.sinkCount, uint256(pool.sinkUnits) * pool.quantum);
    }

    /// @dev The escrow's units for the stream as it is, and what the division has left over given back. Returns what streams to the members now.
    function _settleStream(Pool storage pool) private returns (uint256 flow) {
        uint256 adjustment = _adjustmentOf(pool);
        flow = _flowOf(pool);
        uint256 rate = flow + adjustment; // changes of units move it between the two
        uint256 units = _escrowUnits(pool, rate);
        if (units != pool.escrowUnits) {
            _writeEscrow(pool, units);
            adjustment = _adjustmentOf(pool);
            flow = rate - adjustment;
        }
        if (!_adjustmentMatters(pool, rate, adjustment)) return flow;
        FlowToken(token, HOST, AGREEMENT).distributeFlow(pool.pool, 0);
        return _flowOf(pool);
    }

    function _writePending(bytes32 taskTypeId, Pool storage pool) private {
        EnumerableSet.AddressSet storage pending = _pending[taskTypeId];
        address[] memory sinks = pending.values();
        // From the end: the last of a set leaves it without another being moved.
        for (uint256 i = sinks.length; i > 0; i--) {
            address sink = sinks[i - 1];
            uint256 units = PoolUnits.unitsDown(registry.getSmoothedCapacity(taskTypeId, sink), pool.quantum);
            uint256 written = pool.pool.getUnits(sink);
            if (units > written && paused()) continue;
            pending.remove(sink);
            if (PoolUnits.mustWrite(written, units, thresholdBps)) _writeSink(taskTypeId, pool, sink, written, units);
        }
    }

    // --- Units

    function _writeSink(bytes32 taskTypeId, Pool storage pool, address sink, uint256 written, uint256 units) private {
        uint256 sinkUnits = pool.sinkUnits - written + units;
        if (sinkUnits > UNITS_MAX) revert UnitsTooMany(taskTypeId, sinkUnits, UNITS_MAX);
        pool.sinkUnits = uint96(sinkUnits);
        if (written == 0) pool.sinkCount++;
        if (units == 0) pool.sinkCount--;
        pool.pool.updateMemberUnits(sink, uint128(units));
    }

    /// @dev Only Pipeline changes its own units: it has lowered what it forwards before its income falls.
    function _writeOnward(Pool storage pool) private {
        if (msg.sender != pipeline) return;
        uint256 units = uint256(pool.sinkUnits) * pool.onwardShare;
        if (units == pool.onwardUnits) return;
        pool.onwardUnits = units.toUint96();
        pool.pool.updateMemberUnits(pipeline, uint128(units));
    }

    /// @dev Units that left the sinks go to the escrow only as far as the stream needs them; fewer can wait for the next rebalance.
    function _writeEscrowUp(Pool storage pool) private {
        uint256 units = _escrowUnits(pool, _flowOf(pool) + _adjustmentOf(pool));
        if (units > pool.escrowUnits) _writeEscrow(pool, units);
    }

    function _writeEscrow(Pool storage pool, uint256 units) private {
        pool.escrowUnits = units.toUint96();
        pool.pool.updateMemberUnits(escrow, uint128(units));
    }

    /// @dev What the division by changing units has left over flows to this contract as the pool's admin. A distribution of nothing by this contract gives
    /// it back to the members; it costs as much as two changes of units, so it is done from 0.01 % of the stream on, if it divides by the units at all.
    function _adjustmentMatters(Pool storage pool, uint256 rate, uint256 adjustment) private view returns (bool) {
        return adjustment * FlowConstants.BASIS_POINTS >= rate && adjustment >= _totalUnits(pool);
    }

    function _totalUnits(Pool storage pool) private view returns (uint256) {
        return uint256(pool.sinkUnits) + pool.escrowUnits + (pool.staged ? pool.onwardUnits : 0);
    }

    function _escrowUnits(Pool storage pool, uint256 rate) private view returns (uint256) {
        (uint256 onward, uint256 limit) = pool.staged ? (pool.onwardUnits, pool.limit) : (0, NO_LIMIT);
        return PoolUnits.escrowUnitsUp(rate, pool.quantum, pool.sinkUnits, onward, limit);
    }

    /// @dev [wei per second] that streams to the members.
    function _flowOf(Pool storage pool) private view returns (uint256) {
        return int256(pool.pool.getTotalFlowRate()).toUint256();
    }

    function _adjustmentOf(Pool storage pool) private view returns (uint256) {
        return int256(AGREEMENT.getPoolAdjustmentFlowRate(address(pool.pool))).toUint256();
    }

    // --- Spare capacity

    /// @notice Takes up to `wanted` of what the sinks could have been paid beside the stream. Only EscrowBuffer.
    function takeSpare(bytes32 taskTypeId, uint256 wanted) external returns (uint256 taken) {
        Peers.check(escrow);
        Pool storage pool = _known(taskTypeId);
        _noteFree(taskTypeId, pool, _flowOf(pool));
        Spare storage spare = _spares[taskTypeId];
        taken = Math.min(wanted, spare.amount);
        spare.amount -= uint120(taken);
    }

    /// @dev Brings the spare capacity forward with what was noted last, and notes what is free now; in one write. `flow` [wei per second] streams to
    /// all members.
    function _noteFree(bytes32 taskTypeId, Pool storage pool, uint256 flow) private {
        uint256 capacity = _capacityOf(pool);
        uint256 taken = Math.mulDiv(flow, pool.sinkUnits, _totalUnits(pool));
        uint256 free = capacity > taken ? Math.min(capacity - taken, type(uint96).max) : 0;
        Spare storage spare = _spares[taskTypeId];
        uint256 amount = _spareAmount(spare);
        (spare.free, spare.at, spare.amount) = (uint96(free), uint40(block.timestamp), uint120(amount));
    }

    function _spareAmount(Spare storage spare) private view returns (uint256) {
        uint256 free = spare.free;
        return Math.min(spare.amount + free * (block.timestamp - spare.at), free * SPARE_WINDOW_SECONDS);
    }

    function _capacityOf(Pool storage pool) private view returns (uint256) {
        uint256 capacity = uint256(pool.sinkUnits) * pool.quantum;
        return pool.staged ? Math.min(capacity, pool.limit) : capacity;
    }

    // --- Pipeline

    /// @notice Limits what the sinks may get together and sets Pipeline's units for each of theirs; the next rebalance writes them. Only Pipeline.
    function setStage(bytes32 taskTypeId, uint256 limit, uint256 onwardShare) external {
        Peers.check(pipeline);
        Pool storage pool = _known(taskTypeId);
        (pool.staged, pool.limit, pool.onwardShare) = (true, uint96(Math.min(limit, NO_LIMIT)), onwardShare.toUint16());
        emit LimitSet(taskTypeId, limit, onwardShare);
    }

    // --- Governance and guardian

    /// @notice Binds EscrowBuffer and Pipeline, once.
    function wire(address escrow_, address pipeline_) external restricted {
        escrow = Peers.bindOnce(escrow, escrow_);
        pipeline = Peers.bindOnce(pipeline, pipeline_);
    }

    /// @notice Creates the pool of a registered task type, with its quantum for ever, and gives the escrow its first unit.
    function openPool(bytes32 taskTypeId, uint256 quantum) external restricted {
        if (!registry.taskTypeKnown(taskTypeId)) revert PoolUnknown(taskTypeId);
        Pool storage pool = _pools[taskTypeId];
        if (address(pool.pool) != address(0)) revert PoolKnown(taskTypeId);
        if (quantum < QUANTUM_MIN || quantum > UNITS_MAX) revert QuantumInvalid(quantum, QUANTUM_MIN);
        if (escrow == address(0)) revert Peers.PeerZero();
        pool.pool =
            AGREEMENT.createPool(token, address(this), PoolConfig({transferabilityForUnitsOwner: false, distributionFromAnyAddress: true}));
        (pool.quantum, pool.limit) = (uint96(quantum), NO_LIMIT);
        _spares[taskTypeId].at = uint40(block.timestamp);
        emit PoolOpened(taskTypeId, address(pool.pool), quantum);
        _writeEscrow(pool, 1);
        IPoolOverflow(escrow).onPoolOpened(taskTypeId);
    }

    /// @notice Changes the growth from which units are written [bps].
    function setThreshold(uint256 thresholdBps_) external restricted {
        _setThreshold(thresholdBps_);
    }

    /// @notice Takes what the division by units has left over.
    function sweepDust(address to) external restricted returns (uint256 amount) {
        amount = token.balanceOf(address(this));
        emit DustSwept(to, amount);
        token.transfer(to, amount); // SuperToken reverts or returns true
    }

    /// @notice Stops raises of units.
    function pause() external restricted {
        _pause();
    }

    /// @notice Resumes them.
    function unpause() external restricted {
        _unpause();
    }

    function _setThreshold(uint256 next) private {
        if (next > FlowConstants.BASIS_POINTS) revert ThresholdInvalid(next);
        thresholdBps = uint16(next);
        emit ThresholdSet(next);
    }

    // --- Views

    /// @inheritdoc IBackpressurePool
    /// @dev Whether a sink waits for its units, the escrow has others than it should, or an adjustment flow can be given back.
    function needsRebalance(bytes32 taskTypeId) external view returns (bool) {
        Pool storage pool = _known(taskTypeId);
        if (_pending[taskTypeId].length() != 0) return true;
        uint256 adjustment = _adjustmentOf(pool);
        uint256 rate = _flowOf(pool) + adjustment;
        return _escrowUnits(pool, rate) != pool.escrowUnits || _adjustmentMatters(pool, rate, adjustment);
    }

    /// @inheritdoc IBackpressurePool
    function getPool(bytes32 taskTypeId) external view returns (address) {
        return address(_pools[taskTypeId].pool);
    }

    /// @notice Everything about a pool: units, quantum and limit [wei per second], the rate that flows in and what of it is dust [wei per second].
    function stateOf(bytes32 taskTypeId)
        external
        view
        returns (
            uint256 quantum,
            uint256 sinkUnits,
            uint256 onwardUnits,
            uint256 escrowUnits,
            uint256 limit,
            uint256 rate,
            uint256 dustRate
        )
    {
        Pool storage pool = _known(taskTypeId);
        dustRate = _adjustmentOf(pool);
        return (pool.quantum, pool.sinkUnits, pool.onwardUnits, pool.escrowUnits, pool.limit, _flowOf(pool) + dustRate, dustRate);
    }

    /// @notice What the sinks can take in together [wei per second].
    function capacityOf(bytes32 taskTypeId) external view returns (uint256) {
        return _capacityOf(_known(taskTypeId));
    }

    /// @notice What the escrow may hand out now [wei].
    function spareOf(bytes32 taskTypeId) external view returns (uint256) {
        return _spareAmount(_spares[taskTypeId]);
    }

    /// @notice Sinks whose units the next rebalance writes.
    function pendingOf(bytes32 taskTypeId) external view returns (address[] memory) {
        return _pending[taskTypeId].values();
    }

    function _known(bytes32 taskTypeId) private view returns (Pool storage pool) {
        pool = _pools[taskTypeId];
        if (address(pool.pool) == address(0)) revert PoolUnknown(taskTypeId);
    }
}
