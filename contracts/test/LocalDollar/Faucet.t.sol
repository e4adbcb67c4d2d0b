// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";

import {LocalDollar} from "../../script/local/LocalDollar.sol";

contract LocalDollarFaucetTest is Test {
    function test_anyone_takes_up_to_the_cap_in_one_call() public {
        LocalDollar dollar = new LocalDollar();
        uint256 max = dollar.FAUCET_MAX();
        dollar.faucet(address(0xbeef), max);
        assertEq(dollar.balanceOf(address(0xbeef)), 10_000_000e6);
        assertEq(dollar.decimals(), 6);
        vm.expectRevert(abi.encodeWithSelector(LocalDollar.FaucetCapExceeded.selector, max + 1, max));
        dollar.faucet(address(0xbeef), max + 1);
    }

    function test_it_exists_on_the_local_chains() public {
        uint256[4] memory local = [uint256(412_346), 138, 651_940, 31_337];
        for (uint256 i = 0; i < local.length; i++) {
            vm.chainId(local[i]);
            assertEq(new LocalDollar().symbol(), "USDC");
        }
    }

    function testFuzz_it_exists_nowhere_else(uint64 chainId) public {
        vm.assume(chainId != 412_346 && chainId != 138 && chainId != 651_940 && chainId != 31_337);
        vm.chainId(chainId);
        vm.expectRevert(abi.encodeWithSelector(LocalDollar.NotALocalChain.selector, chainId));
        new LocalDollar();
    }
}
