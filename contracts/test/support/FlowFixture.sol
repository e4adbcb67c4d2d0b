// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {
    IGeneralDistributionAgreementV1,
    ISuperToken,
    ISuperfluid,
    ISuperfluidPool
} from "@superfluid-finance/ethereum-contracts/contracts/interfaces/superfluid/ISuperfluid.sol";

import {Deployed} from "../../script/Deployment.sol";
import {DeploymentConfig} from "../../script/DeploymentConfig.sol";
import {FlowDeployment} from "../../script/FlowDeployment.sol";
import {BackpressurePool} from "../../src/flow/BackpressurePool.sol";
import {CapacityRegistry} from "../../src/flow/CapacityRegistry.sol";
import {EscrowBuffer} from "../../src/flow/EscrowBuffer.sol";
import {Pipeline} from "../../src/flow/Pipeline.sol";
import {StakeManager} from "../../src/flow/StakeManager.sol";
import {sSTBToken} from "../../src/issuance/sSTBToken.sol";
import {DeploymentFixture} from "./DeploymentFixture.sol";
import {SuperfluidFramework} from "./SuperfluidFramework.sol";
import {PlainToken} from "./Tokens.sol";

/// @notice Backpressure payments as the deploy path leaves them, on the real Superfluid, and the steps of sinks and sources.
abstract contract FlowFixture is DeploymentFixture {
    bytes32 internal constant TASK = keccak256("compute.wasm");
    uint256 internal constant QUANTUM = 1e9;
    uint256 internal constant EPOCH_SECONDS = 300;
    uint256 internal constant START = 1_800_000_000; // the first second of an epoch
    uint256 internal constant STAKE = 400e18; // cap 20e15 wei per second
    uint256 internal constant CAPACITY = 1e15;
    bytes32 internal constant NONCE = keccak256("nonce");
    bytes32 internal constant GDA_CLASS = keccak256("org.superfluid-finance.agreements.GeneralDistributionAgreement.v1");

    address internal immutable SOURCE = makeAddr("source");
    address internal immutable SINK = makeAddr("sink 0");
    address internal immutable OTHER_SINK = makeAddr("sink 1");

    ISuperfluid internal host;
    IGeneralDistributionAgreementV1 internal agreement;
    ISuperToken internal payment;
    PlainToken internal dollar;
    sSTBToken internal stable;
    StakeManager internal stakes;
    CapacityRegistry internal registry;
    BackpressurePool internal pools;
    EscrowBuffer internal escrow;
    Pipeline internal pipeline;
    ISuperfluidPool internal pool;
    address internal timelock;

    function setUp() public virtual {
        vm.warp(START);
        vm.roll(1000);
        host = SuperfluidFramework.deploy();
        agreement = IGeneralDistributionAgreementV1(address(host.getAgreementClass(GDA_CLASS)));
        DeploymentConfig memory config = _config(true);
        dollar = new PlainToken("USDC", 6);
        config.dollar = dollar;
        config.flow = FlowDeployment.defaults();
        config.flow.host = host;
        (config.flow.bufferMax, config.flow.quantum) = (1000e18, QUANTUM);
        _keep(DEPLOYER.deploy(config));
        pool = ISuperfluidPool(pools.getPool(TASK));
    }

    function _keep(Deployed memory deployed) private {
        (payment, stakes, registry) = (deployed.flow.payment, deployed.flow.stakes, deployed.flow.registry);
        (pools, escrow, pipeline) = (deployed.flow.pools, deployed.flow.escrow, deployed.flow.pipeline);
        (stable, timelock) = (deployed.token, address(deployed.timelock));
    }

    // --- Sinks

    function _sink(uint256 index) internal returns (address) {
        return makeAddr(string.concat("sink ", vm.toString(index)));
    }

    function _stake(address sink, uint256 amount) internal {
        deal(address(stable), sink, stable.balanceOf(sink) + amount, true);
        vm.startPrank(sink);
        stable.approve(address(stakes), amount);
        stakes.stake(amount);
        vm.stopPrank();
    }

    function _registered(address sink) internal {
        _stake(sink, STAKE);
        vm.prank(sink);
        registry.registerSink(TASK);
    }

    function _commit(address sink, uint256 capacity) internal {
        bytes32 hash = registry.commitmentOf(TASK, sink, registry.currentEpoch(), capacity, NONCE);
        vm.prank(sink);
        registry.commitCapacity(TASK, hash);
    }

    /// @dev Commits, waits a block, reveals.
    function _signal(address sink, uint256 capacity) internal {
        _commit(sink, capacity);
        vm.roll(vm.getBlockNumber() + 1);
        vm.prank(sink);
        registry.revealCapacity(TASK, capacity, NONCE);
    }

    /// @dev A registered sink whose average has arrived at `capacity`, to within a ten-thousandth.
    function _steady(address sink, uint256 capacity) internal {
        _registered(sink);
        for (uint256 i = 0; i < 28; i++) {
            _nextEpoch();
            _signal(sink, capacity);
        }
    }

    function _nextEpoch() internal {
        vm.warp((registry.currentEpoch() + 1) * EPOCH_SECONDS);
        vm.roll(vm.getBlockNumber() + EPOCH_SECONDS / 2);
    }

    function _pass(uint256 seconds_) internal {
        vm.warp(vm.getBlockTimestamp() + seconds_);
        vm.roll(vm.getBlockNumber() + seconds_ / 2);
    }

    // --- Sources

    function _fund(address source, uint256 amount) internal {
        uint256 dollars = (amount + 1e12 - 1) / 1e12;
        dollar.mint(source, dollars);
        vm.startPrank(source);
        dollar.approve(address(payment), dollars);
        payment.upgrade(dollars * 1e12);
        vm.stopPrank();
    }

    function _distributeFlow(address source, ISuperfluidPool pool_, uint256 rate) internal {
        bytes memory call_ = abi.encodeCall(agreement.distributeFlow, (payment, source, pool_, int96(uint96(rate)), new bytes(0)));
        vm.prank(source);
        host.callAgreement(agreement, call_, new bytes(0));
    }

    /// @dev As the SDK does it: the stream and the rebalancing at one moment.
    function _stream(address source, uint256 rate) internal {
        _distributeFlow(source, pool, rate);
        pools.rebalance(TASK);
    }

    function _rateOf(address member) internal view returns (uint256) {
        return uint256(uint96(pool.getMemberFlowRate(member)));
    }

    function _received(address member) internal view returns (uint256) {
        return pool.getTotalAmountReceivedByMember(member);
    }

    function _smoothed(address sink) internal view returns (uint256) {
        return registry.getSmoothedCapacity(TASK, sink);
    }

    function _expectUnauthorised(address caller) internal {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller));
    }
}
