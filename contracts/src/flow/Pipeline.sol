// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {
    IGeneralDistributionAgreementV1,
    ISuperToken,
    ISuperfluid,
    ISuperfluidPool
} from "@superfluid-finance/ethereum-contracts/contracts/interfaces/superfluid/ISuperfluid.sol";

import {FlowToken, SuperfluidCalls} from "../libraries/SuperfluidCalls.sol";
import {BackpressurePool} from "./BackpressurePool.sol";

/// @title Pipeline
/// @notice Task types as stages of one flow. A source streams into the first stage's pool; the sinks of each stage keep an equal part, and what is left for
/// the later stages goes through this contract to the next pool. No stage is paid more than the ones behind it can do.
/// @dev Stage i's limit is C_eff(i) = min(C(i), C_eff(i + 1)). The last stage is changed first, so that what a stage forwards falls before its income.
/// Its twin is src/stab3l/flow/pipeline.py.
/// @custom:stop The guardian pauses new pipelines and raises of what is forwarded; cuts go on.
/// @custom:trusts BackpressurePool; that somebody lends this contract the deposit that Superfluid locks for what it forwards.
contract Pipeline is AccessManaged, Pausable, ReentrancyGuardTransient {
    using SafeCast for uint256;
    using SafeCast for int256;
    using SuperfluidCalls for FlowToken;

    error StageCountInvalid(uint256 count, uint256 min, uint256 max);
    error PipelineKnown(bytes32 pipelineId);
    error PipelineUnknown(bytes32 pipelineId);
    error PoolUnknown(bytes32 taskTypeId);
    error StageTaken(bytes32 taskTypeId, bytes32 pipelineId);

    event PipelineCreated(bytes32 indexed pipelineId, bytes32[] taskTypeIds);
    event Propagated(bytes32 indexed pipelineId, uint256[] effectiveCapacities);
    event Forwarded(bytes32 indexed pipelineId, uint256 indexed stage, uint256 rate);
    event ForwardUnfunded(bytes32 indexed pipelineId, uint256 indexed stage, uint256 rate);
    event DepositReturned(address indexed to, uint256 amount);

    uint256 public constant STAGES_MIN = 2;
    uint256 public constant STAGES_MAX = 8;

    BackpressurePool public immutable pools;
    ISuperToken public immutable token;
    ISuperfluid private immutable HOST;
    IGeneralDistributionAgreementV1 private immutable AGREEMENT;
    mapping(bytes32 pipelineId => bytes32[]) private _stages;
    /// @notice The pipeline that a task type is a stage of; zero: none.
    mapping(bytes32 taskTypeId => bytes32) public pipelineOf;

    constructor(address authority_, BackpressurePool pools_) AccessManaged(authority_) {
        (pools, token) = (pools_, pools_.token());
        FlowToken memory flow = SuperfluidCalls.flowOf(token);
        (HOST, AGREEMENT) = (flow.host, flow.agreement);
    }

    /// @notice Joins task types, first stage first, into a pipeline for ever.
    function createPipeline(bytes32 pipelineId, bytes32[] calldata taskTypeIds) external restricted whenNotPaused {
        uint256 count = taskTypeIds.length;
        if (count < STAGES_MIN || count > STAGES_MAX) revert StageCountInvalid(count, STAGES_MIN, STAGES_MAX);
        if (_stages[pipelineId].length != 0) revert PipelineKnown(pipelineId);
        _stages[pipelineId] = taskTypeIds;
        emit PipelineCreated(pipelineId, taskTypeIds);
        for (uint256 i = 0; i < count; i++) {
            if (pipelineOf[taskTypeIds[i]] != 0) revert StageTaken(taskTypeIds[i], pipelineOf[taskTypeIds[i]]);
            pipelineOf[taskTypeIds[i]] = pipelineId;
            ISuperfluidPool pool = _poolOf(taskTypeIds[i]);
            if (i + 1 < count) HOST.callAgreement(AGREEMENT, abi.encodeCall(AGREEMENT.connectPool, (pool, new bytes(0))), new bytes(0));
        }
    }

    /// @notice Brings every stage in line with the capacities as they are now; anyone may call.
    function propagate(bytes32 pipelineId) external nonReentrant {
        bytes32[] memory stages = _stages[pipelineId];
        if (stages.length == 0) revert PipelineUnknown(pipelineId);
        uint256[] memory effective = effectiveCapacities(pipelineId);
        emit Propagated(pipelineId, effective);
        for (uint256 i = stages.length; i > 0; i--) {
            _shrink(pipelineId, stages, i - 1, effective[i - 1]);
        }
        for (uint256 i = 1; i < stages.length; i++) {
            _forwardIncome(pipelineId, stages, i, effective[i]);
        }
    }

    /// @dev What goes into this stage first, then what its sinks may get.
    function _shrink(bytes32 pipelineId, bytes32[] memory stages, uint256 stage, uint256 effective) private {
        uint256 behind = stages.length - 1 - stage;
        if (stage != 0 && (behind + 1) * effective < forwardedTo(stages[stage])) {
            _forward(pipelineId, stages[stage], stage, (behind + 1) * effective);
        }
        pools.setStage(stages[stage], effective, behind);
        pools.rebalance(stages[stage]);
    }

    function _forwardIncome(bytes32 pipelineId, bytes32[] memory stages, uint256 stage, uint256 effective) private {
        uint256 income = int256(_poolOf(stages[stage - 1]).getMemberFlowRate(address(this))).toUint256();
        uint256 target = Math.min(income, (stages.length - stage) * effective);
        uint256 current = forwardedTo(stages[stage]);
        if (target == current || (target > current && paused())) return;
        _forward(pipelineId, stages[stage], stage, target);
        pools.rebalance(stages[stage]);
    }

    /// @dev A raise without the deposit for it is left out; the income waits here.
    function _forward(bytes32 pipelineId, bytes32 taskTypeId, uint256 stage, uint256 rate) private {
        int96 requested = rate.toInt256().toInt96();
        bytes memory call_ = abi.encodeCall(AGREEMENT.distributeFlow, (token, address(this), _poolOf(taskTypeId), requested, new bytes(0)));
        try HOST.callAgreement(AGREEMENT, call_, new bytes(0)) {
            emit Forwarded(pipelineId, stage, rate);
        } catch {
            emit ForwardUnfunded(pipelineId, stage, rate);
        }
    }

    // --- Governance and guardian

    /// @notice Gives back what was lent for deposits, or what the division by units has left over.
    function returnDeposit(address to, uint256 amount) external restricted {
        emit DepositReturned(to, amount);
        token.transfer(to, amount); // SuperToken reverts or returns true
    }

    /// @notice Stops new pipelines and raises.
    function pause() external restricted {
        _pause();
    }

    /// @notice Resumes them.
    function unpause() external restricted {
        _unpause();
    }

    // --- Views

    /// @notice C_eff of each stage [wei per second].
    function effectiveCapacities(bytes32 pipelineId) public view returns (uint256[] memory effective) {
        bytes32[] storage stages = _stages[pipelineId];
        effective = new uint256[](stages.length);
        uint256 behind = type(uint256).max;
        for (uint256 i = stages.length; i > 0; i--) {
            (uint256 quantum, uint256 sinkUnits,,,,,) = pools.stateOf(stages[i - 1]);
            behind = Math.min(behind, quantum * sinkUnits);
            effective[i - 1] = behind;
        }
    }

    /// @notice Task types of the pipeline, first stage first.
    function stagesOf(bytes32 pipelineId) external view returns (bytes32[] memory) {
        return _stages[pipelineId];
    }

    /// @notice What this contract streams into the stage's pool [wei per second].
    function forwardedTo(bytes32 taskTypeId) public view returns (uint256) {
        return int256(AGREEMENT.getFlowRate(token, address(this), _poolOf(taskTypeId))).toUint256();
    }

    function _poolOf(bytes32 taskTypeId) private view returns (ISuperfluidPool pool) {
        pool = ISuperfluidPool(pools.getPool(taskTypeId));
        if (address(pool) == address(0)) revert PoolUnknown(taskTypeId);
    }
}
