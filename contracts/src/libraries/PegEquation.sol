// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title PegEquation
/// @notice P_sSTB = P_CU + k(P_target - P_CU) + m(P_futures - P_spot) + g(R_actual - R_target), with P_target fixed at par.
/// The twin of src/stab3l/peg/equation.py, which says why it is read so.
library PegEquation {
    struct Weights {
        uint64 arbitrage; // [wad] k
        uint64 derivatives; // [wad] m
        uint64 governance; // [wad] g
        uint64 reserveTarget; // [wad] R_target
        uint64 band; // [wad] how far from par the result may be
    }

    struct Inputs {
        uint256 compute; // [wad dollars]
        uint256 futures; // [wad dollars]
        uint256 spot; // [wad dollars]
        uint256 reserveRatio; // [wad]
    }

    int256 private constant WAD = 1e18;

    /// @notice The equation as it stands [wad dollars, signed]: one division, rounded towards zero. Inputs below 2^128.
    function unboundedTarget(uint256 par, Inputs memory inputs, Weights memory weights) internal pure returns (int256) {
        int256 pull = int256(uint256(weights.arbitrage)) * (int256(par) - int256(inputs.compute)) + int256(uint256(weights.derivatives))
            * (int256(inputs.futures) - int256(inputs.spot)) + int256(uint256(weights.governance))
            * (int256(inputs.reserveRatio) - int256(uint256(weights.reserveTarget)));
        return int256(inputs.compute) + pull / WAD;
    }

    /// @notice What the stabiliser aims at [wad dollars]: the equation, held within the governed band around par.
    function target(uint256 par, Inputs memory inputs, Weights memory weights) internal pure returns (uint256) {
        int256 width = int256(par * weights.band) / WAD;
        int256 aimed = unboundedTarget(par, inputs, weights);
        if (aimed < int256(par) - width) return uint256(int256(par) - width);
        return aimed > int256(par) + width ? par + uint256(width) : uint256(aimed);
    }
}
