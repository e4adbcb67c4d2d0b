// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {StabilityFixture} from "../support/StabilityFixture.sol";

/// @notice Every function of what keeps the peg against every actor, the functions taken from the compiler's own list.
contract StabilityRightsTest is StabilityFixture {
    struct Managed {
        string name;
        address at;
    }

    mapping(bytes32 functionOfContract => mapping(address actor => bool)) internal expected;
    uint256 internal seen;
    uint256 internal expectedCount;

    function test_each_role_may_call_exactly_its_functions() public {
        _expectRights();
        Managed[9] memory contracts = _managed();
        for (uint256 i = 0; i < contracts.length; i++) {
            _check(contracts[i]);
        }
        assertEq(seen, expectedCount, "a right names no function");
    }

    function _expectRights() private {
        string[6] memory stoppable = ["PMMPool", "MeshPool", "ReserveVault", "Stabilizer", "FlashLender", "BridgeReserveCoordinator"];
        for (uint256 i = 0; i < stoppable.length; i++) {
            _expect(stoppable[i], "pause()", GUARDIAN);
        }
        _expect("PMMPool", "syncPrice(address)", KEEPER);
        _expect("PMMPool", "syncPrice(address)", address(peg.coordinator));
        _expect("Stabilizer", "executePrivateSwap(address,address,uint256)", KEEPER);
        _expect("Stabilizer", "executePrivateSwap(address,address,uint256)", address(peg.coordinator));
        _expect("Stabilizer", "triangulate(address,bool,uint256)", KEEPER);
        _expect("Stabilizer", "triangulate(address,bool,uint256)", address(peg.coordinator));
        _expect("ReserveVault", "move(address,uint8,uint8,uint256)", KEEPER);
        _expect("ReserveVault", "move(address,uint8,uint8,uint256)", address(peg.coordinator));
        _expect("MeshPool", "sellBase(address,uint256)", KEEPER);
        _expect("MeshPool", "sellQuote(address,uint256)", KEEPER);
        _expect("MeshPool", "sellBase(address,uint256)", address(stabilizer));
        _expect("MeshPool", "sellQuote(address,uint256)", address(stabilizer));
    }

    function _expect(string memory name, string memory signature, address actor) private {
        expected[keccak256(abi.encode(name, signature))][actor] = true;
        expectedCount++;
    }

    function _check(Managed memory managed) private {
        string memory artifact = vm.readFile(string.concat("out/", managed.name, ".sol/", managed.name, ".json"));
        string[] memory signatures = vm.parseJsonKeys(artifact, ".methodIdentifiers");
        address[8] memory actors =
            [GUARDIAN, SEQUENCER, GOVERNOR, OUTSIDER, address(DEPLOYER), KEEPER, address(peg.coordinator), address(stabilizer)];
        for (uint256 i = 0; i < signatures.length; i++) {
            for (uint256 j = 0; j < actors.length; j++) {
                bool may = expected[keccak256(abi.encode(managed.name, signatures[i]))][actors[j]];
                (bool can,) = system.authority.canCall(actors[j], managed.at, bytes4(keccak256(bytes(signatures[i]))));
                assertEq(can, may, string.concat(managed.name, ".", signatures[i], " by ", vm.getLabel(actors[j])));
                if (may) seen++;
            }
        }
    }

    function _managed() private view returns (Managed[9] memory contracts) {
        contracts[0] = Managed("PMMPool", address(peg.pools[4]));
        contracts[1] = Managed("MeshPool", address(peg.mesh[3]));
        contracts[2] = Managed("ReserveVault", address(vault));
        contracts[3] = Managed("Stabilizer", address(stabilizer));
        contracts[4] = Managed("StabilizerPolicy", address(policy));
        contracts[5] = Managed("FlashLender", address(lender));
        contracts[6] = Managed("BridgeReserveCoordinator", address(peg.coordinator));
        contracts[7] = Managed("PegManager", address(pegs));
        contracts[8] = Managed("PMMRouter", address(peg.router));
    }
}
