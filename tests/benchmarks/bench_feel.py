"""FEEL: evaluations per second beside feelin in V8, parse time, memory of the cache."""

from __future__ import annotations

import json
import os
import subprocess
import time
import tracemalloc
from pathlib import Path

from engine.feel import LIMITS, STANDARD, compile_expression, compile_unary_tests, to_feel
from engine.feel.expression import Expression

ROOT = Path(__file__).resolve().parents[2]
NODE = ROOT / ".venv" / "bin" / "node"
FEELIN = ROOT / "web" / "frontend" / "node_modules" / "@bpmn-io" / "feelin" / "dist" / "index.js"
TEXT = 'category = "暴露垃圾" and area > 0.5'
DATA = {"category": "暴露垃圾", "area": 0.6}
LONG = (
    'if category = "暴露垃圾" and area > 0.5 and urgency in ("high", "urgent") then duration("PT2H") '
    "else if some d in districts satisfies d.code = place.district and d.rank >= 3 then duration(first) "
    "else fallback"
)
OTHERS = {
    "sum(items.price) > 100 and count(items) <= 3": {"items": [{"price": 60}, {"price": 70}]},
    "for i in items return i.price * i.qty": {"items": [{"price": 60, "qty": 1}, {"price": 70, "qty": 2}]},
    'if urgency = "high" then duration("PT2H") else duration("P1D")': {"urgency": "low"},
    'starts with(code, "WH") and matches(phone, "^1[0-9]{10}$")': {"code": "WH-1", "phone": "13800138000"},
}
WINDOWS, SECONDS = 6, 0.25
# The loop runs inside the engine; nothing is converted from or to Python while it is timed.
SCRIPT = """
import {{ evaluate }} from {module};
const text = {text}, data = {data};
for (let i = 0; i < 2000; i++) evaluate(text, data);
let best = 0;
for (let window = 0; window < {windows}; window++) {{
  const start = process.hrtime.bigint();
  let count = 0, passed = 0;
  while (passed < {seconds} * 1e9) {{
    for (let i = 0; i < 100; i++) evaluate(text, data);
    count += 100;
    passed = Number(process.hrtime.bigint() - start);
  }}
  best = Math.max(best, count / passed * 1e9);
}}
console.log(JSON.stringify({{ rate: best, v8: process.versions.v8, node: process.versions.node }}));
"""


def rate(text: str, data: dict[str, object]) -> float:
    """Evaluations per second of a compiled expression, in the best of several windows (the machine is shared)."""
    evaluate = compile_expression(text).evaluate
    best = 0.0
    for _ in range(WINDOWS):
        count, started, passed = 0, time.perf_counter(), 0.0
        while passed < SECONDS:
            for _ in range(500):
                evaluate(data)
            count += 500
            passed = time.perf_counter() - started
        best = max(best, count / passed)
    return best


def feelin_rate(text: str, data: dict[str, object]) -> tuple[float, str]:
    """feelin's evaluations per second in Node, measured alike, and the engine's name; 0 when it is not installed."""
    if not NODE.exists() or not FEELIN.exists():
        return 0.0, "not installed (pip install '.[assets]' and npm install in web/frontend)"
    given = {"module": FEELIN.as_uri(), "text": text, "data": data, "windows": WINDOWS, "seconds": SECONDS}
    script = SCRIPT.format_map({name: json.dumps(value) for name, value in given.items()})
    done = subprocess.run(
        [str(NODE), "--input-type=module", "-e", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "TZ": "UTC"},
        timeout=60,
    )
    answer = json.loads(done.stdout)
    return answer["rate"], f"@bpmn-io/feelin in V8 {answer['v8']} (Node {answer['node']}, loop inside the engine)"


def evaluation() -> None:
    """The rate of one condition, beside feelin's."""
    plain, ready = rate(TEXT, DATA), rate(TEXT, {name: to_feel(value) for name, value in DATA.items()})
    print(
        f"{TEXT}\n  plain values {plain:,.0f}/s, FEEL values {ready:,.0f}/s (aim 150,000/s; best of {WINDOWS} windows)"
    )
    theirs, engine = feelin_rate(TEXT, DATA)
    if theirs:
        print(f"  {engine}: {theirs:,.0f}/s; ours is {plain / theirs:.0f} × as fast (aim 20 ×)")
    else:
        print(f"  feelin: {engine}")
    for text, data in OTHERS.items():
        ours, (theirs, _) = rate(text, data), feelin_rate(text, data)
        print(f"  {text}: {ours:,.0f}/s" + (f", feelin {theirs:,.0f}/s, {ours / theirs:.0f} ×" if theirs else ""))


def unary() -> None:
    """The rate of a decision table's cell."""
    test = compile_unary_tests('"暴露垃圾", "乱堆物料"').test
    started = time.perf_counter()
    for _ in range(200_000):
        test("乱堆物料", DATA)
    print(f'unary tests "暴露垃圾", "乱堆物料": {200_000 / (time.perf_counter() - started):,.0f}/s')


def parsing() -> None:
    """From text to closures, without the cache."""
    text = LONG[:200].ljust(200)
    started = time.perf_counter()
    for _ in range(300):
        Expression(text, STANDARD, LIMITS, frozenset())
    print(
        f"parse and compile of {len(text)} characters: {(time.perf_counter() - started) / 300 * 1e3:.2f} ms (aim 1 ms)"
    )


def memory() -> None:
    """What 10,000 different compiled expressions hold."""
    texts = [f'category = "暴露垃圾" and area > {i} and district in ("江汉", "江岸")' for i in range(10_000)]
    tracemalloc.start()
    kept = [Expression(text, STANDARD, LIMITS, frozenset()) for text in texts]
    current, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"{len(kept):,} cached expressions: {current / 2**20:.1f} MiB, {current / len(kept) / 1024:.1f} KiB each")


def main() -> None:
    """Print all figures."""
    evaluation()
    unary()
    parsing()
    memory()


if __name__ == "__main__":
    main()
