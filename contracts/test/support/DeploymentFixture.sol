// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";

import {Deployed} from "../../script/Deployment.sol";
import {DeploymentConfig, DeploymentDefaults, Holders} from "../../script/DeploymentConfig.sol";
import {Deployer} from "./Deployer.sol";

/// @notice The system as the deploy path leaves it, with a holder for every role.
abstract contract DeploymentFixture is Test {
    address internal immutable GUARDIAN = makeAddr("guardian");
    address internal immutable SEQUENCER = makeAddr("sequencer");
    address internal immutable ARBITER = makeAddr("arbiter");
    address internal immutable GOVERNOR = makeAddr("governor");
    address internal immutable OUTSIDER = makeAddr("outsider");
    Deployer internal immutable DEPLOYER = Deployer(vm.deployCode("Deployer.sol:Deployer"));
    uint256 internal constant TIMELOCK_DELAY_SECONDS = 1 hours;

    function _config(bool primary) internal returns (DeploymentConfig memory config) {
        config.primary = primary;
        config.holders = Holders({
            guardian: GUARDIAN,
            sequencer: SEQUENCER,
            arbiter: ARBITER,
            governor: GOVERNOR,
            reporters: _actors("reporter", 3),
            committee: _actors("verifier", 5),
            committeeThreshold: 3,
            timelockDelaySeconds: TIMELOCK_DELAY_SECONDS
        });
        config.parameters = DeploymentDefaults.parameters();
    }

    function _deployed(bool primary) internal returns (Deployed memory) {
        return DEPLOYER.deploy(_config(primary));
    }

    function _actors(string memory name, uint256 count) internal returns (address[] memory actors) {
        actors = new address[](count);
        for (uint256 i = 0; i < count; i++) {
            actors[i] = makeAddr(string.concat(name, " ", vm.toString(i + 1)));
        }
    }
}
