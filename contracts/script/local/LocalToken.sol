// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title LocalToken
/// @notice A vault token of the local chains, 6 decimals: worth nothing, free to take. It cannot be deployed anywhere else.
contract LocalToken is ERC20 {
    error NotALocalChain(uint256 chainId);
    error FaucetCapExceeded(uint256 amount, uint256 max);

    /// @notice [base units] What one call of the faucet gives at most: ten million tokens.
    uint256 public constant FAUCET_MAX = 10_000_000e6;

    constructor(string memory symbol_) ERC20(string.concat("Local ", symbol_), symbol_) {
        uint256 id = block.chainid;
        if (id != 412_346 && id != 138 && id != 651_940 && id != 31_337) revert NotALocalChain(id);
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
