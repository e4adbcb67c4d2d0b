// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Arrays} from "@openzeppelin/contracts/utils/Arrays.sol";

import {Custody} from "../src/exchange/Custody.sol";
import {Timelock} from "../src/governance/Timelock.sol";
import {rSTBToken} from "../src/governance/rSTBToken.sol";
import {CUToken} from "../src/issuance/CUToken.sol";
import {CommitteeProof} from "../src/issuance/CommitteeProof.sol";
import {ComputeUnitVerifier} from "../src/issuance/ComputeUnitVerifier.sol";
import {MintingAgent} from "../src/issuance/MintingAgent.sol";
import {Redemption} from "../src/issuance/Redemption.sol";
import {sSTBToken} from "../src/issuance/sSTBToken.sol";
import {Oracle} from "../src/oracle/Oracle.sol";
import {OracleFeed} from "../src/oracle/OracleFeed.sol";
import {CollateralManager} from "../src/staking/CollateralManager.sol";
import {ProviderStaking} from "../src/staking/ProviderStaking.sol";
import {RewardsDistributor} from "../src/staking/RewardsDistributor.sol";
import {DeploymentConfig, Parameters} from "./DeploymentConfig.sol";
import {FlowDeployed, FlowDeployment} from "./FlowDeployment.sol";
import {Rights} from "./Rights.sol";
import {StabilityDeployed, StabilityDeployment} from "./StabilityDeployment.sol";
import {Verification, VerificationDeployment} from "./VerificationDeployment.sol";
import {LocalDollar} from "./local/LocalDollar.sol";

/// @notice What stands after a deployment. Only the primary chain has the contracts from cuToken to redemption.
struct Deployed {
    bool primary;
    bool localDollar; // deployed here, not taken from the configuration
    AccessManager authority;
    Timelock timelock;
    IERC20Metadata dollar;
    Oracle oracle;
    OracleFeed dollarFeed;
    sSTBToken token;
    Custody custody;
    CUToken cuToken;
    rSTBToken rewardToken;
    ComputeUnitVerifier verifier;
    CommitteeProof committee;
    Verification verification;
    CollateralManager collateral;
    ProviderStaking staking;
    RewardsDistributor distributor;
    MintingAgent agent;
    Redemption redemption;
    FlowDeployed flow;
    StabilityDeployed stability; // only where it is enabled
}

