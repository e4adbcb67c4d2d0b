// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Bucket, IPegTarget, IReserveVault, ITradingPool} from "../interfaces/IStability.sol";
import {PegEquation} from "../libraries/PegEquation.sol";
import {PriceHistory} from "../libraries/PriceHistory.sol";
import {Oracle} from "../oracle/Oracle.sol";
import {XAUTriangulation} from "./XAUTriangulation.sol";

/// @title PegManager
/// @notice What each pool's price should be, and how far it is from it: stablecoins by parity, gold pairs by triangulation, sSTB by the peg equation.
/// @custom:stop Nothing to stop: without a usable price there is no target, and nothing acts on it.
/// @custom:trusts Oracle through XAUTriangulation; governance for parities and the equation's weights.
contract PegManager is IPegTarget, AccessManaged, Multicall {
    enum Kind {
        None,
        Stablecoin, // fixed parity
        Commodity, // cross rate through gold
        Compute // the peg equation, in dollars, over the quote token's dollar price
    }

    struct Peg {
        Kind kind;
        uint128 parity; // [wad quote per base] of a stablecoin pair
        address base;
        address quote;
    }

    error PoolUnknown(address pool);
    error PegInvalid(address pool, Kind kind, uint256 parity);
    error WeightsInvalid(PegEquation.Weights weights);
    error NeverUpdated();
    error TooSoon(uint256 next);
    error ReserveTokensTooMany(uint256 count, uint256 max);

    event PegSet(address indexed pool, Kind kind, uint256 parity);
    event WeightsSet(PegEquation.Weights weights);
    event TargetUpdated(uint256 target, int256 unbounded, PegEquation.Inputs inputs);

    uint256 private constant WAD = 1e18;
    /// @notice Bounds the work of `updateTarget`.
    uint256 public constant RESERVE_TOKENS_MAX = 8;
    bytes32 public constant COMPUTE_FEED = keccak256("CU/USD");
    bytes32 public constant SPOT_FEED = keccak256("sSTB/USD");
    bytes32 public constant FUTURES_FEED = keccak256("sSTB-FUTURES/USD");

    Oracle public immutable oracle;
    XAUTriangulation public immutable triangulation;
    IReserveVault public immutable vault;
    IERC20 public immutable computeToken;
    /// @notice [wad dollars] P_target of the equation.
    uint256 public immutable par;
    /// @notice [blocks] between two updates of the target.
    uint256 public immutable updateBlocksMin;

    PegEquation.Weights private _weights;
    mapping(address pool => Peg) private _pegs;
    address[] private _reserveTokens;
    /// @notice [wad dollars] what the equation gave last; zero before the first time.
    uint128 public computeTarget;
    uint64 public updatedBlock;

    constructor(
        address authority_,
        XAUTriangulation triangulation_,
        IReserveVault vault_,
        IERC20 computeToken_,
        uint256 par_,
        uint256 updateBlocksMin_,
        PegEquation.Weights memory weights
    ) AccessManaged(authority_) {
        (triangulation, oracle, vault) = (triangulation_, triangulation_.oracle(), vault_);
        (computeToken, par, updateBlocksMin) = (computeToken_, par_, updateBlocksMin_);
        _setWeights(weights);
    }

    // --- Targets

    /// @inheritdoc IPegTarget
    function targetOf(address pool) public view returns (uint256 target, uint256 band) {
        Peg storage peg = _pegs[pool];
        Kind kind = peg.kind;
        if (kind == Kind.Stablecoin) return (peg.parity, 0);
        if (kind == Kind.Commodity) return triangulation.cross(peg.base, peg.quote);
        if (kind == Kind.None) revert PoolUnknown(pool);
        if (computeTarget == 0) revert NeverUpdated();
        (uint256 dollars, uint256 uncertain) = triangulation.inDollars(peg.quote);
        return (uint256(computeTarget) * WAD / dollars, uncertain);
    }

    /// @notice (price - target) / target [wad] of a pool's marginal price now, and how uncertain the target is [wad].
    function deviationOf(address pool) external view returns (int256 deviation, uint256 band) {
        uint256 target;
        (target, band) = targetOf(pool);
        deviation = PriceHistory.deviationOf(ITradingPool(pool).midPrice(), target);
    }

    /// @notice What was set for a pool.
    function pegOf(address pool) external view returns (Peg memory) {
        return _pegs[pool];
    }

    // --- The peg equation

    /// @notice Computes the target of sSTB anew from the oracle's prices; anyone may call it, every `updateBlocksMin` blocks.
    function updateTarget() external returns (uint256 target) {
        uint256 next = updatedBlock + updateBlocksMin;
        if (updatedBlock > 0 && block.number < next) revert TooSoon(next);
        PegEquation.Inputs memory inputs = inputsNow();
        target = PegEquation.target(par, inputs, _weights);
        (computeTarget, updatedBlock) = (uint128(target), uint64(block.number));
        emit TargetUpdated(target, PegEquation.unboundedTarget(par, inputs, _weights), inputs);
    }

    /// @notice What the equation would be computed from now. Reverts while one of its prices has no quorum.
    function inputsNow() public view returns (PegEquation.Inputs memory inputs) {
        (inputs.compute,) = oracle.priceOf(COMPUTE_FEED);
        (inputs.spot,) = oracle.priceOf(SPOT_FEED);
        (inputs.futures,) = oracle.priceOf(FUTURES_FEED);
        inputs.reserveRatio = reserveRatio();
    }

    /// @notice R_actual [wad]: long-term reserves in dollars over all sSTB of this chain at par; R_target without any sSTB.
    function reserveRatio() public view returns (uint256) {
        uint256 owed = computeToken.totalSupply() * par / WAD;
        if (owed == 0) return _weights.reserveTarget;
        uint256 dollars = 0;
        for (uint256 i = 0; i < _reserveTokens.length; i++) {
            (uint256 price,) = triangulation.inDollars(_reserveTokens[i]);
            // Reserve tokens have 6 decimals, dollars here 18.
            dollars += vault.heldOf(Bucket.Reserve, _reserveTokens[i]) * price / 1e6;
        }
        return Math.min(dollars * WAD / owed, type(uint64).max);
    }

    /// @notice k, m, g, R_target and the band.
    function equationWeights() external view returns (PegEquation.Weights memory) {
        return _weights;
    }

    // --- Governance

    /// @notice Says how a pool's target is found. `parity` [wad] is for stablecoin pairs only.
    function setPeg(ITradingPool pool, Kind kind, uint128 parity) external restricted {
        if (kind == Kind.None || (kind == Kind.Stablecoin) != (parity > 0)) revert PegInvalid(address(pool), kind, parity);
        _pegs[address(pool)] = Peg(kind, parity, pool.baseToken(), pool.quoteToken());
        emit PegSet(address(pool), kind, parity);
    }

    /// @notice Names the tokens of bucket E that count as reserves; each has 6 decimals.
    function setReserveTokens(address[] calldata tokens) external restricted {
        if (tokens.length > RESERVE_TOKENS_MAX) revert ReserveTokensTooMany(tokens.length, RESERVE_TOKENS_MAX);
        _reserveTokens = tokens;
    }

    /// @notice Changes k, m, g, R_target and the band.
    function setWeights(PegEquation.Weights calldata weights_) external restricted {
        _setWeights(weights_);
    }

    function _setWeights(PegEquation.Weights memory weights_) private {
        bool valid = weights_.arbitrage <= WAD && weights_.derivatives <= WAD && weights_.governance <= WAD && weights_.band <= 0.5e18;
        if (!valid) revert WeightsInvalid(weights_);
        _weights = weights_;
        emit WeightsSet(weights_);
    }
}
