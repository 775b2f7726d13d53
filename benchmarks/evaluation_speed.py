"""Duration of the evaluation of the 10,000 test images.

    python benchmarks/evaluation_speed.py [--networks relu-2 lenet …] [--rounds 5] [--json]

Trains each network on a few images, and requests the evaluation from the engine's worker, like the
Evaluate page: in portions, through another process, with the model loaded before (the worker has
evaluated the validation set). Results are discarded between the rounds. Then ten sessions evaluate
ten different networks of the last architecture, sequentially and concurrently. Nothing else should
run on the machine. The targets: 1 second for dense networks, 8 for lenet; ten concurrent
evaluations take at most 1.3 times as long as sequential ones.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mnist_core.evaluation.classification import Evaluation  # noqa: E402
from mnist_core.experiment.architectures import architectures_for  # noqa: E402
from mnist_core.experiment.config import TrainingConfig  # noqa: E402
from mnist_core.runs import Store  # noqa: E402
from mnist_core.workers.engine import Engine, Question  # noqa: E402

SESSIONS = 10
SERVICE = "mnist_core.evaluation.service"


def evaluate(engine: Engine, run_id: str, part: str) -> Evaluation:
    before = None
    while True:
        answer = engine.ask(f"{SERVICE}:evaluate_some", run_id, "best", part, kind=Question.SHORT)
        if isinstance(answer, Evaluation):
            return answer
        if answer == before:  # another evaluation is running
            time.sleep(0.2)
        before = answer


def train(engine: Engine, store: Store, network: str) -> str:
    """Train a network on a few images and load it in the worker; return the run's id."""
    config = TrainingConfig(architecture=network, train_size=100, validation_size=50, epochs=1)
    run_id = store.create(config, name=network).id
    engine.wake()
    while not store.get(run_id).settled:
        time.sleep(0.1)
    evaluate(engine, run_id, "validation")
    return run_id


def measure(engine: Engine, store: Store, network: str, rounds: int) -> list[float]:
    run_id = train(engine, store, network)
    seconds = []
    for _round in range(rounds):
        engine.ask(f"{SERVICE}:forget", kind=Question.SHORT)
        began = time.perf_counter()
        assert len(evaluate(engine, run_id, "test")) == 10_000
        seconds.append(time.perf_counter() - began)
    return seconds


def at_once(engine: Engine, store: Store, network: str, rounds: int) -> list[float]:
    """Return the ratio of the times of ten concurrent and ten sequential evaluations."""
    runs = [train(engine, store, network) for _session in range(SESSIONS)]
    ratios = []
    for _round in range(rounds):
        seconds = []
        for sessions in (1, SESSIONS):
            engine.ask(f"{SERVICE}:forget", kind=Question.SHORT)
            began = time.perf_counter()
            with ThreadPoolExecutor(sessions) as pool:
                list(pool.map(lambda run: evaluate(engine, run, "test"), runs))
            seconds.append(time.perf_counter() - began)
        ratios.append(seconds[1] / seconds[0])
    return ratios


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
        engine.ask(f"{SERVICE}:forget", kind=Question.LONG)  # waits for the worker that evaluates
        for network in options.networks:
            results[network] = measure(engine, store, network, options.rounds)
            if not options.json:
                middle, worst = statistics.median(results[network]), max(results[network])
                print(f"{network:20} {middle:6.2f} s (slowest {worst:.2f} s)", flush=True)
        results["ten at once"] = at_once(engine, store, network, options.rounds)
        if not options.json:
            middle, worst = statistics.median(results["ten at once"]), max(results["ten at once"])
            print(f"{'ten at once':20} {middle:6.2f} × (slowest {worst:.2f} ×)", flush=True)
        engine.close()
    if options.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
