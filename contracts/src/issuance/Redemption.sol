// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IRedemption} from "../interfaces/IIssuance.sol";
import {CollateralManager} from "../staking/CollateralManager.sol";
import {sSTBToken} from "./sSTBToken.sol";

/// @title Redemption
/// @notice Burns sSTB for compute. The provider stays obliged until the delivery is accepted, or it is compensated from its collateral.
/// Always: the sum over providers of outstanding - pending is the supply of sSTB.
/// @dev Requested -> Delivered -> Settled is the way; Requested -> Compensated when the deadline passes; Delivered -> Disputed -> either, as the arbiter says.
/// @custom:stop The guardian pauses new redemptions. Delivery, acceptance, disputes, expiry, retirement and liquidated redemption go on.
/// @custom:trusts The arbiter for disputed deliveries. The Oracle, through CollateralManager, for what a compensation is worth.
contract Redemption is IRedemption, AccessManaged, Pausable, ReentrancyGuardTransient {
    struct Rules {
        uint32 disputeSeconds; // [seconds] after the delivery
        uint16 compensationBps; // [bps] of the value at par
    }

    /// @dev An Order in as few slots as a request needs: three.
    struct StoredOrder {
        address buyer;
        uint96 amount; // [wad CU] bounded by what CollateralManager holds as outstanding
        address provider;
        State state;
        Tier tier;
        uint40 deadline; // [unix seconds]
        uint40 disputeUntil; // [unix seconds]
        bytes32 jobHash;
        bytes32 resultHash;
        uint256 workDone; // [operations]
    }

    error ZeroAmount();
    error JobHashZero();
    error UriLengthInvalid(uint256 length, uint256 max);
    error ResultHashZero();
    error ProviderLiquidated(address provider);
    error ProviderNotLiquidated(address provider);
    error AmountAboveFree(address provider, uint256 amount, uint256 free);
    error OrderUnknown(uint256 id, uint256 count);
    error OrderInState(uint256 id, State state);
    error CallerNotProvider(uint256 id, address provider, address caller);
    error CallerNotBuyer(uint256 id, address buyer, address caller);
    error DeadlinePassed(uint256 id, uint64 deadline);
    error DeadlineAhead(uint256 id, uint64 deadline);
    error DisputeWindowPassed(uint256 id, uint64 disputeUntil);
    error DisputeWindowOpen(uint256 id, uint64 disputeUntil);
    error RulesInvalid(Rules rules);

    event RedeemedLiquidated(address indexed provider, address indexed holder, uint256 amount, uint256 collateralPaid);
    event RulesSet(Rules rules);

    /// @notice [bytes]
    uint256 public constant URI_LENGTH_MAX = 512;
    uint256 public constant DISPUTE_SECONDS_MIN = 1 hours;
    uint256 public constant DISPUTE_SECONDS_MAX = 30 days;
    /// @notice [bps] At most what CollateralManager's ratio can never go below, so that a full compensation is covered.
    uint256 public constant COMPENSATION_BPS_MAX = 12_000;
    uint256 private constant BASIS_POINTS = 10_000;

    sSTBToken public immutable token;
    CollateralManager public immutable collateral;

    Rules private _rules;
    /// @inheritdoc IRedemption
    uint256 public orderCount;
    /// @notice [wad CU] Requested of a provider and not yet settled or compensated; part of its outstanding.
    mapping(address provider => uint256) public pendingOf;
    mapping(uint256 id => StoredOrder) private _orders;

    constructor(address authority_, sSTBToken token_, CollateralManager collateral_, Rules memory rules_) AccessManaged(authority_) {
        (token, collateral) = (token_, collateral_);
        _setRules(rules_);
    }

    // --- From request to acceptance

    /// @inheritdoc IRedemption
    function redeem(address provider, uint256 amount, Tier tier, bytes32 jobHash, string calldata jobUri)
        external
        whenNotPaused
        nonReentrant
        returns (uint256 id)
    {
        if (jobHash == 0) revert JobHashZero();
        _checkUri(jobUri);
        if (collateral.liquidated(provider)) revert ProviderLiquidated(provider);
        _checkFree(provider, amount);

        id = ++orderCount;
        uint64 deadline = uint64(block.timestamp + deliverySecondsOf(tier));
        StoredOrder storage order = _orders[id];
        (order.buyer, order.amount) = (msg.sender, uint96(amount));
        (order.provider, order.state, order.tier, order.deadline) = (provider, State.Requested, tier, uint40(deadline));
        order.jobHash = jobHash;
        pendingOf[provider] += amount;
        emit RedemptionRequested(id, msg.sender, provider, amount, tier, jobHash, jobUri, deadline);
        token.burn(msg.sender, amount);
    }

    /// @inheritdoc IRedemption
    function deliver(uint256 id, bytes32 resultHash, uint256 workDone, string calldata resultUri) external {
        StoredOrder storage order = _inState(id, State.Requested);
        if (msg.sender != order.provider) revert CallerNotProvider(id, order.provider, msg.sender);
        if (block.timestamp > order.deadline) revert DeadlinePassed(id, order.deadline);
        if (resultHash == 0) revert ResultHashZero();
        _checkUri(resultUri);

        order.state = State.Delivered;
        order.disputeUntil = uint40(block.timestamp + _rules.disputeSeconds);
        (order.resultHash, order.workDone) = (resultHash, workDone);
        emit Delivered(id, msg.sender, resultHash, workDone, resultUri);
    }

    /// @inheritdoc IRedemption
    /// @dev A buyer who disputed may still accept.
    function confirm(uint256 id) external {
        StoredOrder storage order = _order(id);
        if (msg.sender != order.buyer) revert CallerNotBuyer(id, order.buyer, msg.sender);
        if (order.state != State.Delivered && order.state != State.Disputed) revert OrderInState(id, order.state);
        _settle(id, order);
    }

    /// @inheritdoc IRedemption
    function finalize(uint256 id) external {
        StoredOrder storage order = _inState(id, State.Delivered);
        if (block.timestamp <= order.disputeUntil) revert DisputeWindowOpen(id, order.disputeUntil);
        _settle(id, order);
    }

    function _settle(uint256 id, StoredOrder storage order) private {
        order.state = State.Settled;
        pendingOf[order.provider] -= order.amount;
        collateral.reduceObligation(order.provider, order.amount);
        emit Settled(id, collateral.releasableDown(order.provider));
    }

    // --- Disputes and defaults

    /// @inheritdoc IRedemption
    function dispute(uint256 id) external {
        StoredOrder storage order = _inState(id, State.Delivered);
        if (msg.sender != order.buyer) revert CallerNotBuyer(id, order.buyer, msg.sender);
        if (block.timestamp > order.disputeUntil) revert DisputeWindowPassed(id, order.disputeUntil);
        order.state = State.Disputed;
        emit Disputed(id, msg.sender);
    }

    /// @inheritdoc IRedemption
    function resolve(uint256 id, bool delivered) external restricted nonReentrant {
        StoredOrder storage order = _inState(id, State.Disputed);
        delivered ? _settle(id, order) : _compensate(id, order);
    }

    /// @inheritdoc IRedemption
    function expire(uint256 id) external nonReentrant {
        StoredOrder storage order = _inState(id, State.Requested);
        if (block.timestamp <= order.deadline) revert DeadlineAhead(id, order.deadline);
        _compensate(id, order);
    }

    function _compensate(uint256 id, StoredOrder storage order) private {
        (address provider, address buyer, uint256 amount) = (order.provider, order.buyer, order.amount);
        uint256 paid = _payableDown(provider, amount, _rules.compensationBps);
        order.state = State.Compensated;
        pendingOf[provider] -= amount;
        emit Compensated(id, buyer, paid);
        collateral.seize(provider, buyer, amount, paid);
    }

    /// @dev par x amount x bps, at most the amount's share of the collateral: what is missing is missing for everybody alike.
    function _payableDown(address provider, uint256 amount, uint256 bps) private view returns (uint256) {
        return Math.min(collateral.valueDown(amount * bps) / BASIS_POINTS, collateral.shareDown(provider, amount));
    }

    // --- Ends without a job

    /// @inheritdoc IRedemption
    function retire(uint256 amount) external {
        _checkFree(msg.sender, amount);
        emit Retired(msg.sender, amount);
        token.burn(msg.sender, amount);
        collateral.reduceObligation(msg.sender, amount);
    }

    /// @inheritdoc IRedemption
    function redeemLiquidated(address provider, uint256 amount) external nonReentrant returns (uint256 paid) {
        if (!collateral.liquidated(provider)) revert ProviderNotLiquidated(provider);
        _checkFree(provider, amount);
        paid = _payableDown(provider, amount, BASIS_POINTS);
        emit RedeemedLiquidated(provider, msg.sender, amount, paid);
        token.burn(msg.sender, amount);
        collateral.seize(provider, msg.sender, amount, paid);
    }

    // --- Governance and guardian

    /// @notice Changes the dispute window of deliveries to come and the compensation.
    function setRules(Rules calldata rules_) external restricted {
        _setRules(rules_);
    }

    /// @notice Stops new redemptions.
    function pause() external restricted {
        _pause();
    }

    /// @notice Resumes them.
    function unpause() external restricted {
        _unpause();
    }

    function _setRules(Rules memory next) private {
        bool valid = next.disputeSeconds >= DISPUTE_SECONDS_MIN && next.disputeSeconds <= DISPUTE_SECONDS_MAX
            && next.compensationBps >= BASIS_POINTS && next.compensationBps <= COMPENSATION_BPS_MAX;
        if (!valid) revert RulesInvalid(next);
        _rules = next;
        emit RulesSet(next);
    }

    // --- Views

    /// @inheritdoc IRedemption
    function orderOf(uint256 id) external view returns (Order memory) {
        StoredOrder storage order = _order(id);
        return Order({
            buyer: order.buyer,
            state: order.state,
            tier: order.tier,
            deadline: order.deadline,
            disputeUntil: order.disputeUntil,
            provider: order.provider,
            amount: order.amount,
            jobHash: order.jobHash,
            resultHash: order.resultHash,
            workDone: order.workDone
        });
    }

    /// @notice What can still be requested of a provider [wad CU].
    function freeOf(address provider) public view returns (uint256) {
        return collateral.outstandingOf(provider) - pendingOf[provider];
    }

    /// @notice Time to deliver [seconds].
    function deliverySecondsOf(Tier tier) public pure returns (uint256) {
        if (tier == Tier.Standard) return 24 hours;
        return tier == Tier.Premium ? 6 hours : 1 hours;
    }

    /// @notice Dispute window [seconds] and compensation [bps].
    function rules() external view returns (Rules memory) {
        return _rules;
    }

    // --- Shared checks

    function _order(uint256 id) private view returns (StoredOrder storage) {
        if (id == 0 || id > orderCount) revert OrderUnknown(id, orderCount);
        return _orders[id];
    }

    function _inState(uint256 id, State expected) private view returns (StoredOrder storage order) {
        order = _order(id);
        if (order.state != expected) revert OrderInState(id, order.state);
    }

    function _checkFree(address provider, uint256 amount) private view {
        if (amount == 0) revert ZeroAmount();
        uint256 free = freeOf(provider);
        if (amount > free) revert AmountAboveFree(provider, amount, free);
    }

    function _checkUri(string calldata uri) private pure {
        uint256 length = bytes(uri).length;
        if (length == 0 || length > URI_LENGTH_MAX) revert UriLengthInvalid(length, URI_LENGTH_MAX);
    }
}
