// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

import {IComputeUnitVerifier} from "../src/interfaces/IComputeUnitVerifier.sol";
import {Redemption} from "../src/issuance/Redemption.sol";
import {Reverification} from "../src/issuance/Reverification.sol";
import {Oracle} from "../src/oracle/Oracle.sol";
import {CollateralManager} from "../src/staking/CollateralManager.sol";
import {FlowConfig} from "./FlowDeployment.sol";
import {StabilityConfig} from "./StabilityConfig.sol";
import {ZeroKnowledgeKey} from "./VerificationDeployment.sol";

/// @notice Who holds which role after the deployment.
struct Holders {
    address guardian;
    address sequencer;
    address arbiter;
    address governor; // proposes to the Timelock and executes what it let pass
    address[] reporters;
    address[] committee; // signers of CommitteeProof
    uint256 committeeThreshold;
    uint256 timelockDelaySeconds;
}

/// @notice What governance can change later.
struct Parameters {
    IComputeUnitVerifier.Standard benchmark;
    CollateralManager.Rules collateral;
    Redemption.Rules redemption;
    Reverification.Rules reverification;
    Oracle.FeedRules dollarFeed;
    uint256 rewardMultiplier; // [wad rSTB per sSTB and second]
    uint256 rewardBudget; // [wad rSTB]
    uint256 rewardGovernanceCap; // [wad rSTB]
    uint64 epochSeconds; // [seconds] of Custody's withdrawal caps; fixed for ever
    uint256 dollarEpochCap; // [base units]
    uint256 computeEpochCap; // [wad sSTB]
}

/// @notice All that Deployment needs to know.
struct DeploymentConfig {
    address deployer; // sends the transactions; holds nothing in the end
    bool primary; // the chain where sSTB is issued
    IERC20Metadata dollar; // zero: deploy LocalDollar, which only the local chains admit
    Holders holders;
    Parameters parameters;
    FlowConfig flow;
    StabilityConfig stability; // disabled unless the configuration says so
    ZeroKnowledgeKey zeroKnowledge;
}

/// @title DeploymentDefaults
/// @notice The one place of the values that a deployment starts with unless its configuration says otherwise. They are the published ones where such
/// exist: par $0.06, collateral 120 %, 24 h grace, 72 h disputes, 5 % a year, 2 days of timelock.
library DeploymentDefaults {
    uint256 internal constant TIMELOCK_DELAY_SECONDS = 2 days;

    function parameters() internal pure returns (Parameters memory) {
        return Parameters({
            benchmark: IComputeUnitVerifier.Standard({
                rows: 4096, depth: 4096, windowBlocks: 100, seedDelayBlocks: 2, blockSeconds: 1, haircutBps: 9000, epochBlocks: 8
            }),
            collateral: CollateralManager.Rules({par: 0.06e18, ratioBpsMin: 12_000, graceSeconds: 24 hours}),
            redemption: Redemption.Rules({
                disputeSeconds: 72 hours,
                judgeSeconds: 72 hours,
                compensationBps: 10_000,
                feeBps: 10,
                gateBps: 500,
                bondBps: 100,
                penaltyBps: 1000
            }),
            // Once an hour on average at one second a block; credit halves a day after the last proof.
            reverification: Reverification.Rules({epochBlocks: 240, summonBps: 667, answerSeconds: 15 minutes, halfLifeSeconds: 24 hours}),
            dollarFeed: Oracle.FeedRules({quorum: 2, ageSecondsMax: 1 hours, deviationBpsMax: 1000}),
            rewardMultiplier: uint256(0.05e18) / 365 days,
            rewardBudget: 1_000_000e18,
            rewardGovernanceCap: 100_000_000e18,
            epochSeconds: 1 days,
            dollarEpochCap: 1_000_000e6,
            computeEpochCap: 20_000_000e18
        });
    }
}
