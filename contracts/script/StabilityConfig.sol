// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {PegEquation} from "../src/libraries/PegEquation.sol";
import {StabilizerLimits} from "../src/libraries/StabilizerRules.sol";
import {TriangulationRules} from "../src/libraries/TriangulationRules.sol";
import {Oracle} from "../src/oracle/Oracle.sol";

/// @notice The vault's tokens. Zero: deploy a LocalToken, which only the local chains admit.
struct StabilityTokens {
    address cUSDT;
    address cUSDC;
    address cEURT;
    address cXAUC;
    address USDT;
}

/// @notice Whether and with what the peg is kept on a chain.
struct StabilityConfig {
    bool enabled;
    StabilityTokens tokens;
    address[] keepers; // stabilise, rebalance, synchronise prices, trade the mesh
    uint256 par; // [wad dollars] of sSTB
    uint128 computeDepth; // [wad sSTB] what the pool of sSTB opens with; zero: the default
}

/// @title StabilityDefaults
/// @notice What the peg starts with (source 2 where it says a number; docs/mechanism.md has the arithmetic). All 6-decimal amounts are base units.
library StabilityDefaults {
    uint256 internal constant WAD = 1e18;
    /// @notice k of each kind of pool, and its fee [wad].
    uint256 internal constant STABLE_SLOPE = 0.02e18;
    uint256 internal constant STABLE_FEE = 0.0001e18;
    uint256 internal constant GOLD_SLOPE = 0.1e18;
    uint256 internal constant GOLD_FEE = 0.0005e18;
    uint256 internal constant COMPUTE_SLOPE = 0.1e18;
    /// @dev With 2 bp of an arbitrageur's costs a dead band of 7 bp: across chains each leg must stay below 7.5.
    uint256 internal constant COMPUTE_FEE = 0.0005e18;
    uint256 internal constant MESH_SLOPE = 0.05e18;
    uint256 internal constant MESH_FEE = 0.0001e18;
    /// @notice Source 2, section 11: a public pool's depth, in dollars.
    uint128 internal constant DEPTH = 1_000_000e6;
    /// @notice What opens the pool of sSTB once bucket A has it: 5,000 sSTB.
    uint128 internal constant COMPUTE_DEPTH = 5000e18;
    uint256 internal constant GOLD_PRICE = 4000;
    /// @notice [base units of gold] below it a pool is too coarse to open.
    uint256 internal constant MESH_OUNCES_MIN = 1200;
    uint64 internal constant FLASH_FEE = 0.0005e18;
    uint256 internal constant TARGET_BLOCKS_MIN = 5;

    /// @notice k and m as published. g starts at zero: at the published 0.2 one percent of reserve ratio moves the target by 3.3 % of par (docs/limits).
    function weights() internal pure returns (PegEquation.Weights memory) {
        return PegEquation.Weights({arbitrage: 0.15e18, derivatives: 0.1e18, governance: 0, reserveTarget: 0.1e18, band: 0.02e18});
    }

    function feed() internal pure returns (Oracle.FeedRules memory) {
        return Oracle.FeedRules({quorum: 2, ageSecondsMax: 1 hours, deviationBpsMax: 1000});
    }

    /// @notice An hour fresh, a weekend and a day usable, the band widening to 2 % over two days.
    function freshness() internal pure returns (TriangulationRules.Freshness memory) {
        return TriangulationRules.Freshness({
            ageSecondsMax: 1 hours, staleSecondsMax: 96 hours, bandPerSecond: uint64(uint256(0.02e18) / 48 hours), bandMax: 0.02e18
        });
    }

    /// @notice theta 5 bp, N = 3, MIN_BLOCKS = 3; the gain removes half of a deviation: G = gain x 2k / depth = 0.5.
    function limits(uint256 slope, uint128 depth) internal pure returns (StabilizerLimits memory) {
        return StabilizerLimits({
            threshold: 0.0005e18,
            clamp: 0.00075e18,
            sustainedBlocks: 3,
            intervalBlocks: 3,
            memory_: 0.9e18,
            gain: uint128(uint256(depth) * WAD / (4 * slope)),
            amountMin: depth > 1e6 ? depth / 1e6 : 1,
            flowMax: depth / 20,
            slippage: 0.01e18,
            gasPriceMax: 200 gwei
        });
    }
}
