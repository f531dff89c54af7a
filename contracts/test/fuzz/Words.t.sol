// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVolunteerCoin} from "../../interfaces/IVolunteerCoin.sol";
import {AccountSlot} from "../../libraries/AccountSlot.sol";
import {Accounts} from "../../libraries/Accounts.sol";
import {Civil} from "../../libraries/Civil.sol";
import {EntryWord} from "../../libraries/EntryWord.sol";
import {Fixture} from "../base/Fixture.sol";
import {Proofs} from "../base/Proofs.sol";

// forge-lint: disable-next-item(unsafe-typecast, incorrect-shift)
/// @notice Any word of any desk: never a revert, and coins move by the rule of its kind or not at all.
contract WordsFuzzTest is Fixture {
    using AccountSlot for uint256;
    using EntryWord for uint256;

    /// @dev What an entry alone should come to: what the account, the desk's account, the fund's and the supply gain.
    struct Expected {
        IVolunteerCoin.Skip reason;
        int256 account;
        int256 venue;
        int256 fund;
    }

    address private constant FROZEN = address(0xF0);
    address private constant CLOSED = address(0xC0);
    address private constant DEBTOR = address(0xDEB7);

    /// @dev Of the treasury's allotment, by setUp.
    uint256 private used;

    function setUp() public override {
        super.setUp();
        _office(_orders(_order(11, _args(4, 1))));
        IVolunteerCoin.Batch memory original = _signed(_batch(CENTRE, _only(_credit(DEBTOR, 480))));
        require(_post(original).isPosted, "refused");
        _land(VENUE, _only(_redeem(DEBTOR, 30)));
        IVolunteerCoin.Batch memory batch = _batch(TREASURY, _only(_entry(6, DEBTOR, 0, 25, CENTRE, 1)));
        batch.annex = Proofs.annex(Proofs.proof(original, 0));
        used = _post(_signed(batch)).coins;
        _give(DEBTOR, 10);
        _give(FROZEN, 60);
        _give(ALICE, 100);
        used += _land(TREASURY, _both(_entry(8, CLOSED, 0, 0, DAY, 1), _entry(4, ALICE, 4, 40, DAY, 1))).coins;
        _office(_orders(_order(13, _args(uint160(FROZEN)))));
    }

    function _pick(uint256 seed, uint256[8] memory values) private pure returns (uint256) {
        return values[seed % 8];
    }

    /// @dev Mostly near what can be applied, at times any bits.
    function _near(uint256 seed) private view returns (uint256) {
        if (seed % 8 == 0) return uint256(keccak256(abi.encode(seed)));
        address account = _nearAccount(seed >> 8);
        uint256 kind = _bound(seed >> 24, 0, 12);
        uint256 ref = _pick(seed >> 40, [uint256(0), 1, 2, 4, 52, 3, 51, uint16(seed >> 48)]);
        if (seed >> 160 & 3 != 0) ref = kind == 1 ? 1 : kind == 4 || kind == 8 ? 4 : kind == 10 ? MONTH : 0;
        uint256 units = _nearUnits(seed >> 64, account);
        uint256 day =
            _pick(seed >> 96, [uint256(DAY), DAY, DAY - 1, DAY - 5, DAY + 1, 18_999, 19_000, uint16(seed >> 104)]);
        return uint256(_entry(uint8(kind), account, ref, units, day, uint32(seed >> 128)));
    }

    function _nearAccount(uint256 seed) private pure returns (address) {
        address[8] memory accounts =
            [address(0), FROZEN, CLOSED, DEBTOR, BOB, ALICE, Accounts.ofDesk(VENUE), Accounts.ofFund(4)];
        return accounts[seed % 8];
    }

    function _nearUnits(uint256 seed, address account) private view returns (uint256) {
        (uint256 held, uint256 debt) = (coin.balanceOf(account), _slotOf(account).debt());
        return _pick(seed, [uint256(0), 5, 11, 60, 100, held, debt, uint24(seed >> 8)]) % (1 << 24);
    }

    /// @dev docs/formats.md, read once more.
    function _expected(uint16 desk, uint256 word) private view returns (Expected memory) {
        uint256 kind = word.kind();
        uint16 owner = kind == 1 ? CENTRE : kind == 2 || kind == 3 ? VENUE : TREASURY;
        if (kind == 0 || kind > 11 || owner != desk || kind == 9) return _skip(IVolunteerCoin.Skip.NotAllowed);
        if (word.units() == 0 && kind != 8 && kind != 10) return _skip(IVolunteerCoin.Skip.NotAllowed);
        address account = word.account();
        uint256 slot = _slotOf(account);
        bool isReserved = Accounts.isDesk(account) || Accounts.isFund(account);
        if (account == address(0) || isReserved != (kind == 10) || slot.isClosed()) {
            return _skip(IVolunteerCoin.Skip.BadAccount);
        }
        if (kind == 1) return _expectedCredit(word, slot);
        if (kind == 3 || kind == 6) return _skip(IVolunteerCoin.Skip.BadAnnex);
        if (kind == 10) return _expectedClose(word, slot);
        return _expectedDebit(word, slot);
    }

    function _expectedCredit(uint256 word, uint256 slot) private pure returns (Expected memory) {
        (uint256 ref, uint256 units, uint256 day) = (word.ref(), word.units(), word.day());
        if (slot.isFrozen()) return _skip(IVolunteerCoin.Skip.Frozen);
        if (ref == 0 || ref > 2 || day < 19_000 || day > DAY) return _skip(IVolunteerCoin.Skip.RateNotInForce);
        if (units > (ref == 1 ? 480 : 100)) return _skip(IVolunteerCoin.Skip.UnitsAboveMax);
        uint256 coins = ref == 1 ? units / 12 : 2 * units;
        if (coins == 0) return _skip(IVolunteerCoin.Skip.NotAllowed);
        return _moves(int256(coins), 0, 0);
    }

    function _expectedClose(uint256 word, uint256 slot) private pure returns (Expected memory) {
        (, uint256 month) = Civil.yearAndMonth(word.day());
        if (word.ref() != month || word.day() > DAY) return _skip(IVolunteerCoin.Skip.NotAllowed);
        if (Accounts.isDesk(word.account())) return _skip(IVolunteerCoin.Skip.BadAnnex);
        if (word.units() != slot.coins()) return _skip(IVolunteerCoin.Skip.Balance);
        return _moves(-int256(word.units()), 0, 0);
    }

    /// @dev 2, 4, 5, 7, 8 and 11.
    function _expectedDebit(uint256 word, uint256 slot) private view returns (Expected memory) {
        (uint256 kind, uint256 units) = (word.kind(), word.units());
        bool isGift = kind == 4 || (kind == 8 && word.ref() != 0);
        if (kind == 2 && word.ref() != 0) return _skip(IVolunteerCoin.Skip.NotAllowed);
        if (isGift && word.ref() != 4) return _skip(IVolunteerCoin.Skip.NotAllowed);
        if (kind == 8 && slot.debt() != 0 && slot.coins() != 0) return _skip(IVolunteerCoin.Skip.NotAllowed);
        if (kind == 7 && units > slot.debt()) return _skip(IVolunteerCoin.Skip.NotAllowed);
        if (kind != 7 && slot.isFrozen()) return _skip(IVolunteerCoin.Skip.Frozen);
        if (word.day() > DAY || ((isGift || kind == 2) && word.day() < 19_000)) {
            return _skip(IVolunteerCoin.Skip.RateNotInForce);
        }
        if (kind != 11 && units > slot.coins()) return _skip(IVolunteerCoin.Skip.Balance);
        if (kind == 8 && units != slot.coins()) return _skip(IVolunteerCoin.Skip.Balance);
        if (kind != 2 && used + units > AMOUNT) return _skip(IVolunteerCoin.Skip.Allotment);
        if (kind == 11) return _moves(int256(units), 0, 0);
        return _moves(-int256(units), kind == 2 ? int256(units) : int256(0), isGift ? int256(units) : int256(0));
    }

    function _skip(IVolunteerCoin.Skip reason) private pure returns (Expected memory expected) {
        expected.reason = reason;
    }

    function _moves(int256 account, int256 venue, int256 fund) private pure returns (Expected memory) {
        return Expected(IVolunteerCoin.Skip.None, account, venue, fund);
    }

    function _sums(address account) private view returns (int256[6] memory sums) {
        sums[0] = int256(coin.balanceOf(account));
        sums[1] = int256(coin.balanceOf(Accounts.ofDesk(VENUE)));
        sums[2] = int256(coin.balanceOf(Accounts.ofFund(4)));
        sums[3] = int256(coin.totalSupply());
        sums[4] = coin.krwDueOf(Accounts.ofDesk(VENUE));
        sums[5] = coin.krwDueOf(Accounts.ofFund(4));
    }

    /// forge-config: default.fuzz.runs = 2000
    function testFuzz_post_AWordMovesCoinsByItsRuleOrNotAtAll(uint256 seed, uint256 which) external {
        uint256 word = _near(seed);
        uint256 kind = word.kind();
        // Mostly the desk whose kind it is.
        uint16 owner = kind == 1 ? CENTRE : kind == 2 || kind == 3 ? VENUE : TREASURY;
        uint16 desk = which % 4 == 0 ? uint16(_bound(which >> 2, 1, 3)) : owner;
        address account = word.account();
        Expected memory expected = _expected(desk, word);
        int256[6] memory before = _sums(account);
        Outcome memory outcome = _land(desk, _only(bytes32(word)));
        int256[6] memory afterwards = _sums(account);

        _isSkipped(outcome, 0, expected.reason);
        require(afterwards[0] - before[0] == expected.account, "account");
        require(afterwards[3] - before[3] == expected.account + expected.venue + expected.fund, "supply");
        require(outcome.transfers == (expected.account == 0 ? 0 : 1), "one transfer for one movement");
        if (Accounts.isReserved(account)) return;
        require(afterwards[1] - before[1] == expected.venue, "venue");
        require(afterwards[2] - before[2] == expected.fund, "fund");
        require(afterwards[4] - before[4] == expected.venue * 100, "KRW due to the venue");
        require(afterwards[5] - before[5] == expected.fund * 100, "KRW due to the fund");
    }

    /// @dev Many words at once, with caches between them.
    function testFuzz_post_AnyWordsNeverRevert(uint256[24] calldata seeds, uint256 which, bool isRaw) external {
        uint16 desk = uint16(_bound(which, 1, 3));
        bytes32[] memory entries = new bytes32[](24);
        for (uint256 i = 0; i < 24; ++i) {
            entries[i] = bytes32(isRaw ? seeds[i] : _near(seeds[i]));
        }
        Outcome memory outcome = _land(desk, entries);
        uint256[2] memory bitmap = coin.skipsOf(desk, coin.nextSeq(desk) - 1);
        for (uint256 i = 0; i < 24; ++i) {
            require((bitmap[0] >> i & 1 == 1) == (outcome.skips[i] != IVolunteerCoin.Skip.None), "bitmap");
        }
        (uint64 credited, uint64 opened, uint64 reissued, uint64 restored, uint64 burnt) = coin.totals();
        _eq(coin.totalSupply(), uint256(credited) + opened + reissued + restored - burnt);
        require(outcome.coins == 0 || outcome.transfers > 0, "coins without a movement");
    }
}
