"""Building the drivers of other engines, from their registries, below ``bench/peers/.build`` and nowhere else."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
BUILD = HERE / ".build"
JAVA_OPENS = (
    "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
    "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-exports=jdk.unsupported/sun.misc=ALL-UNNAMED",
    "--add-exports=jdk.compiler/com.sun.tools.javac.file=ALL-UNNAMED",
    "--add-opens=jdk.compiler/com.sun.tools.javac=ALL-UNNAMED",
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/java.util=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "-Dchronicle.analytics.disable=true",
)
"""What Chronicle's libraries need of a JDK of 17 or later."""


class Absent(Exception):
    """A peer that this machine cannot run, and why."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A driver: how to build it, how to run it on a flow, and what it is."""

    name: str
    about: str
    build: tuple[str, ...]
    trades: bool = True


def _run(command: list[str], cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise Absent(f"{command[0]} failed: {words[-1] if words else done.returncode}")


def _need(*tools: str) -> None:
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        raise Absent(f"{', '.join(missing)} not installed")


def rust(binary: str) -> list[str]:
    """A binary of ``bench/peers/rust``. Raises `Absent`."""
    _need("cargo")
    _run(["cargo", "build", "--release", "--locked", "--quiet"], HERE / "rust")
    return [str(HERE / "rust" / "target" / "release" / binary)]


def java(folder: str, main: str) -> list[str]:
    """A class of ``bench/peers/java``, with what its pom names from Maven Central. Raises `Absent`."""
    _need("java", "javac", "mvn")
    classes = BUILD / "java" / folder
    classes.mkdir(parents=True, exist_ok=True)
    paths = classes / "classpath"
    _run(["mvn", "-q", "-B", "dependency:build-classpath", f"-Dmdep.outputFile={paths}"], HERE / "java" / folder)
    sources = sorted((HERE / "java" / "flow").glob("*.java")) + sorted((HERE / "java" / folder).glob("*.java"))
    _run(["javac", "-nowarn", "-d", str(classes), "-cp", paths.read_text(), *map(str, sources)], HERE)
    return ["java", "-Xmx3g", *JAVA_OPENS, "-cp", f"{classes}:{paths.read_text()}", main]


def python(package: str, script: str) -> list[str]:
    """A script of ``bench/peers/python`` in a virtual environment of its own. Raises `Absent`."""
    environment = BUILD / "python" / package.split("==")[0]
    interpreter = environment / "bin" / "python"
    if not interpreter.exists():
        _run([sys.executable, "-m", "venv", str(environment)], HERE)
    _run([str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package], HERE)
    return [str(interpreter), str(HERE / "python" / script)]


def build(peer: Peer) -> list[str]:
    """The command that runs a peer. Raises `Absent`."""
    kind, *arguments = peer.build
    return {"rust": rust, "java": java, "python": python}[kind](*arguments)
