// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {Custody} from "../src/exchange/Custody.sol";
import {rSTBToken} from "../src/governance/rSTBToken.sol";
import {ClaimFaults} from "../src/issuance/ClaimFaults.sol";
import {CommitteeProof} from "../src/issuance/CommitteeProof.sol";
import {ComputeUnitVerifier} from "../src/issuance/ComputeUnitVerifier.sol";
import {Redemption} from "../src/issuance/Redemption.sol";
import {Reverification} from "../src/issuance/Reverification.sol";
import {TeeProof} from "../src/issuance/TeeProof.sol";
import {Roles} from "../src/libraries/Roles.sol";
import {Oracle} from "../src/oracle/Oracle.sol";
import {CollateralManager} from "../src/staking/CollateralManager.sol";
import {RewardsDistributor} from "../src/staking/RewardsDistributor.sol";
import {Deployed} from "./Deployment.sol";
import {DeploymentConfig, Holders} from "./DeploymentConfig.sol";
import {FlowDeployed, FlowRight, FlowRights} from "./FlowDeployment.sol";

/// @title Rights
/// @notice Which role may call which function, and who holds it: everything else that is restricted answers to the Timelock as admin.
library Rights {
    uint64 private constant ADMIN = 0;
    uint256 private constant CALLS_MAX = 128;

    /// @dev A list that grows up to CALLS_MAX.
    struct Calls {
        bytes[] items;
        uint256 count;
    }

    /// @notice The calls that, in one transaction, replace the deployer by the roles.
    function handOver(Deployed memory deployed, DeploymentConfig memory config) internal pure returns (bytes[] memory) {
        Calls memory calls = Calls(new bytes[](CALLS_MAX), 0);
        _allowShared(calls, deployed);
        if (deployed.primary) _allowIssuance(calls, deployed);
        if (address(deployed.flow.pools) != address(0)) _allowFlow(calls, deployed.flow);
        _label(calls);
        _grant(calls, deployed, config.holders);
        _add(calls, abi.encodeCall(AccessManager.grantRole, (ADMIN, address(deployed.timelock), 0)));
        _add(calls, abi.encodeCall(AccessManager.renounceRole, (ADMIN, config.deployer)));
        return _trimmed(calls);
    }

    // --- Functions

    function _allowShared(Calls memory calls, Deployed memory deployed) private pure {
        (address custody, address oracle) = (address(deployed.custody), address(deployed.oracle));
        _allowStop(calls, custody);
        _allow(calls, custody, Roles.SEQUENCER, Custody.settle.selector);
        _allow(calls, custody, Roles.GOVERNOR, Custody.listToken.selector, Custody.setEpochCap.selector);
        _allowStop(calls, oracle);
        _allow(calls, oracle, Roles.REPORTER, Oracle.report.selector, Oracle.reportMany.selector);
        _allow(calls, oracle, Roles.GOVERNOR, Oracle.setFeed.selector, Oracle.setAnchor.selector);
        _allow(calls, oracle, Roles.GOVERNOR, Oracle.dropReporter.selector);
    }

    function _allowIssuance(Calls memory calls, Deployed memory deployed) private pure {
        address verifier = address(deployed.verifier);
        _allowStop(calls, verifier);
        _allow(calls, verifier, Roles.GOVERNOR, ComputeUnitVerifier.setStandard.selector, ComputeUnitVerifier.setProof.selector);
        _allow(calls, verifier, Roles.GOVERNOR, ComputeUnitVerifier.setClassConversion.selector);
        _allow(calls, address(deployed.committee), Roles.GOVERNOR, CommitteeProof.setSigners.selector);
        _allow(calls, address(deployed.verification.tee), Roles.GOVERNOR, TeeProof.setCredit.selector);
        _allow(calls, address(deployed.verification.faults), Roles.GOVERNOR, ClaimFaults.setBounty.selector);
        _allow(calls, address(deployed.verification.reverification), Roles.GOVERNOR, Reverification.setRules.selector);
        _allowStop(calls, address(deployed.agent));
        _allowStop(calls, address(deployed.staking));
        _allowStop(calls, address(deployed.collateral));
        _allow(calls, address(deployed.collateral), Roles.GOVERNOR, CollateralManager.setRules.selector);
        _allowStop(calls, address(deployed.redemption));
        _allow(calls, address(deployed.redemption), Roles.ARBITER, Redemption.resolve.selector);
        _allow(calls, address(deployed.redemption), Roles.GOVERNOR, Redemption.setRules.selector, Redemption.collectFees.selector);
        address distributor = address(deployed.distributor);
        _allow(calls, distributor, Roles.GOVERNOR, RewardsDistributor.setMultiplier.selector, RewardsDistributor.addBudget.selector);
        _allow(calls, address(deployed.rewardToken), Roles.GOVERNOR, rSTBToken.mintGoverned.selector);
    }

    function _allowFlow(Calls memory calls, FlowDeployed memory flow) private pure {
        FlowRight[] memory rights = FlowRights.rights(flow);
        for (uint256 i = 0; i < rights.length; i++) {
            _add(calls, abi.encodeCall(AccessManager.setTargetFunctionRole, (rights[i].target, rights[i].selectors, rights[i].role)));
        }
    }

    /// @dev Whoever can stop in a hurry cannot end the stop: that takes the Timelock.
    function _allowStop(Calls memory calls, address target) private pure {
        _allow(calls, target, Roles.GUARDIAN, Custody.pause.selector);
        _allow(calls, target, Roles.GOVERNOR, Custody.unpause.selector);
    }

    function _allow(Calls memory calls, address target, uint64 role, bytes4 first, bytes4 second) private pure {
        _allow(calls, target, role, first);
        _allow(calls, target, role, second);
    }

    function _allow(Calls memory calls, address target, uint64 role, bytes4 selector) private pure {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        _add(calls, abi.encodeCall(AccessManager.setTargetFunctionRole, (target, selectors, role)));
    }

    // --- Holders

    function _label(Calls memory calls) private pure {
        _add(calls, abi.encodeCall(AccessManager.labelRole, (Roles.GUARDIAN, "GUARDIAN")));
        _add(calls, abi.encodeCall(AccessManager.labelRole, (Roles.SEQUENCER, "SEQUENCER")));
        _add(calls, abi.encodeCall(AccessManager.labelRole, (Roles.REPORTER, "REPORTER")));
        _add(calls, abi.encodeCall(AccessManager.labelRole, (Roles.ARBITER, "ARBITER")));
        _add(calls, abi.encodeCall(AccessManager.labelRole, (Roles.GOVERNOR, "GOVERNOR")));
    }

    function _grant(Calls memory calls, Deployed memory deployed, Holders memory holders) private pure {
        _add(calls, abi.encodeCall(AccessManager.grantRole, (Roles.GUARDIAN, holders.guardian, 0)));
        _add(calls, abi.encodeCall(AccessManager.grantRole, (Roles.SEQUENCER, holders.sequencer, 0)));
        _add(calls, abi.encodeCall(AccessManager.grantRole, (Roles.GOVERNOR, address(deployed.timelock), 0)));
        if (deployed.primary) {
            _add(calls, abi.encodeCall(AccessManager.grantRole, (Roles.ARBITER, holders.arbiter, 0)));
            _add(calls, abi.encodeCall(AccessManager.grantRole, (Roles.ARBITER, address(deployed.verification.arbiter), 0)));
        }
        for (uint256 i = 0; i < holders.reporters.length; i++) {
            _add(calls, abi.encodeCall(AccessManager.grantRole, (Roles.REPORTER, holders.reporters[i], 0)));
        }
    }

    function _add(Calls memory calls, bytes memory call_) private pure {
        calls.items[calls.count++] = call_;
    }

    function _trimmed(Calls memory calls) private pure returns (bytes[] memory trimmed) {
        trimmed = new bytes[](calls.count);
        for (uint256 i = 0; i < calls.count; i++) {
            trimmed[i] = calls.items[i];
        }
    }
}
