// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {Custody} from "../../src/exchange/Custody.sol";
import {ICustody} from "../../src/interfaces/ICustody.sol";
import {CustodyFixture} from "../support/CustodyFixture.sol";
import {PlainToken} from "../support/Tokens.sol";

contract CustodyGovernTest is CustodyFixture {
    function test_the_governor_lists_a_token_with_its_cap() public {
        PlainToken token = new PlainToken("EURC", 6);
        vm.expectEmit(address(custody));
        emit ICustody.TokenListed(address(token), 77e6);
        vm.prank(address(timelock));
        custody.listToken(address(token), 77e6);
        assertEq(custody.tokens()[2], address(token));
        (uint256 cap, uint256 left,) = custody.epochOf(address(token));
        assertEq(cap, 77e6);
        assertEq(left, 77e6);
    }

    function test_a_token_is_listed_once() public {
        vm.expectRevert(abi.encodeWithSelector(Custody.TokenAlreadyListed.selector, address(dollar)));
        vm.prank(address(timelock));
        custody.listToken(address(dollar), 1);
    }

    function test_an_address_without_code_is_no_token() public {
        vm.expectRevert(abi.encodeWithSelector(Custody.TokenWithoutCode.selector, OUTSIDER));
        vm.prank(address(timelock));
        custody.listToken(OUTSIDER, 1);
    }

    function test_there_are_at_most_sixteen_tokens() public {
        for (uint256 i = 2; i < 16; i++) {
            _list(address(new PlainToken("MORE", 18)), 1);
        }
        address token = address(new PlainToken("SEVENTEENTH", 18));
        vm.expectRevert(abi.encodeWithSelector(Custody.TokensFull.selector, 16));
        vm.prank(address(timelock));
        custody.listToken(token, 1);
    }

    function test_a_cap_beyond_any_balance_is_refused() public {
        uint256 max = type(uint128).max;
        vm.expectRevert(abi.encodeWithSelector(Custody.CapTooLarge.selector, max + 1, max));
        vm.prank(address(timelock));
        custody.setEpochCap(address(dollar), max + 1);
    }

    function test_a_changed_cap_is_announced() public {
        vm.expectEmit(address(custody));
        emit Custody.EpochCapSet(address(dollar), 5e6);
        vm.prank(address(timelock));
        custody.setEpochCap(address(dollar), 5e6);
    }

    function test_an_unlisted_token_has_no_cap_and_no_totals() public {
        bytes memory unlisted = abi.encodeWithSelector(Custody.TokenUnlisted.selector, OUTSIDER);
        vm.expectRevert(unlisted);
        vm.prank(address(timelock));
        custody.setEpochCap(OUTSIDER, 1);
        vm.expectRevert(unlisted);
        custody.totalsOf(OUTSIDER);
        vm.expectRevert(unlisted);
        custody.epochOf(OUTSIDER);
    }

    function test_an_epoch_has_a_length() public {
        address authority = custody.authority();
        vm.expectRevert(abi.encodeWithSelector(Custody.EpochInvalid.selector, 0));
        new Custody(authority, 0);
    }

    function test_outsiders_govern_nothing() public {
        bytes[4] memory calls = [
            abi.encodeCall(Custody.listToken, (address(dollar), 1)),
            abi.encodeCall(Custody.setEpochCap, (address(dollar), 1)),
            abi.encodeCall(Custody.pause, ()),
            abi.encodeCall(Custody.unpause, ())
        ];
        for (uint256 i = 0; i < calls.length; i++) {
            vm.prank(OUTSIDER);
            (bool done, bytes memory answer) = address(custody).call(calls[i]);
            assertFalse(done);
            assertEq(answer, abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, OUTSIDER));
        }
    }
}
