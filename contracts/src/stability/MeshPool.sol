// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {ITradingPool} from "../interfaces/IStability.sol";
import {PMMPricing, PMMState, PMMTerms} from "../libraries/PMMPricing.sol";
import {PMMCore} from "./PMMCore.sol";
import {XAUTriangulation} from "./XAUTriangulation.sol";

/// @title MeshPool
/// @notice A private pool Token <-> XAU around the triangulated price: one of N instead of N^2 (source 2, section 5).
/// @dev While gold's feed sleeps the last good price is used and its band is taken on top of the fee, on both sides.
/// @custom:stop The guardian pauses trades; the vault can still take its liquidity out.
/// @custom:trusts XAUTriangulation for the price; only the mesh role trades.
contract MeshPool is PMMCore {
    event TermsSet(uint256 slope, uint256 fee);

    XAUTriangulation public immutable triangulation;
    uint64 private _slope; // [wad] k
    uint64 private _fee; // [wad]

    /// @notice The quote token is gold.
    constructor(address authority_, IERC20Metadata token, XAUTriangulation triangulation_, address vault_, uint256 slope, uint256 fee)
        PMMCore(authority_, token, IERC20Metadata(triangulation_.gold()), vault_)
    {
        triangulation = triangulation_;
        _setTerms(slope, fee);
    }

    /// @inheritdoc ITradingPool
    function sellBase(address to, uint256 paidMin) external restricted returns (uint256) {
        return _sellBase(to, paidMin);
    }

    /// @inheritdoc ITradingPool
    function sellQuote(address to, uint256 paidMin) external restricted returns (uint256) {
        return _sellQuote(to, paidMin);
    }

    /// @inheritdoc ITradingPool
    function terms() public view override returns (PMMTerms memory) {
        (uint256 price, uint256 band) = triangulation.inGold(address(_base));
        return PMMTerms(price, _slope, Math.min(_fee + band, PMMPricing.WAD), _baseUnit, _quoteUnit);
    }

    function _accrue(PMMTerms memory, PMMState memory) internal override {}

    /// @notice Changes k and fee [wad].
    function setTerms(uint256 slope, uint256 fee) external restricted {
        _setTerms(slope, fee);
    }

    function _setTerms(uint256 slope, uint256 fee) private {
        PMMPricing.check(PMMPricing.WAD, slope, fee);
        (_slope, _fee) = (uint64(slope), uint64(fee));
        emit TermsSet(slope, fee);
    }
}
