// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {Deploy} from "../../script/Deploy.s.sol";
import {Deployed, Deployment} from "../../script/Deployment.sol";
import {DeploymentConfig, DeploymentDefaults} from "../../script/DeploymentConfig.sol";
import {LocalDollar} from "../../script/local/LocalDollar.sol";
import {Peers} from "../../src/libraries/Peers.sol";
import {ProofMethod} from "../../src/types/Compute.sol";
import {DeploymentFixture} from "../support/DeploymentFixture.sol";
import {PlainToken} from "../support/Tokens.sol";

contract DeploymentDeployTest is DeploymentFixture {
    function test_the_primary_chain_is_wired() public {
        Deployed memory system = _deployed(true);
        assertEq(system.token.agent(), address(system.agent));
        assertEq(system.token.redemption(), address(system.redemption));
        assertEq(system.cuToken.agent(), address(system.agent));
        assertEq(system.verifier.agent(), address(system.agent));
        assertEq(system.collateral.agent(), address(system.agent));
        assertEq(system.collateral.redemption(), address(system.redemption));
        assertEq(system.staking.agent(), address(system.agent));
        assertEq(address(system.staking.distributor()), address(system.distributor));
        assertEq(system.rewardToken.distributor(), address(system.distributor));
        assertEq(address(system.verifier.proofOf(ProofMethod.Committee)), address(system.committee));
        assertEq(address(system.collateral.token()), address(system.dollar));
        assertEq(system.committee.threshold(), 3);
        assertEq(system.distributor.budget(), DeploymentDefaults.parameters().rewardBudget);
        assertEq(system.custody.tokens()[0], address(system.dollar));
        assertEq(system.custody.tokens()[1], address(system.token));
        assertEq(system.timelock.getMinDelay(), TIMELOCK_DELAY_SECONDS);
    }

    function test_the_other_chains_have_custody_but_issue_nothing() public {
        vm.chainId(138);
        Deployed memory system = _deployed(false);
        assertEq(address(system.agent), address(0));
        assertEq(system.custody.tokens()[1], address(system.token));
        vm.expectRevert(abi.encodeWithSelector(Peers.CallerNotPeer.selector, address(this), address(0)));
        system.token.mint(address(this), 1);
        vm.prank(GUARDIAN);
        system.custody.pause();
        vm.expectRevert(Pausable.EnforcedPause.selector);
        system.custody.deposit(address(system.dollar), 1, OUTSIDER);
    }

    function test_the_oracle_answers_once_a_quorum_has_reported() public {
        Deployed memory system = _deployed(true);
        address[] memory reporters = _actors("reporter", 3);
        bytes32 feed = keccak256(bytes(Deployment.DOLLAR_FEED));
        assertEq(feed, system.collateral.PRICE_FEED());
        for (uint256 i = 0; i < 2; i++) {
            vm.prank(reporters[i]);
            system.oracle.report(feed, 1e18);
        }
        (uint256 price,) = system.oracle.priceOf(feed);
        assertEq(price, 1e18);
        (, int256 answer,,,) = system.dollarFeed.latestRoundData();
        assertGt(answer, 0);
    }

    function test_a_public_chain_takes_an_existing_dollar() public {
        PlainToken dollar = new PlainToken("USDC", 6);
        vm.chainId(42_161);
        DeploymentConfig memory config = _config(true);
        config.dollar = dollar;
        Deployed memory system = DEPLOYER.deploy(config);
        assertEq(address(system.dollar), address(dollar));
        assertFalse(system.localDollar);
    }

    function test_a_public_chain_refuses_the_local_dollar() public {
        vm.chainId(42_161);
        DeploymentConfig memory config = _config(true);
        vm.expectRevert(abi.encodeWithSelector(LocalDollar.NotALocalChain.selector, 42_161));
        DEPLOYER.deploy(config);
    }

    function test_a_role_without_a_holder_is_refused() public {
        DeploymentConfig memory config = _config(true);
        config.holders.guardian = address(0);
        vm.expectRevert(abi.encodeWithSelector(Deployment.HolderMissing.selector, "guardian"));
        DEPLOYER.deploy(config);
        config = _config(true);
        config.holders.reporters = _actors("reporter", 1);
        vm.expectRevert(abi.encodeWithSelector(Deployment.HolderMissing.selector, "reporters"));
        DEPLOYER.deploy(config);
    }

    function test_two_deployments_do_not_meet() public {
        Deployed memory first = _deployed(true);
        Deployed memory second = _deployed(true);
        assertTrue(address(first.custody) != address(second.custody));
        (bool held,) = second.authority.hasRole(0, address(first.timelock));
        assertFalse(held);
    }

    // --- The configuration file

    function test_the_committed_configuration_is_complete() public {
        vm.chainId(412_346);
        DeploymentConfig memory config = _script().read(vm.readFile("script/config/local.json"), address(this));
        assertTrue(config.primary);
        assertEq(address(config.dollar), address(0));
        assertEq(config.holders.timelockDelaySeconds, 60);
        assertEq(abi.encode(config.parameters), abi.encode(DeploymentDefaults.parameters()));
        Deployed memory system = DEPLOYER.deploy(config);
        assertEq(system.committee.threshold(), 2);
    }

    function test_a_configuration_overrides_single_parameters() public {
        string memory json = vm.readFile("script/config/local.json");
        json = vm.replace(
            json, "\"timelockDelaySeconds\": 60", "\"parameters\": {\"benchmark\": {\"rows\": 8192}, \"custody\": {\"epochSeconds\": 60}}"
        );
        vm.chainId(412_346);
        DeploymentConfig memory config = _script().read(json, address(this));
        assertEq(config.parameters.benchmark.rows, 8192);
        assertEq(config.parameters.benchmark.depth, DeploymentDefaults.parameters().benchmark.depth);
        assertEq(config.parameters.epochSeconds, 60);
        assertEq(config.holders.timelockDelaySeconds, 2 days);
    }

    function test_a_parameter_that_does_not_fit_is_refused() public {
        string memory json = vm.readFile("script/config/local.json");
        json = vm.replace(json, "\"timelockDelaySeconds\": 60", "\"parameters\": {\"benchmark\": {\"haircutBps\": 65536}}");
        vm.chainId(412_346);
        Deploy script = _script();
        vm.expectRevert(abi.encodeWithSelector(Deploy.ParameterTooLarge.selector, "benchmark.haircutBps", 65_536, 65_535));
        script.read(json, address(this));
    }

    function test_the_configuration_of_another_chain_is_refused() public {
        string memory json = vm.readFile("script/config/local.json");
        Deploy script = _script();
        vm.expectRevert(abi.encodeWithSelector(Deploy.ConfigForOtherChain.selector, 412_346, block.chainid));
        script.read(json, address(this));
    }

    function test_the_addresses_are_written_by_contract_name() public {
        Deployed memory system = _deployed(true);
        string memory json = _script().render(system, 77);
        assertEq(vm.parseJsonUint(json, ".chainId"), block.chainid);
        assertEq(vm.parseJsonUint(json, ".block"), 77);
        assertEq(vm.parseJsonAddress(json, ".contracts.Custody"), address(system.custody));
        assertEq(vm.parseJsonAddress(json, ".contracts.LocalDollar"), address(system.dollar));
        assertEq(vm.parseJsonKeys(json, ".contracts").length, 20);
        vm.chainId(138);
        json = _script().render(_deployed(false), 78);
        assertEq(vm.parseJsonKeys(json, ".contracts").length, 7);
    }

    /// @dev From its artifact: embedding its creation code here would double the compiler's work.
    function _script() private returns (Deploy) {
        return Deploy(deployCode("Deploy.s.sol:Deploy"));
    }
}
