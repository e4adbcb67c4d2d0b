// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Test} from "forge-std/Test.sol";

import {Custody} from "../../src/exchange/Custody.sol";
import {ICustody} from "../../src/interfaces/ICustody.sol";
import {SettlementModel} from "./SettlementModel.sol";
import {PlainToken} from "./Tokens.sol";

/// @notice One Custody with a dollar and an 18-decimal token, and the engine's side of it in `model`.
abstract contract CustodyFixture is Test {
    uint64 internal constant EPOCH_SECONDS = 1 days;
    uint256 internal constant DOLLAR_CAP = 1_000_000e6;
    uint256 internal constant COMPUTE_CAP = 1_000_000e18;

    address internal immutable GOVERNOR = makeAddr("governor");
    address internal immutable GUARDIAN = makeAddr("guardian");
    address internal immutable SEQUENCER = makeAddr("sequencer");
    address internal immutable TRADER = makeAddr("trader");
    address internal immutable RECIPIENT = makeAddr("recipient");
    address internal immutable OUTSIDER = makeAddr("outsider");

    AccessManager internal authority;
    Custody internal custody;
    SettlementModel internal model;
    PlainToken internal dollar;
    PlainToken internal compute;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        authority = new AccessManager(address(this));
        custody = new Custody(address(authority), EPOCH_SECONDS);
        model = new SettlementModel();
        _grant(SEQUENCER, 2, Custody.settle.selector);
        _grant(GUARDIAN, 1, Custody.pause.selector);
        _grant(GOVERNOR, 5, Custody.unpause.selector);
        _grant(GOVERNOR, 5, Custody.listToken.selector);
        _grant(GOVERNOR, 5, Custody.setEpochCap.selector);
        dollar = new PlainToken("USDC", 6);
        compute = new PlainToken("sSTB", 18);
        _list(address(dollar), DOLLAR_CAP);
        _list(address(compute), COMPUTE_CAP);
    }

    function _grant(address holder, uint64 role, bytes4 selector) private {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        authority.setTargetFunctionRole(address(custody), selectors, role);
        authority.grantRole(role, holder, 0);
    }

    function _list(address token, uint256 cap) internal {
        vm.prank(GOVERNOR);
        custody.listToken(token, cap);
        model.list(token);
    }

    /// @dev Deposits for TRADER and tells the engine what the event says.
    function _deposit(PlainToken token, uint256 amount) internal returns (uint64 ordinal) {
        ordinal = _depositUncredited(token, amount);
        model.credit(address(token), TRADER, amount);
    }

    function _depositUncredited(PlainToken token, uint256 amount) internal returns (uint64) {
        token.mint(TRADER, amount);
        vm.startPrank(TRADER);
        token.approve(address(custody), amount);
        uint64 ordinal = custody.deposit(address(token), amount, TRADER);
        vm.stopPrank();
        return ordinal;
    }

    function _settle() internal returns (uint64 index) {
        return _settle(model.batch(10));
    }

    function _settle(ICustody.Batch memory batch) internal returns (uint64 index) {
        vm.prank(SEQUENCER);
        index = custody.settle(batch);
        model.settled(batch);
    }

    function _expectRefusal(ICustody.Batch memory batch, bytes memory error_) internal {
        vm.expectRevert(error_);
        vm.prank(SEQUENCER);
        custody.settle(batch);
    }

    /// @dev A deposit, a withdrawal of a part of it, and the batch that has both.
    function _settledWithdrawal(PlainToken token, uint256 deposited, uint256 amount) internal returns (uint64 index, uint64 id) {
        _deposit(token, deposited);
        id = model.withdraw(address(token), TRADER, RECIPIENT, amount);
        index = _settle();
    }

    function _withdraw(uint64 index, uint64 id) internal {
        custody.withdraw(index, model.withdrawalOf(id), model.proofOf(id, custody.batchOf(index).withdrawalsCount));
    }

    function _held(PlainToken token) internal view returns (uint256) {
        return IERC20(address(token)).balanceOf(address(custody));
    }
}
