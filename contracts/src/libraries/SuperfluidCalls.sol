// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {
    IGeneralDistributionAgreementV1,
    ISuperToken,
    ISuperfluid,
    ISuperfluidPool
} from "@superfluid-finance/ethereum-contracts/contracts/interfaces/superfluid/ISuperfluid.sol";

/// @notice A payment token and the agreement through which it is distributed.
struct FlowToken {
    ISuperToken token;
    ISuperfluid host;
    IGeneralDistributionAgreementV1 agreement;
}

/// @title SuperfluidCalls
/// @notice Distributions of this contract's own tokens through Superfluid's host.
library SuperfluidCalls {
    bytes32 private constant GDA = keccak256("org.superfluid-finance.agreements.GeneralDistributionAgreement.v1");

    /// @notice Host and agreement of the token.
    function flowOf(ISuperToken token) internal view returns (FlowToken memory) {
        ISuperfluid host = ISuperfluid(token.getHost());
        return FlowToken(token, host, IGeneralDistributionAgreementV1(address(host.getAgreementClass(GDA))));
    }

    /// @notice Streams to the pool's members from now on, at most `rate` [wei per second]; zero ends the stream.
    function distributeFlow(FlowToken memory self, ISuperfluidPool pool, int96 rate) internal {
        bytes memory call_ = abi.encodeCall(self.agreement.distributeFlow, (self.token, address(this), pool, rate, new bytes(0)));
        self.host.callAgreement(self.agreement, call_, new bytes(0));
    }

    /// @notice Lets what the pool streams to this contract come straight into its balance.
    function connect(FlowToken memory self, ISuperfluidPool pool) internal {
        self.host.callAgreement(self.agreement, abi.encodeCall(self.agreement.connectPool, (pool, new bytes(0))), new bytes(0));
    }

    /// @notice Gives the pool's members `amount` at once, less what does not divide by the units.
    function distribute(FlowToken memory self, ISuperfluidPool pool, uint256 amount) internal {
        bytes memory call_ = abi.encodeCall(self.agreement.distribute, (self.token, address(this), pool, amount, new bytes(0)));
        self.host.callAgreement(self.agreement, call_, new bytes(0));
    }
}
