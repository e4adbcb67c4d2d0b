// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

import {ICustody} from "../interfaces/ICustody.sol";
import {PositionalMerkleProof} from "../libraries/PositionalMerkleProof.sol";

/// @title Custody
/// @notice Holds what was deposited on this chain, records the exchange's settlement batches and pays withdrawals proved against them
/// (DESIGN section 7; hashes in docs/reference/engine.md). For each token, always: paidOut <= withdrawn <= credited <= deposited.
/// @custom:stop The guardian pauses deposits and settlement. A withdrawal proved against a settled batch is paid all the same.
/// @custom:trusts The sequencer for the roots, until they can be challenged; what false roots could take is bounded by each token's cap per epoch
/// (twice the cap across the border of two epochs) and by `withdrawn`. A withdrawal above the cap waits until governance raises it.
/// Listed tokens may charge fees, refuse recipients or call back; they may not rebase.
contract Custody is ICustody, AccessManaged, Pausable, ReentrancyGuardTransient {
    using BitMaps for BitMaps.BitMap;
    using SafeERC20 for IERC20;

    struct TokenAccount {
        uint128 deposited; // [base units] arrived, ever
        uint128 paidOut; // [base units] paid to recipients, ever
        uint128 credited; // [base units] credited by the engine up to the last batch
        uint128 withdrawn; // [base units] debited for withdrawals by the engine up to the last batch
        uint128 epochCap; // [base units] at most this is paid per epoch
        uint128 epochPaid; // [base units] paid in `epoch`
        uint64 epoch; // [epochs since 1970] of the last payment
        bool listed;
    }

    struct SettledBatch {
        bytes32 stateRoot;
        bytes32 withdrawalsRoot;
        uint64 withdrawalsCount; // [leaves]
        uint64 lastInput; // [engine sequence number]
        uint64 block_; // [engine block]
    }

    error ZeroAddress();
    error ZeroAmount();
    error EpochInvalid(uint64 epochSeconds);
    error TokenUnlisted(address token);
    error TokenAlreadyListed(address token);
    error TokenWithoutCode(address token);
    error TokensFull(uint256 max);
    error CapTooLarge(uint256 cap, uint256 max);
    error DepositTotalTooLarge(address token, uint256 total, uint256 max);
    error DepositUnknown(uint64 ordinal, uint64 count);
    error BatchUnknown(uint64 index, uint64 count);
    error BatchOutOfOrder(uint64 expectedFirst, uint64 got);
    error BatchBackwards(uint64 firstInput, uint64 lastInput);
    error BlockBackwards(uint64 lastBlock, uint64 got);
    error DepositCountOutOfRange(uint64 got, uint64 credited, uint64 deposited);
    error DepositHashMismatch(uint64 ordinal, bytes32 expected, bytes32 got);
    error WithdrawalsBackwards(uint64 lastCount, uint64 got);
    error WithdrawalsRewritten(uint64 count, bytes32 expected, bytes32 got);
    error TotalsIncomplete(uint256 expected, uint256 got);
    error TotalOutOfOrder(uint256 position, address expected, address got);
    error CreditedBackwards(address token, uint256 last, uint256 got);
    error CreditedAboveDeposited(address token, uint256 deposited, uint256 credited);
    error CreditedIncomplete(address token, uint256 deposited, uint256 credited);
    error WithdrawnBackwards(address token, uint256 last, uint256 got);
    error WithdrawnAboveCredited(address token, uint256 credited, uint256 withdrawn);
    error WithdrawalOfOtherChain(uint64 chainId, uint256 here);
    error WithdrawalAlreadyPaid(uint64 id);
    error WithdrawalUnproven(uint64 index, uint64 id, bytes32 expectedRoot, bytes32 gotRoot);
    error PaidAboveWithdrawn(address token, uint256 withdrawn, uint256 paidOut);
    error WithdrawalCapReached(address token, uint256 amount, uint256 left, uint256 nextEpochAt);

    event EpochCapSet(address indexed token, uint256 epochCap);

    /// @notice Bounds the work of `settle`, which names every listed token.
    uint256 public constant TOKENS_MAX = 16;
    /// @notice [base units] The engine refuses a credit above this total, so a deposit above it could never be credited.
    uint256 public constant DEPOSITED_MAX = type(uint128).max >> 1;
    /// @notice [seconds] The period over which a token's cap is counted; epochs start at multiples of it since 1970.
    uint64 public immutable epochSeconds;

    /// @inheritdoc ICustody
    uint64 public depositCount;
    /// @notice Deposits credited by the last batch.
    uint64 public creditedDepositCount;
    /// @notice Batches settled; the last one's index, since indexes start from 1.
    uint64 public batchCount;

    address[] private _tokens;
    mapping(address token => TokenAccount) private _accounts;
    mapping(uint64 ordinal => bytes32) private _depositHashes;
    mapping(uint64 index => SettledBatch) private _batches;
    BitMaps.BitMap private _paid;

    constructor(address authority_, uint64 epochSeconds_) AccessManaged(authority_) {
        if (epochSeconds_ == 0) revert EpochInvalid(epochSeconds_);
        epochSeconds = epochSeconds_;
    }

    // --- Deposits

    /// @inheritdoc ICustody
    /// @dev Refuses whatever the engine would refuse: a deposit that it cannot credit would hold up every later one of this chain.
    function deposit(address token, uint256 amount, address owner) external whenNotPaused nonReentrant returns (uint64 ordinal) {
        TokenAccount storage account = _listed(token);
        if (owner == address(0)) revert ZeroAddress();

        uint256 received = _pull(token, amount);
        if (received == 0) revert ZeroAmount();
        uint256 total = account.deposited + received;
        if (total > DEPOSITED_MAX) revert DepositTotalTooLarge(token, total, DEPOSITED_MAX);

        account.deposited = uint128(total);
        ordinal = ++depositCount;
        bytes32 depositHash = keccak256(abi.encode(_depositHashes[ordinal - 1], ordinal, token, owner, received));
        _depositHashes[ordinal] = depositHash;
        emit Deposited(ordinal, owner, token, received, depositHash);
    }

    /// @dev What arrived counts, not what was asked for. The tokens move first because only then is that known; the guard holds meanwhile.
    function _pull(address token, uint256 amount) private returns (uint256 received) {
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        received = IERC20(token).balanceOf(address(this)) - before;
    }

    // --- Settlement

    /// @inheritdoc ICustody
    /// @dev A batch posted again, after a crash for example, reverts with BatchOutOfOrder(expected first input, its first input).
    function settle(Batch calldata batch) external restricted whenNotPaused returns (uint64 index) {
        SettledBatch storage last = _batches[batchCount];
        _checkOrder(batch, last);
        _checkDeposits(batch);
        _checkWithdrawals(batch, last);
        _settleTotals(batch.totals, batch.depositCount == depositCount);

        bytes32 stateRoot = _stateRootOf(batch);
        index = ++batchCount;
        creditedDepositCount = batch.depositCount;
        _batches[index] = SettledBatch(stateRoot, batch.withdrawalsRoot, batch.withdrawalsCount, batch.lastInput, batch.block_);
        emit BatchSettled(index, batch.firstInput, batch.lastInput, batch.block_, stateRoot, batch.inputHash, batch.outputHash);
    }

    function _checkOrder(Batch calldata batch, SettledBatch storage last) private view {
        if (batch.firstInput != last.lastInput + 1) revert BatchOutOfOrder(last.lastInput + 1, batch.firstInput);
        if (batch.lastInput < batch.firstInput) revert BatchBackwards(batch.firstInput, batch.lastInput);
        if (batch.block_ <= last.block_) revert BlockBackwards(last.block_, batch.block_);
    }

    function _checkDeposits(Batch calldata batch) private view {
        if (batch.depositCount < creditedDepositCount || batch.depositCount > depositCount) {
            revert DepositCountOutOfRange(batch.depositCount, creditedDepositCount, depositCount);
        }
        bytes32 expected = _depositHashes[batch.depositCount];
        if (batch.depositHash != expected) revert DepositHashMismatch(batch.depositCount, expected, batch.depositHash);
    }

    /// @dev The tree only grows; when it has not grown its root is the last one.
    function _checkWithdrawals(Batch calldata batch, SettledBatch storage last) private view {
        if (batch.withdrawalsCount < last.withdrawalsCount) revert WithdrawalsBackwards(last.withdrawalsCount, batch.withdrawalsCount);
        if (batch.withdrawalsCount == last.withdrawalsCount && batch.withdrawalsRoot != last.withdrawalsRoot) {
            revert WithdrawalsRewritten(last.withdrawalsCount, last.withdrawalsRoot, batch.withdrawalsRoot);
        }
    }

    function _stateRootOf(Batch calldata batch) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                batch.balancesRoot,
                batch.balancesCount,
                batch.withdrawalsRoot,
                batch.withdrawalsCount,
                batch.positionsRoot,
                batch.positionsCount
            )
        );
    }

    function _settleTotals(TokenTotal[] calldata totals, bool allCredited) private {
        uint256 count = _tokens.length;
        if (totals.length != count) revert TotalsIncomplete(count, totals.length);
        for (uint256 i = 0; i < count; i++) {
            if (totals[i].token != _tokens[i]) revert TotalOutOfOrder(i, _tokens[i], totals[i].token);
            _settleTotal(_accounts[totals[i].token], totals[i], allCredited);
        }
    }

    function _settleTotal(TokenAccount storage account, TokenTotal calldata total, bool allCredited) private {
        (address token, uint256 credited, uint256 withdrawn) = (total.token, total.credited, total.withdrawn);
        if (credited < account.credited) revert CreditedBackwards(token, account.credited, credited);
        if (credited > account.deposited) revert CreditedAboveDeposited(token, account.deposited, credited);
        if (allCredited && credited != account.deposited) revert CreditedIncomplete(token, account.deposited, credited);
        if (withdrawn < account.withdrawn) revert WithdrawnBackwards(token, account.withdrawn, withdrawn);
        if (withdrawn > credited) revert WithdrawnAboveCredited(token, credited, withdrawn);
        account.credited = uint128(credited);
        account.withdrawn = uint128(withdrawn);
    }

    // --- Withdrawals

    /// @inheritdoc ICustody
    /// @dev A recipient or token that refuses the payment reverts this call alone; the withdrawal stays unpaid and can be tried again.
    function withdraw(uint64 index, Withdrawal calldata withdrawal, bytes32[] calldata proof) external nonReentrant {
        if (withdrawal.chainId != block.chainid) revert WithdrawalOfOtherChain(withdrawal.chainId, block.chainid);
        if (_paid.get(withdrawal.id)) revert WithdrawalAlreadyPaid(withdrawal.id);
        _checkProof(index, withdrawal, proof);

        _debit(withdrawal.token, withdrawal.amount);
        _paid.set(withdrawal.id);
        emit Withdrawn(withdrawal.id, withdrawal.owner, withdrawal.recipient, withdrawal.token, withdrawal.amount);
        IERC20(withdrawal.token).safeTransfer(withdrawal.recipient, withdrawal.amount);
    }

    function _checkProof(uint64 index, Withdrawal calldata withdrawal, bytes32[] calldata proof) private view {
        SettledBatch storage batch = _batch(index);
        bytes32 root = PositionalMerkleProof.rootOf(_leafOf(withdrawal), withdrawal.id, batch.withdrawalsCount, proof);
        if (root != batch.withdrawalsRoot) revert WithdrawalUnproven(index, withdrawal.id, batch.withdrawalsRoot, root);
    }

    function _leafOf(Withdrawal calldata withdrawal) private pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(withdrawal))));
    }

    function _debit(address token, uint256 amount) private {
        TokenAccount storage account = _listed(token);
        uint256 paidOut = account.paidOut + amount;
        if (paidOut > account.withdrawn) revert PaidAboveWithdrawn(token, account.withdrawn, paidOut);
        (uint256 spent, uint256 left) = _budget(account);
        if (amount > left) revert WithdrawalCapReached(token, amount, left, _nextEpochAt());

        account.paidOut = uint128(paidOut);
        account.epochPaid = uint128(spent + amount);
        account.epoch = _epoch();
    }

    // --- Governance and guardian

    /// @notice Admits a token with its cap per epoch [base units]. Tokens stay listed for ever: their history is part of every batch.
    function listToken(address token, uint256 epochCap) external restricted {
        if (token.code.length == 0) revert TokenWithoutCode(token);
        if (_accounts[token].listed) revert TokenAlreadyListed(token);
        if (_tokens.length == TOKENS_MAX) revert TokensFull(TOKENS_MAX);
        _tokens.push(token);
        _accounts[token].listed = true;
        _accounts[token].epochCap = _cap(epochCap);
        emit TokenListed(token, epochCap);
    }

    /// @notice Changes a token's cap per epoch [base units]; what was paid in the current epoch counts against the new cap.
    function setEpochCap(address token, uint256 epochCap) external restricted {
        _listed(token).epochCap = _cap(epochCap);
        emit EpochCapSet(token, epochCap);
    }

    /// @notice Stops deposits and settlement.
    function pause() external restricted {
        _pause();
    }

    /// @notice Resumes them.
    function unpause() external restricted {
        _unpause();
    }

    // --- Views

    /// @inheritdoc ICustody
    function depositHashAt(uint64 ordinal) external view returns (bytes32) {
        if (ordinal > depositCount) revert DepositUnknown(ordinal, depositCount);
        return _depositHashes[ordinal];
    }

    /// @inheritdoc ICustody
    /// @dev All zero before the first batch.
    function lastBatch() external view returns (uint64 index, uint64 lastInput, uint64 block_, uint64 withdrawalsCount) {
        SettledBatch storage batch = _batches[batchCount];
        return (batchCount, batch.lastInput, batch.block_, batch.withdrawalsCount);
    }

    /// @inheritdoc ICustody
    function stateRootOf(uint64 index) external view returns (bytes32) {
        return _batch(index).stateRoot;
    }

    /// @notice All that is kept of a batch. Indexes start from 1.
    function batchOf(uint64 index) external view returns (SettledBatch memory) {
        return _batch(index);
    }

    /// @inheritdoc ICustody
    function paid(uint64 id) external view returns (bool) {
        return _paid.get(id);
    }

    /// @inheritdoc ICustody
    function totalsOf(address token) external view returns (uint256 deposited, uint256 credited, uint256 withdrawn, uint256 paidOut) {
        TokenAccount storage account = _listed(token);
        return (account.deposited, account.credited, account.withdrawn, account.paidOut);
    }

    /// @notice A token's cap and what may still be paid of it [base units] until `nextEpochAt` [unix seconds].
    function epochOf(address token) external view returns (uint256 cap, uint256 left, uint256 nextEpochAt) {
        TokenAccount storage account = _listed(token);
        (, left) = _budget(account);
        (cap, nextEpochAt) = (account.epochCap, _nextEpochAt());
    }

    /// @inheritdoc ICustody
    function tokens() external view returns (address[] memory) {
        return _tokens;
    }

    // --- Shared checks

    function _listed(address token) private view returns (TokenAccount storage account) {
        account = _accounts[token];
        if (!account.listed) revert TokenUnlisted(token);
    }

    function _batch(uint64 index) private view returns (SettledBatch storage) {
        if (index == 0 || index > batchCount) revert BatchUnknown(index, batchCount);
        return _batches[index];
    }

    function _cap(uint256 epochCap) private pure returns (uint128) {
        if (epochCap > type(uint128).max) revert CapTooLarge(epochCap, type(uint128).max);
        return uint128(epochCap);
    }

    function _budget(TokenAccount storage account) private view returns (uint256 spent, uint256 left) {
        spent = account.epoch == _epoch() ? account.epochPaid : 0;
        left = account.epochCap > spent ? account.epochCap - spent : 0;
    }

    function _epoch() private view returns (uint64) {
        return uint64(block.timestamp / epochSeconds);
    }

    function _nextEpochAt() private view returns (uint256) {
        return (uint256(_epoch()) + 1) * epochSeconds;
    }
}
