// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IProviderStaking, IRewardsDistributor} from "../interfaces/IStaking.sol";
import {Peers} from "../libraries/Peers.sol";

/// @title ProviderStaking
/// @notice Holds sSTB of providers until the period that they chose has passed; at least 7 days. Rewards are RewardsDistributor's.
/// @dev A stake's id is its provider's address and the ordinal of the stake among the provider's, from 1: one slot less to write in a mint.
/// @custom:stop The guardian pauses new stakes (mints stop at MintingAgent); unstaking goes on.
/// @custom:trusts MintingAgent to have minted here what it says; RewardsDistributor not to revert.
contract ProviderStaking is IProviderStaking, AccessManaged, Pausable, ReentrancyGuardTransient {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    struct Stake {
        uint96 amount; // [wad sSTB] zero: unknown or unstaked
        uint48 startedAt; // [unix seconds]
        uint48 unlocksAt; // [unix seconds]
    }

    struct Position {
        uint128 staked; // [wad sSTB] in all stakes
        uint48 count; // stakes so far
        uint48 largeStakeAt; // [unix seconds] of the last large stake out of the provider's own pocket
    }

    error ZeroAmount();
    error PeriodTooShort(uint256 periodSeconds, uint256 min);
    error PeriodTooLong(uint256 periodSeconds, uint256 max);
    error StakeUnknown(uint256 stakeId);
    error StakeOfAnother(uint256 stakeId, address provider, address caller);
    error StakeLocked(uint256 stakeId, uint64 unlocksAt);
    error StakeCoolingDown(address provider, uint256 until);

    uint256 public constant PERIOD_SECONDS_MIN = 7 days;
    uint256 public constant PERIOD_SECONDS_MAX = 365 days;
    /// @notice [wad sSTB] Above it a stake is large.
    uint256 public constant LARGE_STAKE = 500e18;
    /// @notice [seconds] Between two large stakes of one provider. Freshly minted sSTB is staked in any case: its proof is its own pause.
    uint256 public constant COOL_DOWN_SECONDS = 24 hours;

    /// @notice sSTB.
    IERC20 public immutable token;
    /// @notice MintingAgent.
    address public agent;
    uint96 private _totalStaked; // [wad sSTB] beside `agent`: one slot
    /// @notice Told before every change.
    IRewardsDistributor public distributor;
    mapping(address provider => Position) private _positions;
    mapping(uint256 stakeId => Stake) private _stakes;

    constructor(address authority_, IERC20 token_) AccessManaged(authority_) {
        token = token_;
    }

    // --- Stakes

    /// @inheritdoc IProviderStaking
    function stakeMinted(address provider, uint256 amount, uint32 periodSeconds) external returns (uint256 stakeId) {
        Peers.check(agent);
        return _stake(provider, amount, periodSeconds);
    }

    /// @inheritdoc IProviderStaking
    function stake(uint256 amount, uint32 periodSeconds) external whenNotPaused nonReentrant returns (uint256 stakeId) {
        if (amount > LARGE_STAKE) _coolDown(_positions[msg.sender]);
        stakeId = _stake(msg.sender, amount, periodSeconds);
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc IProviderStaking
    function unstake(uint256 stakeId) external nonReentrant returns (uint256 amount) {
        Stake storage held = _known(stakeId);
        address provider = _providerOf(stakeId);
        if (msg.sender != provider) revert StakeOfAnother(stakeId, provider, msg.sender);
        if (block.timestamp < held.unlocksAt) revert StakeLocked(stakeId, held.unlocksAt);
        amount = held.amount;

        distributor.onStakeChange(provider);
        delete _stakes[stakeId];
        _positions[provider].staked -= uint128(amount);
        _totalStaked -= uint96(amount);
        emit Unstaked(stakeId, provider, amount);
        token.safeTransfer(provider, amount);
    }

    function _coolDown(Position storage position) private {
        uint256 until = position.largeStakeAt == 0 ? 0 : position.largeStakeAt + COOL_DOWN_SECONDS;
        if (block.timestamp < until) revert StakeCoolingDown(msg.sender, until);
        position.largeStakeAt = uint48(block.timestamp);
    }

    function _stake(address provider, uint256 amount, uint256 periodSeconds) private returns (uint256 stakeId) {
        if (amount == 0) revert ZeroAmount();
        if (periodSeconds < PERIOD_SECONDS_MIN) revert PeriodTooShort(periodSeconds, PERIOD_SECONDS_MIN);
        if (periodSeconds > PERIOD_SECONDS_MAX) revert PeriodTooLong(periodSeconds, PERIOD_SECONDS_MAX);

        distributor.onStakeChange(provider);
        Position storage position = _positions[provider];
        stakeId = uint256(uint160(provider)) << 96 | ++position.count;
        uint48 unlocksAt = uint48(block.timestamp + periodSeconds);
        _stakes[stakeId] = Stake(amount.toUint96(), uint48(block.timestamp), unlocksAt);
        position.staked += uint128(amount);
        _totalStaked += uint96(amount);
        emit Staked(stakeId, provider, amount, unlocksAt);
    }

    // --- Governance and guardian

    /// @notice Binds MintingAgent and RewardsDistributor, once.
    function wire(address agent_, IRewardsDistributor distributor_) external restricted {
        agent = Peers.bindOnce(agent, agent_);
        distributor = IRewardsDistributor(Peers.bindOnce(address(distributor), address(distributor_)));
    }

    /// @notice Stops new stakes by holders.
    function pause() external restricted {
        _pause();
    }

    /// @notice Resumes them.
    function unpause() external restricted {
        _unpause();
    }

    // --- Views

    /// @inheritdoc IProviderStaking
    function stakedOf(address provider) external view returns (uint256) {
        return _positions[provider].staked;
    }

    /// @notice Stakes that the provider ever had; their ids end in 1 .. this.
    function stakeCountOf(address provider) external view returns (uint256) {
        return _positions[provider].count;
    }

    /// @inheritdoc IProviderStaking
    function stakeOf(uint256 stakeId) external view returns (address provider, uint256 amount, uint64 startedAt, uint64 unlocksAt) {
        Stake storage held = _known(stakeId);
        return (_providerOf(stakeId), held.amount, held.startedAt, held.unlocksAt);
    }

    /// @inheritdoc IProviderStaking
    function totalStaked() external view returns (uint256) {
        return _totalStaked;
    }

    // --- Shared checks

    function _known(uint256 stakeId) private view returns (Stake storage held) {
        held = _stakes[stakeId];
        if (held.amount == 0) revert StakeUnknown(stakeId);
    }

    function _providerOf(uint256 stakeId) private pure returns (address) {
        return address(uint160(stakeId >> 96));
    }
}
