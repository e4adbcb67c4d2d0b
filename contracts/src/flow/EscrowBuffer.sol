// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {
    IGeneralDistributionAgreementV1,
    ISuperToken,
    ISuperfluid,
    ISuperfluidPool
} from "@superfluid-finance/ethereum-contracts/contracts/interfaces/superfluid/ISuperfluid.sol";

import {IEscrowBuffer} from "../interfaces/IEscrowBuffer.sol";
import {Peers} from "../libraries/Peers.sol";
import {FlowToken, SuperfluidCalls} from "../libraries/SuperfluidCalls.sol";
import {BackpressurePool, IPoolOverflow} from "./BackpressurePool.sol";

/// @title EscrowBuffer
/// @notice Holds what streams in beyond the capacity of a task type's sinks, and what sources lay down in advance; gives it to the sinks in the
/// order of its coming, as fast as they have capacity to spare.
/// @dev What the pool streams here counts as deposited by the pool. Money of one task type never pays another's sinks. Its twin is src/stab3l/flow/fifo.py.
/// @custom:stop The guardian pauses deposits; draining and taking back go on.
/// @custom:trusts BackpressurePool for the spare capacity.
contract EscrowBuffer is IEscrowBuffer, IPoolOverflow, AccessManaged, Pausable, ReentrancyGuardTransient {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;
    using SuperfluidCalls for FlowToken;

    struct Buffer {
        uint128 level; // [wei] taken in and not yet given
        uint128 max; // [wei] B_max
        uint56 head; // id of the oldest entry that may hold something
        uint56 count; // ids of entries are 1 .. count
        uint128 received; // [wei] of the pool's stream taken in so far
        bool connected; // what the pool streams is in the balance at once, and need not be claimed
    }

    struct Entry {
        address source;
        uint96 amount; // [wei] left
    }

    error ZeroAmount();
    error PoolUnknown(bytes32 taskTypeId);
    error BufferIsFull(bytes32 taskTypeId, uint256 level, uint256 amount, uint256 max);
    error NothingToDrain(bytes32 taskTypeId, uint256 level, uint256 spare);
    error EntryOfAnother(bytes32 taskTypeId, uint256 id, address source, address caller);
    error EntryEmpty(bytes32 taskTypeId, uint256 id);

    event Reclaimed(bytes32 indexed taskTypeId, address indexed source, uint256 id, uint256 amount);
    event BufferMaxSet(bytes32 indexed taskTypeId, uint256 max);

    /// @notice Bounds the gas of a drain; what lies behind waits for the next one.
    uint256 public constant ENTRIES_AT_ONCE = 64;
    /// @notice Superfluid adds up all connected pools of an account whenever it spends.
    uint256 public constant CONNECTED_MAX = 16;

    BackpressurePool public immutable pools;
    ISuperToken public immutable token;
    ISuperfluid private immutable HOST;
    IGeneralDistributionAgreementV1 private immutable AGREEMENT;
    /// @notice Pools whose stream comes straight into the balance.
    uint256 public connectedPools;
    mapping(bytes32 taskTypeId => Buffer) private _buffers;
    mapping(bytes32 taskTypeId => mapping(uint256 id => Entry)) private _entries;

    constructor(address authority_, BackpressurePool pools_) AccessManaged(authority_) {
        (pools, token) = (pools_, pools_.token());
        FlowToken memory flow = SuperfluidCalls.flowOf(token);
        (HOST, AGREEMENT) = (flow.host, flow.agreement);
    }

    // --- In

    /// @inheritdoc IPoolOverflow
    /// @dev A connected member's units are cheaper to write.
    function onPoolOpened(bytes32 taskTypeId) external {
        Peers.check(address(pools));
        if (connectedPools == CONNECTED_MAX) return;
        connectedPools++;
        _buffers[taskTypeId].connected = true;
        FlowToken(token, HOST, AGREEMENT).connect(_poolOf(taskTypeId));
    }

    /// @inheritdoc IEscrowBuffer
    function deposit(bytes32 taskTypeId, uint256 amount) external whenNotPaused nonReentrant {
        if (amount == 0) revert ZeroAmount();
        ISuperfluidPool pool = _poolOf(taskTypeId);
        Buffer storage buffer = _buffers[taskTypeId];
        uint256 level = buffer.level + _unseen(buffer, pool);
        if (level + amount > buffer.max) revert BufferIsFull(taskTypeId, level, amount, buffer.max);
        if (level == 0) pools.takeSpare(taskTypeId, type(uint256).max); // capacity that stood idle before is gone
        _push(taskTypeId, buffer, msg.sender, amount);
        IERC20(address(token)).safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @notice Takes in what the pool has streamed here; anyone may call. A stream cannot be refused: beyond B_max it is kept, and BufferFull says so.
    function sync(bytes32 taskTypeId) external nonReentrant {
        _sync(taskTypeId, _poolOf(taskTypeId));
    }

    function _sync(bytes32 taskTypeId, ISuperfluidPool pool) private {
        Buffer storage buffer = _buffers[taskTypeId];
        uint256 unseen = _unseen(buffer, pool);
        if (unseen == 0) return;
        buffer.received += unseen.toUint128();
        Entry storage last = _entries[taskTypeId][buffer.count];
        if (buffer.head <= buffer.count && last.source == address(pool)) {
            last.amount += unseen.toUint96();
            buffer.level += unseen.toUint128();
            emit Deposited(taskTypeId, address(pool), unseen);
        } else {
            _push(taskTypeId, buffer, address(pool), unseen);
        }
        if (buffer.level > buffer.max) emit BufferFull(taskTypeId, buffer.level);
        if (!buffer.connected) pool.claimAll(address(this));
    }

    function _push(bytes32 taskTypeId, Buffer storage buffer, address source, uint256 amount) private {
        if (buffer.head == 0) buffer.head = 1;
        _entries[taskTypeId][++buffer.count] = Entry(source, amount.toUint96());
        buffer.level += amount.toUint128();
        emit Deposited(taskTypeId, source, amount);
    }

    // --- Out

    /// @inheritdoc IEscrowBuffer
    /// @dev To all sinks at once, in proportion to their units, by one distribution of the pool; `Drained` names the pool. What falls to the escrow's own
    /// units comes back as new.
    function drain(bytes32 taskTypeId) external nonReentrant {
        ISuperfluidPool pool = _poolOf(taskTypeId);
        _sync(taskTypeId, pool);
        Buffer storage buffer = _buffers[taskTypeId];
        uint256 wanted = Math.min(_reachable(taskTypeId, buffer), pools.spareOf(taskTypeId));
        uint256 amount = AGREEMENT.estimateDistributionActualAmount(token, address(this), pool, wanted);
        if (amount == 0) revert NothingToDrain(taskTypeId, buffer.level, wanted);
        pools.takeSpare(taskTypeId, amount);
        _pop(taskTypeId, buffer, amount);
        emit Drained(taskTypeId, address(pool), amount);
        FlowToken(token, HOST, AGREEMENT).distribute(pool, amount);
    }

    /// @notice Takes back what is left of an own deposit.
    function reclaim(bytes32 taskTypeId, uint256 id) external nonReentrant returns (uint256 amount) {
        Entry storage entry = _entries[taskTypeId][id];
        if (entry.source != msg.sender) revert EntryOfAnother(taskTypeId, id, entry.source, msg.sender);
        amount = entry.amount;
        if (amount == 0) revert EntryEmpty(taskTypeId, id);
        entry.amount = 0;
        _buffers[taskTypeId].level -= uint128(amount);
        emit Reclaimed(taskTypeId, msg.sender, id, amount);
        IERC20(address(token)).safeTransfer(msg.sender, amount);
    }

    /// @dev Oldest first; the last may be taken in part.
    function _pop(bytes32 taskTypeId, Buffer storage buffer, uint256 amount) private {
        buffer.level -= amount.toUint128();
        uint256 head = buffer.head;
        while (amount != 0) {
            Entry storage entry = _entries[taskTypeId][head];
            uint256 taken = Math.min(amount, entry.amount);
            entry.amount -= uint96(taken);
            amount -= taken;
            if (entry.amount == 0) head++;
        }
        buffer.head = uint56(head);
    }

    function _reachable(bytes32 taskTypeId, Buffer storage buffer) private view returns (uint256 amount) {
        uint256 end = Math.min(buffer.count, buffer.head + ENTRIES_AT_ONCE - 1);
        for (uint256 id = buffer.head; id <= end && id != 0; id++) {
            amount += _entries[taskTypeId][id].amount;
        }
    }

    // --- Governance and guardian

    /// @notice Sets B_max [wei] of a task type.
    function setBufferMax(bytes32 taskTypeId, uint256 max) external restricted {
        _poolOf(taskTypeId);
        _buffers[taskTypeId].max = max.toUint128();
        emit BufferMaxSet(taskTypeId, max);
    }

    /// @notice Stops deposits.
    function pause() external restricted {
        _pause();
    }

    /// @notice Resumes them.
    function unpause() external restricted {
        _unpause();
    }

    // --- Views

    /// @inheritdoc IEscrowBuffer
    /// @dev [wei], with what has streamed here and was not taken in yet.
    function bufferLevel(bytes32 taskTypeId) external view returns (uint256) {
        Buffer storage buffer = _buffers[taskTypeId];
        return buffer.level + _unseen(buffer, _poolOf(taskTypeId));
    }

    /// @inheritdoc IEscrowBuffer
    function bufferMax(bytes32 taskTypeId) external view returns (uint256) {
        return _buffers[taskTypeId].max;
    }

    /// @notice Id of the oldest entry that may hold something, and of the newest.
    function queueOf(bytes32 taskTypeId) external view returns (uint256 head, uint256 count) {
        return (_buffers[taskTypeId].head, _buffers[taskTypeId].count);
    }

    /// @notice Who laid an entry down and what is left of it [wei].
    function entryOf(bytes32 taskTypeId, uint256 id) external view returns (address source, uint256 amount) {
        Entry storage entry = _entries[taskTypeId][id];
        return (entry.source, entry.amount);
    }

    function _unseen(Buffer storage buffer, ISuperfluidPool pool) private view returns (uint256) {
        return pool.getTotalAmountReceivedByMember(address(this)) - buffer.received;
    }

    function _poolOf(bytes32 taskTypeId) private view returns (ISuperfluidPool pool) {
        pool = ISuperfluidPool(pools.getPool(taskTypeId));
        if (address(pool) == address(0)) revert PoolUnknown(taskTypeId);
    }
}
