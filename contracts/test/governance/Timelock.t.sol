// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

import {CollateralManager} from "../../src/staking/CollateralManager.sol";
import {IssuanceFixture} from "../support/IssuanceFixture.sol";

/// @notice Governance as it ends after a deployment: everything through the delay.
contract TimelockTest is IssuanceFixture {
    function test_a_parameter_changes_after_the_delay_and_not_before() public {
        bytes memory call_ = abi.encodeCall(CollateralManager.setRules, (CollateralManager.Rules(0.07e18, 12_000, 1 days)));
        vm.startPrank(GOVERNOR);
        timelock.schedule(address(collateral), 0, call_, 0, 0, 2 days);
        _passSilently(2 days - 1);
        vm.expectPartialRevert(TimelockController.TimelockUnexpectedOperationState.selector);
        timelock.execute(address(collateral), 0, call_, 0, 0);
        _passSilently(1);
        timelock.execute(address(collateral), 0, call_, 0, 0);
        assertEq(collateral.rules().par, 0.07e18);
    }

    function test_a_shorter_delay_is_refused() public {
        assertEq(timelock.DELAY_SECONDS_DEFAULT(), 2 days);
        vm.expectRevert(abi.encodeWithSelector(TimelockController.TimelockInsufficientDelay.selector, 1 days, 2 days));
        vm.prank(GOVERNOR);
        timelock.schedule(address(collateral), 0, "", 0, 0, 1 days);
    }

    function test_the_deployer_keeps_nothing() public {
        _expectUnauthorised(address(DEPLOYER));
        vm.prank(address(DEPLOYER));
        verifier.wire(OUTSIDER, OUTSIDER);
        assertFalse(timelock.hasRole(timelock.DEFAULT_ADMIN_ROLE(), address(DEPLOYER)));
    }
}
