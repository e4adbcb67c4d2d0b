// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {Test} from "forge-std/Test.sol";

import {rSTBToken} from "../../src/governance/rSTBToken.sol";
import {IComputeProof} from "../../src/interfaces/IComputeProof.sol";
import {CUToken} from "../../src/issuance/CUToken.sol";
import {CommitteeProof} from "../../src/issuance/CommitteeProof.sol";
import {ComputeUnitVerifier} from "../../src/issuance/ComputeUnitVerifier.sol";
import {MintingAgent} from "../../src/issuance/MintingAgent.sol";
import {Redemption} from "../../src/issuance/Redemption.sol";
import {sSTBToken} from "../../src/issuance/sSTBToken.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {Oracle} from "../../src/oracle/Oracle.sol";
import {CollateralManager} from "../../src/staking/CollateralManager.sol";
import {ProviderStaking} from "../../src/staking/ProviderStaking.sol";
import {RewardsDistributor} from "../../src/staking/RewardsDistributor.sol";
import {ProofMethod} from "../../src/types/Compute.sol";
import {PlainToken} from "./Tokens.sol";

/// @notice All of issuance and staking with its roles, as a chain has it: three reporters, a committee of 3 of 5.
abstract contract IssuanceDeployment is Test {
    bytes32 internal constant DOLLAR_FEED = keccak256("USDC/USD");
    uint64 internal constant PAR = 0.06e18;
    uint32 internal constant GRACE_SECONDS = 24 hours;
    uint32 internal constant PRICE_AGE_SECONDS = 1 hours;
    uint256 internal constant MULTIPLIER = 1_585_489_599; // 5 % a year
    uint256 internal constant GOVERNANCE_CAP = 1_000_000e18;
    uint256 internal constant COMMITTEE_SIZE = 5;
    uint256 internal constant COMMITTEE_THRESHOLD = 3;

    address internal immutable GOVERNOR = makeAddr("governor");
    address internal immutable GUARDIAN = makeAddr("guardian");
    address internal immutable ARBITER = makeAddr("arbiter");
    address[3] internal REPORTERS = [makeAddr("reporter 1"), makeAddr("reporter 2"), makeAddr("reporter 3")];

    AccessManager internal authority;
    PlainToken internal dollar;
    Oracle internal oracle;
    CUToken internal cuToken;
    sSTBToken internal stable;
    rSTBToken internal reward;
    ComputeUnitVerifier internal verifier;
    CommitteeProof internal committee;
    CollateralManager internal collateral;
    ProviderStaking internal staking;
    RewardsDistributor internal distributor;
    MintingAgent internal agent;
    Redemption internal redemption;
    uint256[] internal committeeKeys; // by ascending address

    function _deployIssuance() internal {
        authority = new AccessManager(address(this));
        dollar = new PlainToken("USDC", 6);
        _deployOracle();
        _deployContracts();
        _wire();
        _grantRoles();
        vm.startPrank(GOVERNOR);
        verifier.setProof(ProofMethod.Committee, IComputeProof(address(committee)));
        oracle.setFeed(DOLLAR_FEED, Oracle.FeedRules(2, PRICE_AGE_SECONDS, type(uint16).max));
        vm.stopPrank();
        _reportPrice(1e18);
    }

    function _deployOracle() private {
        oracle = new Oracle(address(authority));
        for (uint256 i = 0; i < REPORTERS.length; i++) {
            authority.grantRole(Roles.REPORTER, REPORTERS[i], 0);
        }
    }

    function _deployContracts() private {
        address manager = address(authority);
        cuToken = new CUToken(manager);
        stable = new sSTBToken(manager);
        reward = new rSTBToken(manager, GOVERNANCE_CAP);
        verifier = new ComputeUnitVerifier(manager, ComputeUnitVerifier.Standard(4096, 4096, 100, 2, 1, 9000));
        committee = new CommitteeProof(manager, _committee(), COMMITTEE_THRESHOLD);
        collateral = new CollateralManager(manager, dollar, oracle, CollateralManager.Rules(PAR, 12_000, GRACE_SECONDS));
        staking = new ProviderStaking(manager, stable);
        distributor = new RewardsDistributor(manager, reward, staking, MULTIPLIER);
        agent = new MintingAgent(manager, verifier, collateral, staking, cuToken, stable);
        redemption = new Redemption(manager, stable, collateral, Redemption.Rules(72 hours, 11_000));
    }

    function _wire() private {
        cuToken.wire(address(agent));
        stable.wire(address(agent), address(redemption));
        reward.wire(address(distributor));
        verifier.wire(address(agent));
        collateral.wire(address(agent), address(redemption));
        staking.wire(address(agent), distributor);
    }

    function _committee() private returns (address[] memory signers) {
        signers = new address[](COMMITTEE_SIZE);
        for (uint256 i = 0; i < COMMITTEE_SIZE; i++) {
            uint256 key = uint256(keccak256(abi.encode("verifier", i)));
            address signer = vm.addr(key);
            committeeKeys.push(key);
            uint256 place = i;
            for (; place > 0 && signers[place - 1] > signer; place--) {
                (signers[place], committeeKeys[place]) = (signers[place - 1], committeeKeys[place - 1]);
            }
            (signers[place], committeeKeys[place]) = (signer, key);
        }
    }

    function _grantRoles() private {
        authority.grantRole(Roles.GUARDIAN, GUARDIAN, 0);
        authority.grantRole(Roles.ARBITER, ARBITER, 0);
        authority.grantRole(Roles.GOVERNOR, GOVERNOR, 0);
        address[6] memory stoppable =
            [address(verifier), address(agent), address(redemption), address(collateral), address(staking), address(oracle)];
        for (uint256 i = 0; i < stoppable.length; i++) {
            _allow(Roles.GUARDIAN, stoppable[i], MintingAgent.pause.selector);
            _allow(Roles.GOVERNOR, stoppable[i], MintingAgent.unpause.selector);
        }
        _allow(Roles.REPORTER, address(oracle), Oracle.report.selector);
        _allow(Roles.ARBITER, address(redemption), Redemption.resolve.selector);
        _allow(Roles.GOVERNOR, address(oracle), Oracle.setFeed.selector);
        _allow(Roles.GOVERNOR, address(oracle), Oracle.setAnchor.selector);
        _allow(Roles.GOVERNOR, address(oracle), Oracle.dropReporter.selector);
        _allow(Roles.GOVERNOR, address(verifier), ComputeUnitVerifier.setStandard.selector);
        _allow(Roles.GOVERNOR, address(verifier), ComputeUnitVerifier.setProof.selector);
        _allow(Roles.GOVERNOR, address(verifier), ComputeUnitVerifier.setClassConversion.selector);
        _allow(Roles.GOVERNOR, address(committee), CommitteeProof.setSigners.selector);
        _allow(Roles.GOVERNOR, address(collateral), CollateralManager.setRules.selector);
        _allow(Roles.GOVERNOR, address(redemption), Redemption.setRules.selector);
        _allow(Roles.GOVERNOR, address(distributor), RewardsDistributor.setMultiplier.selector);
        _allow(Roles.GOVERNOR, address(distributor), RewardsDistributor.addBudget.selector);
        _allow(Roles.GOVERNOR, address(reward), rSTBToken.mintGoverned.selector);
    }

    function _allow(uint64 role, address target, bytes4 selector) private {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        authority.setTargetFunctionRole(target, selectors, role);
    }

    /// @dev Every reporter says the same.
    function _reportPrice(uint256 price) internal {
        for (uint256 i = 0; i < REPORTERS.length; i++) {
            vm.prank(REPORTERS[i]);
            oracle.report(DOLLAR_FEED, price);
        }
    }
}
