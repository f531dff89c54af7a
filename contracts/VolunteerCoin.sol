// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IVolunteerCoin} from "./interfaces/IVolunteerCoin.sol";
import {Movements} from "./base/Movements.sol";
import {Office} from "./base/Office.sol";
import {AccountSlot} from "./libraries/AccountSlot.sol";
import {Annex, HeadFields} from "./libraries/Annex.sol";
import {Narrow} from "./libraries/Narrow.sol";

/// @title Boram: the public ledger of a district's reward coins
/// @notice No owner, no proxy, no upgrade: what a desk or the coin office may do is in the code, and nobody may do more.
/// Movements.sol says what entries do, Office.sol what orders do, and this file how a batch of them lands.
contract VolunteerCoin is Movements, Office {
    using Narrow for uint256;

    uint256 private constant BATCH_ENTRIES_MAX = 500;
    uint256 private constant BATCH_ENTRIES_WITH_ANNEX_MAX = 150;
    uint256 private constant NEEDS_MAX = 64;
    uint256 private constant ANNEX_BYTES_MAX = 65_536;
    uint256 private constant OFFICE_KEYS_MIN = 2;

    /// @notice The district's code, as given at deployment.
    bytes32 public immutable district;

    /// @notice Deployment takes at least two different office keys, and a guardian that is none of them.
    error BadOfficeKeys();

    constructor(bytes32 district_, address[] memory officeKeys, address guardian) EIP712("Boram", "1") {
        uint256[] memory signers = new uint256[](officeKeys.length);
        for (uint256 i = 0; i < officeKeys.length; ++i) {
            signers[i] = uint160(officeKeys[i]);
        }
        if (guardian == address(0) || !_areSigners(signers, 0, OFFICE_KEYS_MIN, guardian)) revert BadOfficeKeys();
        district = district_;
        // Nobody holds account zero; closed, it costs no check of its own.
        _accounts[address(0)].slot = AccountSlot.CLOSED;
        Desk storage office = _desks[0];
        office.kind = OFFICE;
        office.next = 1;
        office.keySet = _newKeySet(signers, 0, guardian);
        office.threshold = OFFICE_KEYS_MIN.to8();
    }

    // ---- the door

    /// @inheritdoc IVolunteerCoin
    function post(Batch[] calldata batches) external {
        // slither-disable-next-line tx-origin
        if (msg.sender != tx.origin || msg.sender.code.length != 0) revert SenderNotOrdinary(msg.sender);
        for (uint256 i = 0; i < batches.length; ++i) {
            _post(batches[i]);
        }
    }

    function _post(Batch calldata batch) private {
        bytes32 head = _headOf(batch);
        bytes32 known = _heads[_batchKey(batch.desk, batch.seq)];
        if (known == head) return;
        Desk memory desk = _desks[batch.desk];
        (Refusal reason, uint256 value, bool isEmergency) = _refusal(batch, desk, head, known);
        if (reason != Refusal.None) {
            emit BatchRefused(batch.desk, batch.seq, head, reason, value);
            return;
        }
        _land(batch, desk.kind, head, isEmergency);
    }

    /// @dev The first reason that applies, in the order of docs/formats.md.
    function _refusal(Batch calldata batch, Desk memory desk, bytes32 head, bytes32 known)
        private
        view
        returns (Refusal reason, uint256 value, bool isEmergency)
    {
        uint256 seq = batch.seq;
        if (desk.next == 0) return (Refusal.UnknownDesk, batch.desk, false);
        value = _beyondABound(batch);
        if (value != 0) return (Refusal.TooLarge, value, false);
        if (seq > desk.next) return (Refusal.Gap, desk.next, false);
        if (seq == 0 || known != 0) return (Refusal.Conflict, uint256(known), false);
        // Zero before the first batch: nothing ever lands at seq 0.
        bytes32 last = _heads[_batchKey(batch.desk, desk.next - 1)];
        if (batch.previousHead != last) return (Refusal.Conflict, uint256(last), false);
        if (batch.desk == 0 ? batch.annex.length == 0 : batch.entries.length == 0) return (Refusal.Empty, 0, false);
        if (batch.evidenceRoot == 0) return (Refusal.NoEvidence, 0, false);

        bool isSigned;
        (isSigned, isEmergency, value) = _isSigned(batch, desk, head);
        if (!isSigned) return (Refusal.BadSignature, value, false);
        if (batch.desk != 0 && _state.isPaused) return (Refusal.Paused, 0, false);
        if (batch.day < desk.lastDay || (isEmergency && batch.day > desk.lastDay)) {
            return (Refusal.BadDay, desk.lastDay, false);
        }
        if (batch.desk != 0 && batch.day > _state.openUntil) return (Refusal.BadDay, _state.openUntil, false);
        for (uint256 i = 0; i < batch.needs.length; ++i) {
            uint256 need = _batchKey(batch.needs[i].desk, batch.needs[i].seq);
            if (_heads[need] == 0) return (Refusal.NotYet, need, false);
        }
        return (Refusal.None, 0, isEmergency);
    }

    /// @return count the first count that is too large, or 0.
    function _beyondABound(Batch calldata batch) private pure returns (uint256 count) {
        uint256 entriesMax = batch.annex.length == 0 ? BATCH_ENTRIES_MAX : BATCH_ENTRIES_WITH_ANNEX_MAX;
        count = batch.entries.length;
        if (count > (batch.desk == 0 ? 0 : entriesMax)) return count;
        count = batch.needs.length;
        if (count > NEEDS_MAX) return count;
        count = batch.signatures.length;
        if (count > SIGNATURES_MAX) return count;
        count = batch.annex.length;
        if (count > ANNEX_BYTES_MAX) return count;
        return 0;
    }

    /// @return isSigned true when every signature is valid, ascending, and there are enough.
    /// @return isEmergency true for a batch of desk 0 that the guardian or one office key signed alone.
    /// @return threshold how many are enough, 0 for a revoked desk.
    function _isSigned(Batch calldata batch, Desk memory desk, bytes32 head)
        private
        view
        returns (bool isSigned, bool isEmergency, uint256 threshold)
    {
        uint256 keySet;
        (keySet, threshold) = _keysAt(desk, batch.seq);
        uint256 count = batch.signatures.length;
        isEmergency = batch.desk == 0 && count == 1;
        if (keySet == 0 || (count < threshold && !isEmergency)) return (false, false, threshold);
        address signer = address(0);
        for (uint256 i = 0; i < count; ++i) {
            Role role;
            (signer, role) = _signerAbove(signer, head, batch.signatures[i], keySet);
            if (role != Role.Signer && !(isEmergency && role == Role.Guardian)) return (false, false, threshold);
        }
        isSigned = true;
    }

    function _land(Batch calldata batch, uint256 deskKind, bytes32 head, bool isEmergency) private {
        _heads[_batchKey(batch.desk, batch.seq)] = head;
        Desk storage desk = _desks[batch.desk];
        desk.next = batch.seq + 1;
        desk.lastDay = batch.day;
        uint64 postNumber = ++_state.posts;
        if (batch.day > _state.latestDay) _state.latestDay = batch.day;

        uint256 applied = 0;
        bytes32 skippedHash = 0;
        if (batch.desk == 0) {
            _applyOrders(
                batch.annex,
                Session({
                    seq: batch.seq,
                    day: batch.day,
                    today: _state.latestDay,
                    isEmergency: isEmergency,
                    pending: Pending(0, 0, 0, 0, 0)
                })
            );
        } else {
            (applied, skippedHash) = _applyEntries(batch, deskKind);
        }
        emit BatchPosted(postNumber, batch.desk, batch.seq, head, applied.to64(), skippedHash);
    }

    /// @dev entriesHash: keccak of the hashes of chunks of 32 words, zero for none.
    function _headOf(Batch calldata batch) private view returns (bytes32) {
        bytes32[] calldata entries = batch.entries;
        uint256 count = entries.length;
        bytes32[] memory hashes = new bytes32[]((count + Annex.CHUNK_ENTRIES - 1) / Annex.CHUNK_ENTRIES);
        for (uint256 k = 0; k < hashes.length; ++k) {
            uint256 from = k * Annex.CHUNK_ENTRIES;
            uint256 end = from + Annex.CHUNK_ENTRIES;
            hashes[k] = keccak256(abi.encodePacked(entries[from:end < count ? end : count]));
        }
        bytes32[] memory needs = new bytes32[](batch.needs.length);
        for (uint256 i = 0; i < needs.length; ++i) {
            needs[i] = keccak256(abi.encode(NEED_TYPEHASH, batch.needs[i]));
        }
        return _headFrom(
            HeadFields({
                desk: batch.desk,
                seq: batch.seq,
                day: batch.day,
                previousHead: batch.previousHead,
                evidenceRoot: batch.evidenceRoot,
                needsHash: keccak256(abi.encodePacked(needs)),
                count: count,
                entriesHash: count == 0 ? bytes32(0) : keccak256(abi.encodePacked(hashes)),
                annexHash: keccak256(batch.annex)
            })
        );
    }

    // ---- views

    /// @inheritdoc IVolunteerCoin
    function digest(Batch calldata batch) external view returns (bytes32) {
        return _headOf(batch);
    }

    /// @inheritdoc IVolunteerCoin
    function headOf(uint16 desk, uint32 seq) external view returns (bytes32) {
        return _heads[_batchKey(desk, seq)];
    }

    /// @inheritdoc IVolunteerCoin
    function nextSeq(uint16 desk) external view returns (uint32) {
        return _desks[desk].next;
    }

    /// @inheritdoc IVolunteerCoin
    function tip(uint16 desk) external view returns (uint32 next, bytes32 head, uint16 day) {
        next = _desks[desk].next;
        if (next > 1) head = _heads[_batchKey(desk, next - 1)];
        day = _desks[desk].lastDay;
    }

    /// @inheritdoc IVolunteerCoin
    function slotsOf(address[] memory accounts) external view returns (uint256[] memory slots) {
        slots = new uint256[](accounts.length);
        for (uint256 i = 0; i < accounts.length; ++i) {
            slots[i] = _accounts[accounts[i]].slot;
        }
    }

    /// @inheritdoc IVolunteerCoin
    function skipsOf(uint16 desk, uint32 seq) external view returns (uint256[2] memory) {
        return _skips[_batchKey(desk, seq)];
    }

    /// @inheritdoc IVolunteerCoin
    function krwDueOf(address account) external view returns (int128) {
        return _dues[account].krw;
    }

    /// @inheritdoc IVolunteerCoin
    function totals()
        external
        view
        returns (uint64 credited, uint64 opened, uint64 reissued, uint64 restored, uint64 burnt)
    {
        return (_state.credited, _totals.opened, _totals.reissued, _totals.restored, _totals.burnt);
    }

    /// @inheritdoc IVolunteerCoin
    function status()
        external
        view
        returns (uint64 posts, uint16 latestDay, uint16 openUntil, bool isSealed, bool isPaused)
    {
        return (_state.posts, _state.latestDay, _state.openUntil, _state.isSealed, _state.isPaused);
    }

    // ---- ERC-20, to be read only

    function name() external pure returns (string memory) {
        return "Boram coin";
    }

    function symbol() external pure returns (string memory) {
        return "BORAM";
    }

    function decimals() external pure returns (uint8) {
        return 0;
    }

    function totalSupply() external view returns (uint256) {
        return uint256(_state.credited) + _totals.opened + _totals.reissued + _totals.restored - _totals.burnt;
    }

    function balanceOf(address account) external view returns (uint256) {
        return AccountSlot.coins(_accounts[account].slot);
    }

    function allowance(address, address) external pure returns (uint256) {
        return 0;
    }

    function transfer(address, uint256) external pure returns (bool) {
        revert CoinsDoNotMoveBetweenPeople();
    }

    function approve(address, uint256) external pure returns (bool) {
        revert CoinsDoNotMoveBetweenPeople();
    }

    function transferFrom(address, address, uint256) external pure returns (bool) {
        revert CoinsDoNotMoveBetweenPeople();
    }
}
