// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ZeroKnowledgeKey} from "../../script/VerificationDeployment.sol";
import {IComputeUnitVerifier} from "../../src/interfaces/IComputeUnitVerifier.sol";
import {ClaimFaults} from "../../src/issuance/ClaimFaults.sol";
import {CommitteeProof} from "../../src/issuance/CommitteeProof.sol";
import {ComputeUnitVerifier} from "../../src/issuance/ComputeUnitVerifier.sol";
import {Groth16Verifier} from "../../src/issuance/Groth16Verifier.sol";
import {TeeProof} from "../../src/issuance/TeeProof.sol";
import {ZeroKnowledgeProof} from "../../src/issuance/ZeroKnowledgeProof.sol";
import {BenchmarkMatrices} from "../../src/libraries/BenchmarkMatrices.sol";
import {Opening, Openings} from "../../src/libraries/Openings.sol";
import {Grid, SampleGrid} from "../../src/libraries/SampleGrid.sol";
import {ComputeClass, ProofMethod, Statement} from "../../src/types/Compute.sol";
import {ProofFixture} from "../support/ProofFixture.sol";
import {SmallProduct} from "../support/SmallProduct.sol";
import {IssuanceHandler} from "./IssuanceHandler.sol";

/// @notice Whoever cheats with proofs of compute: by the matrices, by the clock, with others' proofs, with quotes and keys. Each attempt is a newcomer's,
/// with real matrices, real openings and a real Groth16 proof; each says which error it must meet.
abstract contract ProofCheats is IssuanceHandler, ProofFixture {
    uint256 internal constant PROVIDERS_MOST = 6;
    uint256 internal constant P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551;

    ZeroKnowledgeProof internal zeroKnowledge;
    TeeProof internal tee;
    /// @notice How often each cheat was tried to its end.
    mapping(bytes32 cheat => uint256) public tried;
    Statement internal proven; // the claim of the fixture, as it was proved
    bytes internal proof; // its Groth16 proof
    bytes[2] internal outputs; // its two products
    uint256[] internal keyWords;
    uint256 internal newcomers;
    uint256 internal enclaves; // keys made so far

    constructor() {
        (zeroKnowledge, tee) = (_zeroKnowledge(), TeeProof(address(verifier.proofOf(ProofMethod.TEE))));
        vm.prank(address(timelock));
        verifier.setClassConversion(ComputeClass.F64, 1000e18); // so that small matrices are worth something
        string memory json = _fixture("proved_claim.json");
        Statement memory claim = _statement(json);
        (proof, keyWords) = (vm.parseJsonBytes(json, ".proof"), vm.parseJsonUintArray(json, ".key"));
        for (uint32 product = 0; product < 2; product++) {
            outputs[product] = SmallProduct.compute(claim.seed, product, claim.depth);
        }
        _provenInZeroKnowledge(claim, vm.parseJsonBytes32(json, ".seedBlockHash"), vm.parseJsonBytes32(json, ".sampleBlockHash"));
    }

    function _zeroKnowledgeKey() internal view override returns (ZeroKnowledgeKey memory) {
        string memory json = _fixture("proved_claim.json");
        return ZeroKnowledgeKey(uint32(vm.parseJsonUint(json, ".depth")), true, vm.parseJsonUintArray(json, ".key"));
    }

    /// @dev The honest way, from registration to the proof, on the blocks that the fixture was made for.
    function _provenInZeroKnowledge(Statement memory claim, bytes32 seedHash, bytes32 sampleHash) private {
        vm.startPrank(claim.provider);
        verifier.register(ProofMethod.ZKP, SHORT_STAKE_SECONDS);
        uint256 claimId = verifier.openChallenge(ComputeClass.F32, TERM_SECONDS, claim.products);
        vm.stopPrank();
        uint256 seedBlock = verifier.claimOf(claimId).seedBlock;
        vm.roll(seedBlock + WORK_BLOCKS);
        vm.setBlockhash(seedBlock, seedHash);
        vm.prank(claim.provider);
        verifier.commitRoot(claimId, claim.root);
        _sampleBlockMined(claimId);
        vm.setBlockhash(verifier.claimOf(claimId).commitBlock + 2, sampleHash);
        proven = verifier.statementOf(claimId);
        _openCopied(claimId);
        verifier.prove(claimId, proof);
        providers.push(claim.provider);
        reached["proven by Groth16"]++;
    }

    // --- With the matrices

    /// @notice One wrong row, or every row wrong by one.
    function wrongEntry(uint256 row, bool everywhere) external act {
        (address provider, uint256 claimId, bytes32 seed) = _seeded();
        bytes memory entries = SmallProduct.compute(seed, 0, proven.depth);
        for (uint256 i = 0; i < SmallProduct.ROWS; i++) {
            if (!everywhere && i != row % SmallProduct.ROWS) continue;
            for (uint256 j = 0; j < SmallProduct.ROWS; j++) {
                SmallProduct.spoil(entries, i, j);
            }
        }
        _judged(provider, claimId, entries);
        tried["wrong entry"]++;
    }

    /// @notice A row of A with one bit of its first word turned, and everything computed rightly from there.
    function wrongWord(uint256 row, uint8 bit) external act {
        (address provider, uint256 claimId, bytes32 seed) = _seeded();
        uint256[][] memory left = SmallProduct.factor(seed, 0, BenchmarkMatrices.ROW_OF_A, proven.depth);
        left[row % SmallProduct.ROWS][0] ^= 1 << (bit % 252);
        uint256[][] memory right = SmallProduct.factor(seed, 0, BenchmarkMatrices.COLUMN_OF_B, proven.depth);
        _judged(provider, claimId, SmallProduct.multiply(left, right, proven.depth));
        tried["wrong word"]++;
    }

    /// @notice The product of an earlier challenge's matrices, which could be computed at leisure.
    function staleSeed() external act {
        (address provider, uint256 claimId,) = _seeded();
        _judged(provider, claimId, outputs[0]);
        tried["stale seed"]++;
    }

    /// @notice Openings of the samples that the root itself would choose: whoever could do that would try roots until they please.
    function rootDerivedSampling() external act {
        (address provider, uint256 claimId, bytes32 seed) = _seeded();
        bytes memory entries = SmallProduct.compute(seed, 0, proven.depth);
        _committedAs(provider, claimId, SmallProduct.rootOf(entries));
        Statement memory statement = verifier.statementOf(claimId);
        Grid memory right = SampleGrid.draw(statement);
        statement.sampleSeed = keccak256(abi.encode(statement.root));
        Grid memory own = SampleGrid.draw(statement);
        if (own.rows[0] != right.rows[0] || own.rows[1] != right.rows[1]) {
            Opening[4] memory openings = _openings(entries, own);
            bytes memory call_ =
                abi.encodeCall(zeroKnowledge.openSamples, (claimId, SmallProduct.rootOf(entries), new bytes32[](0), openings));
            _refused(provider, address(zeroKnowledge), call_, Openings.OpeningOfAnotherRoot.selector);
        }
        _refused(provider, address(verifier), _proveCall(claimId, ""), ZeroKnowledgeProof.SamplesNotOpened.selector);
        tried["root-derived sampling"]++;

        // The same provider, honest at last.
        _opened(claimId, entries);
        for (uint256 i = 0; i < SampleGrid.CROSSINGS; i++) {
            zeroKnowledge.checkEntry(claimId, i);
        }
        verifier.prove(claimId, "");
        reached["proven directly"]++;
        _minted(provider, claimId);
    }

    // --- With the clock

    /// @notice A root before there is a seed, and one after the window.
    function lateRoot(uint256 blocks) external act {
        address provider = _newcomer(ProofMethod(bound(blocks, 1, 3)));
        uint256 claimId = _openedBy(provider, ComputeClass.F32, 1);
        bytes memory call_ = abi.encodeCall(verifier.commitRoot, (claimId, ROOT));
        _refused(provider, address(verifier), call_, ComputeUnitVerifier.SeedBlockNotMined.selector);
        vm.roll(verifier.claimOf(claimId).deadlineBlock + bound(blocks, 1, 1000));
        _refused(provider, address(verifier), call_, ComputeUnitVerifier.CommitTooLate.selector);
        tried["late root"]++;
    }

    /// @notice A root, and then nothing until nobody can read the samples' seed any more.
    function silence(uint256 blocks) external act {
        address provider = _newcomer(ProofMethod.Committee);
        uint256 claimId = _openedBy(provider, ComputeClass.F32, 1000);
        _committedAs(provider, claimId, ROOT);
        bytes memory late = _proveCall(claimId, _proof(claimId));
        vm.roll(verifier.claimOf(claimId).commitBlock + 2 + 256 + bound(blocks, 1, 1000));
        _refused(provider, address(verifier), late, ComputeUnitVerifier.ClaimExpired.selector);
        _refused(provider, address(agent), abi.encodeCall(agent.mint, (claimId)), ComputeUnitVerifier.ClaimInState.selector);
        tried["silence"]++;
    }

    /// @notice A rate that nobody measured, signed by those who sign; and a rate that is sold already, sold again.
    function overClaimedRate(uint256 factor, bool byEnclave) external act {
        (address provider, uint256 key) = byEnclave ? _enrolledNewcomer() : (_newcomer(ProofMethod.Committee), 0);
        uint256 claimId = _openedBy(provider, ComputeClass.F32, 1 << 19);
        _committedAs(provider, claimId, ROOT);
        Statement memory statement = verifier.statementOf(claimId);
        statement.operationsPerSecond *= bound(factor, 2, 1e6);
        bytes memory call_ = _proveCall(claimId, byEnclave ? _result(key, statement) : _signedBy(committee.digestOf(statement)));
        bytes4 reason = byEnclave ? TeeProof.ResultSignatureInvalid.selector : CommitteeProof.SignerUnknown.selector;
        _refused(provider, address(verifier), call_, reason);
        statement = verifier.statementOf(claimId);
        verifier.prove(claimId, byEnclave ? _result(key, statement) : _proof(claimId));
        if (_minted(provider, claimId)) _sellsAgain(provider, key);
        tried["over-claimed rate"]++;
    }

    function _sellsAgain(address provider, uint256 key) private {
        uint256 claimId = _openedBy(provider, ComputeClass.F32, 1 << 19);
        _committedAs(provider, claimId, ROOT);
        assertEq(verifier.prove(claimId, key == 0 ? _proof(claimId) : _result(key, verifier.statementOf(claimId))), 0, "sold twice");
        _refused(provider, address(agent), abi.encodeCall(agent.mint, (claimId)), ComputeUnitVerifier.ClaimInState.selector);
        reached["verified again"]++;
    }

    // --- With others' proofs

    /// @notice Another's proof for the same outputs: of the zero-knowledge method, of the committee, of an enclave.
    function replayedProof(uint256 which) external act {
        if (which % 3 == 0) {
            address thief = _newcomer(ProofMethod.ZKP);
            uint256 claimId = _openedBy(thief, ComputeClass.F32, proven.products);
            _committedAs(thief, claimId, proven.root);
            _refused(thief, address(verifier), _proveCall(claimId, proof), ZeroKnowledgeProof.SamplesNotOpened.selector);
            _openCopied(claimId);
            _refused(thief, address(verifier), _proveCall(claimId, proof), ZeroKnowledgeProof.ProofInvalid.selector);
        } else if (which % 3 == 1) {
            (bytes memory good,) = _committeeClaim();
            (, uint256 claimId) = _committeeClaim();
            _refused(OUTSIDER, address(verifier), _proveCall(claimId, good), CommitteeProof.SignerUnknown.selector);
        } else {
            (address victim, uint256 key) = _enrolledNewcomer();
            uint256 victims = _openedBy(victim, ComputeClass.F32, 1);
            _committedAs(victim, victims, ROOT);
            bytes memory good = _result(key, verifier.statementOf(victims));
            (address thief,) = _enrolledNewcomer();
            uint256 claimId = _openedBy(thief, ComputeClass.F32, 1);
            _committedAs(thief, claimId, ROOT);
            _refused(thief, address(verifier), _proveCall(claimId, good), TeeProof.ResultSignatureInvalid.selector);
        }
        tried["replayed proof"]++;
    }

    function _committeeClaim() private returns (bytes memory good, uint256 claimId) {
        address provider = _newcomer(ProofMethod.Committee);
        claimId = _openedBy(provider, ComputeClass.F32, 1);
        _committedAs(provider, claimId, ROOT);
        good = _proof(claimId);
    }

    /// @notice One bit of a proof turned: of Groth16, of a signature, of an enclave's result, of a tile.
    function flippedByte(uint256 which, uint256 at, uint8 bit) external act {
        bytes1 mask = bytes1(uint8(1 << (bit % 8)));
        if (which % 4 == 0) {
            bytes memory changed = proof;
            changed[at % changed.length] ^= mask;
            bytes memory call_ = abi.encodeCall(zeroKnowledge.check, (proven, changed));
            _refused(OUTSIDER, address(zeroKnowledge), call_, ZeroKnowledgeProof.ProofInvalid.selector);
            assertEq(zeroKnowledge.check(proven, proof), 10_000);
        } else if (which % 4 == 1) {
            (, uint256 claimId) = _committeeClaim();
            bytes[] memory signatures = _signatures(committee.digestOf(verifier.statementOf(claimId)), COMMITTEE_THRESHOLD);
            signatures[at % COMMITTEE_THRESHOLD][(at >> 8) % 65] ^= mask;
            _refusedAnyhow(address(verifier), _proveCall(claimId, abi.encode(signatures)));
        } else if (which % 4 == 2) {
            (address provider, uint256 key) = _enrolledNewcomer();
            uint256 claimId = _openedBy(provider, ComputeClass.F32, 1);
            _committedAs(provider, claimId, ROOT);
            bytes memory result = _result(key, verifier.statementOf(claimId));
            result[at % result.length] ^= mask;
            _refused(provider, address(verifier), _proveCall(claimId, result), TeeProof.ResultSignatureInvalid.selector);
        } else {
            _openCopied(proven.claimId, at, mask);
        }
        tried["flipped byte"]++;
    }

    // --- With quotes and keys

    /// @notice An enrolment that the committee did not sign, or signed for another, or of a chip that is in use.
    function forgedQuote(uint256 which) external act {
        (address holder,) = _enrolledNewcomer();
        bytes32 chip = _chip(enclaves);
        address provider = _newcomer(ProofMethod.TEE);
        TeeProof.Enrolment memory enrolment = _enrolment(++enclaves, TeeProof.TcbStatus.UpToDate);
        _asked(provider);
        if (which % 4 == 0) {
            _expectNotEnrolled(provider, enrolment, _strangers(_enrolmentHash(provider, enrolment)), CommitteeProof.SignerUnknown.selector);
        } else if (which % 4 == 1) {
            bytes memory few = abi.encode(_signatures(_typed(_enrolmentHash(provider, enrolment)), COMMITTEE_THRESHOLD - 1));
            _expectNotEnrolled(provider, enrolment, few, CommitteeProof.ThresholdNotMet.selector);
        } else if (which % 4 == 2) {
            _asked(holder);
            bytes memory others = _signedBy(_typed(_enrolmentHash(holder, enrolment)));
            // The wait for the holder's challenge leaves the provider's readable.
            _expectNotEnrolled(provider, enrolment, others, CommitteeProof.SignerUnknown.selector);
        } else {
            enrolment.chip = chip;
            bytes memory good = _signedBy(_typed(_enrolmentHash(provider, enrolment)));
            _expectNotEnrolled(provider, enrolment, good, TeeProof.ChipOfAnother.selector);
        }
        tried["forged quote"]++;
    }

    /// @notice A platform whose firmware is out of date, or became so, or whose collateral ran out.
    function outdatedTcb(uint256 status, bool before) external act {
        if (before) {
            address late = _newcomer(ProofMethod.TEE);
            TeeProof.Enrolment memory enrolment = _enrolment(++enclaves, TeeProof.TcbStatus(bound(status, 4, 6)));
            _asked(late);
            bytes memory good = _signedBy(_typed(_enrolmentHash(late, enrolment)));
            _expectNotEnrolled(late, enrolment, good, TeeProof.StatusUnacceptable.selector);
        } else {
            (address provider, uint256 key) = _enrolledNewcomer();
            bool expires = status % 2 == 0;
            if (expires) vm.warp(vm.getBlockTimestamp() + 30 days);
            uint256 claimId = _openedBy(provider, ComputeClass.F32, 1);
            _committedAs(provider, claimId, ROOT);
            bytes memory call_ = _proveCall(claimId, _result(key, verifier.statementOf(claimId)));
            _credit(expires ? 10_000 : 0);
            _refused(
                provider, address(verifier), call_, expires ? TeeProof.EnrolmentExpired.selector : TeeProof.StatusUnacceptable.selector
            );
            _credit(10_000);
            if (expires) _pass(1); // prices are fresh again
        }
        tried["outdated TCB"]++;
    }

    /// @notice The key whose trapdoor everybody knows, on a chain of value.
    function developmentKey(uint256 which) external act {
        uint64[5] memory chains = [uint64(1), 10, 8453, 42_161, 11_155_111];
        uint256 home = block.chainid;
        vm.chainId(chains[which % 5]);
        try new Groth16Verifier(keyWords, true) {
            assertTrue(false, "a development key off a local chain");
        } catch (bytes memory reason) {
            assertEq(bytes4(reason), Groth16Verifier.DevelopmentKeyOffLocalChain.selector);
        }
        vm.chainId(home);
        tried["development key"]++;
    }

    // --- How false outputs end

    /// @dev Committed, sampled, opened, checked. What the samples find is refused; what they miss is proved, may be minted, and is shown by anyone.
    function _judged(address provider, uint256 claimId, bytes memory entries) private {
        _committedAs(provider, claimId, SmallProduct.rootOf(entries));
        _opened(claimId, entries);
        Statement memory statement = verifier.statementOf(claimId);
        Grid memory grid = SampleGrid.draw(statement);
        bool found;
        for (uint256 i = 0; i < SampleGrid.CROSSINGS; i++) {
            (uint32 row, uint32 column) = SampleGrid.crossing(grid, i);
            bool wrong = SmallProduct.at(entries, row, column) != _right(statement, row, column);
            bytes memory call_ = abi.encodeCall(zeroKnowledge.checkEntry, (claimId, i));
            if (wrong) _refused(provider, address(zeroKnowledge), call_, ZeroKnowledgeProof.EntryWrong.selector);
            else zeroKnowledge.checkEntry(claimId, i);
            found = found || wrong;
        }
        _refused(provider, address(verifier), _proveCall(claimId, proof), ZeroKnowledgeProof.ProofInvalid.selector);
        if (found) {
            _refused(provider, address(verifier), _proveCall(claimId, ""), ZeroKnowledgeProof.CrossingsUnchecked.selector);
            reached["found by samples"]++;
        } else {
            verifier.prove(claimId, "");
            _minted(provider, claimId);
            reached["missed by samples"]++;
        }
        _shown(provider, claimId, statement, entries);
    }

    /// @dev The first wrong entry, by anyone.
    function _shown(address provider, uint256 claimId, Statement memory statement, bytes memory entries) private {
        ClaimFaults.Entry memory entry;
        entry.productRoot = statement.root;
        while (SmallProduct.at(entries, entry.row, entry.column) == _right(statement, entry.row, entry.column)) {
            (entry.row, entry.column) = entry.column == 63 ? (entry.row + 1, 0) : (entry.row, entry.column + 1);
            if (entry.row == 64) return; // a turned bit that a column of zeros hides
        }
        uint256 held = collateral.collateralOf(provider);
        vm.prank(OUTSIDER);
        collateralOut += faults.proveFault(claimId, entry, new bytes32[](0), SmallProduct.open(entries, entry.row));
        assertLe(collateral.collateralOf(provider), held);
        bytes memory mint_ = abi.encodeCall(agent.mint, (claimId));
        _refused(provider, address(agent), mint_, ComputeUnitVerifier.ClaimInState.selector);
        reached["shown by anyone"]++;
    }

    function _right(Statement memory statement, uint32 row, uint32 column) private pure returns (int256) {
        return BenchmarkMatrices.entry(statement.seed, 0, row, column, statement.depth);
    }

    // --- Steps of a newcomer

    function _newcomer(ProofMethod method) internal returns (address provider) {
        provider = makeAddr(string.concat("newcomer ", vm.toString(newcomers++)));
        vm.prank(provider);
        verifier.register(method, SHORT_STAKE_SECONDS);
    }

    function _openedBy(address provider, ComputeClass class, uint32 products) internal returns (uint256 claimId) {
        vm.prank(provider);
        claimId = verifier.openChallenge(class, TERM_SECONDS, products);
    }

    /// @dev A newcomer to the zero-knowledge method, its work's blocks gone by and its seed known.
    function _seeded() private returns (address provider, uint256 claimId, bytes32 seed) {
        provider = _newcomer(ProofMethod.ZKP);
        claimId = _openedBy(provider, ComputeClass.F64, 1);
        uint256 seedBlock = verifier.claimOf(claimId).seedBlock;
        vm.roll(seedBlock + WORK_BLOCKS);
        seed = keccak256(abi.encode(blockhash(seedBlock), claimId, provider, ComputeClass.F64));
    }

    function _committedAs(address provider, uint256 claimId, bytes32 root) internal {
        vm.roll(verifier.claimOf(claimId).seedBlock + WORK_BLOCKS);
        vm.prank(provider);
        verifier.commitRoot(claimId, root);
        _sampleBlockMined(claimId);
    }

    function _opened(uint256 claimId, bytes memory entries) private {
        Opening[4] memory openings = _openings(entries, SampleGrid.draw(verifier.statementOf(claimId)));
        zeroKnowledge.openSamples(claimId, SmallProduct.rootOf(entries), new bytes32[](0), openings);
    }

    /// @dev The samples of a claim whose root is the fixture's.
    function _openCopied(uint256 claimId) private {
        (bytes32[] memory path, Opening[4] memory openings, uint32 product) = _copied(verifier.statementOf(claimId));
        zeroKnowledge.openSamples(claimId, SmallProduct.rootOf(outputs[product]), path, openings);
    }

    /// @dev The same of a thief's new claim, with one byte of a tile changed.
    function _openCopied(uint256, uint256 at, bytes1 mask) private {
        address thief = _newcomer(ProofMethod.ZKP);
        uint256 claimId = _openedBy(thief, ComputeClass.F32, proven.products);
        _committedAs(thief, claimId, proven.root);
        (bytes32[] memory path, Opening[4] memory openings, uint32 product) = _copied(verifier.statementOf(claimId));
        openings[at % 4].tile[(at >> 8) % 256] ^= mask;
        bytes memory call_ = abi.encodeCall(zeroKnowledge.openSamples, (claimId, SmallProduct.rootOf(outputs[product]), path, openings));
        _refused(thief, address(zeroKnowledge), call_, Openings.OpeningOfAnotherRoot.selector);
    }

    function _copied(Statement memory statement) private view returns (bytes32[] memory path, Opening[4] memory openings, uint32 product) {
        Grid memory grid = SampleGrid.draw(statement);
        product = grid.product;
        path = new bytes32[](1);
        path[0] = SmallProduct.rootOf(outputs[1 - product]);
        openings = _openings(outputs[product], grid);
    }

    function _openings(bytes memory entries, Grid memory grid) private pure returns (Opening[4] memory openings) {
        for (uint256 i = 0; i < SampleGrid.CROSSINGS; i++) {
            (uint32 row,) = SampleGrid.crossing(grid, i);
            openings[i] = SmallProduct.open(entries, row);
        }
    }

    /// @dev Covered and minted, while there is room among those whom the sums count.
    function _minted(address provider, uint256 claimId) internal returns (bool) {
        if (providers.length == PROVIDERS_MOST) return false;
        providers.push(provider);
        _top(provider, collateral.requiredUp(verifier.claimOf(claimId).cuValue));
        vm.prank(provider);
        (uint256 amount, uint256 stakeId) = agent.mint(claimId);
        stakes.push(stakeId);
        minted += amount;
        return true;
    }

    function _proveCall(uint256 claimId, bytes memory with) private view returns (bytes memory) {
        return abi.encodeCall(verifier.prove, (claimId, with));
    }

    // --- Enclaves

    function _enrolledNewcomer() private returns (address provider, uint256 key) {
        (provider, key) = (_newcomer(ProofMethod.TEE), ++enclaves);
        TeeProof.Enrolment memory enrolment = _enrolment(key, TeeProof.TcbStatus.UpToDate);
        _asked(provider);
        bytes memory good = _signedBy(_typed(_enrolmentHash(provider, enrolment)));
        vm.prank(provider);
        tee.enrol(enrolment, good);
    }

    function _enrolment(uint256 key, TeeProof.TcbStatus status) private view returns (TeeProof.Enrolment memory) {
        (uint256 x, uint256 y) = vm.publicKeyP256(key);
        return TeeProof.Enrolment(bytes32(x), bytes32(y), _chip(key), status, uint40(vm.getBlockTimestamp() + 30 days));
    }

    function _chip(uint256 key) private pure returns (bytes32) {
        return keccak256(abi.encode("chip", key));
    }

    function _asked(address provider) private {
        vm.prank(provider);
        tee.askChallenge();
        vm.roll(vm.getBlockNumber() + 3);
    }

    function _enrolmentHash(address provider, TeeProof.Enrolment memory enrolment) private view returns (bytes32) {
        return keccak256(abi.encode(tee.ENROLMENT_TYPEHASH(), provider, tee.challengeOf(provider), enrolment));
    }

    function _expectNotEnrolled(address provider, TeeProof.Enrolment memory enrolment, bytes memory with, bytes4 reason) private {
        _refused(provider, address(tee), abi.encodeCall(tee.enrol, (enrolment, with)), reason);
        assertEq(tee.enrolmentOf(provider).keyX, 0);
    }

    function _credit(uint16 creditBps) private {
        vm.prank(address(timelock));
        tee.setCredit(TeeProof.TcbStatus.UpToDate, creditBps);
    }

    function _result(uint256 key, Statement memory statement) private view returns (bytes memory) {
        (bytes32 r, bytes32 s) = vm.signP256(key, tee.digestOf(statement));
        if (uint256(s) > P256_ORDER / 2) s = bytes32(P256_ORDER - uint256(s));
        return abi.encode(r, s);
    }

    // --- Signatures and refusals

    /// @dev EIP-712 in CommitteeProof's domain.
    function _typed(bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("stab3l CommitteeProof"),
                keccak256("1"),
                block.chainid,
                address(committee)
            )
        );
        return keccak256(abi.encodePacked("\x19\x01", domain, structHash));
    }

    function _signedBy(bytes32 digest) internal view returns (bytes memory) {
        return abi.encode(_signatures(digest, COMMITTEE_THRESHOLD));
    }

    /// @dev As many as are needed, none of them a verifier's.
    function _strangers(bytes32 structHash) internal view returns (bytes memory) {
        bytes[] memory signatures = new bytes[](COMMITTEE_THRESHOLD);
        for (uint256 i = 0; i < COMMITTEE_THRESHOLD; i++) {
            signatures[i] = _signature(uint256(keccak256(abi.encode("stranger", i))), _typed(structHash));
        }
        return abi.encode(signatures);
    }

    function _refused(address caller, address target, bytes memory call_, bytes4 reason) internal {
        vm.prank(caller);
        (bool passed, bytes memory answer) = target.call(call_);
        assertFalse(passed, "a cheat passed");
        assertEq(bytes4(answer), reason);
    }

    function _refusedAnyhow(address target, bytes memory call_) private {
        vm.prank(OUTSIDER);
        (bool passed,) = target.call(call_);
        assertFalse(passed, "a cheat passed");
    }
}
