// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title CallBatch
/// @notice Many calls in one transaction, each answer told whether it succeeded or not: tests/differential asks thousands of questions by it.
contract CallBatch {
    struct Call {
        address to;
        bytes data;
    }

    struct Answer {
        bool ok;
        bytes data;
    }

    event Answered(Answer[] answers);

    function run(Call[] calldata calls) external returns (Answer[] memory answers) {
        answers = new Answer[](calls.length);
        for (uint256 i = 0; i < calls.length; i++) {
            (answers[i].ok, answers[i].data) = calls[i].to.call(calls[i].data);
        }
        emit Answered(answers);
    }
}
