// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IRedemption} from "../interfaces/IIssuance.sol";
import {CollateralManager} from "../staking/CollateralManager.sol";
import {sSTBToken} from "./sSTBToken.sol";

/// @title Redemption
/// @notice Burns sSTB for compute. The provider stays obliged until the delivery is accepted, or it is compensated from its collateral.
/// Always: the sum over providers of outstanding - pending is the supply of sSTB.
/// @dev (Queued ->) Requested -> Delivered -> Settled is the way; Requested -> Compensated when the deadline passes; Delivered -> Disputed -> either, as the arbiter says.
/// @custom:stop The guardian pauses new redemptions. Delivery, acceptance, disputes, expiry, retirement and liquidated redemption go on.
/// @custom:trusts The arbiter for disputed deliveries. The Oracle, through CollateralManager, for what a compensation is worth.
contract Redemption is IRedemption, AccessManaged, Pausable, ReentrancyGuardTransient {
    using SafeERC20 for IERC20Metadata;

    struct Rules {
        uint32 disputeSeconds; // [seconds] after the delivery
        uint32 judgeSeconds; // [seconds] after the dispute
        uint16 compensationBps; // [bps] of the value at par
        uint16 feeBps; // [bps] of the amount, in sSTB
        uint16 gateBps; // [bps] of the supply that may be redeemed in a day; zero: no gate
        uint16 bondBps; // [bps] of the value at par that a dispute stakes
        uint16 penaltyBps; // [bps] of the value at par that a wrong delivery costs on top
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
    error JudgementOpen(uint256 id, uint64 judgeUntil);
    error JudgementLate(uint256 id, uint64 judgeUntil);
    error GateClosed(uint256 amount, uint256 available);
    error QueueEmpty();
    error PremiumTooHigh(uint256 premiumBps, uint256 max);
    error RulesInvalid(Rules rules);

    event RedeemedLiquidated(address indexed provider, address indexed holder, uint256 amount, uint256 collateralPaid);
    event RulesSet(Rules rules);

    /// @notice [bytes]
    uint256 public constant URI_LENGTH_MAX = 512;
    uint256 public constant DISPUTE_SECONDS_MIN = 1 hours;
    uint256 public constant DISPUTE_SECONDS_MAX = 30 days;
    /// @notice [bps] At most what CollateralManager's ratio can never go below, so that a full compensation is covered.
    uint256 public constant COMPENSATION_BPS_MAX = 12_000;
    /// @notice [bps] What a fee, a bond, a penalty and a premium can be at most.
    uint256 public constant FEE_BPS_MAX = 200;
    uint256 public constant BOND_BPS_MAX = 1000;
    uint256 public constant PENALTY_BPS_MAX = 2000;
    uint256 public constant PREMIUM_BPS_MAX = 5000;
    /// @notice Withdrawn orders that one admission steps over.
    uint256 public constant STEPS_MAX = 16;
    uint256 private constant BASIS_POINTS = 10_000;
    uint256 private constant DAY_SECONDS = 1 days;

    sSTBToken public immutable token;
    CollateralManager public immutable collateral;

    Rules private _rules;
    /// @notice [wad CU] Requested of a provider and not yet settled or compensated; part of its outstanding.
    mapping(address provider => uint256) public pendingOf;
    mapping(uint256 id => StoredOrder) private _orders;
    /// @notice [wad sSTB] What lies here for an order beside its amount: the provider's premium.
    mapping(uint256 id => uint256) public premiumOf;
    /// @notice [base units of the collateral] The buyer's stake in its dispute.
    mapping(uint256 id => uint256) public bondOf;
    mapping(address provider => uint16[3]) private _premiums;
    /// @dev The gate is a bucket that a day's share of the supply fills; what is larger than the bucket needs it full and leaves a debt.
    int96 private _gateLevel; // [wad sSTB]
    uint40 private _gateAt; // [unix seconds] never zero: one slot with what every redemption writes
    /// @notice [wad sSTB] Fees taken and not yet collected.
    uint96 public fees;
    /// @dev From 1, so that the slot, with the count of orders, is never zero: the first redemption costs like the others.
    uint40 private _queueHead = 1;
    uint40 private _queueTail = 1;
    uint40 private _waiting; // orders in the queue that were not withdrawn
    uint64 private _orderCount;
    mapping(uint256 position => uint256 id) private _queue;

    constructor(address authority_, sSTBToken token_, CollateralManager collateral_, Rules memory rules_) AccessManaged(authority_) {
        (token, collateral) = (token_, collateral_);
        _setRules(rules_);
        _gateAt = uint40(block.timestamp);
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

        id = ++_orderCount;
        StoredOrder storage order = _orders[id];
        (order.buyer, order.amount) = (msg.sender, uint96(amount));
        (order.provider, order.tier, order.jobHash) = (provider, tier, jobHash);
        uint256 extra = _charge(id, provider, amount, tier);
        if (_waiting != 0 || !_passGate(amount)) {
            _enqueue(id, order, jobUri);
            token.take(msg.sender, amount + extra);
            return id;
        }
        _request(id, order, jobUri);
        if (extra > 0) token.take(msg.sender, extra);
        token.burn(msg.sender, amount);
    }

    /// @inheritdoc IRedemption
    /// @dev A provider that is gone or sold out meanwhile sends the order back to its buyer. Steps over so many withdrawn orders at once
    /// and keeps how far it came: however many are put before the others, they cannot make it too dear to call.
    function admit() external whenNotPaused nonReentrant returns (uint256 id) {
        if (_waiting == 0) revert QueueEmpty();
        for (uint256 steps = 0; _orders[_queue[_queueHead]].state != State.Queued; steps++) {
            if (steps == STEPS_MAX) return 0;
            _queueHead++;
        }
        id = _queue[_queueHead];
        StoredOrder storage order = _orders[id];
        if (collateral.liquidated(order.provider) || order.amount > freeOf(order.provider)) {
            _queueHead++;
            _sendBack(id, order);
            return id;
        }
        if (!_passGate(order.amount)) revert GateClosed(order.amount, gateAvailable());
        _queueHead++;
        _leaveQueue();
        _request(id, order, "");
        token.burn(address(this), order.amount);
    }

    /// @inheritdoc IRedemption
    function withdraw(uint256 id) external nonReentrant {
        StoredOrder storage order = _inState(id, State.Queued);
        if (msg.sender != order.buyer) revert CallerNotBuyer(id, order.buyer, msg.sender);
        _sendBack(id, order);
    }

    /// @inheritdoc IRedemption
    function setOffer(uint16[3] calldata premiumBps, string calldata uri) external {
        _checkUri(uri);
        for (uint256 tier = 0; tier < 3; tier++) {
            if (premiumBps[tier] > PREMIUM_BPS_MAX) revert PremiumTooHigh(premiumBps[tier], PREMIUM_BPS_MAX);
        }
        _premiums[msg.sender] = premiumBps;
        emit OfferSet(msg.sender, premiumBps, uri);
    }

    /// @dev Fee and premium [wad sSTB], rounded up. The fee is earned by asking: leaving the queue does not bring it back.
    function _charge(uint256 id, address provider, uint256 amount, Tier tier) private returns (uint256 extra) {
        uint256 fee = Math.ceilDiv(amount * _rules.feeBps, BASIS_POINTS);
        if (fee > 0) fees += uint96(fee);
        uint256 premium = Math.ceilDiv(amount * _premiums[provider][uint256(tier)], BASIS_POINTS);
        if (premium > 0) premiumOf[id] = premium;
        return fee + premium;
    }

    function _request(uint256 id, StoredOrder storage order, string memory jobUri) private {
        uint64 deadline = uint64(block.timestamp + deliverySecondsOf(order.tier));
        (order.state, order.deadline) = (State.Requested, uint40(deadline));
        pendingOf[order.provider] += order.amount;
        emit RedemptionRequested(id, order.buyer, order.provider, order.amount, order.tier, order.jobHash, jobUri, deadline);
    }

    function _enqueue(uint256 id, StoredOrder storage order, string calldata jobUri) private {
        order.state = State.Queued;
        uint256 position = _queueTail++;
        _waiting++;
        _queue[position] = id;
        emit RedemptionQueued(id, order.buyer, position, jobUri);
    }

    /// @dev With the last that waits the queue is empty: nobody waits behind withdrawn orders alone, and none is walked over again.
    function _leaveQueue() private {
        if (--_waiting == 0) _queueHead = _queueTail;
    }

    function _sendBack(uint256 id, StoredOrder storage order) private {
        _leaveQueue();
        uint256 returned = order.amount + _takePremium(id);
        order.state = State.Withdrawn;
        emit RedemptionWithdrawn(id, order.buyer, returned);
        token.transfer(order.buyer, returned);
    }

    function _takePremium(uint256 id) private returns (uint256 premium) {
        premium = premiumOf[id];
        if (premium > 0) delete premiumOf[id];
    }

    /// @dev Whether the amount fits now; then it is taken off.
    function _passGate(uint256 amount) private returns (bool) {
        uint256 share = _gateShare();
        if (share == type(uint256).max) return true;
        int256 level = _gateLevelNow(share);
        if (level < int256(Math.min(amount, share))) return false;
        (_gateLevel, _gateAt) = (int96(level - int256(amount)), uint40(block.timestamp));
        return true;
    }

    /// @dev [wad sSTB] A day's; the largest number without a gate.
    function _gateShare() private view returns (uint256) {
        uint256 bps = _rules.gateBps;
        return bps == 0 ? type(uint256).max : token.totalSupply() * bps / BASIS_POINTS;
    }

    function _gateLevelNow(uint256 share) private view returns (int256) {
        int256 filled = _gateLevel + int256(share * (block.timestamp - _gateAt) / DAY_SECONDS);
        return filled > int256(share) ? int256(share) : filled;
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
    function confirm(uint256 id) external nonReentrant {
        StoredOrder storage order = _order(id);
        if (msg.sender != order.buyer) revert CallerNotBuyer(id, order.buyer, msg.sender);
        if (order.state != State.Delivered && order.state != State.Disputed) revert OrderInState(id, order.state);
        uint256 bond = _takeBond(id);
        _settle(id, order);
        _returnBond(msg.sender, bond);
    }

    /// @inheritdoc IRedemption
    function finalize(uint256 id) external nonReentrant {
        StoredOrder storage order = _inState(id, State.Delivered);
        if (block.timestamp <= order.disputeUntil) revert DisputeWindowOpen(id, order.disputeUntil);
        _settle(id, order);
    }

    function _settle(uint256 id, StoredOrder storage order) private {
        order.state = State.Settled;
        address provider = order.provider;
        pendingOf[provider] -= order.amount;
        uint256 premium = _takePremium(id);
        collateral.reduceObligation(provider, order.amount);
        emit Settled(id, collateral.releasableDown(provider));
        if (premium > 0) token.transfer(provider, premium);
    }

    // --- Disputes and defaults

    /// @inheritdoc IRedemption
    /// @dev The bond, in the collateral's token, goes to the provider if the delivery is judged right: disputing for nothing is not free.
    function dispute(uint256 id) external nonReentrant {
        StoredOrder storage order = _inState(id, State.Delivered);
        if (msg.sender != order.buyer) revert CallerNotBuyer(id, order.buyer, msg.sender);
        if (block.timestamp > order.disputeUntil) revert DisputeWindowPassed(id, order.disputeUntil);
        uint256 bond = _rules.bondBps == 0 ? 0 : Math.ceilDiv(collateral.valueDown(uint256(order.amount) * _rules.bondBps), BASIS_POINTS);
        order.state = State.Disputed;
        order.disputeUntil = uint40(block.timestamp + _rules.judgeSeconds);
        emit Disputed(id, msg.sender);
        if (bond == 0) return;
        bondOf[id] = bond;
        collateral.token().safeTransferFrom(msg.sender, address(this), bond);
    }

    /// @inheritdoc IRedemption
    function resolve(uint256 id, bool delivered) external restricted nonReentrant {
        StoredOrder storage order = _inState(id, State.Disputed);
        if (block.timestamp > order.disputeUntil) revert JudgementLate(id, order.disputeUntil);
        uint256 bond = _takeBond(id);
        if (delivered) {
            _settle(id, order);
            if (bond > 0) collateral.token().safeTransfer(order.provider, bond);
            return;
        }
        uint256 penalty = collateral.valueDown(uint256(order.amount) * _rules.penaltyBps) / BASIS_POINTS;
        _compensate(id, order);
        if (penalty > 0) emit PenaltyPaid(id, order.provider, collateral.slash(order.provider, order.buyer, penalty));
        _returnBond(order.buyer, bond);
    }

    /// @inheritdoc IRedemption
    /// @dev Judges need the provider's documents: silence must not pay it.
    function lapse(uint256 id) external nonReentrant {
        StoredOrder storage order = _inState(id, State.Disputed);
        if (block.timestamp <= order.disputeUntil) revert JudgementOpen(id, order.disputeUntil);
        uint256 bond = _takeBond(id);
        _compensate(id, order);
        _returnBond(order.buyer, bond);
    }

    function _takeBond(uint256 id) private returns (uint256 bond) {
        bond = bondOf[id];
        if (bond > 0) delete bondOf[id];
    }

    function _returnBond(address buyer, uint256 bond) private {
        if (bond > 0) collateral.token().safeTransfer(buyer, bond);
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
        uint256 premium = _takePremium(id);
        emit Compensated(id, buyer, paid);
        collateral.seize(provider, buyer, amount, paid);
        if (premium > 0) token.transfer(buyer, premium);
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

    /// @notice Takes out the fees.
    function collectFees(address to) external restricted returns (uint256 amount) {
        amount = fees;
        fees = 0;
        token.transfer(to, amount);
    }

    /// @notice Stops new redemptions and the queue.
    function pause() external restricted {
        _pause();
    }

    /// @notice Resumes them.
    function unpause() external restricted {
        _unpause();
    }

    function _setRules(Rules memory next) private {
        bool valid = next.disputeSeconds >= DISPUTE_SECONDS_MIN && next.disputeSeconds <= DISPUTE_SECONDS_MAX
            && next.judgeSeconds >= DISPUTE_SECONDS_MIN && next.judgeSeconds <= DISPUTE_SECONDS_MAX && next.compensationBps >= BASIS_POINTS
            && next.compensationBps <= COMPENSATION_BPS_MAX && next.feeBps <= FEE_BPS_MAX && next.gateBps <= BASIS_POINTS
            && next.bondBps <= BOND_BPS_MAX && next.penaltyBps <= PENALTY_BPS_MAX;
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

    /// @inheritdoc IRedemption
    function orderCount() external view returns (uint256) {
        return _orderCount;
    }

    /// @notice What can still be requested of a provider [wad CU].
    function freeOf(address provider) public view returns (uint256) {
        return collateral.outstandingOf(provider) - pendingOf[provider];
    }

    /// @notice [wad sSTB] What the gate lets through at once now; zero while it is in debt.
    function gateAvailable() public view returns (uint256) {
        uint256 share = _gateShare();
        if (share == type(uint256).max) return share;
        int256 level = _gateLevelNow(share);
        return level > 0 ? uint256(level) : 0;
    }

    /// @notice Orders that wait in the queue.
    function queueLength() external view returns (uint256) {
        return _waiting;
    }

    /// @notice [bps] A provider's premium for each tier.
    function premiumBpsOf(address provider) external view returns (uint16[3] memory) {
        return _premiums[provider];
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
        if (id == 0 || id > _orderCount) revert OrderUnknown(id, _orderCount);
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
