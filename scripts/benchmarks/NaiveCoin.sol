// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title What most would write first, to compare with
/// @notice A plain ERC-20 whose owner mints: no rates, no limits, no batches.
contract NaiveCoin is ERC20 {
    address private immutable _OWNER = msg.sender;

    error NotTheOwner(address caller);

    constructor() ERC20("Naive", "NAIVE") {}

    /// @notice Issue coins to an account.
    function mint(address account, uint256 coins) external {
        require(msg.sender == _OWNER, NotTheOwner(msg.sender));
        _mint(account, coins);
    }
}
