// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {ITradingPool} from "../interfaces/IStability.sol";
import {PMMPricing, PMMState, PMMTerms, Regime} from "../libraries/PMMPricing.sol";
import {Peers} from "../libraries/Peers.sol";

/// @title PMMCore
/// @notice What public and private pools share: reserves, targets and trades on the PMM curve. The liquidity is the vault's.
/// The twin of src/stab3l/peg/pool.py.
/// @dev Reserves are what was counted, not what lies here: a donation is a gift to the next trader and moves no price.
abstract contract PMMCore is ITradingPool, AccessManaged, Pausable, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    struct Reserves {
        uint112 base; // [base units]
        uint112 quote; // [base units]
        uint32 recordedBlock; // of the last entry of the price history
    }

    struct Targets {
        uint112 base; // [base units]
        uint112 quote; // [base units]
        Regime regime;
        uint8 newestEntry; // place in the price history
    }

    error AlreadyInitialised();
    error NotInitialised();
    error SameToken(address token);
    error ReserveTooSmall(uint256 reserve, uint256 min);
    error PaidTooLittle(uint256 paid, uint256 min);

    event Initialised(uint256 baseReserve, uint256 quoteReserve);
    event LiquidityReset(uint256 baseReserve, uint256 quoteReserve);

    IERC20 internal immutable _base;
    IERC20 internal immutable _quote;
    uint256 internal immutable _baseUnit;
    uint256 internal immutable _quoteUnit;
    /// @notice Owns the liquidity.
    address public immutable vault;

    Reserves internal _reserves;
    Targets internal _targets;

    constructor(address authority_, IERC20Metadata base, IERC20Metadata quote, address vault_) AccessManaged(authority_) {
        if (address(base) == address(quote)) revert SameToken(address(base));
        if (vault_ == address(0)) revert Peers.PeerZero();
        (_base, _quote, vault) = (base, quote, vault_);
        (_baseUnit, _quoteUnit) = (PMMPricing.unitOf(base.decimals()), PMMPricing.unitOf(quote.decimals()));
    }

    // --- Trades

    function _sellBase(address to, uint256 paidMin) internal whenNotPaused nonReentrant returns (uint256 paid) {
        PMMState memory current = _opened();
        PMMTerms memory found = terms();
        _accrue(found, current);
        uint256 sold = _base.balanceOf(address(this)) - current.baseReserve;
        PMMState memory next;
        uint256 fee;
        (paid, fee, next) = PMMPricing.sellBase(found, current, sold);
        if (paid < paidMin || paid == 0) revert PaidTooLittle(paid, paidMin);
        _write(current, next);
        emit Traded(msg.sender, to, true, sold, paid, fee);
        _quote.safeTransfer(to, paid);
    }

    function _sellQuote(address to, uint256 paidMin) internal whenNotPaused nonReentrant returns (uint256 paid) {
        PMMState memory current = _opened();
        PMMTerms memory found = terms();
        _accrue(found, current);
        uint256 sold = _quote.balanceOf(address(this)) - current.quoteReserve;
        PMMState memory next;
        uint256 fee;
        (paid, fee, next) = PMMPricing.sellQuote(found, current, sold);
        if (paid < paidMin || paid == 0) revert PaidTooLittle(paid, paidMin);
        _write(current, next);
        emit Traded(msg.sender, to, false, sold, paid, fee);
        _base.safeTransfer(to, paid);
    }

    /// @dev Targets change only when a trade leaves balance or crosses it.
    function _write(PMMState memory current, PMMState memory next) internal {
        (_reserves.base, _reserves.quote) = (uint112(next.baseReserve), uint112(next.quoteReserve));
        if (next.regime == current.regime) return;
        (_targets.base, _targets.quote, _targets.regime) = (uint112(next.baseTarget), uint112(next.quoteTarget), next.regime);
    }

    /// @dev Before anything moves the price.
    function _accrue(PMMTerms memory found, PMMState memory current) internal virtual;

    // --- Liquidity, by the vault

    /// @notice Opens the pool, once, with whatever the vault has sent.
    function init() external {
        Peers.check(vault);
        if (_reserves.base != 0) revert AlreadyInitialised();
        _anchor();
        _started();
        emit Initialised(_reserves.base, _reserves.quote);
    }

    /// @notice Pays liquidity back to the vault, takes in what it has sent, and makes what is left the new targets.
    function reset(uint256 baseOut, uint256 quoteOut) external nonReentrant {
        Peers.check(vault);
        PMMState memory current = _opened();
        _accrue(terms(), current);
        if (baseOut > 0) _base.safeTransfer(vault, baseOut);
        if (quoteOut > 0) _quote.safeTransfer(vault, quoteOut);
        _anchor();
        emit LiquidityReset(_reserves.base, _reserves.quote);
    }

    function _anchor() private {
        (uint256 base, uint256 quote) = (_base.balanceOf(address(this)), _quote.balanceOf(address(this)));
        _checkReserve(base, _baseUnit);
        _checkReserve(quote, _quoteUnit);
        (_reserves.base, _reserves.quote) = (uint112(base), uint112(quote));
        (_targets.base, _targets.quote, _targets.regime) = (uint112(base), uint112(quote), Regime.One);
    }

    function _checkReserve(uint256 reserve, uint256 unit) private pure {
        if (reserve < PMMPricing.RESERVE_MIN) revert ReserveTooSmall(reserve, PMMPricing.RESERVE_MIN);
        uint256 max = PMMPricing.RESERVE_FINE_MAX / unit;
        if (reserve > max) revert PMMPricing.ReserveTooLarge(reserve, max);
    }

    function _started() internal virtual {}

    // --- Views

    /// @inheritdoc ITradingPool
    function terms() public view virtual returns (PMMTerms memory);

    /// @inheritdoc ITradingPool
    function querySellBase(uint256 amount) external view returns (uint256 paid, uint256 fee) {
        (paid, fee,) = PMMPricing.sellBase(terms(), _opened(), amount);
    }

    /// @inheritdoc ITradingPool
    function querySellQuote(uint256 amount) external view returns (uint256 paid, uint256 fee) {
        (paid, fee,) = PMMPricing.sellQuote(terms(), _opened(), amount);
    }

    /// @inheritdoc ITradingPool
    function midPrice() external view returns (uint256) {
        return PMMPricing.midPrice(terms(), _opened());
    }

    /// @inheritdoc ITradingPool
    function state() external view returns (PMMState memory current) {
        current = _opened();
        (current.baseTarget, current.quoteTarget) = PMMPricing.targetsUp(terms(), current);
    }

    /// @inheritdoc ITradingPool
    function baseToken() external view returns (address) {
        return address(_base);
    }

    /// @inheritdoc ITradingPool
    function quoteToken() external view returns (address) {
        return address(_quote);
    }

    function _opened() internal view returns (PMMState memory) {
        Reserves memory reserves = _reserves;
        if (reserves.base == 0 && reserves.quote == 0) revert NotInitialised();
        Targets memory targets = _targets;
        return PMMState(reserves.base, reserves.quote, targets.base, targets.quote, targets.regime);
    }

    // --- Guardian and governance

    /// @notice Stops trades; the vault can still take its liquidity out.
    function pause() external restricted {
        _pause();
    }

    /// @notice Resumes them.
    function unpause() external restricted {
        _unpause();
    }
}
