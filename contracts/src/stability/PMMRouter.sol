// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";

import {ITradingPool} from "../interfaces/IStability.sol";

/// @title PMMRouter
/// @notice Quotes over public pools and over the private mesh, and trades over public pools. Holds nothing between calls.
/// @custom:stop Nothing to stop; the pools are.
/// @custom:trusts Governance for the list that `best` searches; `quote` and `swap` take any pools their caller names.
contract PMMRouter is AccessManaged, Multicall {
    using SafeERC20 for IERC20;

    /// @notice A way from one token to another. `isPrivate`: through the mesh, which only the stabiliser trades.
    struct Path {
        address[] pools;
        uint256 paid; // [base units] zero: no way
        bool isPrivate;
    }

    error Expired(uint256 deadline);
    error PathEmpty();
    error TokenNotInPool(address token, address pool);
    error PaidTooLittle(uint256 paid, uint256 min);
    error PoolsFull(uint256 max);

    event PoolListed(address indexed pool, bool isPrivate);

    /// @notice Bounds the work of `best`.
    uint256 public constant POOLS_MAX = 32;
    address[] private _pools;
    mapping(address pool => bool) public isPrivate;

    constructor(address authority_) AccessManaged(authority_) {}

    // --- Trades

    /// @notice Sells `amount` of `sold` through `pools` in order; pays at least `paidMin` of the last token to `to`.
    function swap(address[] calldata pools, address sold, uint256 amount, uint256 paidMin, address to, uint256 deadline)
        external
        returns (uint256 paid)
    {
        if (block.timestamp > deadline) revert Expired(deadline);
        if (pools.length == 0) revert PathEmpty();
        IERC20(sold).safeTransferFrom(msg.sender, pools[0], amount);
        for (uint256 i = 0; i < pools.length; i++) {
            address next = i + 1 < pools.length ? pools[i + 1] : to;
            ITradingPool pool = ITradingPool(pools[i]);
            bool sellsBase = _sellsBase(pool, sold);
            paid = sellsBase ? pool.sellBase(next, 0) : pool.sellQuote(next, 0);
            sold = sellsBase ? pool.quoteToken() : pool.baseToken();
        }
        if (paid < paidMin) revert PaidTooLittle(paid, paidMin);
    }

    // --- Quotes

    /// @notice What selling through these pools would pay now.
    function quote(address[] memory pools, address sold, uint256 amount) public view returns (uint256 paid) {
        if (pools.length == 0) revert PathEmpty();
        paid = amount;
        for (uint256 i = 0; i < pools.length; i++) {
            ITradingPool pool = ITradingPool(pools[i]);
            bool sellsBase = _sellsBase(pool, sold);
            (paid,) = sellsBase ? pool.querySellBase(paid) : pool.querySellQuote(paid);
            sold = sellsBase ? pool.quoteToken() : pool.baseToken();
        }
    }

    /// @notice The best of all listed ways of one or two pools, public and private apart.
    function best(address sold, address bought, uint256 amount) external view returns (Path memory open, Path memory private_) {
        private_.isPrivate = true;
        uint256 count = _pools.length;
        for (uint256 i = 0; i < count; i++) {
            address between = _otherToken(_pools[i], sold);
            if (between == address(0)) continue;
            if (between == bought) _offer(isPrivate[_pools[i]] ? private_ : open, _one(_pools[i]), sold, amount);
            else _bestSecond(_pools[i], between, sold, bought, amount, isPrivate[_pools[i]] ? private_ : open);
        }
    }

    function _bestSecond(address first, address between, address sold, address bought, uint256 amount, Path memory path) private view {
        for (uint256 i = 0; i < _pools.length; i++) {
            if (isPrivate[_pools[i]] != path.isPrivate || _pools[i] == first) continue;
            if (_otherToken(_pools[i], between) != bought) continue;
            address[] memory pools = new address[](2);
            (pools[0], pools[1]) = (first, _pools[i]);
            _offer(path, pools, sold, amount);
        }
    }

    /// @dev A pool that cannot trade now is no way.
    function _offer(Path memory path, address[] memory pools, address sold, uint256 amount) private view {
        try this.quote(pools, sold, amount) returns (uint256 paid) {
            if (paid > path.paid) (path.pools, path.paid) = (pools, paid);
        } catch {}
    }

    function _one(address pool) private pure returns (address[] memory pools) {
        pools = new address[](1);
        pools[0] = pool;
    }

    function _sellsBase(ITradingPool pool, address sold) private view returns (bool) {
        if (pool.baseToken() == sold) return true;
        if (pool.quoteToken() == sold) return false;
        revert TokenNotInPool(sold, address(pool));
    }

    function _otherToken(address pool, address token) private view returns (address) {
        (address base, address quote_) = (ITradingPool(pool).baseToken(), ITradingPool(pool).quoteToken());
        return base == token ? quote_ : quote_ == token ? base : address(0);
    }

    // --- Governance

    /// @notice Lists a pool for `best`.
    function listPool(address pool, bool isPrivate_) external restricted {
        if (_pools.length == POOLS_MAX) revert PoolsFull(POOLS_MAX);
        _pools.push(pool);
        isPrivate[pool] = isPrivate_;
        emit PoolListed(pool, isPrivate_);
    }

    /// @notice All listed pools.
    function listedPools() external view returns (address[] memory) {
        return _pools;
    }
}
