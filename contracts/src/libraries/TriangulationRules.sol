// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title TriangulationRules
/// @notice Everything valued in gold. The last good price is used with a band that widens with its age, and none once it is too old.
/// The twin of src/stab3l/peg/triangulation.py.
library TriangulationRules {
    struct Freshness {
        uint32 ageSecondsMax; // [seconds] younger prices have no band
        uint32 staleSecondsMax; // [seconds] older prices are not used
        uint64 bandPerSecond; // [wad per second] beyond ageSecondsMax
        uint64 bandMax; // [wad]
    }

    struct Price {
        uint256 value; // [wad]
        uint256 band; // [wad] how far from the truth it may be on either side
    }

    error PriceUnusable(uint256 value, uint256 ageSeconds, uint256 ageSecondsMax);

    uint256 private constant WAD = 1e18;

    function usable(uint256 value, uint256 updatedAt, uint256 now_, Freshness memory rules) internal pure returns (Price memory) {
        uint256 age = now_ > updatedAt ? now_ - updatedAt : 0;
        if (value == 0 || age > rules.staleSecondsMax) revert PriceUnusable(value, age, rules.staleSecondsMax);
        uint256 late = age > rules.ageSecondsMax ? age - rules.ageSecondsMax : 0;
        return Price(value, Math.min(late * rules.bandPerSecond, rules.bandMax));
    }

    /// @notice XAU for one token; the bands add up.
    function inGoldDown(Price memory asset, Price memory gold) internal pure returns (Price memory) {
        return Price(Math.mulDiv(asset.value, WAD, gold.value), asset.band + gold.band);
    }

    /// @notice Tokens bought for one token sold at parity: gold cancels out, so its band does too.
    function crossDown(Price memory sold, Price memory bought) internal pure returns (Price memory) {
        return Price(Math.mulDiv(sold.value, WAD, bought.value), sold.band + bought.band);
    }
}
