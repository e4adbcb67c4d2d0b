// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title LocalToken
/// @notice A token of the local chains: worth nothing, free to take. It cannot be deployed anywhere else.
contract LocalToken is ERC20 {
    error NotALocalChain(uint256 chainId);
    error FaucetCapExceeded(uint256 amount, uint256 max);

    /// @notice [tokens] What one call of the faucet gives at most.
    uint256 public constant FAUCET_TOKENS_MAX = 1e12;
    uint8 private immutable _decimals;

    constructor(string memory symbol_, uint8 decimals_) ERC20(string.concat("Local ", symbol_), symbol_) {
        uint256 id = block.chainid;
        if (id != 412_346 && id != 138 && id != 651_940 && id != 31_337) revert NotALocalChain(id);
        _decimals = decimals_;
    }

    /// @notice Gives anyone up to FAUCET_TOKENS_MAX tokens per call.
    function faucet(address to, uint256 amount) external {
        uint256 max = FAUCET_TOKENS_MAX * 10 ** _decimals;
        if (amount > max) revert FaucetCapExceeded(amount, max);
        _mint(to, amount);
    }

    /// @inheritdoc ERC20
    function decimals() public view override returns (uint8) {
        return _decimals;
    }
}
