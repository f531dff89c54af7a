// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The public ledger of a district's reward coins
/// @notice One door, `post`, open to anyone: authority is the signatures of a desk over a batch, never the sender.
/// Byte formats, the order of the checks and the meaning of every code are in docs/formats.md.
interface IVolunteerCoin {
    /// @notice A batch that must be on the chain before the batch that names it.
    struct Need {
        uint16 desk;
        uint32 seq;
    }

    /// @notice Up to 500 entries of one desk (or, for desk 0, a list of orders in `annex`), signed by the desk.
    struct Batch {
        uint16 desk;
        uint32 seq;
        uint16 day;
        bytes32 previousHead;
        bytes32 evidenceRoot;
        Need[] needs;
        bytes32[] entries;
        bytes annex;
        bytes[] signatures;
    }

    /// @notice One instruction of the coin office; `args` as docs/formats.md lists them for each code.
    struct Order {
        uint8 code;
        uint256[] args;
    }

    /// @notice Why a batch did not land. Order of the checks: docs/formats.md.
    enum Refusal {
        None,
        UnknownDesk,
        TooLarge,
        Conflict,
        Gap,
        Empty,
        NoEvidence,
        BadSignature,
        Paused,
        BadDay,
        NotYet
    }

    /// @notice Why an entry of a landed batch was not applied.
    enum Skip {
        None,
        Balance,
        RateNotInForce,
        UnitsAboveMax,
        Allotment,
        Budget,
        PersonCap,
        Frozen,
        NotAllowed,
        BadAccount,
        BadOriginal,
        BadAnnex
    }

    /// @notice Why an order of a landed batch was not applied.
    enum OrderSkip {
        None,
        BadAnnex,
        UnknownOrder,
        BadArguments,
        NotAllowed,
        Notice,
        BelowUsed,
        Lengthened,
        Exists,
        Unknown
    }

    event BatchPosted(
        uint64 indexed postNumber,
        uint16 indexed desk,
        uint32 indexed seq,
        bytes32 head,
        uint64 coinsApplied,
        bytes32 skippedHash
    );
    event BatchRefused(uint16 indexed desk, uint32 indexed seq, bytes32 indexed head, Refusal reason, uint256 value);
    event EntrySkipped(uint16 indexed desk, uint32 indexed seq, uint16 index, Skip reason);
    event OrderApplied(uint32 indexed seq, uint16 index, uint8 code);
    event OrderSkipped(uint32 indexed seq, uint16 index, OrderSkip reason);
    /// @notice Coins of a refund that the venue's balance did not hold, because an earlier month was closed.
    event Reissued(uint16 indexed desk, uint32 indexed seq, uint16 index, uint64 coins);

    /// @notice `transfer`, `approve` and `transferFrom`: coins never move between people.
    error CoinsDoNotMoveBetweenPeople();
    /// @notice `post` wants an ordinary sender: the transaction's input is where entries are read.
    error SenderNotOrdinary(address sender);

    /// @notice Bring batches onto the chain. A batch that cannot land emits BatchRefused and the others go on.
    function post(Batch[] calldata batches) external;

    /// @notice The EIP-712 digest of a batch, which is its head once it lands.
    function digest(Batch calldata batch) external view returns (bytes32);

    /// @notice The head at (desk, seq), zero where nothing has landed.
    function headOf(uint16 desk, uint32 seq) external view returns (bytes32);

    /// @notice The next sequence number of a desk (1 before anything landed, 0 for an unknown desk).
    function nextSeq(uint16 desk) external view returns (uint32);

    /// @notice `(next seq, last head, last day)` of a desk.
    function tip(uint16 desk) external view returns (uint32 next, bytes32 head, uint16 day);

    /// @notice The packed slots of many accounts at once, for audits: coins 64 · debt 64 · earned this month 32 ·
    /// earned the month before 32 · month 16 · frozen 1 · closed 1, low to high.
    function slotsOf(address[] calldata accounts) external view returns (uint256[] memory);

    /// @notice Bitmap of skipped entries of a batch; entry i is bit i % 256 of word i / 256.
    function skipsOf(uint16 desk, uint32 seq) external view returns (uint256[2] memory);

    /// @notice KRW that the district owes to a venue's or fund's account since its last close (negative: to be netted).
    function krwDueOf(address account) external view returns (int128);

    /// @notice Sums since the beginning: supply = credited + opened + reissued + restored - burnt.
    function totals()
        external
        view
        returns (uint64 credited, uint64 opened, uint64 reissued, uint64 restored, uint64 burnt);

    /// @notice `(number of posts, latest day posted by any desk, open until, setup is sealed, paused)`.
    function status()
        external
        view
        returns (uint64 posts, uint16 latestDay, uint16 openUntil, bool isSealed, bool isPaused);
}
