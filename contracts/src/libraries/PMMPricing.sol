// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {PMMCurve} from "./PMMCurve.sol";

/// @notice Which token is short of its target.
enum Regime {
    One,
    BaseShort,
    QuoteShort
}

/// @notice What trades change [base units of the token]. The target of the token that is short is derived on every read; the stored one is stale.
struct PMMState {
    uint256 baseReserve;
    uint256 quoteReserve;
    uint256 baseTarget;
    uint256 quoteTarget;
    Regime regime;
}

/// @notice What governance sets, and the tokens' decimals as fine units per base unit.
struct PMMTerms {
    uint256 price; // [wad quote tokens per base token] i
    uint256 slope; // [wad] k
    uint256 fee; // [wad of what is paid], the band of an uncertain price included
    uint256 baseUnit;
    uint256 quoteUnit;
}

/// @title PMMPricing
/// @notice What a pool pays, and its state afterwards. The twin of src/stab3l/peg/pool.py.
library PMMPricing {
    /// @dev A pool as the seller of one token sees it, in fine units. numerator / denominator values what is sold in what is paid.
    struct Side {
        uint256 soldReserve;
        uint256 soldTarget;
        uint256 paidReserve;
        uint256 paidTarget;
        uint256 numerator;
        uint256 denominator;
    }

    error TermsInvalid(uint256 price, uint256 slope, uint256 fee);
    error DecimalsUnsupported(uint256 decimals, uint256 max);
    error AmountZero();
    error ReserveTooLarge(uint256 reserve, uint256 max);

    uint256 internal constant WAD = 1e18;
    uint256 internal constant PRICE_MIN = 1e6;
    uint256 internal constant PRICE_MAX = 1e30;
    uint256 internal constant SLOPE_MAX = 0.9e18;
    uint256 internal constant FEE_MAX = 0.1e18;
    uint256 internal constant DECIMALS_MAX = 18;
    uint256 internal constant RESERVE_FINE_MAX = 1 << 116;
    uint256 internal constant RESERVE_MIN = 1000;

    /// @notice Refuses terms that the curve is not made for: rounding grows as 1/(1-k), so k is at most 0.9, or 1, which needs no such division.
    function check(uint256 price, uint256 slope, uint256 fee) internal pure {
        bool valid = price >= PRICE_MIN && price <= PRICE_MAX && (slope <= SLOPE_MAX || slope == WAD) && fee <= FEE_MAX;
        if (!valid) revert TermsInvalid(price, slope, fee);
    }

    /// @notice Fine units in one base unit of a token.
    function unitOf(uint256 decimals) internal pure returns (uint256) {
        if (decimals > DECIMALS_MAX) revert DecimalsUnsupported(decimals, DECIMALS_MAX);
        return PMMCurve.FINE_PER_WAD * 10 ** (DECIMALS_MAX - decimals);
    }

    // --- Trades

    /// @notice Sells base; `next` is the state afterwards.
    function sellBase(PMMTerms memory terms, PMMState memory state, uint256 amount)
        internal
        pure
        returns (uint256 paid, uint256 fee, PMMState memory next)
    {
        Side memory side = _baseSide(terms, state);
        (uint256 gross, uint256 crossed) =
            _sell(side, terms.slope, state.regime, Regime.BaseShort, _fine(amount, terms.baseUnit, side.soldReserve));
        (paid, fee) = _lessFee(gross / terms.quoteUnit, terms.fee);
        next = PMMState(state.baseReserve + amount, state.quoteReserve - paid, state.baseTarget, state.quoteTarget, state.regime);
        if (state.regime == Regime.One || crossed > 0) next.regime = Regime.QuoteShort;
        if (crossed > 0) next.baseTarget = Math.ceilDiv(crossed, terms.baseUnit);
    }

    /// @notice Sells quote; otherwise as `sellBase`.
    function sellQuote(PMMTerms memory terms, PMMState memory state, uint256 amount)
        internal
        pure
        returns (uint256 paid, uint256 fee, PMMState memory next)
    {
        Side memory side = _quoteSide(terms, state);
        (uint256 gross, uint256 crossed) =
            _sell(side, terms.slope, state.regime, Regime.QuoteShort, _fine(amount, terms.quoteUnit, side.soldReserve));
        (paid, fee) = _lessFee(gross / terms.baseUnit, terms.fee);
        next = PMMState(state.baseReserve - paid, state.quoteReserve + amount, state.baseTarget, state.quoteTarget, state.regime);
        if (state.regime == Regime.One || crossed > 0) next.regime = Regime.BaseShort;
        if (crossed > 0) next.quoteTarget = Math.ceilDiv(crossed, terms.quoteUnit);
    }

    // --- Reads

    /// @notice Both targets now [base units]; the derived one rounded up.
    function targetsUp(PMMTerms memory terms, PMMState memory state) internal pure returns (uint256 baseTarget, uint256 quoteTarget) {
        (baseTarget, quoteTarget) = (state.baseTarget, state.quoteTarget);
        if (state.regime == Regime.BaseShort) {
            baseTarget = Math.ceilDiv(_shortTarget(_quoteSide(terms, state), terms.slope), terms.baseUnit);
        }
        if (state.regime == Regime.QuoteShort) {
            quoteTarget = Math.ceilDiv(_shortTarget(_baseSide(terms, state), terms.slope), terms.quoteUnit);
        }
    }

    /// @notice The marginal price without fees [wad quote tokens per base token].
    function midPrice(PMMTerms memory terms, PMMState memory state) internal pure returns (uint256) {
        if (state.regime == Regime.One) return terms.price;
        Side memory side = state.regime == Regime.BaseShort ? _quoteSide(terms, state) : _baseSide(terms, state);
        uint256 steep = PMMCurve.steepness(_shortTarget(side, terms.slope), side.paidReserve, terms.slope);
        return state.regime == Regime.BaseShort ? terms.price * steep / WAD : terms.price * WAD / steep;
    }

    // --- The curve

    function _baseSide(PMMTerms memory terms, PMMState memory state) private pure returns (Side memory) {
        return Side(
            state.baseReserve * terms.baseUnit,
            state.baseTarget * terms.baseUnit,
            state.quoteReserve * terms.quoteUnit,
            state.quoteTarget * terms.quoteUnit,
            terms.price,
            WAD
        );
    }

    function _quoteSide(PMMTerms memory terms, PMMState memory state) private pure returns (Side memory) {
        return Side(
            state.quoteReserve * terms.quoteUnit,
            state.quoteTarget * terms.quoteUnit,
            state.baseReserve * terms.baseUnit,
            state.baseTarget * terms.baseUnit,
            WAD,
            terms.price
        );
    }

    /// @dev Of the token that is paid, from the surplus of the one that is sold.
    function _shortTarget(Side memory side, uint256 slope) private pure returns (uint256) {
        uint256 surplus = PMMCurve.fairUp(side.soldReserve - side.soldTarget, side.numerator, side.denominator);
        return PMMCurve.targetUp(side.paidReserve, surplus, slope);
    }

    /// @dev `crossed` is the new target of what is sold if the trade crossed it, else 0.
    function _sell(Side memory side, uint256 slope, Regime regime, Regime soldShort, uint256 amount)
        private
        pure
        returns (uint256 paid, uint256 crossed)
    {
        if (regime == soldShort) return _sellBack(side, slope, amount);
        uint256 fair = PMMCurve.fairDown(amount, side.numerator, side.denominator);
        if (regime == Regime.One) return (PMMCurve.tradeDown(side.paidTarget, side.paidTarget, fair, slope), 0);
        return (PMMCurve.tradeDown(_shortTarget(side, slope), side.paidReserve, fair, slope), 0);
    }

    /// @dev Sells the token that is short: up to its target by the integral, beyond it as from balance.
    function _sellBack(Side memory side, uint256 slope, uint256 amount) private pure returns (uint256 paid, uint256 crossed) {
        uint256 surplus = side.paidReserve - side.paidTarget;
        uint256 target = PMMCurve.targetUp(side.soldReserve, PMMCurve.fairUp(surplus, side.denominator, side.numerator), slope);
        uint256 missing = target - side.soldReserve;
        if (amount > missing) {
            uint256 beyond = PMMCurve.fairDown(amount - missing, side.numerator, side.denominator);
            return (surplus + PMMCurve.tradeDown(side.paidTarget, side.paidTarget, beyond, slope), target);
        }
        uint256 lower = PMMCurve.targetDown(side.soldReserve, PMMCurve.fairDown(surplus, side.denominator, side.numerator), slope);
        uint256 fair = PMMCurve.fairDown(amount, side.numerator, side.denominator);
        paid = PMMCurve.integralDown(lower, side.soldReserve + amount, side.soldReserve, fair, slope);
        return (Math.min(paid, surplus), 0);
    }

    function _fine(uint256 amount, uint256 unit, uint256 reserve) private pure returns (uint256 fine) {
        if (amount == 0) revert AmountZero();
        fine = amount * unit;
        if (reserve + fine > RESERVE_FINE_MAX) revert ReserveTooLarge(reserve + fine, RESERVE_FINE_MAX);
    }

    function _lessFee(uint256 gross, uint256 rate) private pure returns (uint256 paid, uint256 fee) {
        fee = Math.min(Math.ceilDiv(gross * rate, WAD), gross);
        paid = gross - fee;
    }
}
