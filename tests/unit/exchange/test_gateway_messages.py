"""The gateway's protobuf module is the one that its proto file gives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[3] / "src"


def test_generating_the_messages_again_changes_nothing(tmp_path: Path) -> None:
    protoc = [sys.executable, "-m", "grpc_tools.protoc", f"-I{SOURCE}", f"--python_out={tmp_path}"]
    subprocess.run([*protoc, str(SOURCE / "stab3l/exchange/gateway.proto")], check=True)
    made = tmp_path / "stab3l/exchange/gateway_pb2.py"
    assert made.read_bytes() == (SOURCE / "stab3l/exchange/gateway_pb2.py").read_bytes()
