// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {PMMState, PMMTerms} from "../libraries/PMMPricing.sol";

/// @notice Capital buckets of source 2, section 13, A to E in order.
enum Bucket {
    Public,
    Stabilisation,
    Flash,
    Bridge,
    Reserve
}

/// @notice A PMM pool as those who trade with it see it. What is sold must lie in the pool before the call (source 2, DODO PMM).
interface ITradingPool {
    event Traded(address indexed sender, address indexed to, bool sellsBase, uint256 sold, uint256 paid, uint256 fee);

    function baseToken() external view returns (address);
    function quoteToken() external view returns (address);
    /// @notice Sells whatever base lies in the pool beyond its reserve; pays at least `paidMin` quote to `to`.
    function sellBase(address to, uint256 paidMin) external returns (uint256 paid);
    /// @notice Sells whatever quote lies in the pool beyond its reserve; pays at least `paidMin` base to `to`.
    function sellQuote(address to, uint256 paidMin) external returns (uint256 paid);
    /// @notice What selling `amount` would pay now, after fees.
    function querySellBase(uint256 amount) external view returns (uint256 paid, uint256 fee);
    function querySellQuote(uint256 amount) external view returns (uint256 paid, uint256 fee);
    /// @notice The marginal price without fees [wad quote tokens per base token].
    function midPrice() external view returns (uint256);
    /// @notice Reserves and targets [base units], the derived target included.
    function state() external view returns (PMMState memory);
    /// @notice Price, slope and fee as a trade would find them.
    function terms() external view returns (PMMTerms memory);
}

/// @notice A public pool, which keeps its price history.
interface IPublicPool is ITradingPool {
    /// @notice Mean deviation [wad] from `target` over the last `window` blocks, each clamped, and how many of them are known; and the marginal price.
    function averageDeviation(uint256 target, uint256 clamp, uint256 window)
        external
        view
        returns (int256 mean, uint256 covered, uint256 price);
}

/// @notice What a pool's price should be.
interface IPegTarget {
    /// @notice The target [wad quote tokens per base token] and how uncertain it is [wad]. Reverts when there is none that may be used.
    function targetOf(address pool) external view returns (uint256 target, uint256 band);
}

/// @notice Buckets of capital, spent only by the contracts that are bound to them.
interface IReserveVault {
    event Spent(Bucket indexed bucket, address indexed token, address indexed to, uint256 amount);
    event Credited(Bucket indexed bucket, address indexed token, uint256 amount);

    function heldOf(Bucket bucket, address token) external view returns (uint256);
    /// @notice The bound contract of the bucket sends from it.
    function spend(Bucket bucket, address token, address to, uint256 amount) external;
    /// @notice Credits what has arrived since to the bucket; its bound contract only.
    function credit(Bucket bucket, address token) external returns (uint256 received);
    /// @notice The quote reserve that a pool is planned to open with [base units].
    function plannedQuoteOf(address pool) external view returns (uint256);
    /// @notice Moves between buckets by rule.
    function move(address token, Bucket from, Bucket to, uint256 amount) external;
}

/// @notice Called in the middle of a flash swap.
interface IFlashSwapper {
    function onFlashSwap(address sender, uint256 baseOut, uint256 quoteOut, bytes calldata data) external;
}
