// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {ICollateralManager} from "../interfaces/IStaking.sol";
import {Peers} from "../libraries/Peers.sol";
import {FlowConstants} from "../types/Flow.sol";

/// @notice What StakeManager tells when a stake is slashed.
interface ISlashListener {
    /// @notice Ends every registration of the sink, its units included.
    function onSlashed(address sink) external;
}

/// @title StakeManager
/// @notice Stake of sinks, locked while they are registered and for a cooldown afterwards, and the capacity that it admits.
/// @dev The cap sqrt(stake / unit) rewards whoever splits one stake over many addresses. So sinks of one provider share one cap, in proportion to
/// their stakes; governance may demand that every sink belongs to a provider, or choose the linear cap, which no splitting beats.
/// @custom:stop The guardian pauses new stakes; unstaking goes on.
/// @custom:trusts The arbiter for slashing; CapacityRegistry for its registrations.
contract StakeManager is IStakeManager, AccessManaged, Pausable, ReentrancyGuardTransient {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    struct Rules {
        uint96 minSinkStake; // [wei of the stake token]
        uint80 stakeUnit; // [wei of the stake token]
        uint64 capacityUnit; // [wei per second] per unit of the root
        bool linear; // stake / unit in place of its square root
        bool providersOnly; // a sink must belong to a provider
        uint32 cooldownSeconds;
    }

    struct Position {
        uint128 amount; // [wei of the stake token]
        uint40 unlocksAt; // [unix seconds] meaningful while registrations is zero
        uint16 registrations; // task types
        bool hasProvider;
    }

    error ZeroAmount();
    error StakeLocked(address sink, uint256 registrations, uint256 unlocksAt);
    error StakeShort(address sink, uint256 amount, uint256 staked);
    error StakeBelowMin(address sink, uint256 staked, uint256 min);
    error RulesInvalid(Rules rules);
    error SinkNotAdmitted(address provider, address sink);
    error SinkHasProvider(address sink, address provider);
    error ProviderUnverified(address provider);
    error ProviderMissing(address sink);

    event RulesSet(Rules rules);
    event SinkAdmitted(address indexed provider, address indexed sink);
    event ProviderJoined(address indexed provider, address indexed sink);

    uint256 private constant ROOT_SCALE = 1e9; // sqrt of UNIT_SCALE

    IERC20 public immutable token;
    /// @notice Receives what is slashed.
    address public immutable treasury;
    /// @notice Knows who has minted against proven compute and still owes it.
    ICollateralManager public immutable collateral;
    /// @notice CapacityRegistry.
    address public registry;
    Rules private _rules;
    mapping(address sink => Position) private _positions;
    mapping(address sink => address) private _providerOf;
    /// @notice Stake of all sinks of a provider [wei of the stake token].
    mapping(address provider => uint256) public stakeOfProvider;
    /// @notice Whether the provider lets the sink share its cap.
    mapping(address provider => mapping(address sink => bool)) public admitted;

    constructor(address authority_, IERC20 token_, ICollateralManager collateral_, address treasury_, Rules memory rules_)
        AccessManaged(authority_)
    {
        (token, collateral, treasury) = (token_, collateral_, treasury_);
        _setRules(rules_);
    }

    // --- Stake

    /// @inheritdoc IStakeManager
    function stake(uint256 amount) external whenNotPaused nonReentrant {
        if (amount == 0) revert ZeroAmount();
        Position storage position = _positions[msg.sender];
        position.amount += amount.toUint128();
        _addToProvider(msg.sender, amount);
        emit Staked(msg.sender, amount, position.amount);
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc IStakeManager
    function unstake(uint256 amount) external nonReentrant {
        Position storage position = _positions[msg.sender];
        if (position.registrations != 0 || block.timestamp < position.unlocksAt) {
            revert StakeLocked(msg.sender, position.registrations, position.unlocksAt);
        }
        _take(position, msg.sender, amount);
        emit Unstaked(msg.sender, amount);
        token.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IStakeManager
    /// @dev Also while locked. Ends the sink's registrations, so that it is paid nothing from this transaction on.
    function slash(address sink, uint256 amount, bytes32 reason) external restricted nonReentrant {
        _take(_positions[sink], sink, amount);
        emit Slashed(sink, amount, reason);
        ISlashListener(registry).onSlashed(sink);
        token.safeTransfer(treasury, amount);
    }

    function _take(Position storage position, address sink, uint256 amount) private {
        if (amount == 0) revert ZeroAmount();
        if (amount > position.amount) revert StakeShort(sink, amount, position.amount);
        position.amount -= uint128(amount);
        address provider = _providerOf[sink];
        if (provider != address(0)) stakeOfProvider[provider] -= amount;
    }

    // --- Identity

    /// @notice A verified provider lets a sink share its cap.
    function admit(address sink) external {
        _checkVerified(msg.sender);
        admitted[msg.sender][sink] = true;
        emit SinkAdmitted(msg.sender, sink);
    }

    /// @notice The caller becomes a sink of a provider that admitted it, for good.
    function join(address provider) external {
        address current = _providerOf[msg.sender];
        if (current != address(0)) revert SinkHasProvider(msg.sender, current);
        _checkVerified(provider);
        if (provider != msg.sender && !admitted[provider][msg.sender]) revert SinkNotAdmitted(provider, msg.sender);
        _providerOf[msg.sender] = provider;
        _positions[msg.sender].hasProvider = true;
        _addToProvider(msg.sender, _positions[msg.sender].amount);
        emit ProviderJoined(provider, msg.sender);
    }

    /// @dev To register for the benchmark is free; to owe proven compute takes collateral.
    function _checkVerified(address provider) private view {
        if (collateral.outstandingOf(provider) == 0) revert ProviderUnverified(provider);
    }

    function _addToProvider(address sink, uint256 amount) private {
        address provider = _providerOf[sink];
        if (provider != address(0)) stakeOfProvider[provider] += amount;
    }

    // --- Registrations

    /// @notice Locks the stake for one more task type. Only CapacityRegistry.
    function lock(address sink) external {
        Peers.check(registry);
        Position storage position = _positions[sink];
        if (position.amount < _rules.minSinkStake) revert StakeBelowMin(sink, position.amount, _rules.minSinkStake);
        if (_rules.providersOnly && _providerOf[sink] == address(0)) revert ProviderMissing(sink);
        position.registrations++;
    }

    /// @notice One task type less; the cooldown begins. Only CapacityRegistry.
    function unlock(address sink) external {
        Peers.check(registry);
        Position storage position = _positions[sink];
        position.registrations--;
        position.unlocksAt = uint40(block.timestamp + _rules.cooldownSeconds);
    }

    // --- Governance and guardian

    /// @notice Binds CapacityRegistry, once.
    function wire(address registry_) external restricted {
        registry = Peers.bindOnce(registry, registry_);
    }

    /// @notice Changes the rules for stakes and caps from now on.
    function setRules(Rules calldata rules_) external restricted {
        _setRules(rules_);
    }

    /// @notice Stops new stakes.
    function pause() external restricted {
        _pause();
    }

    /// @notice Resumes them.
    function unpause() external restricted {
        _unpause();
    }

    function _setRules(Rules memory next) private {
        if (next.stakeUnit == 0 || next.capacityUnit == 0 || next.minSinkStake == 0) revert RulesInvalid(next);
        _rules = next;
        emit RulesSet(next);
    }

    // --- Views

    /// @inheritdoc IStakeManager
    /// @dev [wei per second], rounded down. Its twin is src/stab3l/flow/cap.py.
    function getCapacityCap(address sink) external view returns (uint256 cap) {
        (cap,) = capOf(sink);
    }

    /// @notice `getCapacityCap`, and for how many task types the sink is registered.
    function capOf(address sink) public view returns (uint256 cap, uint256 registrations) {
        Position storage position = _positions[sink];
        uint256 amount = position.amount;
        registrations = position.registrations;
        if (amount < _rules.minSinkStake) return (0, registrations);
        if (!position.hasProvider) return (_capDown(amount), registrations);
        uint256 together = stakeOfProvider[_providerOf[sink]];
        cap = Math.mulDiv(_capDown(together), amount, together);
    }

    /// @inheritdoc IStakeManager
    function getStake(address sink) external view returns (uint256) {
        return _positions[sink].amount;
    }

    /// @notice Registrations and the end of the cooldown [unix seconds].
    function lockOf(address sink) external view returns (uint256 registrations, uint256 unlocksAt) {
        return (_positions[sink].registrations, _positions[sink].unlocksAt);
    }

    /// @notice The provider whose cap the sink shares; zero: none.
    function providerOf(address sink) external view returns (address) {
        return _providerOf[sink];
    }

    /// @notice Rules in force.
    function rules() external view returns (Rules memory) {
        return _rules;
    }

    /// @dev `amount` is below 2^128, so that the products fit.
    function _capDown(uint256 amount) private view returns (uint256) {
        Rules storage found = _rules;
        if (found.linear) return amount * found.capacityUnit / found.stakeUnit;
        return Math.sqrt(amount * FlowConstants.UNIT_SCALE / found.stakeUnit) * found.capacityUnit / ROOT_SCALE;
    }
}
