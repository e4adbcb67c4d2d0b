"""``make fuzz-api``: requests generated from the API's own OpenAPI document; ``bench/results/api_fuzz.json``."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from bench.report import Result, keep

TESTS = "tests/unit/api/test_api_fuzz.py"
TIMEOUT_S = 3_000


def main() -> None:
    """Runs the test with many examples and keeps what it counted; ends with its exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=200, help="for each operation, valid and invalid each")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report, told = Path(folder) / "answers.json", Path(folder) / "tests.xml"
        environment = {
            **os.environ, "STAB3L_FUZZ_EXAMPLES": str(given.examples), "STAB3L_FUZZ_REPORT": str(report),
        }  # fmt: skip
        command = [sys.executable, "-m", "pytest", "-n0", "--timeout", str(TIMEOUT_S), f"--junitxml={told}", TESTS]
        status = subprocess.run(command, env=environment, check=False, stdout=sys.stderr).returncode
        answers, suite = json.loads(report.read_text()), next(ElementTree.parse(told).iter("testsuite"))
    method = (
        "schemathesis from GET /v1/openapi.json, each operation with requests that fit the document and that do not, "
        f"up to {given.examples} of each kind, with and without a credential, on an API around the reference exchange; "
        "an answer of 500 and above (but 503 where chains are needed, of which there are none), or with a status, a "
        "media type, headers or a body that the document does not name, is a failure"
    )
    results = [
        Result("api.fuzz.operations", int(suite.get("tests", "0")), "1", "operations, counted for both kinds"),
        Result("api.fuzz.failures", int(suite.get("failures", "0")) + int(suite.get("errors", "0")), "1", ""),
        Result("api.fuzz.requests", sum(answers.values()), "1", ""),
        *(Result(f"api.fuzz.answers.{code}", count, "1", "") for code, count in sorted(answers.items())),
    ]
    sys.stdout.write(keep("api_fuzz", method, results))
    sys.exit(status)


if __name__ == "__main__":
    main()
