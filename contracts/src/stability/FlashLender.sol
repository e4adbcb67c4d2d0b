// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC3156FlashBorrower} from "@openzeppelin/contracts/interfaces/IERC3156FlashBorrower.sol";
import {IERC3156FlashLender} from "@openzeppelin/contracts/interfaces/IERC3156FlashLender.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Bucket, IReserveVault} from "../interfaces/IStability.sol";

/// @title FlashLender
/// @notice Lends bucket C within one transaction for a fee (ERC-3156).
/// @custom:stop The guardian pauses loans.
/// @custom:trusts Nobody: a loan that does not come back with its fee reverts.
contract FlashLender is IERC3156FlashLender, AccessManaged, Pausable, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    error LoanTooLarge(address token, uint256 amount, uint256 max);
    error CallbackRefused(address borrower, bytes32 answer);
    error LoanUnpaid(address token, uint256 received, uint256 owed);
    error FeeInvalid(uint256 fee, uint256 max);

    event FeeSet(uint256 fee);
    event Lent(address indexed borrower, address indexed token, uint256 amount, uint256 fee);

    bytes32 private constant ANSWER = keccak256("ERC3156FlashBorrower.onFlashLoan");
    uint256 private constant WAD = 1e18;
    uint256 private constant FEE_MAX = 0.05e18;

    IReserveVault public immutable vault;
    /// @notice [wad] of the amount.
    uint64 public fee;

    constructor(address authority_, IReserveVault vault_, uint64 fee_) AccessManaged(authority_) {
        vault = vault_;
        _setFee(fee_);
    }

    /// @inheritdoc IERC3156FlashLender
    function maxFlashLoan(address token) public view returns (uint256) {
        return paused() ? 0 : vault.heldOf(Bucket.Flash, token);
    }

    /// @inheritdoc IERC3156FlashLender
    function flashFee(address token, uint256 amount) public view returns (uint256) {
        uint256 max = maxFlashLoan(token);
        if (max == 0) revert LoanTooLarge(token, amount, 0);
        return Math.mulDiv(amount, fee, WAD, Math.Rounding.Ceil);
    }

    /// @inheritdoc IERC3156FlashLender
    function flashLoan(IERC3156FlashBorrower borrower, address token, uint256 amount, bytes calldata data)
        external
        whenNotPaused
        nonReentrant
        returns (bool)
    {
        uint256 max = maxFlashLoan(token);
        if (amount > max || amount == 0) revert LoanTooLarge(token, amount, max);
        uint256 charged = flashFee(token, amount);
        emit Lent(address(borrower), token, amount, charged);
        vault.spend(Bucket.Flash, token, address(borrower), amount);
        bytes32 answer = borrower.onFlashLoan(msg.sender, token, amount, charged, data);
        if (answer != ANSWER) revert CallbackRefused(address(borrower), answer);
        IERC20(token).safeTransferFrom(address(borrower), address(vault), amount + charged);
        uint256 received = vault.credit(Bucket.Flash, token);
        if (received < amount + charged) revert LoanUnpaid(token, received, amount + charged);
        return true;
    }

    /// @notice Changes the fee [wad].
    function setFee(uint64 fee_) external restricted {
        _setFee(fee_);
    }

    function _setFee(uint64 fee_) private {
        if (fee_ > FEE_MAX) revert FeeInvalid(fee_, FEE_MAX);
        fee = fee_;
        emit FeeSet(fee_);
    }

    /// @notice Stops loans.
    function pause() external restricted {
        _pause();
    }

    /// @notice Resumes them.
    function unpause() external restricted {
        _unpause();
    }
}
