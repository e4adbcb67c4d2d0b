// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {ISuperToken, ISuperfluid} from "@superfluid-finance/ethereum-contracts/contracts/interfaces/superfluid/ISuperfluid.sol";
import {Script} from "forge-std/Script.sol";
import {stdJson} from "forge-std/StdJson.sol";

import {Deployed, Deployment} from "./Deployment.sol";
import {DeploymentConfig, DeploymentDefaults, Holders, Parameters} from "./DeploymentConfig.sol";
import {FlowConfig, FlowDeployed, FlowDeployment} from "./FlowDeployment.sol";
import {StabilityTokens} from "./StabilityConfig.sol";
import {StabilityDeployed} from "./StabilityDeployment.sol";
import {ZeroKnowledgeKey} from "./VerificationDeployment.sol";

/// @title Deploy
/// @notice Deploys one chain from the JSON file STAB3L_DEPLOY_CONFIG and writes the addresses to STAB3L_DEPLOY_OUT (contracts/README.md).
/// @dev forge runs a script to its end before it sends the first transaction: the file counts only once forge has exited with 0.
contract Deploy is Script {
    using stdJson for string;

    error ConfigForOtherChain(uint256 configured, uint256 connected);
    error ParameterTooLarge(string key, uint256 value, uint256 max);

    function run() external returns (Deployed memory deployed) {
        DeploymentConfig memory config = read(vm.readFile(vm.envString("STAB3L_DEPLOY_CONFIG")), msg.sender);
        uint256 block_ = vm.getBlockNumber();
        vm.startBroadcast();
        deployed = Deployment.deploy(config);
        vm.stopBroadcast();
        vm.writeFile(vm.envString("STAB3L_DEPLOY_OUT"), render(deployed, block_));
    }

    // --- In

    function read(string memory json, address deployer) public view returns (DeploymentConfig memory config) {
        uint256 chainId = json.readUint(".chainId");
        if (chainId != block.chainid) revert ConfigForOtherChain(chainId, block.chainid);
        config.deployer = deployer;
        config.primary = json.readBool(".primary");
        config.dollar = IERC20Metadata(json.readAddressOr(".dollar", address(0)));
        config.holders = _readHolders(json);
        config.parameters = _readParameters(json);
        config.flow = _readFlow(json);
        config.stability.enabled = json.readBoolOr(".stability.enabled", false);
        if (config.stability.enabled) _readStability(json, config);
        if (json.keyExists(".zeroKnowledge")) config.zeroKnowledge = _readKey(json);
    }

    function _readHolders(string memory json) private view returns (Holders memory holders) {
        holders.guardian = json.readAddress(".guardian");
        holders.sequencer = json.readAddress(".sequencer");
        holders.arbiter = json.readAddress(".arbiter");
        holders.governor = json.readAddress(".governor");
        holders.reporters = json.readAddressArray(".reporters");
        holders.committee = json.readAddressArray(".committee.signers");
        holders.committeeThreshold = json.readUint(".committee.threshold");
        holders.timelockDelaySeconds = json.readUintOr(".timelockDelaySeconds", DeploymentDefaults.TIMELOCK_DELAY_SECONDS);
    }

    function _readStability(string memory json, DeploymentConfig memory config) private view {
        config.stability.par = config.parameters.collateral.par;
        config.stability.computeDepth = uint128(json.readUintOr(".stability.computeDepth", 0));
        config.stability.keepers = json.readAddressArray(".stability.keepers");
        StabilityTokens memory tokens = config.stability.tokens;
        tokens.cUSDT = json.readAddressOr(".stability.tokens.cUSDT", address(0));
        if (tokens.cUSDT == address(0)) return;
        tokens.cUSDC = json.readAddress(".stability.tokens.cUSDC");
        tokens.cEURT = json.readAddress(".stability.tokens.cEURT");
        tokens.cXAUC = json.readAddress(".stability.tokens.cXAUC");
        tokens.USDT = json.readAddress(".stability.tokens.USDT");
    }

    function _readKey(string memory json) private pure returns (ZeroKnowledgeKey memory key) {
        key.depth = uint32(json.readUint(".zeroKnowledge.depth"));
        key.development = json.readBool(".zeroKnowledge.development");
        key.words = json.readUintArray(".zeroKnowledge.words");
    }

    function _readParameters(string memory json) private view returns (Parameters memory p) {
        p = DeploymentDefaults.parameters();
        p.benchmark.rows = uint32(_read(json, "benchmark.rows", p.benchmark.rows, type(uint32).max));
        p.benchmark.depth = uint32(_read(json, "benchmark.depth", p.benchmark.depth, type(uint32).max));
        p.benchmark.windowBlocks = uint32(_read(json, "benchmark.windowBlocks", p.benchmark.windowBlocks, type(uint32).max));
        p.benchmark.seedDelayBlocks = uint32(_read(json, "benchmark.seedDelayBlocks", p.benchmark.seedDelayBlocks, type(uint32).max));
        p.benchmark.blockSeconds = uint32(_read(json, "benchmark.blockSeconds", p.benchmark.blockSeconds, type(uint32).max));
        p.benchmark.haircutBps = uint16(_read(json, "benchmark.haircutBps", p.benchmark.haircutBps, type(uint16).max));
        p.benchmark.epochBlocks = uint32(_read(json, "benchmark.epochBlocks", p.benchmark.epochBlocks, type(uint32).max));
        p.reverification.epochBlocks = uint32(_read(json, "reverification.epochBlocks", p.reverification.epochBlocks, type(uint32).max));
        p.reverification.summonBps = uint16(_read(json, "reverification.summonBps", p.reverification.summonBps, type(uint16).max));
        p.collateral.par = uint64(_read(json, "collateral.par", p.collateral.par, type(uint64).max));
        p.collateral.ratioBpsMin = uint16(_read(json, "collateral.ratioBpsMin", p.collateral.ratioBpsMin, type(uint16).max));
        p.collateral.graceSeconds = uint32(_read(json, "collateral.graceSeconds", p.collateral.graceSeconds, type(uint32).max));
        p.redemption.disputeSeconds = uint32(_read(json, "redemption.disputeSeconds", p.redemption.disputeSeconds, type(uint32).max));
        p.redemption.compensationBps = uint16(_read(json, "redemption.compensationBps", p.redemption.compensationBps, type(uint16).max));
        p.redemption.judgeSeconds = uint32(_read(json, "redemption.judgeSeconds", p.redemption.judgeSeconds, type(uint32).max));
        p.redemption.feeBps = uint16(_read(json, "redemption.feeBps", p.redemption.feeBps, type(uint16).max));
        p.redemption.gateBps = uint16(_read(json, "redemption.gateBps", p.redemption.gateBps, type(uint16).max));
        p.redemption.bondBps = uint16(_read(json, "redemption.bondBps", p.redemption.bondBps, type(uint16).max));
        p.redemption.penaltyBps = uint16(_read(json, "redemption.penaltyBps", p.redemption.penaltyBps, type(uint16).max));
        p.dollarFeed.quorum = uint8(_read(json, "dollarFeed.quorum", p.dollarFeed.quorum, type(uint8).max));
        p.dollarFeed.ageSecondsMax = uint32(_read(json, "dollarFeed.ageSecondsMax", p.dollarFeed.ageSecondsMax, type(uint32).max));
        p.dollarFeed.deviationBpsMax = uint16(_read(json, "dollarFeed.deviationBpsMax", p.dollarFeed.deviationBpsMax, type(uint16).max));
        p.rewardMultiplier = _read(json, "rewards.multiplier", p.rewardMultiplier, type(uint256).max);
        p.rewardBudget = _read(json, "rewards.budget", p.rewardBudget, type(uint256).max);
        p.rewardGovernanceCap = _read(json, "rewards.governanceCap", p.rewardGovernanceCap, type(uint256).max);
        p.epochSeconds = uint64(_read(json, "custody.epochSeconds", p.epochSeconds, type(uint64).max));
        p.dollarEpochCap = _read(json, "custody.dollarEpochCap", p.dollarEpochCap, type(uint256).max);
        p.computeEpochCap = _read(json, "custody.computeEpochCap", p.computeEpochCap, type(uint256).max);
    }

    function _readFlow(string memory json) private view returns (FlowConfig memory flow) {
        flow = FlowDeployment.defaults();
        flow.host = ISuperfluid(json.readAddressOr(".superfluid.host", address(0)));
        flow.payment = ISuperToken(json.readAddressOr(".superfluid.token", address(0)));
        flow.registry.epochSeconds = uint32(_read(json, "flow.epochSeconds", flow.registry.epochSeconds, type(uint32).max));
        flow.registry.alphaBps = uint16(_read(json, "flow.alphaBps", flow.registry.alphaBps, type(uint16).max));
        flow.registry.commitTimeoutBlocks =
            uint32(_read(json, "flow.commitTimeoutBlocks", flow.registry.commitTimeoutBlocks, type(uint32).max));
        flow.stakes.cooldownSeconds = uint32(_read(json, "flow.cooldownSeconds", flow.stakes.cooldownSeconds, type(uint32).max));
        flow.stakes.minSinkStake = uint96(_read(json, "flow.minSinkStake", flow.stakes.minSinkStake, type(uint96).max));
        flow.stakes.capacityUnit = uint64(_read(json, "flow.capacityUnit", flow.stakes.capacityUnit, type(uint64).max));
        flow.thresholdBps = _read(json, "flow.thresholdBps", flow.thresholdBps, type(uint256).max);
        flow.quantum = _read(json, "flow.quantum", flow.quantum, type(uint256).max);
        flow.bufferMax = _read(json, "flow.bufferMax", flow.bufferMax, type(uint128).max);
    }

    function _read(string memory json, string memory key, uint256 fallback_, uint256 max) private view returns (uint256 value) {
        value = json.readUintOr(string.concat(".parameters.", key), fallback_);
        if (value > max) revert ParameterTooLarge(key, value, max);
    }

    // --- Out

    function render(Deployed memory deployed, uint256 block_) public returns (string memory) {
        string memory root = string.concat("deployment ", vm.toString(address(deployed.authority)));
        vm.serializeUint(root, "chainId", block.chainid);
        vm.serializeUint(root, "block", block_);
        return vm.serializeString(root, "contracts", _renderContracts(deployed));
    }

    function _renderContracts(Deployed memory deployed) private returns (string memory json) {
        string memory map = string.concat("contracts ", vm.toString(address(deployed.authority)));
        vm.serializeAddress(map, "AccessManager", address(deployed.authority));
        vm.serializeAddress(map, "Timelock", address(deployed.timelock));
        vm.serializeAddress(map, deployed.localDollar ? "LocalDollar" : "Dollar", address(deployed.dollar));
        vm.serializeAddress(map, "Oracle", address(deployed.oracle));
        vm.serializeAddress(map, "OracleFeed", address(deployed.dollarFeed));
        vm.serializeAddress(map, "sSTBToken", address(deployed.token));
        json = vm.serializeAddress(map, "Custody", address(deployed.custody));
        if (deployed.stability.pools.length > 0) json = _renderStability(map, deployed.stability);
        if (!deployed.primary) return json;
        vm.serializeAddress(map, "CUToken", address(deployed.cuToken));
        vm.serializeAddress(map, "rSTBToken", address(deployed.rewardToken));
        vm.serializeAddress(map, "ComputeUnitVerifier", address(deployed.verifier));
        vm.serializeAddress(map, "CommitteeProof", address(deployed.committee));
        vm.serializeAddress(map, "TeeProof", address(deployed.verification.tee));
        vm.serializeAddress(map, "CommitteeArbiter", address(deployed.verification.arbiter));
        vm.serializeAddress(map, "ClaimFaults", address(deployed.verification.faults));
        vm.serializeAddress(map, "Reverification", address(deployed.verification.reverification));
        if (address(deployed.verification.zeroKnowledge) != address(0)) {
            vm.serializeAddress(map, "ZeroKnowledgeProof", address(deployed.verification.zeroKnowledge));
            vm.serializeAddress(map, "Groth16Verifier", address(deployed.verification.groth16));
        }
        vm.serializeAddress(map, "CollateralManager", address(deployed.collateral));
        vm.serializeAddress(map, "ProviderStaking", address(deployed.staking));
        vm.serializeAddress(map, "RewardsDistributor", address(deployed.distributor));
        vm.serializeAddress(map, "MintingAgent", address(deployed.agent));
        json = vm.serializeAddress(map, "Redemption", address(deployed.redemption));
        if (address(deployed.flow.pools) != address(0)) json = _renderFlow(map, deployed.flow);
    }

    function _renderFlow(string memory map, FlowDeployed memory flow) private returns (string memory) {
        vm.serializeAddress(map, "SuperfluidHost", flow.payment.getHost());
        vm.serializeAddress(map, "SuperToken", address(flow.payment));
        vm.serializeAddress(map, "StakeManager", address(flow.stakes));
        vm.serializeAddress(map, "CapacityRegistry", address(flow.registry));
        vm.serializeAddress(map, "BackpressurePool", address(flow.pools));
        vm.serializeAddress(map, "EscrowBuffer", address(flow.escrow));
        return vm.serializeAddress(map, "Pipeline", address(flow.pipeline));
    }

    function _renderStability(string memory map, StabilityDeployed memory d) private returns (string memory json) {
        vm.serializeAddress(map, "cUSDT", d.tokens.cUSDT);
        vm.serializeAddress(map, "cUSDC", d.tokens.cUSDC);
        vm.serializeAddress(map, "cEURT", d.tokens.cEURT);
        vm.serializeAddress(map, "cXAUC", d.tokens.cXAUC);
        vm.serializeAddress(map, "USDT", d.tokens.USDT);
        vm.serializeAddress(map, "XAUTriangulation", address(d.triangulation));
        vm.serializeAddress(map, "ReserveVault", address(d.vault));
        vm.serializeAddress(map, "PegManager", address(d.pegs));
        vm.serializeAddress(map, "StabilizerPolicy", address(d.policy));
        vm.serializeAddress(map, "Stabilizer", address(d.stabilizer));
        vm.serializeAddress(map, "FlashLender", address(d.lender));
        vm.serializeAddress(map, "BridgeReserveCoordinator", address(d.coordinator));
        vm.serializeAddress(map, "PMMRouter", address(d.router));
        string[5] memory pools =
            ["PMMPool cUSDT/cUSDC", "PMMPool cUSDT/XAU", "PMMPool cUSDC/XAU", "PMMPool cEURT/XAU", "PMMPool sSTB/cUSDC"];
        for (uint256 i = 0; i < pools.length; i++) {
            vm.serializeAddress(map, pools[i], address(d.pools[i]));
        }
        string[4] memory mesh = ["MeshPool cUSDT", "MeshPool cUSDC", "MeshPool cEURT", "MeshPool sSTB"];
        for (uint256 i = 0; i < mesh.length; i++) {
            json = vm.serializeAddress(map, mesh[i], address(d.mesh[i]));
        }
    }
}
