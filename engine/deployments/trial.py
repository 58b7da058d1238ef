"""Start every process of a bundle once, in a child process with bounds on time and memory, before it is accepted.

Run as a script by ``try_out``; reads JSON from its input, answers JSON. A missing variable is no fault here: the trial
starts without a case. What hangs, eats all memory or loops without end is.
"""

from __future__ import annotations

import base64
import json
import resource
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

MEMORY_BYTES = 1_500_000_000
CPU_SECONDS = 20
WALL_SECONDS = 60


def try_out(files: Mapping[str, bytes], keys: Iterable[str]) -> list[dict[str, Any]]:
    """What went wrong, per process: ``process``, ``code`` and ``facts``; nothing when all is well."""
    order = {
        "files": {path: base64.b64encode(content).decode() for path, content in files.items()},
        "keys": list(keys),
        "now": datetime.now(UTC).isoformat(),
    }
    try:
        done = subprocess.run(
            [sys.executable, "-P", __file__],
            input=json.dumps(order).encode(),
            capture_output=True,
            timeout=WALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return [{"process": "", "code": "trial_too_long", "facts": {"seconds": WALL_SECONDS}}]
    if done.returncode != 0:
        reason = done.stderr.decode(errors="replace")[-500:]
        return [{"process": "", "code": "trial_failed", "facts": {"status": done.returncode, "reason": reason}}]
    answer: list[dict[str, Any]] = json.loads(done.stdout)
    return answer


def main() -> None:
    """The child: start each process once and tell what broke its bounds."""
    order = json.load(sys.stdin)
    files = {path: base64.b64decode(content) for path, content in order["files"].items()}
    # Reading the libraries in is not the diagram's fault, so the bounds begin behind it.
    from engine.bpmn.execution import Execution
    from engine.bpmn.limits import expression_limits_of, limits_of
    from engine.bpmn.program import Program, build_program
    from engine.bpmn.scripts import Environment
    from engine.errors import CityLoopError, ExecutionFailed
    from engine.feel import Host
    from engine.settings import Settings

    settings = Settings.from_environment()
    limits = limits_of(settings)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    problems = []
    processes = None
    for key in order["keys"]:
        try:
            # Read and built once; every process may be called by any other.
            processes = processes or build_program(files, key, limits).processes
            program = Program(processes[key], processes)
            if program.main.root.entries:
                now = datetime.fromisoformat(order["now"])
                host = Host(now=now, limits=expression_limits_of(settings))
                around = Environment(now=now, host=host, variables={"case": None, "emergency": None}, limits=limits)
                Execution.start(program, around, {}).dump()
        except ExecutionFailed as error:
            if error.kind == "budget":
                problems.append({"process": key, "code": "trial_budget", "facts": _facts(error.facts)})
        except MemoryError:
            problems.append({"process": key, "code": "trial_memory", "facts": {}})
        except CityLoopError as error:
            problems.append({"process": key, "code": "trial_failed", "facts": {"reason": str(error)[:500]}})
    json.dump(problems, sys.stdout)


def _facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, int | float | str) else str(value)[:200] for name, value in facts.items()}


if __name__ == "__main__":
    main()
