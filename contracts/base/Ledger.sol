// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {IVolunteerCoin} from "../interfaces/IVolunteerCoin.sol";
import {HeadFields} from "../libraries/Annex.sol";
import {Limit} from "../libraries/Limits.sol";

/// @title What the ledger stores, and what is signed
/// @notice Nothing here depends on a block's time or number: the same batches give the same storage on any chain.
abstract contract Ledger is IVolunteerCoin, EIP712 {
    enum Role {
        None,
        Signer,
        Guardian
    }

    /// @dev A wrapper, so that a batch finds an account's slot once and reads and writes it there.
    struct Account {
        uint256 slot;
    }

    /// @dev One slot. Desk 0 has kind OFFICE; `next` is 0 for an unknown desk. Key set 0 is none: a revoked desk.
    struct Desk {
        uint8 kind;
        uint32 next;
        uint16 lastDay;
        uint32 keySet;
        uint8 threshold;
        uint8 custody;
        uint32 comingKeySet;
        uint32 comingFrom;
        uint8 comingThreshold;
        uint8 comingCustody;
    }

    /// @dev One slot and the programme's. `perUnits` is never 0 in a rate that exists; `changeFrom` is the first day on
    /// which the last order about it makes a difference.
    struct Rate {
        uint16 firstDay;
        uint16 lastDay;
        uint32 coins;
        uint24 perUnits;
        uint24 unitsMax;
        uint16 expiryMonths;
        uint16 changeFrom;
        bytes32 programme;
    }

    struct CoinValue {
        uint16 firstDay;
        uint32 krw;
    }

    /// @dev KRW and coins of a venue's or fund's account that no single balance tells.
    struct Due {
        int128 krw;
        uint64 coinsClosed;
        uint64 coinsReissued;
        int128 krwSettled;
    }

    /// @dev All that a venue took and was owed since the beginning, up to one of its batches.
    struct Covered {
        int128 krw;
        uint64 coins;
    }

    /// @dev What an order changes ahead of its first day, so that a veto can take it back.
    struct Pending {
        uint8 code;
        uint16 desk;
        uint16 key;
        uint16 from;
        uint16 lastDayBefore;
    }

    struct State {
        uint64 posts;
        uint64 credited;
        uint16 latestDay;
        uint16 openUntil;
        bool isSealed;
        bool isPaused;
        uint32 keySets;
    }

    /// @dev What changes the supply beside credits, which are in the slot that every batch writes.
    struct Totals {
        uint64 opened;
        uint64 reissued;
        uint64 restored;
        uint64 burnt;
    }

    uint8 internal constant OFFICE = 4;
    uint8 internal constant CENTRE = 1;
    uint8 internal constant VENUE = 2;
    uint8 internal constant TREASURY = 3;

    uint256 internal constant SIGNATURES_MAX = 16;

    bytes32 internal constant NEED_TYPEHASH = keccak256("Need(uint16 desk,uint32 seq)");
    bytes32 internal constant BATCH_TYPEHASH = keccak256(
        "Batch(uint16 desk,uint32 seq,uint16 day,bytes32 previousHead,bytes32 evidenceRoot,Need[] needs,uint16 count,bytes32 entriesHash,bytes annex)Need(uint16 desk,uint32 seq)"
    );

    State internal _state;
    Totals internal _totals;

    mapping(address account => Account) internal _accounts;
    mapping(uint256 desk => Desk) internal _desks;
    mapping(uint256 keySet => mapping(address signer => Role)) internal _roles;
    mapping(uint256 batch => bytes32 head) internal _heads;
    mapping(uint256 batch => uint256[2] bitmap) internal _skips;
    mapping(uint256 entry => uint256 coins) internal _undone;

    mapping(uint256 rate => Rate) internal _rates;
    CoinValue[] internal _coinValues;
    mapping(uint256 desk => mapping(uint256 month => Limit)) internal _deskLimits;
    mapping(uint256 year => Limit) internal _budgets;
    mapping(uint256 year => Limit) internal _personCaps;
    mapping(uint256 fund => bool) internal _isFundActive;
    mapping(address account => Due) internal _dues;
    mapping(uint256 batch => Covered) internal _covered;
    mapping(address account => address) internal _mergedInto;
    mapping(uint256 order => Pending) internal _pending;

    function _batchKey(uint256 desk, uint256 seq) internal pure returns (uint256) {
        return desk << 32 | seq;
    }

    /// @notice Names an entry, or an order of desk 0.
    function _entryKey(uint256 desk, uint256 seq, uint256 index) internal pure returns (uint256) {
        return desk << 48 | seq << 16 | index;
    }

    function _headFrom(HeadFields memory fields) internal view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(BATCH_TYPEHASH, fields)));
    }

    /// @notice The key set that signs a desk's batch at `seq` (the next one), 0 when the desk is revoked.
    function _keysAt(Desk memory desk, uint256 seq) internal pure returns (uint256 keySet, uint256 threshold) {
        if (desk.comingKeySet != 0 && seq >= desk.comingFrom) return (desk.comingKeySet, desk.comingThreshold);
        return (desk.keySet, desk.threshold);
    }

    /// @notice The signer of `hash`, if he is of this key set and above `previous`; else zero.
    /// @dev ECDSA refuses high s and any length but 65.
    function _signerAbove(address previous, bytes32 hash, bytes calldata signature, uint256 keySet)
        internal
        view
        returns (address signer, Role role)
    {
        ECDSA.RecoverError failure;
        (signer, failure,) = ECDSA.tryRecoverCalldata(hash, signature);
        if (failure != ECDSA.RecoverError.NoError || signer <= previous) return (address(0), Role.None);
        role = _roles[keySet][signer];
    }

    /// @notice KRW of a coin on a day: the last version that has begun, 0 when none has.
    function _coinValueOn(uint256 day) internal view returns (uint256) {
        for (uint256 i = _coinValues.length; i > 0; --i) {
            CoinValue memory version = _coinValues[i - 1];
            if (version.firstDay <= day) return version.krw;
        }
        return 0;
    }
}
