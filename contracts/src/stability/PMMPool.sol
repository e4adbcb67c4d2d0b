// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IFlashSwapper, IPegTarget, IPublicPool, ITradingPool} from "../interfaces/IStability.sol";
import {PMMPricing, PMMState, PMMTerms} from "../libraries/PMMPricing.sol";
import {PriceHistory} from "../libraries/PriceHistory.sol";
import {PMMCore} from "./PMMCore.sol";

/// @title PMMPool
/// @notice A public pool on the PMM curve: anyone trades, and may trade before paying (flash swap). Keeps its price history block by block.
/// @custom:stop The guardian pauses trades; the vault can still take its liquidity out.
/// @custom:trusts Governance for price, slope and fee. A keeper may set the price, but only to what the peg manager says it is.
contract PMMPool is IPublicPool, PMMCore {
    using PriceHistory for PriceHistory.History;
    using SafeERC20 for IERC20;

    error FlashSwapUnpaid(uint256 taken, uint256 payable_);
    error WindowTooLong(uint256 window, uint256 max);
    error TargetUncertain(uint256 target, uint256 band);

    event TermsSet(uint256 price, uint256 slope, uint256 fee);

    uint128 private _price; // [wad] i
    uint64 private _slope; // [wad] k
    uint64 private _fee; // [wad]
    PriceHistory.History private _history;

    constructor(address authority_, IERC20Metadata base, IERC20Metadata quote, address vault_, uint256 price, uint256 slope, uint256 fee)
        PMMCore(authority_, base, quote, vault_)
    {
        _setTerms(price, slope, fee);
    }

    // --- Trades

    /// @inheritdoc ITradingPool
    function sellBase(address to, uint256 paidMin) external returns (uint256) {
        return _sellBase(to, paidMin);
    }

    /// @inheritdoc ITradingPool
    function sellQuote(address to, uint256 paidMin) external returns (uint256) {
        return _sellQuote(to, paidMin);
    }

    /// @notice Hands out tokens, calls `to` with `data`, and must then hold either what it handed out or its price in the other token.
    function flashSwap(uint256 baseOut, uint256 quoteOut, address to, bytes calldata data) external whenNotPaused nonReentrant {
        PMMState memory current = _opened();
        PMMTerms memory found = terms();
        _accrue(found, current);
        if (baseOut > 0) _base.safeTransfer(to, baseOut);
        if (quoteOut > 0) _quote.safeTransfer(to, quoteOut);
        if (data.length > 0) IFlashSwapper(to).onFlashSwap(msg.sender, baseOut, quoteOut, data);
        _settleFlash(found, current, to);
    }

    function _settleFlash(PMMTerms memory found, PMMState memory current, address to) private {
        (uint256 base, uint256 quote) = (_base.balanceOf(address(this)), _quote.balanceOf(address(this)));
        bool baseShort = base < current.baseReserve;
        bool quoteShort = quote < current.quoteReserve;
        if (!baseShort && !quoteShort) return;
        if (baseShort && quoteShort) revert FlashSwapUnpaid(current.baseReserve - base, 0);
        PMMState memory next;
        (uint256 paid, uint256 fee, uint256 sold) = (0, 0, baseShort ? quote - current.quoteReserve : base - current.baseReserve);
        (paid, fee, next) = baseShort ? PMMPricing.sellQuote(found, current, sold) : PMMPricing.sellBase(found, current, sold);
        uint256 taken = baseShort ? current.baseReserve - base : current.quoteReserve - quote;
        if (taken > paid) revert FlashSwapUnpaid(taken, paid);
        (next.baseReserve, next.quoteReserve) = (base, quote);
        _write(current, next);
        emit Traded(msg.sender, to, quoteShort, sold, taken, fee);
    }

    /// @dev The price that held until this block, before this block's first trade.
    function _accrue(PMMTerms memory found, PMMState memory current) internal override {
        if (_reserves.recordedBlock == block.number) return;
        _targets.newestEntry = uint8(_history.accumulate(_targets.newestEntry, PMMPricing.midPrice(found, current)));
        _reserves.recordedBlock = uint32(block.number);
    }

    function _started() internal override {
        _history.entries[0] = PriceHistory.Entry(uint32(block.number), 0);
        _reserves.recordedBlock = uint32(block.number);
    }

    // --- Views

    /// @inheritdoc ITradingPool
    function terms() public view override(ITradingPool, PMMCore) returns (PMMTerms memory) {
        return PMMTerms(_price, _slope, _fee, _baseUnit, _quoteUnit);
    }

    /// @inheritdoc IPublicPool
    function averageDeviation(uint256 target, uint256 clamp, uint256 window)
        external
        view
        returns (int256 mean, uint256 covered, uint256 price)
    {
        if (window > PriceHistory.WINDOW_MAX) revert WindowTooLong(window, PriceHistory.WINDOW_MAX);
        price = PMMPricing.midPrice(terms(), _opened());
        (mean, covered) = _history.averageDeviation(_targets.newestEntry, price, target, clamp, window);
    }

    // --- Governance and keepers

    /// @notice Changes i, k and fee [wad]; targets are derived anew from the surplus, so a changed price moves the pool's price at once.
    function setTerms(uint256 price, uint256 slope, uint256 fee) external restricted {
        _accrueOpened();
        _setTerms(price, slope, fee);
    }

    /// @notice Sets i to what the peg manager says it is, which must be certain: for pools whose price follows gold.
    function syncPrice(IPegTarget pegManager) external restricted {
        (uint256 target, uint256 band) = pegManager.targetOf(address(this));
        if (band > 0) revert TargetUncertain(target, band);
        _accrueOpened();
        _setTerms(target, _slope, _fee);
    }

    function _accrueOpened() private {
        if (_reserves.base > 0) _accrue(terms(), _opened());
    }

    function _setTerms(uint256 price, uint256 slope, uint256 fee) private {
        PMMPricing.check(price, slope, fee);
        (_price, _slope, _fee) = (uint128(price), uint64(slope), uint64(fee));
        emit TermsSet(price, slope, fee);
    }
}
