// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Deployed, Deployment} from "../../script/Deployment.sol";
import {DeploymentConfig} from "../../script/DeploymentConfig.sol";

/// @notice The deploy path behind one address, so that not every test has to be compiled together with every contract.
contract Deployer {
    function deploy(DeploymentConfig memory config) external returns (Deployed memory) {
        config.deployer = address(this);
        return Deployment.deploy(config);
    }
}
