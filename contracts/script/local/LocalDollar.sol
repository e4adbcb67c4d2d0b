// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title LocalDollar
/// @notice The dollar of the local chains: worth nothing, free to take. It cannot be deployed anywhere else, so it can never be mistaken for money.
contract LocalDollar is ERC20 {
    error NotALocalChain(uint256 chainId);
    error FaucetCapExceeded(uint256 amount, uint256 max);

    /// @notice [base units, 6 decimals] What one call of the faucet gives at most: ten million dollars.
    uint256 public constant FAUCET_MAX = 10_000_000e6;

    constructor() ERC20("Local Dollar", "USDC") {
        if (!isLocalChain(block.chainid)) revert NotALocalChain(block.chainid);
    }

    /// @notice The three chains of `make up` and the one that forge tests run on.
    function isLocalChain(uint256 chainId) public pure returns (bool) {
        return chainId == 412_346 || chainId == 138 || chainId == 651_940 || chainId == 31_337;
    }

    /// @notice Gives anyone up to FAUCET_MAX per call.
    function faucet(address to, uint256 amount) external {
        if (amount > FAUCET_MAX) revert FaucetCapExceeded(amount, FAUCET_MAX);
        _mint(to, amount);
    }

    /// @inheritdoc ERC20
    function decimals() public pure override returns (uint8) {
        return 6;
    }
}
