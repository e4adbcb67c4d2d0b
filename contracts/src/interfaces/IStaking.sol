// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice Time-locked sSTB of providers; at least 7 days (source 1, Staking).
interface IProviderStaking {
    event Staked(uint256 indexed stakeId, address indexed provider, uint256 amount, uint64 unlocksAt);
    event Unstaked(uint256 indexed stakeId, address indexed provider, uint256 amount);

    /// @notice Stakes what MintingAgent just minted to this contract. Only MintingAgent.
    function stakeMinted(address provider, uint256 amount, uint32 periodSeconds) external returns (uint256 stakeId);
    /// @notice Stakes sSTB of the caller.
    function stake(uint256 amount, uint32 periodSeconds) external returns (uint256 stakeId);
    function unstake(uint256 stakeId) external returns (uint256 amount);
    function stakedOf(address provider) external view returns (uint256);
    function stakeOf(uint256 stakeId) external view returns (address provider, uint256 amount, uint64 startedAt, uint64 unlocksAt);
    function totalStaked() external view returns (uint256);
}

/// @notice rSTB rewards, R = S x T x M, per second, M governed, capped by the reward budget.
interface IRewardsDistributor {
    event MultiplierSet(uint256 multiplier);
    event BudgetAdded(uint256 amount, uint256 budget);
    event RewardClaimed(address indexed provider, uint256 amount);

    /// @notice Called by ProviderStaking before a stake changes.
    function onStakeChange(address provider) external;
    function accruedOf(address provider) external view returns (uint256);
    function claim() external returns (uint256 amount);
    /// @notice M [wad rSTB per sSTB and second].
    function multiplier() external view returns (uint256);
    function budget() external view returns (uint256);
}

/// @notice Collateral (a 6-decimal dollar token) behind each provider's outstanding CU; at least 120 % at par (I3).
interface ICollateralManager {
    event CollateralDeposited(address indexed provider, uint256 amount, uint256 collateral);
    event CollateralWithdrawn(address indexed provider, uint256 amount, uint256 collateral);
    event ObligationChanged(address indexed provider, uint256 outstanding);
    event CollateralSeized(address indexed provider, address indexed to, uint256 amount);
    event LiquidationStarted(address indexed provider, uint64 graceUntil);
    event LiquidationCured(address indexed provider);
    event Liquidated(address indexed provider, uint256 collateral, uint256 outstanding);

    function deposit(uint256 amount) external;
    /// @notice Anyone may add to a provider's collateral.
    function depositFor(address provider, uint256 amount) external;
    function withdraw(uint256 amount) external;
    /// @notice Flags an under-collateralised provider; it has a grace period (24 h) to cure.
    function startLiquidation(address provider) external;
    /// @notice After the grace period: locks the collateral for the holders of sSTB (Redemption.redeemLiquidated).
    function liquidate(address provider) external;
    function addObligation(address provider, uint256 cu) external; // MintingAgent
    function reduceObligation(address provider, uint256 cu) external; // Redemption
    function seize(address provider, address to, uint256 cu, uint256 amount) external; // Redemption
    /// @notice Takes up to `amount` for a proven fault, whatever is owed; what was taken. Redemption and ClaimFaults.
    function slash(address provider, address to, uint256 amount) external returns (uint256 paid);
    function collateralOf(address provider) external view returns (uint256);
    function outstandingOf(address provider) external view returns (uint256);
    /// @notice Collateral tokens that `cu` needs at the minimum ratio and the current par and collateral price, rounded up.
    function requiredUp(uint256 cu) external view returns (uint256);
    /// @notice Par value of `cu` in collateral tokens, rounded down.
    function valueDown(uint256 cu) external view returns (uint256);
    function inLiquidation(address provider) external view returns (bool);
    function liquidated(address provider) external view returns (bool);
}
