// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVolunteerCoin} from "../../interfaces/IVolunteerCoin.sol";
import {Code, Coin} from "./Coin.sol";
import {Proofs} from "./Proofs.sol";
import {Vm, vm} from "./Vm.sol";

/// @notice A contract in setup with three desks, a rate, a coin value and limits, and the hands to post with.
abstract contract Fixture {
    struct Outcome {
        bool isPosted;
        IVolunteerCoin.Refusal refusal;
        uint256 value;
        uint64 coins;
        bytes32 skippedHash;
        IVolunteerCoin.Skip[500] skips;
        IVolunteerCoin.OrderSkip[500] orderSkips;
        bool[500] isOrderApplied;
        uint256 skipped;
        uint256 transfers;
    }

    uint16 internal constant CENTRE = 1;
    uint16 internal constant VENUE = 2;
    uint16 internal constant TREASURY = 3;

    /// @dev 2024-05-02, of month 52 since 2020-01.
    uint16 internal constant DAY = 19_845;
    uint16 internal constant MONTH = 52;
    uint16 internal constant YEAR = 2024;

    uint256 internal constant CENTRE_KEY = 0xc1;
    uint256 internal constant VENUE_KEY = 0xc2;
    uint256 internal constant TREASURY_KEY = 0xc3;
    uint256 internal constant GUARDIAN_KEY = 0xc4;
    uint256 internal constant STRANGER_KEY = 0xc5;

    uint256 internal constant PROGRAMME = 0x766f6c756e74656572;
    uint256 internal constant AMOUNT = 1_000_000;
    uint256 internal constant CAP = 5_000;

    address internal constant ALICE = address(0xA11CE);
    address internal constant BOB = address(0xB0B);
    address internal constant CAROL = address(0xCA401);
    address internal constant POSTER = address(0x9057E4);

    Coin internal coin;
    /// @dev By ascending address.
    uint256[] internal officeKeys;

    bytes32 private constant TRANSFER = keccak256("Transfer(address,address,uint256)");
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant CLOSE =
        keccak256("Close(uint16 desk,uint16 month,bytes32 lastHead,uint64 coins,int128 krw)");

    function setUp() public virtual {
        officeKeys = _sorted(_three(0x0f1, 0x0f2, 0x0f3));
        coin = _deploy();
        _office(_setupOrders());
    }

    // ---- deployment and orders

    function _deploy() internal returns (Coin) {
        address[] memory keys = new address[](3);
        for (uint256 i = 0; i < 3; ++i) {
            keys[i] = vm.addr(officeKeys[i]);
        }
        return Code.deploy("boram-test", keys, vm.addr(GUARDIAN_KEY));
    }

    /// @dev Rate 1: 5 coins for 60 minutes, at most 480. Rate 2: 2 coins apiece, at most 100. 100 KRW a coin.
    function _setupOrders() internal pure returns (IVolunteerCoin.Order[] memory orders) {
        orders = new IVolunteerCoin.Order[](12);
        orders[0] = _registers(CENTRE, 1, CENTRE_KEY);
        orders[1] = _registers(VENUE, 2, VENUE_KEY);
        orders[2] = _registers(TREASURY, 3, TREASURY_KEY);
        orders[3] = _order(6, _args(1, PROGRAMME, 19_000, 65_535, 5, 60, 480, 60));
        orders[4] = _order(6, _args(2, PROGRAMME, 19_000, 65_535, 2, 1, 100, 60));
        orders[5] = _order(7, _args(19_000, 100));
        orders[6] = _order(8, _args(CENTRE, MONTH, AMOUNT, 0));
        orders[7] = _order(8, _args(VENUE, MONTH, AMOUNT, 0));
        orders[8] = _order(8, _args(TREASURY, MONTH, AMOUNT, 0));
        orders[9] = _order(9, _args(YEAR, AMOUNT, 0));
        orders[10] = _order(10, _args(YEAR, CAP, 0));
        orders[11] = _order(12, _args(DAY + 100));
    }

    function _registers(uint16 desk, uint256 kind, uint256 key) internal pure returns (IVolunteerCoin.Order memory) {
        return _order(2, _args(desk, kind, 0, 1, uint160(vm.addr(key))));
    }

    function _order(uint8 code, uint256[] memory args) internal pure returns (IVolunteerCoin.Order memory) {
        return IVolunteerCoin.Order({code: code, args: args});
    }

    function _orders(IVolunteerCoin.Order memory order) internal pure returns (IVolunteerCoin.Order[] memory orders) {
        orders = new IVolunteerCoin.Order[](1);
        orders[0] = order;
    }

    // ---- batches

    function _batch(uint16 desk, bytes32[] memory entries) internal view returns (IVolunteerCoin.Batch memory batch) {
        (batch.seq, batch.previousHead, batch.day) = coin.tip(desk);
        if (batch.day < DAY) batch.day = DAY;
        batch.desk = desk;
        batch.evidenceRoot = bytes32(uint256(1));
        batch.entries = entries;
    }

    function _officeBatch(IVolunteerCoin.Order[] memory orders)
        internal
        view
        returns (IVolunteerCoin.Batch memory batch)
    {
        batch = _batch(0, new bytes32[](0));
        batch.annex = abi.encode(orders);
    }

    function _entry(uint8 kind, address account, uint256 ref, uint256 units, uint256 day, uint256 line)
        internal
        pure
        returns (bytes32)
    {
        return
            bytes32(uint256(uint160(account)) << 96 | uint256(kind) << 88 | ref << 72 | units << 48 | day << 32 | line);
    }

    function _credit(address account, uint256 minutesDone) internal pure returns (bytes32) {
        return _entry(1, account, 1, minutesDone, DAY, 7);
    }

    function _redeem(address account, uint256 coins) internal pure returns (bytes32) {
        return _entry(2, account, 0, coins, DAY, 8);
    }

    function _only(bytes32 entry) internal pure returns (bytes32[] memory entries) {
        entries = new bytes32[](1);
        entries[0] = entry;
    }

    function _accountOf(bytes32 entry) internal pure returns (address) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return address(bytes20(entry));
    }

    function _both(bytes32 first, bytes32 second) internal pure returns (bytes32[] memory entries) {
        entries = new bytes32[](2);
        (entries[0], entries[1]) = (first, second);
    }

    // ---- signing and posting

    function _sign(IVolunteerCoin.Batch memory batch, uint256[] memory keys) internal view {
        batch.signatures = _signatures(coin.digest(batch), keys);
    }

    function _signatures(bytes32 digest, uint256[] memory keys) internal pure returns (bytes[] memory signatures) {
        signatures = new bytes[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[i], digest);
            signatures[i] = abi.encodePacked(r, s, v);
        }
    }

    /// @dev Signs as the desk does by default: desk n with its key, desk 0 with two office keys.
    function _signed(IVolunteerCoin.Batch memory batch) internal view returns (IVolunteerCoin.Batch memory) {
        if (batch.desk == 0) _sign(batch, _two(officeKeys[0], officeKeys[1]));
        else _sign(batch, _one(batch.desk == CENTRE ? CENTRE_KEY : batch.desk == VENUE ? VENUE_KEY : TREASURY_KEY));
        return batch;
    }

    /// @dev A venue's signature under the close of `MONTH`, up to its batch at `seq`.
    function _statement(uint256 key, uint16 venue, uint256 seq, uint256 coins, int256 krw)
        internal
        view
        returns (bytes memory)
    {
        // forge-lint: disable-next-line(unsafe-typecast)
        bytes32 head = coin.headOf(venue, uint32(seq));
        bytes32 domain = keccak256(abi.encode(DOMAIN, keccak256("Boram"), keccak256("1"), block.chainid, address(coin)));
        bytes32 close = keccak256(abi.encode(CLOSE, venue, MONTH, head, coins, krw));
        return Proofs.statement(_signatures(keccak256(abi.encodePacked(hex"1901", domain, close)), _one(key)));
    }

    function _post(IVolunteerCoin.Batch memory batch) internal returns (Outcome memory) {
        IVolunteerCoin.Batch[] memory batches = new IVolunteerCoin.Batch[](1);
        batches[0] = batch;
        return _postAll(batches);
    }

    function _postAll(IVolunteerCoin.Batch[] memory batches) internal returns (Outcome memory) {
        vm.recordLogs();
        vm.prank(POSTER, POSTER);
        coin.post(batches);
        return _outcome(vm.getRecordedLogs());
    }

    function _land(uint16 desk, bytes32[] memory entries) internal returns (Outcome memory outcome) {
        outcome = _post(_signed(_batch(desk, entries)));
        require(outcome.isPosted, "the batch was refused");
    }

    function _office(IVolunteerCoin.Order[] memory orders) internal returns (Outcome memory outcome) {
        outcome = _post(_signed(_officeBatch(orders)));
        require(outcome.isPosted, "the orders were refused");
    }

    /// @dev Gives an account coins through a centre's batch.
    function _give(address account, uint256 coins) internal {
        _land(CENTRE, _only(_entry(1, account, 2, coins / 2, DAY, 7)));
    }

    function _slotOf(address account) internal view returns (uint256) {
        address[] memory accounts = new address[](1);
        accounts[0] = account;
        return coin.slotsOf(accounts)[0];
    }

    /// @dev A value of a fuzzer brought within two bounds.
    function _bound(uint256 value, uint256 least, uint256 most) internal pure returns (uint256) {
        return least + value % (most - least + 1);
    }

    function _outcome(Vm.Log[] memory logs) internal pure returns (Outcome memory outcome) {
        for (uint256 i = 0; i < logs.length; ++i) {
            bytes32 topic = logs[i].topics[0];
            if (topic == TRANSFER) {
                ++outcome.transfers;
            } else if (topic == IVolunteerCoin.BatchPosted.selector) {
                outcome.isPosted = true;
                (, outcome.coins, outcome.skippedHash) = abi.decode(logs[i].data, (bytes32, uint64, bytes32));
            } else if (topic == IVolunteerCoin.BatchRefused.selector) {
                (outcome.refusal, outcome.value) = abi.decode(logs[i].data, (IVolunteerCoin.Refusal, uint256));
            } else if (topic == IVolunteerCoin.EntrySkipped.selector) {
                (uint16 index, IVolunteerCoin.Skip reason) = abi.decode(logs[i].data, (uint16, IVolunteerCoin.Skip));
                outcome.skips[index] = reason;
                ++outcome.skipped;
            } else if (topic == IVolunteerCoin.OrderSkipped.selector) {
                (uint16 index, IVolunteerCoin.OrderSkip reason) =
                    abi.decode(logs[i].data, (uint16, IVolunteerCoin.OrderSkip));
                outcome.orderSkips[index] = reason;
            } else if (topic == IVolunteerCoin.OrderApplied.selector) {
                (uint16 index,) = abi.decode(logs[i].data, (uint16, uint8));
                outcome.isOrderApplied[index] = true;
            }
        }
    }

    // ---- assertions

    function _eq(uint256 actual, uint256 expected) internal pure {
        if (actual != expected) {
            revert(string.concat(vm.toString(actual), " instead of ", vm.toString(expected)));
        }
    }

    function _eq(bytes32 actual, bytes32 expected) internal pure {
        _eq(uint256(actual), uint256(expected));
    }

    function _eq(address actual, address expected) internal pure {
        _eq(uint160(actual), uint160(expected));
    }

    function _eq(int128 actual, int128 expected) internal pure {
        require(actual == expected, "another sum of KRW");
    }

    function _isSkipped(Outcome memory outcome, uint256 index, IVolunteerCoin.Skip reason) internal pure {
        _eq(uint256(outcome.skips[index]), uint256(reason));
    }

    function _isSkipped(Outcome memory outcome, uint256 index, IVolunteerCoin.OrderSkip reason) internal pure {
        _eq(uint256(outcome.orderSkips[index]), uint256(reason));
        require(outcome.isOrderApplied[index] == (reason == IVolunteerCoin.OrderSkip.None), "applied, or not");
    }

    function _isRefused(Outcome memory outcome, IVolunteerCoin.Refusal reason, uint256 value) internal pure {
        require(!outcome.isPosted, "posted");
        _eq(uint256(outcome.refusal), uint256(reason));
        _eq(outcome.value, value);
    }

    // ---- lists

    function _sorted(uint256[] memory keys) internal pure returns (uint256[] memory) {
        for (uint256 i = 1; i < keys.length; ++i) {
            for (uint256 k = i; k > 0 && vm.addr(keys[k]) < vm.addr(keys[k - 1]); --k) {
                (keys[k], keys[k - 1]) = (keys[k - 1], keys[k]);
            }
        }
        return keys;
    }

    function _one(uint256 a) internal pure returns (uint256[] memory list) {
        list = new uint256[](1);
        list[0] = a;
    }

    function _two(uint256 a, uint256 b) internal pure returns (uint256[] memory list) {
        list = new uint256[](2);
        (list[0], list[1]) = (a, b);
    }

    function _three(uint256 a, uint256 b, uint256 c) internal pure returns (uint256[] memory list) {
        list = new uint256[](3);
        (list[0], list[1], list[2]) = (a, b, c);
    }

    function _args() internal pure returns (uint256[] memory) {}

    function _args(uint256 a) internal pure returns (uint256[] memory) {
        return _one(a);
    }

    function _args(uint256 a, uint256 b) internal pure returns (uint256[] memory) {
        return _two(a, b);
    }

    function _args(uint256 a, uint256 b, uint256 c) internal pure returns (uint256[] memory) {
        return _three(a, b, c);
    }

    function _args(uint256 a, uint256 b, uint256 c, uint256 d) internal pure returns (uint256[] memory list) {
        list = new uint256[](4);
        (list[0], list[1], list[2], list[3]) = (a, b, c, d);
    }

    function _args(uint256 a, uint256 b, uint256 c, uint256 d, uint256 e)
        internal
        pure
        returns (uint256[] memory list)
    {
        list = new uint256[](5);
        (list[0], list[1], list[2], list[3], list[4]) = (a, b, c, d, e);
    }

    function _args(uint256 a, uint256 b, uint256 c, uint256 d, uint256 e, uint256 f, uint256 g, uint256 h)
        internal
        pure
        returns (uint256[] memory list)
    {
        list = new uint256[](8);
        (list[0], list[1], list[2], list[3]) = (a, b, c, d);
        (list[4], list[5], list[6], list[7]) = (e, f, g, h);
    }
}
