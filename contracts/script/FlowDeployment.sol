// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {
    ISuperToken,
    ISuperTokenFactory,
    ISuperfluid
} from "@superfluid-finance/ethereum-contracts/contracts/interfaces/superfluid/ISuperfluid.sol";

import {BackpressurePool} from "../src/flow/BackpressurePool.sol";
import {CapacityRegistry} from "../src/flow/CapacityRegistry.sol";
import {EscrowBuffer} from "../src/flow/EscrowBuffer.sol";
import {Pipeline} from "../src/flow/Pipeline.sol";
import {StakeManager} from "../src/flow/StakeManager.sol";
import {Roles} from "../src/libraries/Roles.sol";
import {CollateralManager} from "../src/staking/CollateralManager.sol";
import {FlowConstants} from "../src/types/Flow.sol";

/// @notice Backpressure payments as deployed; all zero where the chain has no Superfluid.
struct FlowDeployed {
    ISuperToken payment;
    StakeManager stakes;
    CapacityRegistry registry;
    BackpressurePool pools;
    EscrowBuffer escrow;
    Pipeline pipeline;
}

/// @notice What a deployment of backpressure payments starts with.
struct FlowConfig {
    ISuperfluid host; // Superfluid's host on this chain; zero: no backpressure payments
    ISuperToken payment; // a Super Token; zero: a wrapper of the dollar is created
    StakeManager.Rules stakes;
    CapacityRegistry.Rules registry;
    uint256 thresholdBps;
    uint256 quantum; // [wei per second] of the first task type
    uint256 bufferMax; // [wei] of the first task type
}

/// @title FlowDeployment
/// @notice Deploys and wires backpressure payments in the order of source 3: stakes, registry, pools, escrow, pipeline.
library FlowDeployment {
    /// @notice The task type that every deployment starts with: jobs as redemptions run them.
    string internal constant FIRST_TASK_TYPE = "compute.wasm";

    /// @notice The constants of source 3. A CU in a second at par would be 6e16 wei per second; the quantum resolves a processor core.
    function defaults() internal pure returns (FlowConfig memory config) {
        config.stakes = StakeManager.Rules({
            minSinkStake: uint96(FlowConstants.MIN_SINK_STAKE),
            stakeUnit: uint80(FlowConstants.STAKE_UNIT),
            capacityUnit: uint64(FlowConstants.CAPACITY_UNIT),
            linear: false,
            providersOnly: false,
            cooldownSeconds: uint32(FlowConstants.COOLDOWN_SECONDS)
        });
        config.registry = CapacityRegistry.Rules({
            alphaBps: uint16(FlowConstants.EWMA_ALPHA_BPS),
            commitTimeoutBlocks: uint32(FlowConstants.COMMIT_TIMEOUT),
            epochSeconds: uint32(FlowConstants.EPOCH_SECONDS),
            sinksMax: 1024
        });
        config.thresholdBps = FlowConstants.REBALANCE_THRESHOLD_BPS;
        config.quantum = 1e6;
        config.bufferMax = 1_000_000e18;
    }

    function deploy(
        FlowConfig memory config,
        address authority,
        IERC20Metadata stakeToken,
        IERC20Metadata dollar,
        CollateralManager collateral,
        address treasury
    ) internal returns (FlowDeployed memory flow) {
        flow.payment = address(config.payment) == address(0) ? _wrapper(config.host, dollar) : config.payment;
        flow.stakes = new StakeManager(authority, stakeToken, collateral, treasury, config.stakes);
        flow.registry = new CapacityRegistry(authority, flow.stakes, config.registry);
        flow.pools = new BackpressurePool(authority, flow.registry, flow.payment, config.thresholdBps);
        flow.escrow = new EscrowBuffer(authority, flow.pools);
        flow.pipeline = new Pipeline(authority, flow.pools);
        _wire(flow, config);
    }

    function _wrapper(ISuperfluid host, IERC20Metadata dollar) private returns (ISuperToken) {
        string memory symbol = dollar.symbol();
        return host.getSuperTokenFactory()
            .createERC20Wrapper(
                dollar, ISuperTokenFactory.Upgradability.SEMI_UPGRADABLE, string.concat("Super ", symbol), string.concat(symbol, "x")
            );
    }

    function _wire(FlowDeployed memory flow, FlowConfig memory config) private {
        flow.stakes.wire(address(flow.registry));
        flow.registry.wire(flow.pools);
        flow.pools.wire(address(flow.escrow), address(flow.pipeline));
        bytes32 taskTypeId = flow.registry.registerTaskType(FIRST_TASK_TYPE);
        flow.pools.openPool(taskTypeId, config.quantum);
        flow.escrow.setBufferMax(taskTypeId, config.bufferMax);
    }
}

/// @notice Functions of one contract that a role may call.
struct FlowRight {
    address target;
    uint64 role;
    bytes4[] selectors;
}

/// @title FlowRights
/// @notice Which role may call which function of backpressure payments.
library FlowRights {
    function rights(FlowDeployed memory flow) internal pure returns (FlowRight[] memory list) {
        list = new FlowRight[](12);
        address[5] memory stoppable =
            [address(flow.stakes), address(flow.registry), address(flow.pools), address(flow.escrow), address(flow.pipeline)];
        for (uint256 i = 0; i < stoppable.length; i++) {
            list[i] = FlowRight(stoppable[i], Roles.GUARDIAN, _one(StakeManager.pause.selector));
        }
        bytes4 resume = StakeManager.unpause.selector;
        list[5] = FlowRight(stoppable[0], Roles.GOVERNOR, _two(resume, StakeManager.setRules.selector));
        list[6] = FlowRight(
            stoppable[1], Roles.GOVERNOR, _three(resume, CapacityRegistry.setRules.selector, CapacityRegistry.registerTaskType.selector)
        );
        list[7] = FlowRight(stoppable[2], Roles.GOVERNOR, _pools(resume));
        list[8] = FlowRight(stoppable[3], Roles.GOVERNOR, _two(resume, EscrowBuffer.setBufferMax.selector));
        list[9] = FlowRight(stoppable[4], Roles.GOVERNOR, _three(resume, Pipeline.createPipeline.selector, Pipeline.returnDeposit.selector));
        list[10] = FlowRight(stoppable[0], Roles.ARBITER, _one(StakeManager.slash.selector));
        list[11] = FlowRight(stoppable[1], Roles.ARBITER, _one(CapacityRegistry.recordCompletion.selector));
    }

    function _pools(bytes4 resume) private pure returns (bytes4[] memory selectors) {
        selectors = new bytes4[](4);
        (selectors[0], selectors[1]) = (resume, BackpressurePool.openPool.selector);
        (selectors[2], selectors[3]) = (BackpressurePool.setThreshold.selector, BackpressurePool.sweepDust.selector);
    }

    function _one(bytes4 first) private pure returns (bytes4[] memory selectors) {
        selectors = new bytes4[](1);
        selectors[0] = first;
    }

    function _two(bytes4 first, bytes4 second) private pure returns (bytes4[] memory selectors) {
        selectors = new bytes4[](2);
        (selectors[0], selectors[1]) = (first, second);
    }

    function _three(bytes4 first, bytes4 second, bytes4 third) private pure returns (bytes4[] memory selectors) {
        selectors = new bytes4[](3);
        (selectors[0], selectors[1], selectors[2]) = (first, second, third);
    }
}
