"""How long does the evaluation of 10,000 test digits take?

    python benchmarks/evaluation_speed.py [--networks relu-2 lenet …] [--rounds 5] [--json]

Trains each network on a few digits, and asks the engine's worker for the evaluation, as the
Evaluate page does: in portions, through another process, with the model loaded before (the worker
has judged the validation images). What was judged is forgotten between the rounds. Nothing else
should run on the machine meanwhile. The targets: 1 second for dense networks, 8 for lenet.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mnist_core import judging  # noqa: E402
from mnist_core.architectures import architectures_for  # noqa: E402
from mnist_core.config import TrainingConfig  # noqa: E402
from mnist_core.engine import Engine  # noqa: E402
from mnist_core.evaluation import Evaluation  # noqa: E402
from mnist_core.runs import Store  # noqa: E402


def forget() -> None:
    """Let the worker judge anew; its models stay loaded."""
    judging._kept.clear()


def evaluate(engine: Engine, store: Store, run_id: str, part: str) -> Evaluation:
    while True:
        place = (store.home, store.url, run_id, "best", part)
        answer = engine.ask(judging.evaluate_some, *place)
        if isinstance(answer, Evaluation):
            return answer


def measure(engine: Engine, store: Store, network: str, rounds: int) -> list[float]:
    config = TrainingConfig(architecture=network, train_size=100, validation_size=50, epochs=1)
    run_id = store.create(config, name=network).id
    engine.wake()
    while not store.get(run_id).settled:
        time.sleep(0.1)
    evaluate(engine, store, run_id, "validation")
    seconds = []
    for _round in range(rounds):
        engine.ask(forget)
        began = time.perf_counter()
        assert len(evaluate(engine, store, run_id, "test")) == 10_000
        seconds.append(time.perf_counter() - began)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="+", default=architectures_for("mnist"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as home:
        store = Store(home)
        engine = Engine(store)
        engine.start()
        while engine.state.phase != "ready":
            time.sleep(0.1)
        for network in options.networks:
            results[network] = measure(engine, store, network, options.rounds)
            if not options.json:
                middle, worst = statistics.median(results[network]), max(results[network])
                print(f"{network:20} {middle:6.2f} s (slowest {worst:.2f} s)", flush=True)
        engine.close()
    if options.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
