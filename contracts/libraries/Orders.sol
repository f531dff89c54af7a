// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVolunteerCoin} from "../interfaces/IVolunteerCoin.sol";
import {Bytes} from "./Bytes.sol";
import {Narrow} from "./Narrow.sol";

/// @title Orders in the annex of desk 0
/// @notice Reads the ABI encoding of `Order[]` strictly: exactly the bytes that `abi.encode` gives, nothing shared,
/// nothing left over.
/// @dev Not `abi.decode` behind a `try`: an annex that does not decode must skip instead of revert, and a failing
/// external call could also be brought about by a poster who sends too little gas.
library Orders {
    uint256 private constant WORD = 32;
    uint256 private constant LIST_AT = 64;
    uint256 private constant HEAD_WORDS = 3;

    function decode(bytes calldata annex)
        internal
        pure
        returns (bool wellFormed, IVolunteerCoin.Order[] memory orders)
    {
        if (annex.length < LIST_AT || Bytes.wordAt(annex, 0) != WORD) return (false, orders);
        uint256 count = Bytes.wordAt(annex, WORD);
        // An order takes at least its offset and three words.
        if (count > annex.length / (4 * WORD)) return (false, orders);
        orders = new IVolunteerCoin.Order[](count);
        uint256 offset = LIST_AT + count * WORD;
        for (uint256 i = 0; i < count; ++i) {
            if (Bytes.wordAt(annex, LIST_AT + i * WORD) != offset - LIST_AT) return (false, orders);
            if (offset + HEAD_WORDS * WORD > annex.length) return (false, orders);
            uint256 code = Bytes.wordAt(annex, offset);
            uint256 length = Bytes.wordAt(annex, offset + 2 * WORD);
            if (code > type(uint8).max || Bytes.wordAt(annex, offset + WORD) != 2 * WORD) return (false, orders);
            offset += HEAD_WORDS * WORD;
            if (length > (annex.length - offset) / WORD) return (false, orders);
            uint256[] memory args = new uint256[](length);
            for (uint256 k = 0; k < length; ++k) {
                args[k] = Bytes.wordAt(annex, offset + k * WORD);
            }
            offset += length * WORD;
            orders[i] = IVolunteerCoin.Order({code: Narrow.to8(code), args: args});
        }
        wellFormed = offset == annex.length;
    }
}
