// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";

import {IComputeProof} from "../interfaces/IComputeProof.sol";
import {Statement} from "../types/Compute.sol";
import {CommitteeProof} from "./CommitteeProof.sol";

/// @title TeeProof
/// @notice Proves a statement by the P-256 signature of a key that lives in a provider's enclave. The verifier committee checks the enclave's quote once,
/// off chain, and signs the enrolment (docs/reference/tee.md); after that each result is one signature, checked here.
/// @dev The quote's report data is keccak256(provider, key, challenge), and the challenge follows from a block that was not mined when it was asked for, so
/// a quote is fresh and good for one provider. The chip's id ties one chip to one provider. Seed and deadline stay: an enclave proves code, not speed.
/// @custom:stop Governance takes the method away in ComputeUnitVerifier, or sets a status' credit to zero.
/// @custom:trusts The committee for quotes, the chip's maker for its enclaves.
contract TeeProof is IComputeProof, AccessManaged {
    /// @notice As Intel's PCS names them.
    enum TcbStatus {
        UpToDate,
        SWHardeningNeeded,
        ConfigurationNeeded,
        ConfigurationAndSWHardeningNeeded,
        OutOfDate,
        OutOfDateConfigurationNeeded,
        Revoked
    }

    struct Enrolment {
        bytes32 keyX;
        bytes32 keyY;
        bytes32 chip; // keccak256 of the platform's id
        TcbStatus status;
        uint40 expiresAt; // [unix seconds] when the collateral that the quote was checked with expires
    }

    error ChallengeNotAsked(address provider);
    error ChallengeNotReady(uint256 blockNumber, uint256 challengeBlock);
    error ChallengeExpired(uint256 blockNumber, uint256 challengeBlock);
    error ChipOfAnother(bytes32 chip, address provider);
    error KeyInvalid(bytes32 keyX, bytes32 keyY);
    error StatusUnacceptable(TcbStatus status);
    error NotEnrolled(address provider);
    error EnrolmentExpired(address provider, uint256 expiresAt);
    error ResultSignatureInvalid(uint256 claimId);
    error CreditTooLarge(uint256 creditBps);

    event ChallengeAsked(address indexed provider, uint256 challengeBlock);
    event Enrolled(address indexed provider, bytes32 indexed chip, bytes32 keyX, bytes32 keyY, TcbStatus status, uint40 expiresAt);
    event CreditSet(TcbStatus indexed status, uint16 creditBps);

    /// @notice What each committee member signs, in CommitteeProof's domain.
    bytes32 public constant ENROLMENT_TYPEHASH =
        keccak256("Enrolment(address provider,bytes32 challenge,bytes32 keyX,bytes32 keyY,bytes32 chip,uint8 status,uint64 expiresAt)");
    uint256 private constant CHALLENGE_DELAY_BLOCKS = 2;
    uint256 private constant BLOCKHASH_BLOCKS = 256;
    uint256 private constant BASIS_POINTS = 10_000;

    CommitteeProof public immutable committee;
    mapping(address provider => uint256 blockNumber) public challengeBlockOf;
    mapping(address provider => Enrolment) private _enrolments;
    /// @notice Who uses a chip.
    mapping(bytes32 chip => address provider) public providerOf;
    /// @notice [bps] of the rate that counts at a TCB status; zero: not accepted.
    mapping(TcbStatus => uint16) public creditBpsOf;

    constructor(address authority_, CommitteeProof committee_) AccessManaged(authority_) {
        committee = committee_;
        _setCredit(TcbStatus.UpToDate, 10_000);
        _setCredit(TcbStatus.SWHardeningNeeded, 9000);
        _setCredit(TcbStatus.ConfigurationNeeded, 8000);
        _setCredit(TcbStatus.ConfigurationAndSWHardeningNeeded, 7000);
    }

    /// @notice Asks for the challenge that the caller's next quote must answer.
    function askChallenge() external {
        uint256 at = block.number + CHALLENGE_DELAY_BLOCKS;
        challengeBlockOf[msg.sender] = at;
        emit ChallengeAsked(msg.sender, at);
    }

    /// @notice Binds an enclave's key and chip to the caller, as the committee signed it. `proof` as in CommitteeProof.
    function enrol(Enrolment calldata enrolment, bytes calldata proof) external {
        bytes32 challenge = challengeOf(msg.sender);
        if (!P256.isValidPublicKey(enrolment.keyX, enrolment.keyY)) revert KeyInvalid(enrolment.keyX, enrolment.keyY);
        if (creditBpsOf[enrolment.status] == 0) revert StatusUnacceptable(enrolment.status);
        if (enrolment.expiresAt <= block.timestamp) revert EnrolmentExpired(msg.sender, enrolment.expiresAt);
        address holder = providerOf[enrolment.chip];
        if (holder != address(0) && holder != msg.sender) revert ChipOfAnother(enrolment.chip, holder);
        committee.requireSigned(keccak256(abi.encode(ENROLMENT_TYPEHASH, msg.sender, challenge, enrolment)), proof);

        delete challengeBlockOf[msg.sender];
        providerOf[enrolment.chip] = msg.sender;
        _enrolments[msg.sender] = enrolment;
        emit Enrolled(msg.sender, enrolment.chip, enrolment.keyX, enrolment.keyY, enrolment.status, enrolment.expiresAt);
    }

    /// @notice Changes what a TCB status counts for.
    function setCredit(TcbStatus status, uint16 creditBps) external restricted {
        _setCredit(status, creditBps);
    }

    function _setCredit(TcbStatus status, uint16 creditBps) private {
        if (creditBps > BASIS_POINTS) revert CreditTooLarge(creditBps);
        creditBpsOf[status] = creditBps;
        emit CreditSet(status, creditBps);
    }

    /// @inheritdoc IComputeProof
    /// @dev `proof`: r and s of the enclave's signature over `digestOf(statement)`, s in the lower half of the order.
    function check(Statement calldata statement, bytes calldata proof) external view returns (uint256 creditBps) {
        Enrolment storage enrolment = _enrolments[statement.provider];
        if (enrolment.keyX == 0) revert NotEnrolled(statement.provider);
        if (enrolment.expiresAt <= block.timestamp) revert EnrolmentExpired(statement.provider, enrolment.expiresAt);
        creditBps = creditBpsOf[enrolment.status];
        if (creditBps == 0) revert StatusUnacceptable(enrolment.status);
        (bytes32 r, bytes32 s) = abi.decode(proof, (bytes32, bytes32));
        if (!P256.verify(digestOf(statement), r, s, enrolment.keyX, enrolment.keyY)) revert ResultSignatureInvalid(statement.claimId);
    }

    /// @inheritdoc IComputeProof
    function depth() external pure returns (uint32) {
        return 0;
    }

    /// @notice What an enclave signs for a statement.
    function digestOf(Statement calldata statement) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), statement));
    }

    /// @notice What the caller's quote must carry beside provider and key; readable for 256 blocks.
    function challengeOf(address provider) public view returns (bytes32) {
        uint256 at = challengeBlockOf[provider];
        if (at == 0) revert ChallengeNotAsked(provider);
        if (block.number <= at) revert ChallengeNotReady(block.number, at);
        if (block.number > at + BLOCKHASH_BLOCKS) revert ChallengeExpired(block.number, at);
        return keccak256(abi.encode(blockhash(at), provider));
    }

    /// @notice The enclave of a provider; zeros before it enrolled.
    function enrolmentOf(address provider) external view returns (Enrolment memory) {
        return _enrolments[provider];
    }
}
