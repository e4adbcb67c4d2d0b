// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {ICollateralManager} from "../../src/interfaces/IStaking.sol";
import {CollateralManager} from "../../src/staking/CollateralManager.sol";
import {IssuanceFixture} from "../support/IssuanceFixture.sol";

contract LiquidateTest is IssuanceFixture {
    uint256 internal amount;
    uint256 internal held;

    function setUp() public override {
        super.setUp();
        (amount,) = _minted(PROVIDER);
        held = collateral.collateralOf(PROVIDER);
    }

    function test_a_solvent_provider_cannot_be_flagged() public {
        vm.expectRevert(abi.encodeWithSelector(CollateralManager.ProviderSolvent.selector, PROVIDER, held, held));
        collateral.startLiquidation(PROVIDER);
        vm.expectRevert(abi.encodeWithSelector(CollateralManager.ProviderNotInLiquidation.selector, PROVIDER));
        collateral.liquidate(PROVIDER);
        vm.expectRevert(abi.encodeWithSelector(CollateralManager.ProviderNotInLiquidation.selector, PROVIDER));
        collateral.cure(PROVIDER);
    }

    function test_a_short_provider_is_flagged_by_anyone() public {
        _reportPrice(0.9999e18);
        uint64 until = uint64(block.timestamp + GRACE_SECONDS);
        vm.expectEmit(address(collateral));
        emit ICollateralManager.LiquidationStarted(PROVIDER, until);
        vm.prank(OUTSIDER);
        collateral.startLiquidation(PROVIDER);
        assertTrue(collateral.inLiquidation(PROVIDER));
        assertFalse(collateral.liquidated(PROVIDER));
        assertEq(collateral.graceUntilOf(PROVIDER), until);
        vm.expectRevert(abi.encodeWithSelector(CollateralManager.ProviderInLiquidation.selector, PROVIDER));
        collateral.startLiquidation(PROVIDER);
    }

    function test_in_liquidation_nothing_is_withdrawn_or_minted() public {
        _pass(TERM_SECONDS);
        (uint256 claimId,) = _proven(PROVIDER);
        _flag();
        vm.startPrank(PROVIDER);
        vm.expectRevert(abi.encodeWithSelector(CollateralManager.ProviderInLiquidation.selector, PROVIDER));
        collateral.withdraw(1);
        vm.expectRevert(abi.encodeWithSelector(CollateralManager.ProviderInLiquidation.selector, PROVIDER));
        agent.mint(claimId);
        assertEq(stable.totalSupply(), amount);
    }

    function test_within_the_grace_period_nobody_is_liquidated() public {
        _flag();
        uint64 until = collateral.graceUntilOf(PROVIDER);
        _pass(GRACE_SECONDS);
        vm.expectRevert(abi.encodeWithSelector(CollateralManager.GraceRunning.selector, PROVIDER, until));
        collateral.liquidate(PROVIDER);
        _pass(1);
        vm.expectEmit(address(collateral));
        emit ICollateralManager.Liquidated(PROVIDER, held, amount);
        collateral.liquidate(PROVIDER);
        assertTrue(collateral.liquidated(PROVIDER));
    }

    function test_a_deposit_that_is_enough_cures_at_once() public {
        _flag();
        uint256 missing = collateral.requiredUp(amount) - held;
        _fund(PROVIDER, missing - 1);
        assertTrue(collateral.inLiquidation(PROVIDER), "one unit short");
        dollar.mint(OUTSIDER, 1);
        vm.startPrank(OUTSIDER);
        dollar.approve(address(collateral), 1);
        vm.expectEmit(address(collateral));
        emit ICollateralManager.LiquidationCured(PROVIDER);
        collateral.depositFor(PROVIDER, 1);
        assertFalse(collateral.inLiquidation(PROVIDER));
    }

    function test_a_deposit_is_taken_although_no_price_is_fresh() public {
        _flag();
        _passSilently(PRICE_AGE_SECONDS + 1);
        _fund(PROVIDER, held);
        assertTrue(collateral.inLiquidation(PROVIDER), "unknown without a price");
        _reportPrice(0.95e18);
        collateral.cure(PROVIDER);
        assertFalse(collateral.inLiquidation(PROVIDER));
    }

    function test_a_price_that_recovers_lets_anyone_cure() public {
        _flag();
        uint256 required = collateral.requiredUp(amount);
        vm.expectRevert(abi.encodeWithSelector(CollateralManager.CollateralShort.selector, PROVIDER, held, required));
        collateral.cure(PROVIDER);
        _reportPrice(1e18);
        collateral.cure(PROVIDER);
        assertFalse(collateral.inLiquidation(PROVIDER));
    }

    function test_a_provider_that_recovered_in_time_is_not_liquidated() public {
        _flag();
        _pass(GRACE_SECONDS + 1);
        _reportPrice(1e18);
        vm.expectRevert(abi.encodeWithSelector(CollateralManager.ProviderSolvent.selector, PROVIDER, held, held));
        collateral.liquidate(PROVIDER);
    }

    function test_a_liquidation_is_final_until_nothing_is_owed() public {
        _reportPrice(0.95e18);
        _liquidated(PROVIDER);
        _reportPrice(1e18);
        bytes memory refusal = abi.encodeWithSelector(CollateralManager.ProviderInLiquidation.selector, PROVIDER);
        vm.expectRevert(refusal);
        collateral.cure(PROVIDER);
        vm.expectRevert(refusal);
        collateral.liquidate(PROVIDER);
        dollar.mint(PROVIDER, 1);
        vm.startPrank(PROVIDER);
        dollar.approve(address(collateral), 1);
        vm.expectRevert(refusal);
        collateral.deposit(1);
    }

    function test_who_owes_nothing_any_more_is_out_of_liquidation() public {
        _flag();
        vm.prank(address(redemption));
        collateral.reduceObligation(PROVIDER, amount);
        assertFalse(collateral.inLiquidation(PROVIDER));
        vm.prank(PROVIDER);
        collateral.withdraw(held);
        assertEq(dollar.balanceOf(PROVIDER), held);
    }

    function test_the_guardian_stops_liquidations_and_nothing_else() public {
        _flag();
        vm.prank(GUARDIAN);
        collateral.pause();
        _pass(GRACE_SECONDS + 1);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        collateral.liquidate(PROVIDER);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        collateral.startLiquidation(OTHER_PROVIDER);
        _fund(PROVIDER, held);
        assertFalse(collateral.inLiquidation(PROVIDER));
        vm.prank(address(timelock));
        collateral.unpause();
    }

    function test_raising_par_puts_providers_short() public {
        vm.prank(address(timelock));
        collateral.setRules(CollateralManager.Rules(PAR + 1e15, 12_000, GRACE_SECONDS));
        collateral.startLiquidation(PROVIDER);
        assertTrue(collateral.inLiquidation(PROVIDER));
    }

    function _flag() private {
        _reportPrice(0.95e18);
        collateral.startLiquidation(PROVIDER);
    }
}
