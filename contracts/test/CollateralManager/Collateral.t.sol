// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

import {ICollateralManager} from "../../src/interfaces/IStaking.sol";
import {Peers} from "../../src/libraries/Peers.sol";
import {Oracle} from "../../src/oracle/Oracle.sol";
import {CollateralManager} from "../../src/staking/CollateralManager.sol";
import {IssuanceFixture} from "../support/IssuanceFixture.sol";
import {FeeOnTransferToken, PlainToken} from "../support/Tokens.sol";

/// @notice Deposits, withdrawals, what an obligation requires, and the rules.
contract CollateralTest is IssuanceFixture {
    function test_a_deposit_is_booked_for_the_provider() public {
        dollar.mint(OUTSIDER, 100e6);
        vm.startPrank(OUTSIDER);
        dollar.approve(address(collateral), 100e6);
        vm.expectEmit(address(collateral));
        emit ICollateralManager.CollateralDeposited(PROVIDER, 60e6, 60e6);
        collateral.depositFor(PROVIDER, 60e6);
        collateral.deposit(40e6);
        assertEq(collateral.collateralOf(PROVIDER), 60e6);
        assertEq(collateral.collateralOf(OUTSIDER), 40e6);
    }

    function test_nothing_is_no_deposit_and_no_withdrawal() public {
        vm.expectRevert(CollateralManager.ZeroAmount.selector);
        collateral.deposit(0);
        vm.expectRevert(CollateralManager.ZeroAmount.selector);
        collateral.withdraw(0);
    }

    function test_a_fee_on_transfer_token_counts_what_arrived() public {
        FeeOnTransferToken costly = new FeeOnTransferToken(100);
        CollateralManager other = new CollateralManager(address(authority), costly, oracle, collateral.rules());
        costly.mint(PROVIDER, 1000);
        vm.startPrank(PROVIDER);
        costly.approve(address(other), 1000);
        other.deposit(1000);
        assertEq(other.collateralOf(PROVIDER), 990);
    }

    function test_without_obligation_everything_can_be_withdrawn() public {
        _fund(PROVIDER, 100e6);
        vm.expectRevert(abi.encodeWithSelector(CollateralManager.WithdrawalAboveCollateral.selector, PROVIDER, 100e6 + 1, 100e6));
        vm.prank(PROVIDER);
        collateral.withdraw(100e6 + 1);
        vm.expectEmit(address(collateral));
        emit ICollateralManager.CollateralWithdrawn(PROVIDER, 100e6, 0);
        vm.prank(PROVIDER);
        collateral.withdraw(100e6);
        assertEq(dollar.balanceOf(PROVIDER), 100e6);
    }

    function test_the_minimum_cannot_be_withdrawn() public {
        (uint256 amount,) = _mintedAt(PROVIDER, 15_000);
        uint256 held = collateral.collateralOf(PROVIDER);
        uint256 required = collateral.requiredUp(amount);
        uint256 spare = collateral.releasableDown(PROVIDER);
        assertEq(spare, held - required);
        vm.expectRevert(abi.encodeWithSelector(CollateralManager.CollateralShort.selector, PROVIDER, required - 1, required));
        vm.prank(PROVIDER);
        collateral.withdraw(spare + 1);
        vm.prank(PROVIDER);
        collateral.withdraw(spare);
        assertEq(collateral.releasableDown(PROVIDER), 0);
    }

    function test_while_something_is_owed_a_withdrawal_needs_a_price() public {
        _mintedAt(PROVIDER, 15_000);
        _passSilently(PRICE_AGE_SECONDS + 1);
        vm.expectRevert(abi.encodeWithSelector(Oracle.QuorumNotMet.selector, DOLLAR_FEED, 0, 2));
        vm.prank(PROVIDER);
        collateral.withdraw(1);
        assertEq(collateral.releasableDown(PROVIDER), 0);
    }

    function test_one_unit_of_compute_needs_its_par_and_a_fifth() public view {
        assertEq(collateral.valueDown(1e18), 0.06e6);
        assertEq(collateral.requiredUp(1e18), 0.072e6);
        assertEq(collateral.requiredUp(1), 1, "rounded up");
        assertEq(collateral.valueDown(1), 0, "rounded down");
        assertEq(collateral.requiredUp(0), 0);
    }

    function testFuzz_requirement_and_value_round_against_each_other(uint256 cu, uint256 price) public {
        cu = bound(cu, 0, type(uint96).max);
        price = bound(price, 0.01e18, 1.99e18);
        _reportPrice(price);
        uint256 counted = price > 1e18 ? 1e18 : price;
        uint256 required = collateral.requiredUp(cu);
        assertGe(required * counted * 1e12 * 10_000, cu * PAR * 12_000);
        if (required > 0) assertLt((required - 1) * counted * 1e12 * 10_000, cu * PAR * 12_000);
        assertLe(collateral.valueDown(cu) * counted * 1e12, cu * PAR);
        assertGe(collateral.requiredUp(cu), collateral.valueDown(cu));
    }

    function test_a_dollar_never_counts_for_more_than_a_dollar() public {
        uint256 atPar = collateral.requiredUp(1000e18);
        _reportPrice(1.5e18);
        assertEq(collateral.requiredUp(1000e18), atPar);
        _reportPrice(0.75e18);
        assertEq(collateral.requiredUp(1000e18), atPar * 4 / 3);
    }

    function test_only_minting_agent_and_redemption_change_obligations() public {
        vm.startPrank(OUTSIDER);
        vm.expectRevert(abi.encodeWithSelector(Peers.CallerNotPeer.selector, OUTSIDER, address(agent)));
        collateral.addObligation(PROVIDER, 1);
        vm.expectRevert(abi.encodeWithSelector(Peers.CallerNotPeer.selector, OUTSIDER, address(redemption)));
        collateral.reduceObligation(PROVIDER, 1);
        vm.expectRevert(abi.encodeWithSelector(Peers.CallerNotPeer.selector, OUTSIDER, address(redemption)));
        collateral.seize(PROVIDER, OUTSIDER, 1, 1);
    }

    function test_more_than_is_owed_can_be_neither_reduced_nor_seized() public {
        (uint256 amount,) = _minted(PROVIDER);
        bytes memory refusal = abi.encodeWithSelector(CollateralManager.ObligationAboveOutstanding.selector, PROVIDER, amount + 1, amount);
        vm.startPrank(address(redemption));
        vm.expectRevert(refusal);
        collateral.reduceObligation(PROVIDER, amount + 1);
        vm.expectRevert(refusal);
        collateral.seize(PROVIDER, OUTSIDER, amount + 1, 0);
    }

    function test_governance_sets_the_rules_within_limits() public {
        CollateralManager.Rules[4] memory bad = [
            CollateralManager.Rules(0, 12_000, 1 days),
            CollateralManager.Rules(PAR, 11_999, 1 days),
            CollateralManager.Rules(PAR, 50_001, 1 days),
            CollateralManager.Rules(PAR, 12_000, 0)
        ];
        for (uint256 i = 0; i < bad.length; i++) {
            vm.expectRevert(abi.encodeWithSelector(CollateralManager.RulesInvalid.selector, bad[i]));
            vm.prank(address(timelock));
            collateral.setRules(bad[i]);
        }
        vm.prank(address(timelock));
        collateral.setRules(CollateralManager.Rules(0.12e18, 15_000, 1 days));
        assertEq(collateral.requiredUp(1e18), 0.18e6);
        _expectUnauthorised(OUTSIDER);
        vm.prank(OUTSIDER);
        collateral.setRules(CollateralManager.Rules(PAR, 12_000, 1 days));
    }

    function test_a_token_with_too_many_decimals_is_refused() public {
        IERC20Metadata strange = new PlainToken("STRANGE", 19);
        CollateralManager.Rules memory rules = collateral.rules();
        vm.expectRevert(abi.encodeWithSelector(CollateralManager.DecimalsUnsupported.selector, 19));
        new CollateralManager(address(authority), strange, oracle, rules);
    }

    /// forge-config: default.isolate = true
    function test_gas_of_collateral() public {
        dollar.mint(PROVIDER, 200e6);
        vm.prank(PROVIDER);
        dollar.approve(address(collateral), 200e6);
        vm.prank(PROVIDER);
        collateral.deposit(200e6);
        assertLt(vm.snapshotGasLastCall("CollateralManager", "deposit"), 200_000);
        _mintedAt(PROVIDER, 13_000);
        vm.prank(PROVIDER);
        collateral.withdraw(100);
        assertLt(vm.snapshotGasLastCall("CollateralManager", "withdraw"), 200_000);
    }
}
