// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ClaimFaults} from "../src/issuance/ClaimFaults.sol";
import {CommitteeArbiter} from "../src/issuance/CommitteeArbiter.sol";
import {CommitteeProof} from "../src/issuance/CommitteeProof.sol";
import {ComputeUnitVerifier} from "../src/issuance/ComputeUnitVerifier.sol";
import {Groth16Verifier} from "../src/issuance/Groth16Verifier.sol";
import {Redemption} from "../src/issuance/Redemption.sol";
import {Reverification} from "../src/issuance/Reverification.sol";
import {TeeProof} from "../src/issuance/TeeProof.sol";
import {ZeroKnowledgeProof} from "../src/issuance/ZeroKnowledgeProof.sol";
import {CollateralManager} from "../src/staking/CollateralManager.sol";
import {ComputeClass, ProofMethod} from "../src/types/Compute.sol";

/// @notice The verification key of the zero-knowledge method; without words the method is not deployed.
struct ZeroKnowledgeKey {
    uint32 depth; // K of the circuit
    bool development; // from a published seed: local chains only
    uint256[] words;
}

/// @notice What stands beside the committee: the other proof methods, faults and the schedule of re-verification.
struct Verification {
    Groth16Verifier groth16;
    ZeroKnowledgeProof zeroKnowledge;
    TeeProof tee;
    ClaimFaults faults;
    Reverification reverification;
    CommitteeArbiter arbiter;
}

/// @title VerificationDeployment
/// @notice Deploys what proves and re-checks compute. The deployer is still the AccessManager's admin.
library VerificationDeployment {
    uint16 internal constant BOUNTY_BPS = 1000;
    uint256 internal constant F64_CONVERSION = 2e18; // double precision runs at about half the rate on the same BLAS
    uint256 internal constant I8_CONVERSION = 0.25e18;

    function deploy(
        address authority,
        ComputeUnitVerifier verifier,
        CommitteeProof committee,
        CollateralManager collateral,
        Redemption redemption,
        Reverification.Rules memory rules,
        ZeroKnowledgeKey memory key
    ) internal returns (Verification memory deployed) {
        deployed.tee = new TeeProof(authority, committee);
        deployed.faults = new ClaimFaults(authority, verifier, collateral, BOUNTY_BPS);
        deployed.arbiter = new CommitteeArbiter(redemption, committee);
        deployed.reverification = new Reverification(authority, verifier, rules);
        verifier.setProof(ProofMethod.Committee, committee);
        verifier.setProof(ProofMethod.TEE, deployed.tee);
        verifier.setClassConversion(ComputeClass.F64, F64_CONVERSION);
        verifier.setClassConversion(ComputeClass.I8, I8_CONVERSION);
        if (key.words.length == 0) return deployed;
        deployed.groth16 = new Groth16Verifier(key.words, key.development);
        deployed.zeroKnowledge = new ZeroKnowledgeProof(verifier, deployed.groth16, key.depth);
        verifier.setProof(ProofMethod.ZKP, deployed.zeroKnowledge);
    }
}
