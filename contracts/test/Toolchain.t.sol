// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {Test} from "forge-std/Test.sol";

/// @notice What the rest of the suite takes for granted about the machine it runs on.
contract ToolchainTest is Test {
    /// @dev A vector of NIST's P-256 ECDSA set: the precompile at 0x100 answers, so the hardfork is osaka.
    function test_the_p256_precompile_answers() public view {
        assertTrue(
            P256.verifyNative(
                0xbb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023,
                0x2ba3a8be6b94d5ec80a6d9d1190a436effe50d85a1eee859b8cc6af9bd5c2e18,
                0x4cd60b855d442f5b3c7b11eb6c4e0ae7525fe710fab9aa7c77a67f79e6fadd76,
                0x2927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838,
                0xc7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e
            )
        );
    }
}
