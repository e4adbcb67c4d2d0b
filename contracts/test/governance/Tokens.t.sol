// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {rSTBToken} from "../../src/governance/rSTBToken.sol";
import {CUToken} from "../../src/issuance/CUToken.sol";
import {Peers} from "../../src/libraries/Peers.sol";
import {IssuanceFixture} from "../support/IssuanceFixture.sol";

/// @notice Who may mint and burn which token, and what holders may do.
contract TokensTest is IssuanceFixture {
    // --- CU

    function test_compute_units_cannot_be_moved() public {
        vm.startPrank(address(agent));
        cuToken.mint(5);
        assertEq(cuToken.totalSupply(), 5);
        assertEq(cuToken.balanceOf(address(agent)), 5);
        assertEq(cuToken.balanceOf(OUTSIDER), 0);
        vm.expectRevert(CUToken.NotTransferable.selector);
        cuToken.transfer(OUTSIDER, 1);
        vm.expectRevert(CUToken.NotTransferable.selector);
        cuToken.approve(OUTSIDER, 1);
        vm.expectRevert(CUToken.NotTransferable.selector);
        cuToken.transferFrom(address(agent), OUTSIDER, 1);
        vm.expectRevert(abi.encodeWithSelector(CUToken.BurnAboveSupply.selector, 6, 5));
        cuToken.burn(6);
        cuToken.burn(5);
        assertEq(cuToken.totalSupply(), 0);
    }

    /// @dev Each call is a transaction of its own here: what one leaves unburned is gone in the next.
    /// forge-config: default.isolate = true
    function test_compute_units_do_not_outlive_their_transaction() public {
        vm.prank(address(agent));
        cuToken.mint(5);
        assertEq(cuToken.totalSupply(), 0);
    }

    function test_the_compute_unit_is_a_token_of_18_decimals() public view {
        assertEq(cuToken.decimals(), 18);
        assertEq(cuToken.symbol(), "CU");
        assertEq(cuToken.allowance(address(agent), OUTSIDER), 0);
    }

    function test_only_minting_agent_touches_compute_units() public {
        vm.startPrank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(Peers.CallerNotPeer.selector, address(timelock), address(agent)));
        cuToken.mint(1);
        vm.expectRevert(abi.encodeWithSelector(Peers.CallerNotPeer.selector, address(timelock), address(agent)));
        cuToken.burn(0);
    }

    // --- sSTB

    function test_only_minting_agent_mints_and_only_redemption_burns_sstb() public {
        vm.startPrank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(Peers.CallerNotPeer.selector, address(timelock), address(agent)));
        stable.mint(address(timelock), 1);
        vm.expectRevert(abi.encodeWithSelector(Peers.CallerNotPeer.selector, address(timelock), address(redemption)));
        stable.burn(BUYER, 1);
    }

    function test_sstb_is_approved_by_signature() public {
        (address holder, uint256 key) = makeAddrAndKey("holder");
        bytes32 content = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                holder,
                OUTSIDER,
                7,
                0,
                block.timestamp
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked(hex"1901", stable.DOMAIN_SEPARATOR(), content)));
        stable.permit(holder, OUTSIDER, 7, block.timestamp, v, r, s);
        assertEq(stable.allowance(holder, OUTSIDER), 7);
    }

    // --- rSTB

    function test_governance_mints_rstb_up_to_its_cap() public {
        vm.startPrank(address(timelock));
        reward.mintGoverned(OUTSIDER, GOVERNANCE_CAP - 1);
        vm.expectRevert(abi.encodeWithSelector(rSTBToken.GovernanceCapReached.selector, 2, 1));
        reward.mintGoverned(OUTSIDER, 2);
        reward.mintGoverned(OUTSIDER, 1);
        assertEq(reward.balanceOf(OUTSIDER), GOVERNANCE_CAP);
        assertEq(reward.governanceMinted(), GOVERNANCE_CAP);
    }

    function test_nobody_else_mints_rstb() public {
        vm.startPrank(OUTSIDER);
        _expectUnauthorised(OUTSIDER);
        reward.mintGoverned(OUTSIDER, 1);
        vm.expectRevert(abi.encodeWithSelector(Peers.CallerNotPeer.selector, OUTSIDER, address(distributor)));
        reward.mint(OUTSIDER, 1);
    }

    function test_rstb_votes_by_time() public {
        vm.prank(address(timelock));
        reward.mintGoverned(BUYER, 100);
        vm.prank(BUYER);
        reward.delegate(OUTSIDER);
        uint256 before = block.timestamp;
        vm.warp(before + 10);
        vm.prank(BUYER);
        reward.transfer(PROVIDER, 40);
        assertEq(reward.getVotes(OUTSIDER), 60);
        assertEq(reward.getPastVotes(OUTSIDER, before), 100);
        assertEq(reward.clock(), block.timestamp);
        assertTrue(Strings.equal(reward.CLOCK_MODE(), "mode=timestamp"));
        assertEq(reward.nonces(BUYER), 0);
    }

    // --- Binding

    function test_peers_are_bound_once_and_never_to_nobody() public {
        CUToken unbound = new CUToken(address(authority));
        vm.startPrank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(Peers.PeerAlreadyBound.selector, address(agent)));
        cuToken.wire(OUTSIDER);
        vm.expectRevert(abi.encodeWithSelector(Peers.PeerAlreadyBound.selector, address(agent)));
        stable.wire(OUTSIDER, OUTSIDER);
        vm.expectRevert(abi.encodeWithSelector(Peers.PeerAlreadyBound.selector, address(distributor)));
        reward.wire(OUTSIDER);
        vm.expectRevert(abi.encodeWithSelector(Peers.PeerAlreadyBound.selector, address(agent)));
        collateral.wire(OUTSIDER, OUTSIDER, OUTSIDER);
        vm.expectRevert(abi.encodeWithSelector(Peers.PeerAlreadyBound.selector, address(agent)));
        staking.wire(OUTSIDER, distributor);
        vm.expectRevert(Peers.PeerZero.selector);
        unbound.wire(address(0));
        vm.stopPrank();
        _expectUnauthorised(OUTSIDER);
        vm.prank(OUTSIDER);
        unbound.wire(OUTSIDER);
    }
}