/// @title Deployment
/// @notice The one way in which the contracts are deployed and wired: by tests, by `make up` and on public chains.
/// @dev The deployer is the AccessManager's first admin, and a function without a role answers to the admin: so everything is set before a single role
/// exists. The last transaction hands over: all roles are granted, the admin becomes the Timelock, the deployer renounces, all or nothing. A deployment
/// that was interrupted before it is abandoned; the next one starts anew.
library Deployment {
    error HolderMissing(string role);

    string internal constant DOLLAR_FEED = "USDC/USD";

    function deploy(DeploymentConfig memory config) internal returns (Deployed memory deployed) {
        _check(config);
        deployed.primary = config.primary;
        _deployShared(deployed, config);
        if (config.primary) {
            _deployIssuance(deployed, config);
            _wireIssuance(deployed, config.parameters);
            if (address(config.flow.host) != address(0)) _deployFlow(deployed, config);
        }
        if (config.stability.enabled) {
            deployed.stability = StabilityDeployment.deploy(deployed.authority, deployed.oracle, deployed.token, config.stability);
        }
        deployed.authority.multicall(Rights.handOver(deployed, config));
    }

    function _check(DeploymentConfig memory config) private pure {
        if (config.deployer == address(0)) revert HolderMissing("deployer");
        if (config.holders.guardian == address(0)) revert HolderMissing("guardian");
        if (config.holders.sequencer == address(0)) revert HolderMissing("sequencer");
        if (config.holders.governor == address(0)) revert HolderMissing("governor");
        if (config.holders.reporters.length < config.parameters.dollarFeed.quorum) revert HolderMissing("reporters");
        if (config.primary && config.holders.arbiter == address(0)) revert HolderMissing("arbiter");
    }

    // --- Every chain

    function _deployShared(Deployed memory deployed, DeploymentConfig memory config) private {
        deployed.authority = new AccessManager(config.deployer);
        deployed.timelock = _deployTimelock(config);
        deployed.localDollar = address(config.dollar) == address(0);
        deployed.dollar = deployed.localDollar ? IERC20Metadata(new LocalDollar()) : config.dollar;
        deployed.token = new sSTBToken(address(deployed.authority));
        _deployOracle(deployed, config.parameters);
        _deployCustody(deployed, config.parameters);
    }

    function _deployTimelock(DeploymentConfig memory config) private returns (Timelock) {
        address[] memory governors = new address[](1);
        governors[0] = config.holders.governor;
        return new Timelock(config.holders.timelockDelaySeconds, governors, governors);
    }

    function _deployOracle(Deployed memory deployed, Parameters memory parameters) private {
        deployed.oracle = new Oracle(address(deployed.authority));
        deployed.oracle.setFeed(keccak256(bytes(DOLLAR_FEED)), parameters.dollarFeed);
        deployed.dollarFeed = new OracleFeed(deployed.oracle, DOLLAR_FEED);
    }

    function _deployCustody(Deployed memory deployed, Parameters memory parameters) private {
        deployed.custody = new Custody(address(deployed.authority), parameters.epochSeconds);
        deployed.custody.listToken(address(deployed.dollar), parameters.dollarEpochCap);
        deployed.custody.listToken(address(deployed.token), parameters.computeEpochCap);
    }

    // --- The primary chain

    function _deployIssuance(Deployed memory deployed, DeploymentConfig memory config) private {
        address authority = address(deployed.authority);
        Parameters memory parameters = config.parameters;
        deployed.cuToken = new CUToken(authority);
        deployed.rewardToken = new rSTBToken(authority, parameters.rewardGovernanceCap);
        deployed.verifier = new ComputeUnitVerifier(authority, parameters.benchmark);
        deployed.committee = new CommitteeProof(authority, Arrays.sort(config.holders.committee), config.holders.committeeThreshold);
        deployed.collateral = new CollateralManager(authority, deployed.dollar, deployed.oracle, parameters.collateral);
        deployed.staking = new ProviderStaking(authority, deployed.token);
        deployed.distributor = new RewardsDistributor(authority, deployed.rewardToken, deployed.staking, parameters.rewardMultiplier);
        deployed.agent =
            new MintingAgent(authority, deployed.verifier, deployed.collateral, deployed.staking, deployed.cuToken, deployed.token);
        deployed.redemption = new Redemption(authority, deployed.token, deployed.collateral, parameters.redemption);
        deployed.verification = VerificationDeployment.deploy(
            authority,
            deployed.verifier,
            deployed.committee,
            deployed.collateral,
            deployed.redemption,
            parameters.reverification,
            config.zeroKnowledge
        );
    }

    function _wireIssuance(Deployed memory deployed, Parameters memory parameters) private {
        (address agent, address redemption) = (address(deployed.agent), address(deployed.redemption));
        deployed.cuToken.wire(agent);
        deployed.token.wire(agent, redemption);
        deployed.rewardToken.wire(address(deployed.distributor));
        address faults = address(deployed.verification.faults);
        deployed.verifier.wire(agent, faults);
        deployed.collateral.wire(agent, redemption, faults);
        deployed.staking.wire(agent, deployed.distributor);
        deployed.distributor.addBudget(parameters.rewardBudget);
    }

    // --- Backpressure payments, on the primary chain where Superfluid stands

    function _deployFlow(Deployed memory deployed, DeploymentConfig memory config) private {
        deployed.flow = FlowDeployment.deploy(
            config.flow, address(deployed.authority), deployed.token, deployed.dollar, deployed.collateral, address(deployed.timelock)
        );
    }
}
