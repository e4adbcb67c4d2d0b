// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice A well-behaved token of any decimals, free to mint.
contract PlainToken is ERC20 {
    uint8 private immutable _decimals;

    constructor(string memory symbol_, uint8 decimals_) ERC20(symbol_, symbol_) {
        _decimals = decimals_;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function decimals() public view override returns (uint8) {
        return _decimals;
    }
}

/// @notice Keeps a share of every transfer.
contract FeeOnTransferToken is PlainToken {
    uint256 public immutable feeBps;

    constructor(uint256 feeBps_) PlainToken("FEE", 18) {
        feeBps = feeBps_;
    }

    function _update(address from, address to, uint256 value) internal override {
        uint256 fee = from == address(0) || to == address(0) ? 0 : value * feeBps / 10_000;
        super._update(from, to, value - fee);
        if (fee > 0) super._update(from, address(0), fee);
    }
}

/// @notice Refuses transfers to listed addresses, as dollar tokens do.
contract RefusingToken is PlainToken {
    mapping(address => bool) public refused;

    error Refused(address account);

    constructor() PlainToken("REFUSE", 6) {}

    function refuse(address account, bool yes) external {
        refused[account] = yes;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (refused[to]) revert Refused(to);
        super._update(from, to, value);
    }
}

/// @notice Moves tokens and returns false where it should revert.
contract SilentToken is PlainToken {
    bool public failing;

    constructor() PlainToken("SILENT", 18) {}

    function fail(bool yes) external {
        failing = yes;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        return failing ? false : super.transfer(to, value);
    }
}

/// @notice Calls `target` with `call_` in the middle of a transfer and keeps what it answered.
contract ReentrantToken is PlainToken {
    address private _target;
    bytes private _call;
    bool public called;
    bool public succeeded;
    bytes public answer;

    constructor() PlainToken("REENTER", 18) {}

    function arm(address target, bytes calldata call_) external {
        (_target, _call) = (target, call_);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (_target != address(0)) {
            address target = _target;
            _target = address(0);
            called = true;
            (succeeded, answer) = target.call(_call);
        }
        super._update(from, to, value);
    }
}
