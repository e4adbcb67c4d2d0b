// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Bucket, IPegTarget, IPublicPool, IReserveVault} from "../interfaces/IStability.sol";
import {FlowCap} from "../libraries/FlowCap.sol";
import {PriceHistory} from "../libraries/PriceHistory.sol";
import {StabilizerLimits, StabilizerRules} from "../libraries/StabilizerRules.sol";

/// @title StabilizerPolicy
/// @notice When and how much the stabiliser may trade: policy apart from mechanism. Source 2, section 10 and its rules.
/// @custom:stop Nothing to stop; Stabilizer is.
/// @custom:trusts Governance for the limits, PegManager for the target.
contract StabilizerPolicy is AccessManaged, Multicall {
    struct PoolPolicy {
        StabilizerLimits limits;
        address base;
        uint8 baseDecimals;
        address quote;
        uint8 quoteDecimals;
    }

    /// @notice What the stabiliser remembers of a pool.
    struct Memory {
        uint64 actedBlock;
        uint64 flowBlock;
        uint128 flow; // [quote base units]
    }

    /// @notice What to do now: sell `amount` [base units of the token sold] and be paid at least `paidMin`.
    struct Order {
        StabilizerRules.Outcome outcome;
        bool sellsBase;
        uint256 amount;
        uint256 paidMin;
        uint256 volume; // [quote base units] counted against the cap
        uint256 flow; // [quote base units] what the cap remembers after it
        address sold;
        address paid;
    }

    error PoolUnknown(address pool);
    error LimitsInvalid(address pool, StabilizerLimits limits);
    error LoopUnstable(uint256 loopGain, uint256 max);

    event LimitsSet(address indexed pool, StabilizerLimits limits);

    uint256 private constant WAD = 1e18;
    /// @notice [wad] The part of a deviation that one action may remove: with the delay of an action more would overshoot.
    uint256 public constant LOOP_GAIN_MAX = 1e18;

    IPegTarget public immutable pegs;
    IReserveVault public immutable vault;
    mapping(address pool => PoolPolicy) private _policies;

    constructor(address authority_, IPegTarget pegs_, IReserveVault vault_) AccessManaged(authority_) {
        (pegs, vault) = (pegs_, vault_);
    }

    // --- Decisions

    /// @notice The order for a pool now. `remembered` is Stabilizer's memory of it; the caller gives no other number.
    function decide(address pool, Memory memory remembered) external view returns (Order memory order) {
        PoolPolicy memory policy = _known(pool);
        (uint256 target, uint256 band) = pegs.targetOf(pool);
        // A target that may be off by the band is no reason to act within it.
        policy.limits.threshold = uint64(Math.min(policy.limits.threshold + band, type(uint64).max));
        StabilizerRules.View memory seen = _look(pool, policy, remembered, target);
        (order.outcome, order.sellsBase, order.volume) = StabilizerRules.decide(policy.limits, seen);
        if (order.outcome != StabilizerRules.Outcome.Act) return order;
        order.flow = FlowCap.decayedUp(seen.flow, policy.limits.memory_, seen.block_ - seen.flowBlock) + order.volume;
        _place(order, policy, target);
    }

    /// @notice An order of governance's choosing: the slippage cap holds, the other limits are Stabilizer's override cap.
    function orderOf(address pool, bool sellsBase, uint256 volume) external view returns (Order memory order) {
        PoolPolicy memory policy = _known(pool);
        (uint256 target,) = pegs.targetOf(pool);
        (order.sellsBase, order.volume) = (sellsBase, volume);
        _place(order, policy, target);
    }

    /// @notice What selling `amount` at the target would pay, without fee or slippage; rounded up.
    function fairUp(address pool, bool sellsBase, uint256 amount) external view returns (uint256) {
        PoolPolicy memory policy = _known(pool);
        (uint256 target,) = pegs.targetOf(pool);
        (uint256 base, uint256 quote) = _scalesOf(policy);
        if (sellsBase) return StabilizerRules.leastPaidUp(amount, target, 0, base, quote);
        return StabilizerRules.leastPaidUp(amount, WAD * WAD / target, 0, quote, base);
    }

    function _look(address pool, PoolPolicy memory policy, Memory memory remembered, uint256 target)
        private
        view
        returns (StabilizerRules.View memory seen)
    {
        StabilizerLimits memory limits = policy.limits;
        uint256 price;
        (seen.averageDeviation, seen.coveredBlocks, price) =
            IPublicPool(pool).averageDeviation(target, limits.clamp, limits.sustainedBlocks);
        (seen.block_, seen.gasPrice) = (block.number, tx.gasprice);
        (seen.actedBlock, seen.flow, seen.flowBlock) = (remembered.actedBlock, remembered.flow, remembered.flowBlock);
        seen.spotDeviation = PriceHistory.deviationOf(price, target);
        // Only what would be sold is looked up.
        if (seen.averageDeviation > 0) {
            (uint256 baseScale, uint256 quoteScale) = _scalesOf(policy);
            seen.baseInventory = Math.mulDiv(vault.heldOf(Bucket.Stabilisation, policy.base), target * quoteScale, WAD * baseScale);
        } else {
            seen.quoteInventory = vault.heldOf(Bucket.Stabilisation, policy.quote);
        }
    }

    /// @dev The slippage is measured from the target, not from the price now: a trade never goes through the target by more, and a price far away,
    /// where the curve is steep, is no reason to freeze (docs/decisions).
    function _place(Order memory order, PoolPolicy memory policy, uint256 target) private pure {
        uint256 slippage = policy.limits.slippage;
        (uint256 base, uint256 quote) = _scalesOf(policy);
        if (order.sellsBase) {
            order.amount = Math.mulDiv(order.volume, WAD * base, target * quote);
            order.paidMin = StabilizerRules.leastPaidUp(order.amount, target, slippage, base, quote);
            (order.sold, order.paid) = (policy.base, policy.quote);
        } else {
            order.amount = order.volume;
            order.paidMin = StabilizerRules.leastPaidUp(order.amount, WAD * WAD / target, slippage, quote, base);
            (order.sold, order.paid) = (policy.quote, policy.base);
        }
    }

    // --- Governance

    /// @notice Sets a pool's limits. Refuses a gain that would overshoot at the pool's own slope and depth.
    function setLimits(IPublicPool pool, StabilizerLimits calldata limits) external restricted {
        bool valid = limits.threshold > 0 && limits.clamp > limits.threshold && limits.sustainedBlocks > 0
            && limits.sustainedBlocks <= PriceHistory.WINDOW_MAX && limits.intervalBlocks > 0 && limits.memory_ <= WAD
            && limits.slippage <= 0.1e18 && limits.amountMin > 0;
        if (!valid) revert LimitsInvalid(address(pool), limits);
        uint256 loop = StabilizerRules.loopGain(limits.gain, pool.terms().slope, _depthOf(pool));
        if (loop > LOOP_GAIN_MAX) revert LoopUnstable(loop, LOOP_GAIN_MAX);
        (address base, address quote) = (pool.baseToken(), pool.quoteToken());
        _policies[address(pool)] = PoolPolicy(limits, base, IERC20Metadata(base).decimals(), quote, IERC20Metadata(quote).decimals());
        emit LimitsSet(address(pool), limits);
    }

    /// @dev Of a pool that is not open yet, what it is planned to open with.
    function _depthOf(IPublicPool pool) private view returns (uint256) {
        uint256 planned = vault.plannedQuoteOf(address(pool));
        return planned > 0 ? planned : pool.state().quoteTarget;
    }

    /// @notice What was set for a pool.
    function limitsOf(address pool) external view returns (StabilizerLimits memory) {
        return _known(pool).limits;
    }

    /// @dev 10^decimals of base and quote.
    function _scalesOf(PoolPolicy memory policy) private pure returns (uint256 base, uint256 quote) {
        return (10 ** policy.baseDecimals, 10 ** policy.quoteDecimals);
    }

    function _known(address pool) private view returns (PoolPolicy memory policy) {
        policy = _policies[pool];
        if (policy.base == address(0)) revert PoolUnknown(pool);
    }
}
