// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IOracle} from "../interfaces/IOracle.sol";
import {ICollateralManager} from "../interfaces/IStaking.sol";
import {Peers} from "../libraries/Peers.sol";

/// @title CollateralManager
/// @notice The dollars behind what each provider owes. Every provider holds at least `ratioBpsMin` of its outstanding compute at par, or anyone can put
/// it in liquidation (I3): after a grace period to cure, its collateral belongs to the holders of sSTB, pro rata and at most at par; the rest is its own again
/// once nothing is outstanding.
/// @dev The collateral counts at its price but never above one dollar. A seizure takes at most the share collateral x cu / outstanding, so it never lowers
/// the ratio of what stays, and nobody who comes first takes from those who come later.
/// @custom:stop The guardian pauses liquidations (new obligations stop at MintingAgent). Deposits, withdrawals above the minimum, cures, redemptions and
/// compensation go on.
/// @custom:trusts The Oracle for the collateral's price: without one nothing can be minted, seized, or withdrawn while compute is outstanding.
/// MintingAgent and Redemption for what is outstanding. The token may charge fees; it may not rebase.
contract CollateralManager is ICollateralManager, AccessManaged, Pausable, ReentrancyGuardTransient {
    using SafeCast for uint256;
    using SafeERC20 for IERC20Metadata;

    struct Account {
        uint96 collateral; // [base units]
        uint96 outstanding; // [wad CU] owed, pending redemptions included
        uint48 graceUntil; // [unix seconds] zero: not in liquidation
        bool liquidated;
    }

    struct Rules {
        uint64 par; // [wad dollars per CU]
        uint16 ratioBpsMin; // [bps] of the outstanding compute's value at par
        uint32 graceSeconds; // [seconds]
    }

    error ZeroAmount();
    error DecimalsUnsupported(uint8 decimals);
    error RulesInvalid(Rules rules);
    error CollateralShort(address provider, uint256 collateral, uint256 required);
    error WithdrawalAboveCollateral(address provider, uint256 amount, uint256 collateral);
    error ObligationAboveOutstanding(address provider, uint256 cu, uint256 outstanding);
    error SeizureAboveShare(address provider, uint256 amount, uint256 share);
    error ProviderInLiquidation(address provider);
    error ProviderNotInLiquidation(address provider);
    error ProviderSolvent(address provider, uint256 collateral, uint256 required);
    error GraceRunning(address provider, uint64 graceUntil);

    event RulesSet(Rules rules);

    /// @notice The feed that prices the collateral.
    bytes32 public constant PRICE_FEED = keccak256("USDC/USD");
    uint256 public constant RATIO_BPS_FLOOR = 12_000;
    uint256 public constant RATIO_BPS_CEILING = 50_000;
    uint256 private constant BASIS_POINTS = 10_000;
    uint256 private constant DOLLAR = 1e18;

    IERC20Metadata public immutable token;
    IOracle public immutable oracle;
    uint256 private immutable _wadPerUnit; // [wad] of one base unit: 10^(18 - decimals)

    /// @notice MintingAgent.
    address public agent;
    uint64 private _par; // beside `agent`: one slot for all that a mint needs
    uint16 private _ratioBpsMin;
    uint32 private _graceSeconds;
    /// @notice Redemption.
    address public redemption;
    /// @notice ClaimFaults.
    address public faults;
    mapping(address provider => Account) private _accounts;

    constructor(address authority_, IERC20Metadata token_, IOracle oracle_, Rules memory rules_) AccessManaged(authority_) {
        uint8 decimals = token_.decimals();
        if (decimals > 18) revert DecimalsUnsupported(decimals);
        (token, oracle, _wadPerUnit) = (token_, oracle_, 10 ** (18 - decimals));
        _setRules(rules_);
    }

    // --- The provider's collateral

    /// @inheritdoc ICollateralManager
    function deposit(uint256 amount) external {
        _deposit(msg.sender, amount);
    }

    /// @inheritdoc ICollateralManager
    function depositFor(address provider, uint256 amount) external {
        _deposit(provider, amount);
    }

    /// @dev What arrived counts. The token moves first because only then is that known; the guard holds meanwhile.
    function _deposit(address provider, uint256 amount) private nonReentrant {
        Account storage account = _accounts[provider];
        if (account.liquidated) revert ProviderInLiquidation(provider);
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        if (received == 0) revert ZeroAmount();

        account.collateral = (account.collateral + received).toUint96();
        emit CollateralDeposited(provider, received, account.collateral);
        if (account.graceUntil != 0) _cureIfPriced(provider, account);
    }

    /// @inheritdoc ICollateralManager
    function withdraw(uint256 amount) external nonReentrant {
        Account storage account = _accounts[msg.sender];
        if (amount == 0) revert ZeroAmount();
        if (account.graceUntil != 0) revert ProviderInLiquidation(msg.sender);
        if (amount > account.collateral) revert WithdrawalAboveCollateral(msg.sender, amount, account.collateral);
        uint256 left = account.collateral - amount;
        _checkCovered(msg.sender, left, account.outstanding);

        account.collateral = uint96(left);
        emit CollateralWithdrawn(msg.sender, amount, left);
        token.safeTransfer(msg.sender, amount);
    }

    // --- Obligations

    /// @inheritdoc ICollateralManager
    function addObligation(address provider, uint256 cu) external {
        Peers.check(agent);
        Account storage account = _accounts[provider];
        if (account.graceUntil != 0) revert ProviderInLiquidation(provider);
        uint256 outstanding = account.outstanding + cu;
        _checkCovered(provider, account.collateral, outstanding);

        account.outstanding = outstanding.toUint96();
        emit ObligationChanged(provider, outstanding);
    }

    /// @inheritdoc ICollateralManager
    function reduceObligation(address provider, uint256 cu) external {
        Peers.check(redemption);
        _reduce(provider, _accounts[provider], cu);
    }

    /// @inheritdoc ICollateralManager
    function seize(address provider, address to, uint256 cu, uint256 amount) external nonReentrant {
        Peers.check(redemption);
        uint256 share = shareDown(provider, cu);
        if (amount > share) revert SeizureAboveShare(provider, amount, share);

        Account storage account = _accounts[provider];
        account.collateral -= uint96(amount);
        emit CollateralSeized(provider, to, amount);
        _reduce(provider, account, cu);
        token.safeTransfer(to, amount);
    }

    /// @inheritdoc ICollateralManager
    /// @dev What is owed stays owed: who is no longer covered, or cannot be shown to be, is in liquidation from here on (I3).
    function slash(address provider, address to, uint256 amount) external nonReentrant returns (uint256 paid) {
        if (msg.sender != redemption) Peers.check(faults);
        Account storage account = _accounts[provider];
        paid = Math.min(amount, account.collateral);
        account.collateral -= uint96(paid);
        emit CollateralSeized(provider, to, paid);
        if (account.graceUntil == 0 && !_covered(account)) _startGrace(provider, account);
        token.safeTransfer(to, paid);
    }

    /// @dev Who owes nothing is not in liquidation, whatever the price.
    function _reduce(address provider, Account storage account, uint256 cu) private {
        if (cu > account.outstanding) revert ObligationAboveOutstanding(provider, cu, account.outstanding);
        uint96 outstanding = account.outstanding - uint96(cu);
        account.outstanding = outstanding;
        emit ObligationChanged(provider, outstanding);
        if (outstanding == 0 && account.graceUntil != 0) _cure(provider, account);
    }

    // --- Liquidation

    /// @inheritdoc ICollateralManager
    function startLiquidation(address provider) external whenNotPaused {
        Account storage account = _accounts[provider];
        if (account.graceUntil != 0) revert ProviderInLiquidation(provider);
        _checkShort(provider, account);
        _startGrace(provider, account);
    }

    function _startGrace(address provider, Account storage account) private {
        uint48 graceUntil = uint48(block.timestamp + _graceSeconds);
        account.graceUntil = graceUntil;
        emit LiquidationStarted(provider, graceUntil);
    }

    /// @notice Anyone, when the collateral is enough again before `liquidate`: more of it, less outstanding, or a better price. Deposits do it by themselves.
    function cure(address provider) external {
        Account storage account = _accounts[provider];
        if (account.graceUntil == 0) revert ProviderNotInLiquidation(provider);
        if (account.liquidated) revert ProviderInLiquidation(provider);
        _checkCovered(provider, account.collateral, account.outstanding);
        _cure(provider, account);
    }

    /// @inheritdoc ICollateralManager
    function liquidate(address provider) external whenNotPaused {
        Account storage account = _accounts[provider];
        if (account.graceUntil == 0) revert ProviderNotInLiquidation(provider);
        if (account.liquidated) revert ProviderInLiquidation(provider);
        if (block.timestamp <= account.graceUntil) revert GraceRunning(provider, account.graceUntil);
        _checkShort(provider, account);
        account.liquidated = true;
        emit Liquidated(provider, account.collateral, account.outstanding);
    }

    function _cure(address provider, Account storage account) private {
        (account.graceUntil, account.liquidated) = (0, false);
        emit LiquidationCured(provider);
    }

    /// @dev A deposit must not fail for want of a price; without one the cure waits.
    function _cureIfPriced(address provider, Account storage account) private {
        if (_covered(account)) _cure(provider, account);
    }

    /// @dev False too while a price is needed and missing.
    function _covered(Account storage account) private view returns (bool) {
        try this.requiredUp(account.outstanding) returns (uint256 required) {
            return account.collateral >= required;
        } catch {
            return false;
        }
    }

    // --- Governance and guardian

    /// @notice Binds MintingAgent, Redemption and ClaimFaults, once.
    function wire(address agent_, address redemption_, address faults_) external restricted {
        agent = Peers.bindOnce(agent, agent_);
        redemption = Peers.bindOnce(redemption, redemption_);
        faults = Peers.bindOnce(faults, faults_);
    }

    /// @notice Changes par, the minimum ratio and the grace period. Running grace periods keep their end.
    function setRules(Rules calldata rules_) external restricted {
        _setRules(rules_);
    }

    /// @notice Stops liquidations.
    function pause() external restricted {
        _pause();
    }

    /// @notice Resumes them.
    function unpause() external restricted {
        _unpause();
    }

    function _setRules(Rules memory next) private {
        bool valid = next.par > 0 && next.ratioBpsMin >= RATIO_BPS_FLOOR && next.ratioBpsMin <= RATIO_BPS_CEILING && next.graceSeconds > 0;
        if (!valid) revert RulesInvalid(next);
        (_par, _ratioBpsMin, _graceSeconds) = (next.par, next.ratioBpsMin, next.graceSeconds);
        emit RulesSet(next);
    }

    // --- Views

    /// @inheritdoc ICollateralManager
    function collateralOf(address provider) external view returns (uint256) {
        return _accounts[provider].collateral;
    }

    /// @inheritdoc ICollateralManager
    function outstandingOf(address provider) external view returns (uint256) {
        return _accounts[provider].outstanding;
    }

    /// @inheritdoc ICollateralManager
    function requiredUp(uint256 cu) public view returns (uint256) {
        if (cu == 0) return 0;
        return Math.ceilDiv(cu * _par * _ratioBpsMin, BASIS_POINTS * _unitPrice());
    }

    /// @inheritdoc ICollateralManager
    function valueDown(uint256 cu) external view returns (uint256) {
        if (cu == 0) return 0;
        return cu * _par / _unitPrice();
    }

    /// @notice The part of a provider's collateral [base units, rounded down] that `cu` [wad] of all that it owes has a claim on.
    function shareDown(address provider, uint256 cu) public view returns (uint256) {
        Account storage account = _accounts[provider];
        if (cu > account.outstanding) revert ObligationAboveOutstanding(provider, cu, account.outstanding);
        return cu == 0 ? 0 : uint256(account.collateral) * cu / account.outstanding;
    }

    /// @notice What the provider may withdraw now [base units]; zero in liquidation and while a price is needed and missing.
    function releasableDown(address provider) external view returns (uint256) {
        Account storage account = _accounts[provider];
        if (account.graceUntil != 0) return 0;
        try this.requiredUp(account.outstanding) returns (uint256 required) {
            return account.collateral > required ? account.collateral - required : 0;
        } catch {
            return 0;
        }
    }

    /// @inheritdoc ICollateralManager
    /// @dev True from the start to the cure, after `liquidate` too.
    function inLiquidation(address provider) external view returns (bool) {
        return _accounts[provider].graceUntil != 0;
    }

    /// @inheritdoc ICollateralManager
    function liquidated(address provider) external view returns (bool) {
        return _accounts[provider].liquidated;
    }

    /// @notice [unix seconds] After this the provider can be liquidated; zero when it is not in liquidation.
    function graceUntilOf(address provider) external view returns (uint64) {
        return _accounts[provider].graceUntil;
    }

    /// @notice Par [wad dollars per CU], minimum ratio [bps] and grace period [seconds].
    function rules() external view returns (Rules memory) {
        return Rules(_par, _ratioBpsMin, _graceSeconds);
    }

    // --- Shared checks

    function _checkCovered(address provider, uint256 collateral, uint256 outstanding) private view {
        uint256 required = requiredUp(outstanding);
        if (collateral < required) revert CollateralShort(provider, collateral, required);
    }

    function _checkShort(address provider, Account storage account) private view {
        uint256 required = requiredUp(account.outstanding);
        if (account.collateral >= required) revert ProviderSolvent(provider, account.collateral, required);
    }

    /// @dev [wad^2 dollars per base unit] so that CU [wad] x par [wad] / this = base units. Never more than a dollar a token.
    function _unitPrice() private view returns (uint256) {
        (uint256 price,) = oracle.priceOf(PRICE_FEED);
        return Math.min(price, DOLLAR) * _wadPerUnit;
    }
}
