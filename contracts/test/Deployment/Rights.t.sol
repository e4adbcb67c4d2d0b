// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {Deployed} from "../../script/Deployment.sol";
import {DeploymentConfig} from "../../script/DeploymentConfig.sol";
import {FlowDeployment} from "../../script/FlowDeployment.sol";
import {Custody} from "../../src/exchange/Custody.sol";
import {DeploymentFixture} from "../support/DeploymentFixture.sol";
import {SuperfluidFramework} from "../support/SuperfluidFramework.sol";

/// @notice Every function of every contract against every actor, the functions taken from the compiler's own list.
contract DeploymentRightsTest is DeploymentFixture {
    struct Managed {
        string name;
        address at;
    }

    Deployed internal system;
    mapping(bytes32 functionOfContract => mapping(address actor => bool)) internal expected;
    uint256 internal rightsSeen;
    uint256 internal rightsExpected;

    function setUp() public {
        DeploymentConfig memory config = _config(true);
        config.flow = FlowDeployment.defaults();
        config.flow.host = SuperfluidFramework.deploy();
        system = DEPLOYER.deploy(config);
    }

    function test_each_role_may_call_exactly_its_functions() public {
        _expectRights();
        Managed[] memory contracts = _managed();
        for (uint256 i = 0; i < contracts.length; i++) {
            _checkContract(contracts[i]);
        }
        assertEq(rightsSeen, rightsExpected, "a right names no function");
    }

    function test_the_timelock_alone_administers_the_roles() public {
        (bool isAdmin, uint32 delay) = system.authority.hasRole(0, address(system.timelock));
        assertTrue(isAdmin);
        assertEq(delay, 0);
        address[] memory others = _others();
        for (uint64 role = 0; role <= 5; role++) {
            assertEq(system.authority.getRoleAdmin(role), 0);
            assertEq(system.authority.getRoleGuardian(role), 0);
        }
        for (uint256 i = 0; i < others.length; i++) {
            (isAdmin,) = system.authority.hasRole(0, others[i]);
            assertFalse(isAdmin);
        }
    }

    function test_the_deployer_keeps_nothing() public {
        for (uint64 role = 0; role <= 5; role++) {
            (bool holds,) = system.authority.hasRole(role, address(DEPLOYER));
            assertFalse(holds);
        }
        assertFalse(system.timelock.hasRole(system.timelock.DEFAULT_ADMIN_ROLE(), address(DEPLOYER)));
        assertFalse(system.timelock.hasRole(system.timelock.PROPOSER_ROLE(), address(DEPLOYER)));
        assertFalse(system.timelock.hasRole(system.timelock.EXECUTOR_ROLE(), address(DEPLOYER)));
        assertEq(system.token.totalSupply() + system.rewardToken.totalSupply(), 0);
        vm.expectRevert();
        vm.prank(address(DEPLOYER));
        system.authority.grantRole(1, address(DEPLOYER), 0);
    }

    function test_the_governor_acts_through_the_timelock_after_its_delay() public {
        bytes memory call_ = abi.encodeCall(Custody.setEpochCap, (address(system.dollar), 5e6));
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, GOVERNOR));
        vm.prank(GOVERNOR);
        system.custody.setEpochCap(address(system.dollar), 5e6);

        vm.startPrank(GOVERNOR);
        system.timelock.schedule(address(system.custody), 0, call_, 0, 0, TIMELOCK_DELAY_SECONDS);
        vm.expectRevert();
        system.timelock.execute(address(system.custody), 0, call_, 0, 0);
        vm.warp(block.timestamp + TIMELOCK_DELAY_SECONDS);
        system.timelock.execute(address(system.custody), 0, call_, 0, 0);
        (uint256 cap,,) = system.custody.epochOf(address(system.dollar));
        assertEq(cap, 5e6);
    }

    // --- What each may do

    function _expectRights() private {
        string[7] memory stoppable =
            ["Custody", "Oracle", "ComputeUnitVerifier", "MintingAgent", "ProviderStaking", "CollateralManager", "Redemption"];
        for (uint256 i = 0; i < stoppable.length; i++) {
            _expect(stoppable[i], "pause()", GUARDIAN);
            _expect(stoppable[i], "unpause()", address(system.timelock));
        }
        _expect(
            "Custody",
            "settle((uint64,uint64,uint64,uint64,bytes32,bytes32,bytes32,bytes32,uint64,bytes32,uint64,bytes32,uint64,(address,uint256,uint256)[]))",
            SEQUENCER
        );
        for (uint256 i = 1; i <= 3; i++) {
            address reporter = makeAddr(string.concat("reporter ", vm.toString(i)));
            _expect("Oracle", "report(bytes32,uint256)", reporter);
            _expect("Oracle", "reportMany(bytes32[],uint256[])", reporter);
        }
        _expect("Redemption", "resolve(uint256,bool)", ARBITER);
        _expectGoverned("Custody", "listToken(address,uint256)");
        _expectGoverned("Custody", "setEpochCap(address,uint256)");
        _expectGoverned("Oracle", "setFeed(bytes32,(uint8,uint32,uint16))");
        _expectGoverned("Oracle", "setAnchor(bytes32,uint256)");
        _expectGoverned("Oracle", "dropReporter(bytes32,address)");
        _expectGoverned("ComputeUnitVerifier", "setStandard((uint32,uint32,uint32,uint32,uint32,uint16,uint32))");
        _expectGoverned("ComputeUnitVerifier", "setProof(uint8,address)");
        _expectGoverned("ComputeUnitVerifier", "setClassConversion(uint8,uint256)");
        _expectGoverned("CommitteeProof", "setSigners(address[],uint256)");
        _expectGoverned("CollateralManager", "setRules((uint64,uint16,uint32))");
        _expectGoverned("Redemption", "setRules((uint32,uint32,uint16,uint16,uint16,uint16,uint16))");
        _expectGoverned("Redemption", "collectFees(address)");
        _expectGoverned("TeeProof", "setCredit(uint8,uint16)");
        _expectGoverned("ClaimFaults", "setBounty(uint16)");
        _expectGoverned("Reverification", "setRules((uint32,uint16,uint32,uint32))");
        _expectGoverned("RewardsDistributor", "setMultiplier(uint256)");
        _expectGoverned("RewardsDistributor", "addBudget(uint256)");
        _expectGoverned("rSTBToken", "mintGoverned(address,uint256)");
        _expectFlowRights();
    }

    function _expectFlowRights() private {
        string[5] memory stoppable = ["StakeManager", "CapacityRegistry", "BackpressurePool", "EscrowBuffer", "Pipeline"];
        for (uint256 i = 0; i < stoppable.length; i++) {
            _expect(stoppable[i], "pause()", GUARDIAN);
            _expectGoverned(stoppable[i], "unpause()");
        }
        _expect("StakeManager", "slash(address,uint256,bytes32)", ARBITER);
        _expect("CapacityRegistry", "recordCompletion(bytes32,address,uint256,uint256)", ARBITER);
        _expectGoverned("StakeManager", "setRules((uint96,uint80,uint64,bool,bool,uint32))");
        _expectGoverned("CapacityRegistry", "setRules((uint16,uint32,uint32,uint16))");
        _expectGoverned("CapacityRegistry", "registerTaskType(string)");
        _expectGoverned("BackpressurePool", "openPool(bytes32,uint256)");
        _expectGoverned("BackpressurePool", "setThreshold(uint256)");
        _expectGoverned("BackpressurePool", "sweepDust(address)");
        _expectGoverned("EscrowBuffer", "setBufferMax(bytes32,uint256)");
        _expectGoverned("Pipeline", "createPipeline(bytes32,bytes32[])");
        _expectGoverned("Pipeline", "returnDeposit(address,uint256)");
    }

    function _expectGoverned(string memory name, string memory signature) private {
        _expect(name, signature, address(system.timelock));
    }

    function _expect(string memory name, string memory signature, address actor) private {
        expected[_key(name, signature)][actor] = true;
        rightsExpected++;
    }

    function _key(string memory name, string memory signature) private pure returns (bytes32) {
        return keccak256(abi.encode(name, signature));
    }

    // --- What each can do

    function _checkContract(Managed memory managed) private {
        string memory artifact = vm.readFile(string.concat("out/", managed.name, ".sol/", managed.name, ".json"));
        string[] memory signatures = vm.parseJsonKeys(artifact, ".methodIdentifiers");
        address[] memory actors = _others();
        for (uint256 i = 0; i < signatures.length; i++) {
            for (uint256 j = 0; j < actors.length; j++) {
                _checkRight(managed, signatures[i], actors[j]);
            }
            _checkTimelock(managed, signatures[i]);
        }
    }

    function _checkRight(Managed memory managed, string memory signature, address actor) private {
        bool may = expected[_key(managed.name, signature)][actor];
        (bool can, uint32 delay) = system.authority.canCall(actor, managed.at, bytes4(keccak256(bytes(signature))));
        assertEq(can, may, string.concat(managed.name, ".", signature, " by ", vm.getLabel(actor)));
        assertEq(delay, 0);
        if (may) rightsSeen++;
    }

    /// @dev As admin it may also call what no role was given, which is `wire`: spent on the primary chain, for the bridge on the others.
    function _checkTimelock(Managed memory managed, string memory signature) private {
        bytes4 selector = bytes4(keccak256(bytes(signature)));
        uint64 role = system.authority.getTargetFunctionRole(managed.at, selector);
        bool may = expected[_key(managed.name, signature)][address(system.timelock)];
        assertEq(role == 5, may, string.concat(managed.name, ".", signature, " by the timelock"));
        if (may) rightsSeen++;
    }

    function _others() private returns (address[] memory others) {
        others = new address[](9);
        (others[0], others[1], others[2], others[3]) = (GUARDIAN, SEQUENCER, ARBITER, GOVERNOR);
        (others[4], others[5]) = (OUTSIDER, address(DEPLOYER));
        address[] memory reporters = _actors("reporter", 3);
        (others[6], others[7], others[8]) = (reporters[0], reporters[1], reporters[2]);
    }

    function _managed() private view returns (Managed[] memory contracts) {
        contracts = new Managed[](20);
        contracts[0] = Managed("Custody", address(system.custody));
        contracts[1] = Managed("Oracle", address(system.oracle));
        contracts[2] = Managed("ComputeUnitVerifier", address(system.verifier));
        contracts[3] = Managed("CommitteeProof", address(system.committee));
        contracts[4] = Managed("MintingAgent", address(system.agent));
        contracts[5] = Managed("ProviderStaking", address(system.staking));
        contracts[6] = Managed("CollateralManager", address(system.collateral));
        contracts[7] = Managed("Redemption", address(system.redemption));
        contracts[8] = Managed("RewardsDistributor", address(system.distributor));
        contracts[9] = Managed("rSTBToken", address(system.rewardToken));
        contracts[10] = Managed("sSTBToken", address(system.token));
        contracts[11] = Managed("CUToken", address(system.cuToken));
        contracts[12] = Managed("StakeManager", address(system.flow.stakes));
        contracts[13] = Managed("CapacityRegistry", address(system.flow.registry));
        contracts[14] = Managed("BackpressurePool", address(system.flow.pools));
        contracts[15] = Managed("EscrowBuffer", address(system.flow.escrow));
        contracts[16] = Managed("Pipeline", address(system.flow.pipeline));
        contracts[17] = Managed("TeeProof", address(system.verification.tee));
        contracts[18] = Managed("ClaimFaults", address(system.verification.faults));
        contracts[19] = Managed("Reverification", address(system.verification.reverification));
    }
}
