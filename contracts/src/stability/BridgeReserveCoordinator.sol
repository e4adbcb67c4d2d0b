// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Bucket, IReserveVault} from "../interfaces/IStability.sol";
import {ReserveRules} from "../libraries/ReserveRules.sol";

/// @title BridgeReserveCoordinator
/// @notice Keeps bucket D at BridgeReserve >= safety x peak outflow per block x latency in blocks (source 2), from bucket E, by the vault's rules.
/// @custom:stop The guardian pauses payments and rebalancing.
/// @custom:trusts The bridge role, which reports what leaves over a bridge and is paid from D.
contract BridgeReserveCoordinator is AccessManaged, Multicall, Pausable {
    struct Route {
        uint32 latencyBlocks; // zero: unknown token
        uint32 safetyBps; // [bps] 30000 to 50000 in source 2
        uint32 cooldownBlocks; // between two rebalances
        uint64 memory_; // [wad per block] of the peak
        uint64 rebalancedBlock;
    }

    error TokenUnknown(address token);
    error RouteInvalid(address token);
    error CoolingDown(address token, uint256 next);
    error NothingToRebalance(address token, uint256 held, uint256 required);

    event RouteSet(address indexed token, uint32 latencyBlocks, uint32 safetyBps, uint32 cooldownBlocks, uint64 memory_);
    event OutflowRecorded(address indexed token, uint256 amount, uint256 peakPerBlock);
    event RebalancingTriggered(address indexed token, uint256 held, uint256 required, uint256 moved);

    IReserveVault public immutable vault;
    mapping(address token => Route) private _routes;
    mapping(address token => ReserveRules.PeakOutflow) private _outflows;

    constructor(address authority_, IReserveVault vault_) AccessManaged(authority_) {
        vault = vault_;
    }

    /// @notice Pays a transfer that arrived over a bridge from bucket D; it counts as outflow.
    function release(address token, address to, uint256 amount) external restricted whenNotPaused {
        _record(token, amount);
        vault.spend(Bucket.Bridge, token, to, amount);
    }

    /// @notice Takes back into bucket D what a bridge has sent here.
    function restore(address token) external restricted returns (uint256 received) {
        return vault.credit(Bucket.Bridge, token);
    }

    /// @notice Counts an outflow that was paid elsewhere.
    function recordOutflow(address token, uint256 amount) external restricted {
        _record(token, amount);
    }

    /// @notice Moves from bucket E to D what D lacks; anyone may ask, once per cooldown.
    function rebalance(address token) external whenNotPaused returns (uint256 moved) {
        Route storage route = _known(token);
        uint256 next = route.rebalancedBlock + route.cooldownBlocks;
        if (route.rebalancedBlock > 0 && block.number < next) revert CoolingDown(token, next);
        (uint256 held, uint256 required) = (vault.heldOf(Bucket.Bridge, token), requiredOf(token));
        if (held >= required) revert NothingToRebalance(token, held, required);
        moved = Math.min(required - held, vault.heldOf(Bucket.Reserve, token));
        route.rebalancedBlock = uint64(block.number);
        emit RebalancingTriggered(token, held, required, moved);
        vault.move(token, Bucket.Reserve, Bucket.Bridge, moved);
    }

    /// @notice What bucket D must hold [base units].
    function requiredOf(address token) public view returns (uint256) {
        Route storage route = _known(token);
        uint256 peak = ReserveRules.record(_outflows[token], 0, route.memory_).peak;
        return ReserveRules.requiredUp(peak, route.latencyBlocks, route.safetyBps);
    }

    /// @notice What bucket D holds and needs [base units], and the ratio [wad].
    function healthOf(address token) external view returns (uint256 held, uint256 required, uint256 ratio) {
        (held, required) = (vault.heldOf(Bucket.Bridge, token), requiredOf(token));
        ratio = ReserveRules.healthDown(held, required);
    }

    function routeOf(address token) external view returns (Route memory) {
        return _routes[token];
    }

    function _record(address token, uint256 amount) private {
        Route storage route = _known(token);
        ReserveRules.PeakOutflow memory next = ReserveRules.record(_outflows[token], amount, route.memory_);
        _outflows[token] = next;
        emit OutflowRecorded(token, amount, next.peak);
    }

    function _known(address token) private view returns (Route storage route) {
        route = _routes[token];
        if (route.latencyBlocks == 0) revert TokenUnknown(token);
    }

    // --- Governance and guardian

    /// @notice How long a token's bridge takes, and how safe its reserve must be.
    function setRoute(address token, uint32 latencyBlocks, uint32 safetyBps, uint32 cooldownBlocks, uint64 memory_) external restricted {
        if (latencyBlocks == 0 || safetyBps == 0 || memory_ > ReserveRules.WAD) revert RouteInvalid(token);
        Route storage route = _routes[token];
        (route.latencyBlocks, route.safetyBps, route.cooldownBlocks, route.memory_) = (latencyBlocks, safetyBps, cooldownBlocks, memory_);
        emit RouteSet(token, latencyBlocks, safetyBps, cooldownBlocks, memory_);
    }

    /// @notice Stops payments and rebalancing.
    function pause() external restricted {
        _pause();
    }

    /// @notice Resumes them.
    function unpause() external restricted {
        _unpause();
    }
}
