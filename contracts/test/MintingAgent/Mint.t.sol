// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {IComputeUnitVerifier} from "../../src/interfaces/IComputeUnitVerifier.sol";
import {IMintingAgent} from "../../src/interfaces/IIssuance.sol";
import {ComputeUnitVerifier} from "../../src/issuance/ComputeUnitVerifier.sol";
import {CollateralManager} from "../../src/staking/CollateralManager.sol";
import {IssuanceFixture} from "../support/IssuanceFixture.sol";

contract MintTest is IssuanceFixture {
    function test_a_proven_claim_becomes_staked_sstb_of_its_value() public {
        (uint256 claimId, uint256 cuValue) = _proven(PROVIDER);
        _fund(PROVIDER, collateral.requiredUp(cuValue));
        vm.expectEmit(address(cuToken));
        emit IERC20.Transfer(address(0), address(agent), cuValue);
        vm.expectEmit(address(stable));
        emit IERC20.Transfer(address(0), address(staking), cuValue);
        vm.expectEmit(address(cuToken));
        emit IERC20.Transfer(address(agent), address(0), cuValue);
        vm.expectEmit(address(agent));
        emit IMintingAgent.Minted(claimId, PROVIDER, cuValue, uint256(uint160(PROVIDER)) << 96 | 1);
        vm.prank(PROVIDER);
        (uint256 amount, uint256 stakeId) = agent.mint(claimId);

        assertEq(amount, cuValue);
        assertEq(stable.totalSupply(), cuValue);
        assertEq(stable.balanceOf(address(staking)), cuValue);
        assertEq(cuToken.totalSupply(), 0);
        assertEq(collateral.outstandingOf(PROVIDER), cuValue);
        assertEq(uint256(verifier.claimOf(claimId).state), uint256(IComputeUnitVerifier.ClaimState.Consumed));
        (address provider, uint256 staked,, uint64 unlocksAt) = staking.stakeOf(stakeId);
        assertEq(provider, PROVIDER);
        assertEq(staked, cuValue);
        assertEq(unlocksAt, block.timestamp + STAKE_SECONDS);
    }

    function test_collateral_one_unit_short_mints_nothing() public {
        (uint256 claimId, uint256 cuValue) = _proven(PROVIDER);
        uint256 required = collateral.requiredUp(cuValue);
        _fund(PROVIDER, required - 1);
        vm.expectRevert(abi.encodeWithSelector(CollateralManager.CollateralShort.selector, PROVIDER, required - 1, required));
        vm.prank(PROVIDER);
        agent.mint(claimId);
        _assertNothingMinted();

        _fund(PROVIDER, 1);
        vm.prank(PROVIDER);
        agent.mint(claimId);
        assertEq(stable.totalSupply(), cuValue);
    }

    function test_a_claim_is_minted_once() public {
        (uint256 claimId, uint256 cuValue) = _proven(PROVIDER);
        _fund(PROVIDER, 10 * collateral.requiredUp(cuValue));
        vm.startPrank(PROVIDER);
        agent.mint(claimId);
        vm.expectRevert(
            abi.encodeWithSelector(
                ComputeUnitVerifier.ClaimInState.selector,
                claimId,
                IComputeUnitVerifier.ClaimState.Consumed,
                IComputeUnitVerifier.ClaimState.Proven
            )
        );
        agent.mint(claimId);
        assertEq(stable.totalSupply(), cuValue);
    }

    function test_another_provider_cannot_mint_the_claim() public {
        (uint256 claimId, uint256 cuValue) = _proven(PROVIDER);
        _fund(OTHER_PROVIDER, collateral.requiredUp(cuValue));
        vm.expectRevert(abi.encodeWithSelector(ComputeUnitVerifier.ClaimOfAnother.selector, claimId, PROVIDER, OTHER_PROVIDER));
        vm.prank(OTHER_PROVIDER);
        agent.mint(claimId);
        _assertNothingMinted();
    }

    function test_an_unproven_claim_mints_nothing() public {
        uint256 claimId = _committed(PROVIDER);
        _fund(PROVIDER, 1_000_000e6);
        vm.expectRevert(
            abi.encodeWithSelector(
                ComputeUnitVerifier.ClaimInState.selector,
                claimId,
                IComputeUnitVerifier.ClaimState.Committed,
                IComputeUnitVerifier.ClaimState.Proven
            )
        );
        vm.prank(PROVIDER);
        agent.mint(claimId);
        _assertNothingMinted();
    }

    function test_a_claim_that_does_not_exist_mints_nothing() public {
        vm.expectRevert(abi.encodeWithSelector(ComputeUnitVerifier.ClaimUnknown.selector, 7));
        vm.prank(PROVIDER);
        agent.mint(7);
    }

    function test_a_proof_older_than_a_day_mints_nothing() public {
        (uint256 claimId, uint256 cuValue) = _proven(PROVIDER);
        _fund(PROVIDER, collateral.requiredUp(cuValue));
        _pass(24 hours + 1);
        vm.expectRevert(abi.encodeWithSelector(ComputeUnitVerifier.ClaimExpired.selector, claimId));
        vm.prank(PROVIDER);
        agent.mint(claimId);
        _assertNothingMinted();
    }

    function test_the_proof_mints_for_exactly_a_day() public {
        (uint256 claimId, uint256 cuValue) = _proven(PROVIDER);
        _fund(PROVIDER, collateral.requiredUp(cuValue));
        _pass(24 hours);
        vm.prank(PROVIDER);
        (uint256 amount,) = agent.mint(claimId);
        assertEq(amount, cuValue);
    }

    function test_a_paused_agent_mints_nothing() public {
        (uint256 claimId, uint256 cuValue) = _proven(PROVIDER);
        _fund(PROVIDER, collateral.requiredUp(cuValue));
        vm.prank(GUARDIAN);
        agent.pause();
        vm.expectRevert(Pausable.EnforcedPause.selector);
        vm.prank(PROVIDER);
        agent.mint(claimId);
        _assertNothingMinted();

        vm.prank(address(timelock));
        agent.unpause();
        vm.prank(PROVIDER);
        agent.mint(claimId);
        assertEq(stable.totalSupply(), cuValue);
    }

    function test_the_obligation_counts_what_was_minted_before() public {
        (uint256 first,) = _minted(PROVIDER);
        _pass(TERM_SECONDS);
        (uint256 claimId, uint256 cuValue) = _proven(PROVIDER);
        uint256 required = collateral.requiredUp(first + cuValue);
        uint256 held = collateral.collateralOf(PROVIDER);
        vm.expectRevert(abi.encodeWithSelector(CollateralManager.CollateralShort.selector, PROVIDER, held, required));
        vm.prank(PROVIDER);
        agent.mint(claimId);
    }

    /// forge-config: default.isolate = true
    function test_gas_of_a_mint() public {
        (uint256 claimId, uint256 cuValue) = _proven(PROVIDER);
        _fund(PROVIDER, collateral.requiredUp(cuValue));
        vm.prank(PROVIDER);
        agent.mint(claimId);
        assertLt(vm.snapshotGasLastCall("MintingAgent", "mint, the first of all"), 200_000);

        (claimId, cuValue) = _proven(OTHER_PROVIDER);
        _fund(OTHER_PROVIDER, collateral.requiredUp(cuValue));
        _addBudget(1000e18);
        _pass(1 hours);
        vm.prank(OTHER_PROVIDER);
        agent.mint(claimId);
        assertLt(vm.snapshotGasLastCall("MintingAgent", "mint, a provider's first"), 200_000);

        (claimId, cuValue) = _proven(PROVIDER);
        _fund(PROVIDER, collateral.requiredUp(cuValue));
        _pass(1 hours);
        vm.prank(PROVIDER);
        agent.mint(claimId);
        assertLt(vm.snapshotGasLastCall("MintingAgent", "mint, a provider's next"), 200_000);
    }
}
