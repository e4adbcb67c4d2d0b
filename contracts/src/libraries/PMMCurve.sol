// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title PMMCurve
/// @notice The PMM curve in integers, rounded against the trader. The twin of src/stab3l/peg/curve.py, where the formulas are explained.
/// @dev Amounts are fine units: 2^-16 of 10^-18 token. `slope` is k [wad]. `fair` is an amount valued at i, in the other token's fine units.
library PMMCurve {
    error CurveOutOfRange(uint256 value, uint256 max);

    uint256 internal constant WAD = 1e18;
    uint256 internal constant FINE_PER_WAD = 1 << 16;
    /// @dev Bound of every value between two steps: its square still fits.
    uint256 internal constant FINE_MAX = 1 << 127;

    /// @dev `amount` below 2^117, `numerator` at most 1e30: the product fits.
    function fairDown(uint256 amount, uint256 numerator, uint256 denominator) internal pure returns (uint256) {
        return _checked(amount * numerator / denominator);
    }

    function fairUp(uint256 amount, uint256 numerator, uint256 denominator) internal pure returns (uint256) {
        return _checked(Math.ceilDiv(amount * numerator, denominator));
    }

    /// @notice The target that the short token returns to when the surplus of the other is sold back.
    function targetDown(uint256 reserve, uint256 surplus, uint256 slope) internal pure returns (uint256) {
        if (reserve == 0) return surplus;
        uint256 root = Math.sqrt(reserve * (reserve + Math.ceilDiv(4 * surplus * slope, WAD)), Math.Rounding.Ceil);
        return reserve + 2 * surplus * reserve / (reserve + root);
    }

    function targetUp(uint256 reserve, uint256 surplus, uint256 slope) internal pure returns (uint256) {
        if (reserve == 0) return surplus;
        uint256 root = Math.sqrt(reserve * (reserve + 4 * surplus * slope / WAD));
        return reserve + Math.ceilDiv(2 * surplus * reserve, reserve + root);
    }

    /// @notice What a trade that makes the token shorter takes out of its reserve.
    function tradeDown(uint256 target, uint256 reserve, uint256 fair, uint256 slope) internal pure returns (uint256) {
        if (slope == 0) return Math.min(fair, reserve);
        uint256 squared = _checked(target) ** 2;
        uint256 flat = WAD - slope;
        uint256 kept = Math.ceilDiv(reserve * flat, WAD);
        uint256 owed = _checked(Math.mulDiv(squared, slope, reserve * WAD) + fair);
        uint256 after_;
        if (kept >= owed) {
            uint256 u = kept - owed;
            uint256 spread = Math.mulDiv(squared, 4 * flat * slope, WAD * WAD, Math.Rounding.Ceil);
            if (flat > 0) after_ = Math.ceilDiv((u + Math.sqrt(u * u + spread, Math.Rounding.Ceil)) * WAD, 2 * flat);
        } else {
            uint256 u = owed - kept;
            uint256 spread = Math.mulDiv(squared, 4 * flat * slope, WAD * WAD);
            after_ = Math.mulDiv(2 * squared, slope, WAD * (Math.sqrt(u * u + spread) + u), Math.Rounding.Ceil);
        }
        return reserve > after_ ? reserve - after_ : 0;
    }

    /// @notice What a trade that makes the short token less short is paid in the other token.
    function integralDown(uint256 target, uint256 after_, uint256 before, uint256 fair, uint256 slope) internal pure returns (uint256) {
        if (slope == 0) return fair;
        uint256 steep = _checked(Math.mulDiv(_checked(target) ** 2, slope, after_ * WAD));
        return fair * (WAD - slope) / WAD + steep * fair / before;
    }

    /// @notice 1 - k + k(V0/V)^2 [wad], at most FINE_MAX.
    function steepness(uint256 target, uint256 reserve, uint256 slope) internal pure returns (uint256) {
        if (slope == 0) return WAD;
        if (reserve == 0) return FINE_MAX;
        (uint256 high,) = Math.mul512(_checked(target) ** 2, slope);
        if (high >= reserve * reserve) return FINE_MAX;
        return Math.min(WAD - slope + Math.mulDiv(target * target, slope, reserve * reserve), FINE_MAX);
    }

    function _checked(uint256 value) private pure returns (uint256) {
        if (value > FINE_MAX) revert CurveOutOfRange(value, FINE_MAX);
        return value;
    }
}
