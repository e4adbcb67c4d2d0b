// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISuperfluid} from "@superfluid-finance/ethereum-contracts/contracts/interfaces/superfluid/ISuperfluid.sol";
import {Vm} from "forge-std/Vm.sol";

/// @notice The steps of Superfluid's own test deployer.
interface ISuperfluidSteps {
    function executeStep(uint8 step) external;
    function getNumSteps() external pure returns (uint8);
    function getFramework() external view returns (address governance, address host);
}

/// @title SuperfluidFramework
/// @notice Deploys the real framework from the artifacts that its npm package publishes; nothing of it is compiled here.
library SuperfluidFramework {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    address private constant ERC1820 = 0x1820a4B7618BdE71Dce8cdc73aAB6C95905faD24;
    string private constant PACKAGE = "node_modules/@superfluid-finance/ethereum-contracts/";
    string private constant STEPS = "contracts/utils/SuperfluidFrameworkDeploymentSteps.t.sol";
    string private constant BITMAP = "contracts/libs/SlotsBitmapLibrary.sol";
    string private constant POOLS = "contracts/agreements/gdav1/SuperfluidPoolDeployerLibrary.sol";

    function deploy() external returns (ISuperfluid) {
        _deployRegistry();
        address bitmap = _create(_code(BITMAP, "SlotsBitmapLibrary"));
        address poolDeployer = _create(_code(POOLS, "SuperfluidPoolDeployerLibrary"));
        string memory code = _code("contracts/utils/SuperfluidFrameworkDeployer.t.sol", "SuperfluidFrameworkDeployer");
        string[12] memory plain = [
            "SuperfluidGov",
            "SuperfluidHost",
            "SuperfluidCFAv1",
            "SuperToken",
            "SuperfluidPeriphery",
            "SuperfluidPoolLogic",
            "SuperfluidPoolNFTLogic",
            "Proxy",
            "CFAv1Forwarder",
            "GDAv1Forwarder",
            "SuperTokenFactory",
            "Token"
        ];
        for (uint256 i = 0; i < plain.length; i++) {
            string memory name = string.concat(plain[i], "DeployerLibrary");
            code = _linked(code, STEPS, name, _create(_code(STEPS, name)));
        }
        string memory ida = _linked(_code(STEPS, "SuperfluidIDAv1DeployerLibrary"), BITMAP, "SlotsBitmapLibrary", bitmap);
        string memory gda = _linked(_code(STEPS, "SuperfluidGDAv1DeployerLibrary"), BITMAP, "SlotsBitmapLibrary", bitmap);
        gda = _linked(gda, POOLS, "SuperfluidPoolDeployerLibrary", poolDeployer);
        code = _linked(code, STEPS, "SuperfluidIDAv1DeployerLibrary", _create(ida));
        code = _linked(code, STEPS, "SuperfluidGDAv1DeployerLibrary", _create(gda));
        ISuperfluidSteps steps = ISuperfluidSteps(_create(code));
        for (uint8 i = 0; i < steps.getNumSteps(); i++) {
            steps.executeStep(i);
        }
        (, address host) = steps.getFramework();
        return ISuperfluid(host);
    }

    function _deployRegistry() private {
        string memory json = VM.readFile(string.concat(PACKAGE, "dev-scripts/artifacts/ERC1820Registry.json"));
        address copy = _create(VM.parseJsonString(json, ".bin"));
        VM.etch(ERC1820, copy.code);
    }

    function _code(string memory source, string memory name) private view returns (string memory) {
        string memory path = string.concat(PACKAGE, "build/hardhat/", source, "/", name, ".json");
        return VM.parseJsonString(VM.readFile(path), ".bytecode");
    }

    /// @dev solc leaves `__$` and 34 digits of a hash where a library's address belongs.
    function _linked(string memory code, string memory source, string memory name, address library_) private pure returns (string memory) {
        string memory hash = VM.toString(keccak256(bytes(string.concat(source, ":", name))));
        bytes memory digits = new bytes(34);
        for (uint256 i = 0; i < 34; i++) {
            digits[i] = bytes(hash)[i + 2];
        }
        string memory address_ = VM.replace(VM.toLowercase(VM.toString(library_)), "0x", "");
        return VM.replace(code, string.concat("__$", string(digits), "$__"), address_);
    }

    function _create(string memory hex_) private returns (address created) {
        bytes memory code = VM.parseBytes(bytes(hex_)[1] == "x" ? hex_ : string.concat("0x", hex_));
        assembly ("memory-safe") {
            created := create(0, add(code, 0x20), mload(code))
        }
        require(created != address(0), "not created");
    }
}
