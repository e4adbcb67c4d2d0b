// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {Roles} from "../src/libraries/Roles.sol";
import {BridgeReserveCoordinator} from "../src/stability/BridgeReserveCoordinator.sol";
import {FlashLender} from "../src/stability/FlashLender.sol";
import {MeshPool} from "../src/stability/MeshPool.sol";
import {PMMPool} from "../src/stability/PMMPool.sol";
import {PMMRouter} from "../src/stability/PMMRouter.sol";
import {PegManager} from "../src/stability/PegManager.sol";
import {ReserveVault} from "../src/stability/ReserveVault.sol";
import {Stabilizer} from "../src/stability/Stabilizer.sol";
import {StabilizerPolicy} from "../src/stability/StabilizerPolicy.sol";
import {XAUTriangulation} from "../src/stability/XAUTriangulation.sol";
import {StabilityDeployed} from "./StabilityDeployment.sol";

/// @title StabilityRights
/// @notice Which role may call which function of what keeps the peg; everything else that is restricted answers to the Timelock as admin.
library StabilityRights {
    uint256 private constant CALLS_MAX = 128;

    /// @dev A list that grows up to CALLS_MAX.
    struct Calls {
        bytes[] items;
        uint256 count;
    }

    /// @notice The calls that give the roles, in one transaction, before the deployer leaves.
    function calls(StabilityDeployed memory d, address[] memory keepers) internal pure returns (bytes[] memory) {
        Calls memory list = Calls(new bytes[](CALLS_MAX), 0);
        _allowPools(list, d);
        _allowVault(list, d);
        _allowPrices(list, d);
        _allowStabilizer(list, d);
        _label(list);
        _grant(list, d, keepers);
        bytes[] memory trimmed = new bytes[](list.count);
        for (uint256 i = 0; i < list.count; i++) {
            trimmed[i] = list.items[i];
        }
        return trimmed;
    }

    function _allowPools(Calls memory list, StabilityDeployed memory d) private pure {
        for (uint256 i = 0; i < d.pools.length; i++) {
            address pool = address(d.pools[i]);
            _allowStop(list, pool);
            _allow(list, pool, Roles.GOVERNOR, PMMPool.setTerms.selector);
            _allow(list, pool, Roles.PEG_KEEPER, PMMPool.syncPrice.selector);
        }
        for (uint256 i = 0; i < d.mesh.length; i++) {
            address pool = address(d.mesh[i]);
            _allowStop(list, pool);
            _allow(list, pool, Roles.GOVERNOR, MeshPool.setTerms.selector);
            _allow(list, pool, Roles.MESH, MeshPool.sellBase.selector);
            _allow(list, pool, Roles.MESH, MeshPool.sellQuote.selector);
        }
    }

    function _allowVault(Calls memory list, StabilityDeployed memory d) private pure {
        address vault = address(d.vault);
        _allowStop(list, vault);
        _allow(list, vault, Roles.GOVERNOR, ReserveVault.allot.selector);
        _allow(list, vault, Roles.GOVERNOR, ReserveVault.fundPool.selector);
        _allow(list, vault, Roles.GOVERNOR, ReserveVault.planPool.selector);
        _allow(list, vault, Roles.GOVERNOR, ReserveVault.drainPool.selector);
        _allow(list, vault, Roles.GOVERNOR, ReserveVault.setMoveRule.selector);
        _allow(list, vault, Roles.GOVERNOR, ReserveVault.setRequirement.selector);
        _allow(list, vault, Roles.PEG_KEEPER, ReserveVault.move.selector);
        address coordinator = address(d.coordinator);
        _allowStop(list, coordinator);
        _allow(list, coordinator, Roles.GOVERNOR, BridgeReserveCoordinator.setRoute.selector);
        _allow(list, coordinator, Roles.BRIDGE, BridgeReserveCoordinator.release.selector);
        _allow(list, coordinator, Roles.BRIDGE, BridgeReserveCoordinator.restore.selector);
        _allow(list, coordinator, Roles.BRIDGE, BridgeReserveCoordinator.recordOutflow.selector);
        _allowStop(list, address(d.lender));
        _allow(list, address(d.lender), Roles.GOVERNOR, FlashLender.setFee.selector);
        _allow(list, address(d.router), Roles.GOVERNOR, PMMRouter.listPool.selector);
    }

    function _allowPrices(Calls memory list, StabilityDeployed memory d) private pure {
        _allow(list, address(d.triangulation), Roles.GOVERNOR, XAUTriangulation.setAsset.selector);
        address pegs = address(d.pegs);
        _allow(list, pegs, Roles.GOVERNOR, PegManager.setPeg.selector);
        _allow(list, pegs, Roles.GOVERNOR, PegManager.setReserveTokens.selector);
        _allow(list, pegs, Roles.GOVERNOR, PegManager.setWeights.selector);
    }

    function _allowStabilizer(Calls memory list, StabilityDeployed memory d) private pure {
        _allow(list, address(d.policy), Roles.GOVERNOR, StabilizerPolicy.setLimits.selector);
        address stabilizer = address(d.stabilizer);
        _allowStop(list, stabilizer);
        _allow(list, stabilizer, Roles.GOVERNOR, Stabilizer.overrideStabilise.selector);
        _allow(list, stabilizer, Roles.GOVERNOR, Stabilizer.setMeshPool.selector);
        _allow(list, stabilizer, Roles.GOVERNOR, Stabilizer.setMeshCaps.selector);
        _allow(list, stabilizer, Roles.GOVERNOR, Stabilizer.setOverrideCap.selector);
        _allow(list, stabilizer, Roles.PEG_KEEPER, Stabilizer.executePrivateSwap.selector);
        _allow(list, stabilizer, Roles.PEG_KEEPER, Stabilizer.triangulate.selector);
    }

    /// @dev Whoever can stop in a hurry cannot end the stop: that takes the Timelock.
    function _allowStop(Calls memory list, address target) private pure {
        _allow(list, target, Roles.GUARDIAN, Stabilizer.pause.selector);
        _allow(list, target, Roles.GOVERNOR, Stabilizer.unpause.selector);
    }

    function _allow(Calls memory list, address target, uint64 role, bytes4 selector) private pure {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        _add(list, abi.encodeCall(AccessManager.setTargetFunctionRole, (target, selectors, role)));
    }

    function _label(Calls memory list) private pure {
        _add(list, abi.encodeCall(AccessManager.labelRole, (Roles.PEG_KEEPER, "PEG_KEEPER")));
        _add(list, abi.encodeCall(AccessManager.labelRole, (Roles.MESH, "MESH")));
        _add(list, abi.encodeCall(AccessManager.labelRole, (Roles.BRIDGE, "BRIDGE")));
    }

    function _grant(Calls memory list, StabilityDeployed memory d, address[] memory keepers) private pure {
        _add(list, abi.encodeCall(AccessManager.grantRole, (Roles.MESH, address(d.stabilizer), 0)));
        _add(list, abi.encodeCall(AccessManager.grantRole, (Roles.PEG_KEEPER, address(d.coordinator), 0)));
        for (uint256 i = 0; i < keepers.length; i++) {
            _add(list, abi.encodeCall(AccessManager.grantRole, (Roles.PEG_KEEPER, keepers[i], 0)));
            _add(list, abi.encodeCall(AccessManager.grantRole, (Roles.MESH, keepers[i], 0)));
        }
    }

    function _add(Calls memory list, bytes memory call_) private pure {
        list.items[list.count++] = call_;
    }
}
