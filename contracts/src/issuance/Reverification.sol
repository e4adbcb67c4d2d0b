// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IComputeUnitVerifier} from "../interfaces/IComputeUnitVerifier.sol";
import {Capacity} from "../types/Compute.sol";

/// @title Reverification
/// @notice How much a provider's word counts now. Credit decays from the last proof, and at random epochs everybody is asked to prove again at the same
/// time: who poses as several providers with one machine cannot answer for all of them (docs/reference/reverification.md).
/// @dev An epoch starts at a multiple of `epochBlocks`; the hash of that block decides whether it summons, so nobody knows before. A summons is answered by
/// a proof seeded in the block that the summons names, the same for all.
/// @custom:stop Nothing to stop: it only says what others may believe.
/// @custom:trusts Block producers not to choose hashes for a provider. Someone to call `summon` within 256 blocks; every provider gains by it.
contract Reverification is AccessManaged {
    struct Rules {
        uint32 epochBlocks; // [blocks]
        uint16 summonBps; // [bps] chance of an epoch to summon
        uint32 answerSeconds; // [seconds] from the summons to the last proof that answers it
        uint32 halfLifeSeconds; // [seconds] after which half of the credit is gone, all of it after twice as long
    }

    error RulesInvalid(Rules rules);
    error EpochNotReadable(uint256 epoch, uint256 blockNumber);
    error EpochSummoned(uint256 epoch);
    error EpochQuiet(uint256 epoch);
    error NothingToAnswer(address provider);
    error AnswerLate(uint256 answerUntil);

    event RulesSet(Rules rules);
    event Summoned(uint256 indexed epoch, uint64 seedBlock, uint64 answerUntil);
    event Answered(address indexed provider, uint256 indexed epoch);

    /// @notice Seed periods between a summons and the seed block: at least one whole period in which to open the claim, after one to hear of it.
    uint256 public constant NOTICE_PERIODS = 3;
    uint256 private constant BLOCKHASH_BLOCKS = 256;
    uint256 private constant BASIS_POINTS = 10_000;

    IComputeUnitVerifier public immutable verifier;
    Rules private _rules;
    /// @notice The last epoch that summoned; zero before the first.
    uint64 public summonedEpoch;
    /// @notice The seed block of every answer.
    uint64 public seedBlock;
    uint64 public summonedAt; // [unix seconds]
    uint64 public answerUntil; // [unix seconds]
    /// @notice The last summons that a provider answered.
    mapping(address provider => uint256 epoch) public answeredOf;

    constructor(address authority_, IComputeUnitVerifier verifier_, Rules memory rules_) AccessManaged(authority_) {
        verifier = verifier_;
        _setRules(rules_);
    }

    /// @notice Anyone: records that an epoch summons, if its first block's hash says so. Its claims are to be opened in the last period before the seed block.
    function summon(uint256 epoch) external {
        uint256 start = epoch * _rules.epochBlocks;
        if (block.number <= start || block.number > start + BLOCKHASH_BLOCKS) revert EpochNotReadable(epoch, block.number);
        if (epoch <= summonedEpoch) revert EpochSummoned(epoch);
        if (uint256(keccak256(abi.encode(blockhash(start), "summons"))) % BASIS_POINTS >= _rules.summonBps) revert EpochQuiet(epoch);
        IComputeUnitVerifier.Standard memory task = verifier.standard();
        uint256 period = task.epochBlocks;
        uint256 next = (block.number + task.seedDelayBlocks + NOTICE_PERIODS * period) / period * period;
        (summonedEpoch, seedBlock, summonedAt) = (uint64(epoch), uint64(next), uint64(block.timestamp));
        answerUntil = uint64(block.timestamp + _rules.answerSeconds);
        emit Summoned(epoch, seedBlock, answerUntil);
    }

    /// @notice Anyone: records that the provider's newest claim answers the last summons.
    function answer(address provider) external {
        IComputeUnitVerifier.Claim memory claim = verifier.claimOf(verifier.lastClaimOf(provider));
        bool proven = claim.state == IComputeUnitVerifier.ClaimState.Proven || claim.state == IComputeUnitVerifier.ClaimState.Consumed;
        if (summonedEpoch == 0 || !proven || claim.seedBlock != seedBlock) revert NothingToAnswer(provider);
        if (verifier.capacityOf(provider).verifiedAt > answerUntil) revert AnswerLate(answerUntil);
        answeredOf[provider] = summonedEpoch;
        emit Answered(provider, summonedEpoch);
    }

    /// @notice Changes the schedule and the decay.
    function setRules(Rules calldata rules_) external restricted {
        _setRules(rules_);
    }

    function _setRules(Rules memory next) private {
        bool valid = next.epochBlocks > 0 && next.epochBlocks <= BLOCKHASH_BLOCKS && next.summonBps <= BASIS_POINTS
            && next.answerSeconds > 0 && next.halfLifeSeconds > 0;
        if (!valid) revert RulesInvalid(next);
        _rules = next;
        emit RulesSet(next);
    }

    /// @notice [bps] of the verified rate that still counts: falling in a line since the last proof; nothing while a summons is unanswered past its time.
    function creditBpsOf(address provider) public view returns (uint256) {
        Capacity memory capacity = verifier.capacityOf(provider);
        if (capacity.verifiedAt == 0 || _missed(provider, capacity.verifiedAt)) return 0;
        uint256 age = block.timestamp - capacity.verifiedAt;
        uint256 life = 2 * uint256(_rules.halfLifeSeconds);
        return age >= life ? 0 : BASIS_POINTS * (life - age) / life;
    }

    /// @notice [standard operations per second] The verified rate as it counts now, rounded down.
    function creditedRateOf(address provider) external view returns (uint256) {
        return uint256(verifier.capacityOf(provider).verifiedRate) * creditBpsOf(provider) / BASIS_POINTS;
    }

    /// @notice Schedule and decay.
    function rules() external view returns (Rules memory) {
        return _rules;
    }

    /// @dev Who first proved after the summons was not meant. Who missed it counts again from its next proof after the answers' end.
    function _missed(address provider, uint256 verifiedAt) private view returns (bool) {
        if (summonedEpoch == 0 || block.timestamp <= answerUntil || answeredOf[provider] == summonedEpoch) return false;
        return verifiedAt <= answerUntil;
    }
}
