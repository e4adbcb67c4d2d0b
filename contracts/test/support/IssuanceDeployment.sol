// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {Deployed} from "../../script/Deployment.sol";
import {DeploymentConfig, DeploymentDefaults} from "../../script/DeploymentConfig.sol";
import {Verification, ZeroKnowledgeKey} from "../../script/VerificationDeployment.sol";
import {Timelock} from "../../src/governance/Timelock.sol";
import {rSTBToken} from "../../src/governance/rSTBToken.sol";
import {IComputeUnitVerifier} from "../../src/interfaces/IComputeUnitVerifier.sol";
import {CUToken} from "../../src/issuance/CUToken.sol";
import {CommitteeProof} from "../../src/issuance/CommitteeProof.sol";
import {ComputeUnitVerifier} from "../../src/issuance/ComputeUnitVerifier.sol";
import {MintingAgent} from "../../src/issuance/MintingAgent.sol";
import {Redemption} from "../../src/issuance/Redemption.sol";
import {ZeroKnowledgeProof} from "../../src/issuance/ZeroKnowledgeProof.sol";
import {sSTBToken} from "../../src/issuance/sSTBToken.sol";
import {Oracle} from "../../src/oracle/Oracle.sol";
import {CollateralManager} from "../../src/staking/CollateralManager.sol";
import {ProviderStaking} from "../../src/staking/ProviderStaking.sol";
import {RewardsDistributor} from "../../src/staking/RewardsDistributor.sol";
import {DeploymentFixture} from "./DeploymentFixture.sol";
import {PlainToken} from "./Tokens.sol";

/// @notice The primary chain as the deploy path leaves it: three reporters, a committee of 3 of 5, the timelock as governor and admin. Its dollar
/// is free to mint, no price is too far from the last, a default costs 110 % and rewards have no budget yet.
abstract contract IssuanceDeployment is DeploymentFixture {
    bytes32 internal constant DOLLAR_FEED = keccak256("USDC/USD");
    uint64 internal constant PAR = 0.06e18;
    uint32 internal constant GRACE_SECONDS = 24 hours;
    uint32 internal constant PRICE_AGE_SECONDS = 1 hours;
    uint256 internal constant MULTIPLIER = 1_585_489_599; // 5 % a year
    uint256 internal constant GOVERNANCE_CAP = 1_000_000e18;
    uint256 internal constant COMMITTEE_SIZE = 5;
    uint256 internal constant COMMITTEE_THRESHOLD = 3;

    address[] internal REPORTERS;

    AccessManager internal authority;
    Timelock internal timelock;
    PlainToken internal dollar;
    Oracle internal oracle;
    CUToken internal cuToken;
    sSTBToken internal stable;
    rSTBToken internal reward;
    ComputeUnitVerifier internal verifier;
    CommitteeProof internal committee;
    CollateralManager internal collateral;
    ProviderStaking internal staking;
    RewardsDistributor internal distributor;
    MintingAgent internal agent;
    Redemption internal redemption;
    Verification private _verification;
    uint256[] internal committeeKeys; // by ascending address

    function _deployIssuance() internal {
        dollar = new PlainToken("USDC", 6);
        DeploymentConfig memory config = _issuanceConfig();
        REPORTERS = config.holders.reporters;
        _keep(DEPLOYER.deploy(config));
        _reportPrice(1e18);
    }

    function _issuanceConfig() private returns (DeploymentConfig memory config) {
        config = _config(true);
        config.dollar = dollar;
        config.holders.committee = _committee();
        config.holders.committeeThreshold = COMMITTEE_THRESHOLD;
        config.holders.timelockDelaySeconds = DeploymentDefaults.TIMELOCK_DELAY_SECONDS;
        config.parameters.benchmark = _standard(1);
        config.parameters.collateral = CollateralManager.Rules(PAR, 12_000, GRACE_SECONDS);
        config.parameters.redemption = Redemption.Rules(72 hours, 72 hours, 11_000, 0, 0, 0, 0);
        config.parameters.dollarFeed = Oracle.FeedRules(2, PRICE_AGE_SECONDS, type(uint16).max);
        config.parameters.rewardMultiplier = MULTIPLIER;
        config.parameters.rewardBudget = 0;
        config.parameters.rewardGovernanceCap = GOVERNANCE_CAP;
        config.zeroKnowledge = _zeroKnowledgeKey();
    }

    /// @dev None: the method is not deployed.
    function _zeroKnowledgeKey() internal virtual returns (ZeroKnowledgeKey memory) {}

    function _committee() private returns (address[] memory signers) {
        signers = new address[](COMMITTEE_SIZE);
        for (uint256 i = 0; i < COMMITTEE_SIZE; i++) {
            uint256 key = uint256(keccak256(abi.encode("verifier", i)));
            address signer = vm.addr(key);
            committeeKeys.push(key);
            uint256 place = i;
            for (; place > 0 && signers[place - 1] > signer; place--) {
                (signers[place], committeeKeys[place]) = (signers[place - 1], committeeKeys[place - 1]);
            }
            (signers[place], committeeKeys[place]) = (signer, key);
        }
    }

    function _keep(Deployed memory deployed) private {
        (authority, timelock, oracle) = (deployed.authority, deployed.timelock, deployed.oracle);
        (cuToken, stable, reward) = (deployed.cuToken, deployed.token, deployed.rewardToken);
        (verifier, committee, collateral) = (deployed.verifier, deployed.committee, deployed.collateral);
        (staking, distributor) = (deployed.staking, deployed.distributor);
        (agent, redemption) = (deployed.agent, deployed.redemption);
        _verification = deployed.verification;
    }

    function _zeroKnowledge() internal view returns (ZeroKnowledgeProof) {
        return _verification.zeroKnowledge;
    }

    function _reverification() internal view returns (address) {
        return address(_verification.reverification);
    }

    function _arbiter() internal view returns (address) {
        return address(_verification.arbiter);
    }

    function _standard(uint32 epochBlocks) internal pure returns (IComputeUnitVerifier.Standard memory) {
        return IComputeUnitVerifier.Standard(4096, 4096, 100, 2, 1, 9000, epochBlocks);
    }

    /// @dev Every reporter says the same.
    function _reportPrice(uint256 price) internal {
        for (uint256 i = 0; i < REPORTERS.length; i++) {
            vm.prank(REPORTERS[i]);
            oracle.report(DOLLAR_FEED, price);
        }
    }
}
