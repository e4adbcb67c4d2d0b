// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";

import {TriangulationRules} from "../libraries/TriangulationRules.sol";
import {Oracle} from "../oracle/Oracle.sol";

/// @title XAUTriangulation
/// @notice Values every token in gold: A -> XAU -> B (source 2, section 5).
/// @dev Reads the oracle's last median with its time: feeds of gold sleep at weekends, and then a price with a widening band is better than none.
/// @custom:stop Nothing to stop: prices that grow too old are refused.
/// @custom:trusts Oracle.
contract XAUTriangulation is AccessManaged, Multicall {
    struct Asset {
        bytes32 feed; // zero: unknown
        TriangulationRules.Freshness freshness;
    }

    error AssetUnknown(address token);
    error FreshnessInvalid(TriangulationRules.Freshness freshness);

    event AssetSet(address indexed token, bytes32 indexed feed, TriangulationRules.Freshness freshness);

    Oracle public immutable oracle;
    /// @notice The token that stands for gold.
    address public immutable gold;
    mapping(address token => Asset) private _assets;

    constructor(address authority_, Oracle oracle_, address gold_) AccessManaged(authority_) {
        (oracle, gold) = (oracle_, gold_);
    }

    /// @notice XAU for one token [wad] and how uncertain that is [wad].
    function inGold(address token) external view returns (uint256 price, uint256 band) {
        TriangulationRules.Price memory found = TriangulationRules.inGoldDown(_dollars(token), _dollars(gold));
        return (found.value, found.band);
    }

    /// @notice Tokens bought for one token sold at parity [wad] and how uncertain that is [wad].
    function cross(address sold, address bought) external view returns (uint256 price, uint256 band) {
        TriangulationRules.Price memory found = TriangulationRules.crossDown(_dollars(sold), _dollars(bought));
        return (found.value, found.band);
    }

    /// @notice Dollars for one token [wad] and how uncertain that is [wad].
    function inDollars(address token) external view returns (uint256 price, uint256 band) {
        TriangulationRules.Price memory found = _dollars(token);
        return (found.value, found.band);
    }

    /// @notice What was set for a token.
    function assetOf(address token) external view returns (Asset memory) {
        return _assets[token];
    }

    /// @notice Names a token's dollar feed and how old its price may be.
    function setAsset(address token, string calldata pair, TriangulationRules.Freshness calldata freshness) external restricted {
        bool valid = freshness.staleSecondsMax >= freshness.ageSecondsMax && freshness.bandMax <= 0.5e18;
        if (!valid) revert FreshnessInvalid(freshness);
        bytes32 feed = keccak256(bytes(pair));
        oracle.lastAnswerOf(feed); // reverts for a feed that does not exist
        _assets[token] = Asset(feed, freshness);
        emit AssetSet(token, feed, freshness);
    }

    function _dollars(address token) private view returns (TriangulationRules.Price memory) {
        Asset memory asset = _assets[token];
        if (asset.feed == 0) revert AssetUnknown(token);
        (, uint256 answer, uint64 at) = oracle.lastAnswerOf(asset.feed);
        return TriangulationRules.usable(answer, at, block.timestamp, asset.freshness);
    }
}
