// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Deployed} from "../../script/Deployment.sol";
import {DeploymentConfig} from "../../script/DeploymentConfig.sol";
import {Custody} from "../../src/exchange/Custody.sol";
import {Timelock} from "../../src/governance/Timelock.sol";
import {ICustody} from "../../src/interfaces/ICustody.sol";
import {sSTBToken} from "../../src/issuance/sSTBToken.sol";
import {DeploymentFixture} from "./DeploymentFixture.sol";
import {SettlementModel} from "./SettlementModel.sol";
import {PlainToken} from "./Tokens.sol";

/// @notice A chain that issues nothing as the deploy path leaves it, its dollar free to mint, and the engine's side of Custody in `model`.
abstract contract CustodyFixture is DeploymentFixture {
    uint64 internal constant EPOCH_SECONDS = 1 days;
    uint256 internal constant DOLLAR_CAP = 1_000_000e6;
    uint256 internal constant COMPUTE_CAP = 1_000_000e18;

    address internal immutable TRADER = makeAddr("trader");
    address internal immutable RECIPIENT = makeAddr("recipient");

    Timelock internal timelock;
    Custody internal custody;
    SettlementModel internal model;
    PlainToken internal dollar;
    PlainToken internal compute; // sSTB, which is minted in the same way by whoever `_letMint` names

    function setUp() public virtual {
        _deployCustody();
        _letMint(address(this));
    }

    function _deployCustody() internal {
        vm.warp(1_800_000_000);
        dollar = new PlainToken("USDC", 6);
        Deployed memory deployed = DEPLOYER.deploy(_custodyConfig());
        (timelock, custody) = (deployed.timelock, deployed.custody);
        compute = PlainToken(address(deployed.token));
        model = new SettlementModel();
        model.list(address(dollar));
        model.list(address(compute));
    }

    function _custodyConfig() private returns (DeploymentConfig memory config) {
        config = _config(false);
        config.dollar = dollar;
        config.parameters.epochSeconds = EPOCH_SECONDS;
        config.parameters.dollarEpochCap = DOLLAR_CAP;
        config.parameters.computeEpochCap = COMPUTE_CAP;
    }

    /// @dev Where sSTB is not issued, governance lets a bridge mint it: here `bridge`.
    function _letMint(address bridge) internal {
        vm.prank(address(timelock));
        sSTBToken(address(compute)).wire(bridge, bridge);
    }

    function _list(address token, uint256 cap) internal {
        vm.prank(address(timelock));
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
