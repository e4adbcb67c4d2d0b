// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {rSTBToken} from "../governance/rSTBToken.sol";
import {IProviderStaking, IRewardsDistributor} from "../interfaces/IStaking.sol";
import {Peers} from "../libraries/Peers.sol";

/// @title RewardsDistributor
/// @notice rSTB for staked sSTB: R = S x T x M, by the second, until the budget is used up. Never more than the budget is accrued or paid.
/// @dev One index holds the reward of one sSTB since the beginning; a provider's reward is its stake times what the index grew. What all stakes together
/// earn is taken from the budget first and rounded up, each provider's part is rounded down: the parts never exceed the whole.
/// @custom:stop Governance sets the multiplier to zero; what was accrued can still be claimed.
/// @custom:trusts ProviderStaking to report every change of a stake before it happens.
contract RewardsDistributor is IRewardsDistributor, AccessManaged {
    struct Account {
        uint160 index; // [ray of wad rSTB per sSTB] up to which `accrued` counts
        uint96 accrued; // [wad rSTB] not yet claimed
    }

    error MultiplierTooLarge(uint256 multiplier, uint256 max);
    error BudgetTooLarge(uint256 budget, uint256 max);
    error NothingAccrued(address provider);

    /// @notice [wad rSTB per sSTB and second] 31 rSTB per sSTB and year.
    uint256 public constant MULTIPLIER_MAX = 1e12;
    /// @notice [wad rSTB] What fits a provider's account, so that accruing can never fail.
    uint256 public constant BUDGET_MAX = type(uint96).max;
    uint256 private constant RAY = 1e27;
    uint256 private constant RAY_PER_WAD = 1e9;

    rSTBToken public immutable token;
    IProviderStaking public immutable staking;

    uint144 private _index; // [ray of wad rSTB per sSTB]
    uint48 private _accruedAt; // [unix seconds]
    uint64 private _multiplier; // [wad rSTB per sSTB and second]
    uint128 private _budget; // [wad rSTB] added so far
    uint128 private _promised; // [wad rSTB] accrued to all providers so far, claimed or not
    mapping(address provider => Account) private _accounts;

    constructor(address authority_, rSTBToken token_, IProviderStaking staking_, uint256 multiplier_) AccessManaged(authority_) {
        (token, staking, _accruedAt) = (token_, staking_, uint48(block.timestamp));
        _setMultiplier(multiplier_);
    }

    // --- Rewards

    /// @inheritdoc IRewardsDistributor
    function onStakeChange(address provider) external {
        Peers.check(address(staking));
        _accrue(provider);
    }

    /// @inheritdoc IRewardsDistributor
    function claim() external returns (uint256 amount) {
        Account storage account = _accrue(msg.sender);
        amount = account.accrued;
        if (amount == 0) revert NothingAccrued(msg.sender);

        account.accrued = 0;
        emit RewardClaimed(msg.sender, amount);
        token.mint(msg.sender, amount);
    }

    /// @dev Brings the index, the budget and one account forward to now.
    function _accrue(address provider) private returns (Account storage account) {
        uint256 index = _accrueIndex();
        account = _accounts[provider];
        if (account.index == index) return account;
        account.accrued += uint96(_earnedDown(provider, account, index));
        account.index = uint160(index);
    }

    function _accrueIndex() private returns (uint256 index) {
        (uint256 growth, uint256 emission) = _growth();
        index = _index + growth;
        (_index, _accruedAt) = (uint144(index), uint48(block.timestamp));
        if (emission > 0) _promised += uint128(emission);
    }

    /// @dev What the index has grown since it was last written, and what that takes from the budget. Short of budget, it grows by what is left and no more.
    function _growth() private view returns (uint256 growth, uint256 emissionUp) {
        growth = uint256(_multiplier) * (block.timestamp - _accruedAt) * RAY_PER_WAD;
        uint256 staked = growth == 0 ? 0 : staking.totalStaked();
        if (staked == 0) return (0, 0);
        uint256 left = _budget - _promised;
        if (Math.ceilDiv(staked * growth, RAY) > left) growth = left * RAY / staked;
        return (growth, Math.ceilDiv(staked * growth, RAY));
    }

    function _earnedDown(address provider, Account storage account, uint256 index) private view returns (uint256) {
        return staking.stakedOf(provider) * (index - account.index) / RAY;
    }

    // --- Governance

    /// @notice Sets M [wad rSTB per sSTB and second] from now on.
    function setMultiplier(uint256 multiplier_) external restricted {
        _accrueIndex();
        _setMultiplier(multiplier_);
    }

    /// @notice Adds `amount` [wad rSTB] to the budget from now on; the time without budget stays unpaid.
    function addBudget(uint256 amount) external restricted {
        _accrueIndex();
        uint256 next = _budget + amount;
        if (next > BUDGET_MAX) revert BudgetTooLarge(next, BUDGET_MAX);
        _budget = uint128(next);
        emit BudgetAdded(amount, next);
    }

    function _setMultiplier(uint256 multiplier_) private {
        if (multiplier_ > MULTIPLIER_MAX) revert MultiplierTooLarge(multiplier_, MULTIPLIER_MAX);
        _multiplier = uint64(multiplier_);
        emit MultiplierSet(multiplier_);
    }

    // --- Views

    /// @inheritdoc IRewardsDistributor
    function accruedOf(address provider) external view returns (uint256) {
        Account storage account = _accounts[provider];
        (uint256 growth,) = _growth();
        return account.accrued + _earnedDown(provider, account, _index + growth);
    }

    /// @inheritdoc IRewardsDistributor
    function multiplier() external view returns (uint256) {
        return _multiplier;
    }

    /// @inheritdoc IRewardsDistributor
    /// @dev [wad rSTB] All that was ever added.
    function budget() external view returns (uint256) {
        return _budget;
    }

    /// @notice [wad rSTB] Accrued so far to all providers, claimed or not; rounded up, never above the budget.
    function promisedUp() external view returns (uint256) {
        (, uint256 emission) = _growth();
        return _promised + emission;
    }
}
