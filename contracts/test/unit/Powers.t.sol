// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVolunteerCoin} from "../../interfaces/IVolunteerCoin.sol";
import {Accounts} from "../../libraries/Accounts.sol";
import {Fixture} from "../base/Fixture.sol";
import {Proofs} from "../base/Proofs.sol";
import {vm} from "../base/Vm.sol";

// forge-lint: disable-next-item(unsafe-typecast, incorrect-shift)
/// @notice Every cell of docs/powers.md, tried: tests/vectors/powers.json says who can do what.
contract PowersTest is Fixture {
    uint256 private constant SENDER_KEY = 0xc6;
    uint256 private constant ACTORS = 10;
    uint256 private constant ORDERS = 17;
    uint256 private constant ENTRIES = 14;
    uint256 private constant CALLS = 4;

    /// @dev Desks that want two of three keys: a centre, a venue and a treasury with the same three.
    uint16 private constant CENTRE_OF_TWO = 4;
    uint16 private constant VENUE_OF_TWO = 5;
    uint16 private constant TREASURY_OF_TWO = 6;

    address private constant DEBTOR = address(0xDEB7);

    string private json;
    uint256[] private deskKeys;
    /// @dev The first batch of the centre and of both venues, for proofs.
    mapping(uint16 desk => bytes) private firsts;

    function setUp() public override {
        super.setUp();
        json = vm.readFile("tests/vectors/powers.json");
        deskKeys = _sorted(_three(0xd1, 0xd2, 0xd3));
        _office(_moreOrders());
        _keeps(_batch(CENTRE, _both(_entry(1, ALICE, 2, 100, DAY, 1), _entry(1, DEBTOR, 2, 10, DAY, 1))), CENTRE);
        _keeps(_batch(VENUE, _both(_redeem(ALICE, 20), _redeem(DEBTOR, 20))), VENUE);
        _keeps(_batch(VENUE_OF_TWO, _only(_redeem(ALICE, 20))), VENUE_OF_TWO);
        IVolunteerCoin.Batch memory batch = _batch(TREASURY, _only(_entry(6, DEBTOR, 1, 10, CENTRE, 1)));
        batch.annex = Proofs.annex(_proofOf(CENTRE));
        require(_post(_signed(batch)).skipped == 0, "debt");
        _give(DEBTOR, 6);
    }

    function _moreOrders() private view returns (IVolunteerCoin.Order[] memory orders) {
        orders = new IVolunteerCoin.Order[](8);
        for (uint256 i = 0; i < 3; ++i) {
            uint256[] memory args = new uint256[](7);
            (args[0], args[1], args[3]) = (CENTRE_OF_TWO + i, 1 + i, 2);
            for (uint256 k = 0; k < 3; ++k) {
                args[4 + k] = uint160(vm.addr(deskKeys[k]));
            }
            orders[i] = _order(2, args);
            orders[3 + i] = _order(8, _args(CENTRE_OF_TWO + i, MONTH, AMOUNT, 0));
        }
        orders[6] = _order(11, _args(4, 1));
        orders[7] = _order(13, _args(uint160(CAROL)));
    }

    function _keeps(IVolunteerCoin.Batch memory batch, uint16 desk) private {
        if (desk == VENUE_OF_TWO) _sign(batch, _two(deskKeys[0], deskKeys[1]));
        else _signed(batch);
        require(_post(batch).isPosted, "refused");
        firsts[desk] = abi.encode(batch);
    }

    function _proofOf(uint16 desk) private view returns (bytes memory) {
        return Proofs.proof(abi.decode(firsts[desk], (IVolunteerCoin.Batch)), 0);
    }

    // ---- who

    function _keysOf(uint256 actor) private view returns (uint256[] memory) {
        if (actor == 0) return _one(STRANGER_KEY);
        if (actor == 1) return _one(SENDER_KEY);
        if (actor == 2) return _one(CENTRE_KEY);
        if (actor == 3) return _one(VENUE_KEY);
        if (actor == 4) return _one(TREASURY_KEY);
        if (actor == 5) return _one(deskKeys[1]);
        if (actor == 6) return _two(deskKeys[0], deskKeys[2]);
        if (actor == 7) return _one(GUARDIAN_KEY);
        if (actor == 8) return _one(officeKeys[1]);
        return _two(officeKeys[0], officeKeys[2]);
    }

    /// @dev Signed and posted by the actor himself.
    function _tries(uint256 actor, IVolunteerCoin.Batch memory batch) private returns (Outcome memory) {
        uint256[] memory keys = _keysOf(actor);
        _sign(batch, keys);
        IVolunteerCoin.Batch[] memory batches = new IVolunteerCoin.Batch[](1);
        batches[0] = batch;
        vm.recordLogs();
        vm.prank(vm.addr(keys[0]), vm.addr(keys[0]));
        coin.post(batches);
        return _outcome(vm.getRecordedLogs());
    }

    function _isSaid(string memory list, uint256 row, uint256 actor) private view returns (bool) {
        string memory path = string.concat(".", list, "[", vm.toString(row), "].can");
        string[] memory can = vm.parseJsonStringArray(json, path);
        bytes32 name = keccak256(bytes(vm.parseJsonStringArray(json, ".actors")[actor]));
        for (uint256 i = 0; i < can.length; ++i) {
            if (keccak256(bytes(can[i])) == name) return true;
        }
        return false;
    }

    function _compare(string memory list, uint256 row, uint256 actor, bool does) private view {
        if (does == _isSaid(list, row, actor)) return;
        string memory name = vm.parseJsonString(json, string.concat(".", list, "[", vm.toString(row), "].name"));
        string memory who = vm.parseJsonStringArray(json, ".actors")[actor];
        revert(string.concat(name, ", ", who, does ? ": does it" : ": cannot"));
    }

    // ---- orders

    function _orderOf(uint256 code) private view returns (uint256[] memory) {
        uint256 signer = uint160(vm.addr(STRANGER_KEY));
        if (code == 2) return _args(9, 1, 0, 1, signer);
        if (code == 3) return _args(CENTRE, 9, 0, 1, signer);
        if (code == 4) return _args(CENTRE);
        if (code == 5) return _args(99, 2, uint160(ALICE), signer, uint160(BOB));
        if (code == 6) return _args(9, PROGRAMME, DAY + 7, DAY + 9, 5, 60, 480, 60);
        if (code == 7) return _args(DAY + 30, 90);
        if (code == 8) return _args(CENTRE, MONTH, AMOUNT + 1, DAY + 7);
        if (code == 9 || code == 10) return _args(YEAR, AMOUNT + 1, DAY + 7);
        if (code == 11) return _args(5, 1);
        if (code == 12) return _args(DAY + 200);
        if (code == 13) return _args(uint160(BOB));
        if (code == 14) return _args(uint160(CAROL));
        if (code == 17) return _args(coin.nextSeq(0) - 1, 0);
        return _args();
    }

    function test_powers_Orders() public {
        require(!vm.keyExistsJson(json, ".orders[17]"), "a row that is not tried");
        for (uint256 code = 1; code <= ORDERS; ++code) {
            uint256 before = vm.snapshotState();
            if (code != 1) _office(_orders(_order(1, _args())));
            if (code == 17) _office(_orders(_order(7, _args(DAY + 30, 90))));
            IVolunteerCoin.Batch memory batch = _officeBatch(_orders(_order(uint8(code), _orderOf(code))));
            for (uint256 actor = 0; actor < ACTORS; ++actor) {
                uint256 tried = vm.snapshotState();
                _compare("orders", code - 1, actor, _tries(actor, batch).isOrderApplied[0]);
                vm.revertToState(tried);
            }
            vm.revertToState(before);
        }
    }

    // ---- entries

    function _entriesOf(uint256 row, uint16 desk) private view returns (bytes32[] memory) {
        if (row == 0) return _only(_credit(ALICE, 60));
        if (row == 1) return _only(_redeem(ALICE, 1));
        if (row == 2) return _only(_entry(3, ALICE, 0, 1, DAY, 1));
        if (row == 3) return _only(_entry(4, ALICE, 4, 1, DAY, 1));
        if (row == 4) return _only(_entry(5, ALICE, 0, 1, DAY, 1));
        if (row == 5) return _only(_entry(6, ALICE, 0, 1, CENTRE, 1));
        if (row == 6) return _only(_entry(7, DEBTOR, 0, 1, DAY, 1));
        if (row == 7) return _only(_entry(8, ALICE, 4, coin.balanceOf(ALICE), DAY, 1));
        if (row == 8) {
            uint256 all = coin.balanceOf(ALICE);
            return _both(_entry(9, ALICE, 0, all, DAY, 1), _entry(9, BOB, 1, all, DAY, 1));
        }
        if (row == 9 || row == 11) return _only(_entry(10, Accounts.ofDesk(VENUE), MONTH, 40, DAY, 1));
        if (row == 13) return _only(_entry(uint8(12 + desk), ALICE, 0, 1, DAY, 1));
        return _only(_entry(11, ALICE, 60, 1, DAY, 1));
    }

    function _annexOf(uint256 row, uint16 desk) private view returns (bytes memory) {
        if (row == 2) return Proofs.annex(_proofOf(desk == VENUE_OF_TWO ? desk : VENUE));
        if (row == 5) return Proofs.annex(_proofOf(CENTRE));
        if (row == 9) return Proofs.annex(_statement(VENUE_KEY, VENUE, 1, 40, 4_000));
        if (row == 11) return Proofs.annex(_statement(TREASURY_KEY, VENUE, 1, 40, 4_000));
        return "";
    }

    /// @dev In a batch of whichever desk. A call to itself, because memory is given back only at a call's end.
    function tryEntry(uint256 row, uint256 actor) external returns (bool does) {
        for (uint16 desk = CENTRE; desk <= TREASURY_OF_TWO; ++desk) {
            uint256 tried = vm.snapshotState();
            IVolunteerCoin.Batch memory batch = _batch(desk, _entriesOf(row, desk));
            batch.annex = _annexOf(row, desk);
            Outcome memory outcome = _tries(actor, batch);
            if (outcome.isPosted && outcome.skipped == 0) does = true;
            vm.revertToState(tried);
        }
    }

    function test_powers_Entries() public {
        require(!vm.keyExistsJson(json, ".entries[14]"), "a row that is not tried");
        for (uint256 row = 0; row < ENTRIES; ++row) {
            uint256 before = vm.snapshotState();
            if (row == 12) _office(_orders(_order(1, _args())));
            for (uint256 actor = 0; actor < ACTORS; ++actor) {
                _compare("entries", row, actor, this.tryEntry(row, actor));
            }
            vm.revertToState(before);
        }
    }

    // ---- calls

    function _calls(uint256 row) private view returns (bytes memory) {
        if (row == 1) return abi.encodeCall(coin.transfer, (BOB, 0));
        if (row == 2) return abi.encodeCall(coin.approve, (BOB, 0));
        if (row == 3) return abi.encodeCall(coin.transferFrom, (ALICE, BOB, 0));
        IVolunteerCoin.Batch[] memory batches = new IVolunteerCoin.Batch[](1);
        batches[0] = _signed(_batch(CENTRE, _only(_credit(ALICE, 60))));
        return abi.encodeCall(coin.post, (batches));
    }

    function test_powers_Calls() public {
        require(!vm.keyExistsJson(json, ".calls[4]"), "a row that is not tried");
        for (uint256 row = 0; row < CALLS; ++row) {
            for (uint256 actor = 0; actor < ACTORS; ++actor) {
                uint256 tried = vm.snapshotState();
                bytes memory call = _calls(row);
                address who = vm.addr(_keysOf(actor)[0]);
                uint32 next = coin.nextSeq(CENTRE);
                vm.prank(who, who);
                (bool done,) = address(coin).call(call);
                _compare("calls", row, actor, done && (row != 0 || coin.nextSeq(CENTRE) == next + 1));
                vm.revertToState(tried);
            }
        }
    }
}
