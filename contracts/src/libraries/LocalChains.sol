// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title LocalChains
/// @notice Where development shortcuts may stand: the three chains of `make up` and the one that forge tests run on.
library LocalChains {
    function isLocal(uint256 chainId) internal pure returns (bool) {
        return chainId == 412_346 || chainId == 138 || chainId == 651_940 || chainId == 31_337;
    }
}
