// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {Bucket, IReserveVault} from "../interfaces/IStability.sol";
import {FlowCap} from "../libraries/FlowCap.sol";
import {Peers} from "../libraries/Peers.sol";
import {ReserveRules} from "../libraries/ReserveRules.sol";
import {PMMCore} from "./PMMCore.sol";

/// @title ReserveVault
/// @notice Buckets of capital (source 2, section 13): A public pools, B stabilisation and mesh, C flash loans, D cross-chain, E long term.
/// Each bucket is spent by the contract bound to it; between buckets capital moves only by rule. For each token, always: sum of buckets <= balance.
/// @custom:stop The guardian pauses spending and moves; deposits and credits go on, and governance still takes liquidity out of pools.
/// @custom:trusts Governance for the rules and for which pools are funded.
contract ReserveVault is IReserveVault, AccessManaged, Multicall, Pausable, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @notice How capital may move from one bucket to another: a cap that refills by block, and what must stay behind.
    struct MoveRule {
        uint128 cap; // [base units] zero: not at all
        uint64 memory_; // [wad per block]
        uint128 flow; // [base units] as of flowBlock
        uint64 flowBlock;
    }

    /// @notice What a pool opens with, decided by governance, done by anyone once the bucket has it.
    struct Plan {
        Bucket bucket;
        uint128 base; // [base units]
        uint128 quote; // [base units] zero: no plan
    }

    error NoPlan(address pool);
    error AllotmentMismatch(address token, uint256 arrived, uint256 allotted);
    error BucketShort(Bucket bucket, address token, uint256 held, uint256 needed);
    error MoveNotByRule(address token, Bucket from, Bucket to, uint256 amount, uint256 room);
    error BucketUnbound(Bucket bucket);
    error MemoryInvalid(uint256 memory_);

    event Deposited(Bucket indexed bucket, address indexed token, address indexed from, uint256 amount);
    event Moved(address indexed token, Bucket indexed from, Bucket indexed to, uint256 amount);
    event PoolPlanned(address indexed pool, Bucket indexed bucket, uint256 baseAmount, uint256 quoteAmount);
    event PoolFunded(address indexed pool, Bucket indexed bucket, uint256 baseAmount, uint256 quoteAmount);
    event PoolDrained(address indexed pool, Bucket indexed bucket, uint256 baseAmount, uint256 quoteAmount);
    event MoveRuleSet(address indexed token, Bucket indexed from, Bucket indexed to, uint256 cap, uint256 memory_);
    event RequirementSet(Bucket indexed bucket, address indexed token, uint256 required);

    mapping(Bucket bucket => address) public spenderOf;
    mapping(address token => uint256) private _accounted; // [base units] sum of the buckets
    mapping(Bucket bucket => mapping(address token => uint256)) private _held; // [base units]
    mapping(Bucket bucket => mapping(address token => uint256)) public requiredOf; // [base units] moves leave at least this
    mapping(bytes32 path => MoveRule) private _rules;
    mapping(address pool => bool) public funded;
    mapping(address pool => Plan) private _plans;

    constructor(address authority_) AccessManaged(authority_) {}

    /// @notice Binds the spenders of B, C and D, once.
    function wire(address stabilizer, address flashLender, address bridgeCoordinator) external restricted {
        spenderOf[Bucket.Stabilisation] = Peers.bindOnce(spenderOf[Bucket.Stabilisation], stabilizer);
        spenderOf[Bucket.Flash] = Peers.bindOnce(spenderOf[Bucket.Flash], flashLender);
        spenderOf[Bucket.Bridge] = Peers.bindOnce(spenderOf[Bucket.Bridge], bridgeCoordinator);
    }

    // --- In

    /// @notice Anyone may add to a bucket; what arrives counts.
    function deposit(Bucket bucket, address token, uint256 amount) external nonReentrant returns (uint256 received) {
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        received = IERC20(token).balanceOf(address(this)) - before;
        _add(bucket, token, received);
        emit Deposited(bucket, token, msg.sender, received);
    }

    /// @notice Divides what has arrived uncounted over the buckets A to E, exactly [base units].
    function allot(address token, uint256[5] calldata amounts) external restricted {
        uint256 arrived = IERC20(token).balanceOf(address(this)) - _accounted[token];
        uint256 total = 0;
        for (uint256 i = 0; i < amounts.length; i++) {
            total += amounts[i];
            _add(Bucket(i), token, amounts[i]);
            emit Credited(Bucket(i), token, amounts[i]);
        }
        if (total != arrived) revert AllotmentMismatch(token, arrived, total);
    }

    /// @inheritdoc IReserveVault
    /// @dev Donations count too, for the bucket whose contract credits next.
    function credit(Bucket bucket, address token) external returns (uint256 received) {
        Peers.check(spenderOf[bucket]);
        received = IERC20(token).balanceOf(address(this)) - _accounted[token];
        _add(bucket, token, received);
        emit Credited(bucket, token, received);
    }

    // --- Out

    /// @inheritdoc IReserveVault
    function spend(Bucket bucket, address token, address to, uint256 amount) external whenNotPaused {
        Peers.check(spenderOf[bucket]);
        _take(bucket, token, amount);
        emit Spent(bucket, token, to, amount);
        IERC20(token).safeTransfer(to, amount);
    }

    // --- Between

    /// @inheritdoc IReserveVault
    function move(address token, Bucket from, Bucket to, uint256 amount) external restricted whenNotPaused {
        MoveRule storage rule = _rules[_path(token, from, to)];
        uint256 left = FlowCap.decayedUp(rule.flow, rule.memory_, block.number - rule.flowBlock);
        uint256 room = rule.cap > left ? rule.cap - left : 0;
        if (amount > room) revert MoveNotByRule(token, from, to, amount, room);
        uint256 needed = amount + requiredOf[from][token];
        if (_held[from][token] < needed) revert BucketShort(from, token, _held[from][token], needed);
        (rule.flow, rule.flowBlock) = (uint128(left + amount), uint64(block.number));
        _held[from][token] -= amount;
        _held[to][token] += amount;
        emit Moved(token, from, to, amount);
    }

    // --- Pools

    /// @notice Gives liquidity to a pool and opens it, or makes its reserves the new targets.
    function fundPool(PMMCore pool, Bucket bucket, uint256 baseAmount, uint256 quoteAmount) external restricted {
        _fund(pool, bucket, baseAmount, quoteAmount);
    }

    /// @notice Decides what a pool opens with, for when the bucket has it.
    function planPool(PMMCore pool, Bucket bucket, uint128 baseAmount, uint128 quoteAmount) external restricted {
        _plans[address(pool)] = Plan(bucket, baseAmount, quoteAmount);
        emit PoolPlanned(address(pool), bucket, baseAmount, quoteAmount);
    }

    /// @notice Opens a pool as planned; anyone may.
    function openPool(PMMCore pool) external whenNotPaused {
        Plan memory plan = _plans[address(pool)];
        if (plan.quote == 0) revert NoPlan(address(pool));
        delete _plans[address(pool)];
        _fund(pool, plan.bucket, plan.base, plan.quote);
    }

    function _fund(PMMCore pool, Bucket bucket, uint256 baseAmount, uint256 quoteAmount) private {
        (address base, address quote) = (pool.baseToken(), pool.quoteToken());
        _take(bucket, base, baseAmount);
        _take(bucket, quote, quoteAmount);
        bool first = !funded[address(pool)];
        funded[address(pool)] = true;
        emit PoolFunded(address(pool), bucket, baseAmount, quoteAmount);
        IERC20(base).safeTransfer(address(pool), baseAmount);
        IERC20(quote).safeTransfer(address(pool), quoteAmount);
        if (first) pool.init();
        else pool.reset(0, 0);
    }

    /// @notice Takes liquidity back from a pool, and makes what stays its new targets.
    function drainPool(PMMCore pool, Bucket bucket, uint256 baseAmount, uint256 quoteAmount) external restricted nonReentrant {
        (address base, address quote) = (pool.baseToken(), pool.quoteToken());
        emit PoolDrained(address(pool), bucket, baseAmount, quoteAmount);
        pool.reset(baseAmount, quoteAmount);
        _add(bucket, base, baseAmount);
        _add(bucket, quote, quoteAmount);
    }

    // --- Governance and guardian

    /// @notice Lets `token` move between two buckets up to `cap` [base units], which refills by 1 - memory_ [wad] a block.
    function setMoveRule(address token, Bucket from, Bucket to, uint128 cap, uint64 memory_) external restricted {
        if (memory_ > ReserveRules.WAD) revert MemoryInvalid(memory_);
        MoveRule storage rule = _rules[_path(token, from, to)];
        rule.flow = uint128(FlowCap.decayedUp(rule.flow, rule.memory_, block.number - rule.flowBlock));
        (rule.flowBlock, rule.cap, rule.memory_) = (uint64(block.number), cap, memory_);
        emit MoveRuleSet(token, from, to, cap, memory_);
    }

    /// @notice What a bucket must hold [base units]: moves leave at least this.
    function setRequirement(Bucket bucket, address token, uint256 required) external restricted {
        requiredOf[bucket][token] = required;
        emit RequirementSet(bucket, token, required);
    }

    /// @notice Stops spending and moves.
    function pause() external restricted {
        _pause();
    }

    /// @notice Resumes them.
    function unpause() external restricted {
        _unpause();
    }

    // --- Views

    /// @inheritdoc IReserveVault
    function heldOf(Bucket bucket, address token) external view returns (uint256) {
        return _held[bucket][token];
    }

    /// @notice Sum of a token's buckets [base units].
    function accountedOf(address token) external view returns (uint256) {
        return _accounted[token];
    }

    /// @inheritdoc IReserveVault
    function plannedQuoteOf(address pool) external view returns (uint256) {
        return _plans[pool].quote;
    }

    /// @notice What a bucket holds and needs [base units], and the ratio [wad].
    function healthOf(Bucket bucket, address token) external view returns (uint256 held, uint256 required, uint256 ratio) {
        (held, required) = (_held[bucket][token], requiredOf[bucket][token]);
        ratio = ReserveRules.healthDown(held, required);
    }

    /// @notice What may move now between two buckets [base units].
    function roomOf(address token, Bucket from, Bucket to) external view returns (uint256) {
        MoveRule storage rule = _rules[_path(token, from, to)];
        return FlowCap.room(rule.flow, rule.memory_, block.number - rule.flowBlock, rule.cap);
    }

    // --- Accounts

    function _add(Bucket bucket, address token, uint256 amount) private {
        _held[bucket][token] += amount;
        _accounted[token] += amount;
    }

    function _take(Bucket bucket, address token, uint256 amount) private {
        uint256 held = _held[bucket][token];
        if (amount > held) revert BucketShort(bucket, token, held, amount);
        _held[bucket][token] = held - amount;
        _accounted[token] -= amount;
    }

    function _path(address token, Bucket from, Bucket to) private pure returns (bytes32) {
        return keccak256(abi.encode(token, from, to));
    }
}
