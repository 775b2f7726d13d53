"""Speed of training, compared with ``model.fit`` and with other libraries, on this machine.

    python benchmarks/training_speed.py [--rounds 3] [--only PRESET …] [--json FILE]

Nothing else should run on the machine. In each round every preset is trained by ``model.fit`` as in
its tutorial, by the lab's fit loop, and by the other libraries that are installed
(``pip install -r benchmarks/requirements.txt``), each in a new process; then a server is started,
and the preset is trained again in a plain process beside the idle workers and through the engine,
with its store and a viewer of the event stream. Figures are seconds per epoch, after the first
epoch; medians of the rounds. All methods use the same training and validation images; see
one_training.py.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
from lab_server import free_port, serve, wait_for_engine
from one_training import WIDTHS, config_of

from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import Store

#: Numbers of epochs for model.fit and scikit-learn, and for the compiled methods.
EPOCHS = {
    "overfit-700": (12, 600),
    "softmax": (5, 25),
    "mlp-500-500": (4, 6),
    "tanh-200-100": (3, 6),
    "mlp-512": (4, 6),
    "regularised": (4, 5),
    "lenet": (3, 3),
    "reads-handwriting": (3, 3),
    "imdb": (5, 12),
    "reuters": (5, 12),
    "boston": (8, 100),
}
#: Convolutional networks train on fewer images: with 60,000 an epoch takes up to two minutes.
IMAGES = {"lenet": 6_000, "reads-handwriting": 6_000}
#: Duration of the measurement of the idle processes, in seconds.
IDLE_SECONDS = 15
ONE_TRAINING = Path(__file__).with_name("one_training.py")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=list(EPOCHS), default=list(EPOCHS))
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all figures to FILE")
    options = parser.parse_args()
    rounds = []
    rates = []
    idle_shares = []
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
        rates.append(measure("matmul")["flops_per_second"])
        rounds.append(alone(options.only))
        with_engine, idle = through_engine(options.only)
        idle_shares.append(idle)
        for preset, figures in with_engine.items():
            rounds[-1][preset] |= figures
    result = {
        "machine": machine() | {"flops_per_second": statistics.median(rates)},
        "idle_processor_share": medians(idle_shares),
        "rounds": rounds,
        "medians": {
            preset: {
                way: medians([one[preset][way] for one in rounds]) for way in rounds[0][preset]
            }
            for preset in options.only
        },
    }
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    report(result)


def measure(way: str, *arguments: str) -> dict[str, Any]:
    """Run one training in a new process."""
    command = [sys.executable, str(ONE_TRAINING), way, *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def arguments_of(preset: str, *, compiled: bool) -> list[str]:
    arguments = [preset, "--epochs", str(EPOCHS[preset][compiled])]
    return arguments + (["--images", str(IMAGES[preset])] if preset in IMAGES else [])


def alone(presets: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Train each preset by every method, without other load."""
    found: dict[str, dict[str, Any]] = {}
    for preset in presets:
        config = PRESETS[preset].config
        ways = {"keras": False, "lab": True}
        if importlib.util.find_spec("jax") and config.architecture in WIDTHS:
            ways["jax"] = True
        # Its optimizers do not include RMSprop.
        solvers = ("sgd", "adam")
        dense = config.architecture in WIDTHS and config.optimizer in solvers
        if importlib.util.find_spec("sklearn") and dense:
            ways["scikit-learn"] = False
        found[preset] = {
            way: measure(way, *arguments_of(preset, compiled=compiled))
            for way, compiled in ways.items()
        }
        print(preset, found[preset], file=sys.stderr)
    return found


def through_engine(
    presets: Sequence[str],
) -> tuple[dict[str, dict[str, Any]], dict[str, float]]:
    """Train each preset beside the idle workers and then through them, for new and known shapes.

    Returns:
        The figures of each preset, and the processor usage of each idle process.
    """
    found: dict[str, dict[str, Any]] = {}
    port = free_port()
    address = f"http://localhost:{port}"
    with serve(port) as (server, home):
        wait_for_engine(address)
        time.sleep(25)  # until the interactive worker has loaded TensorFlow
        idle = idle_shares(psutil.Process(server.pid))
        store = Store(home)
        for preset in presets:
            found[preset] = {"beside": measure("lab", *arguments_of(preset, compiled=True))}
            time.sleep(1)
            new = watched_run(store, address, preset, epochs=2)
            time.sleep(1)
            known = watched_run(store, address, preset, epochs=EPOCHS[preset][1])
            known["first_epoch_new"] = new["first_epoch"]
            found[preset]["engine"] = known
            print(preset, found[preset], file=sys.stderr)
    return found, idle


def idle_shares(server: psutil.Process) -> dict[str, float]:
    """Return the processor usage of the idle server and its workers.

    The numbers in the names are in order of the start; a nanny in the server monitors each worker.
    """
    processes = [server, *server.children(recursive=True)]
    before = [sum(process.cpu_times()[:2]) for process in processes]
    time.sleep(IDLE_SECONDS)
    after = [sum(process.cpu_times()[:2]) for process in processes]
    names = ["server", *(f"child {place}" for place in range(1, len(processes)))]
    return {
        name: (then - now) / IDLE_SECONDS
        for name, now, then in zip(names, before, after, strict=True)
    }


def watched_run(store: Store, address: str, preset: str, *, epochs: int) -> dict[str, float]:
    """Queue a run and watch its event stream, like a browser, until the last epoch."""
    began = time.perf_counter()
    run = store.create(config_of(preset, epochs, IMAGES.get(preset)), name="speed")
    arrivals: list[tuple[float, int]] = []
    with urllib.request.urlopen(f"{address}/live/events?runs={run.id}", timeout=600) as stream:
        for line in stream:
            if not line.startswith(b"data: {"):
                continue
            message = json.loads(line[6:])
            seen = arrivals[-1][1] if arrivals else 0
            if rows := message.get("rows"):
                arrivals.append((time.perf_counter(), seen + len(rows)))
            if arrivals and arrivals[-1][1] >= epochs:
                break
    (first, first_seen), (last, last_seen) = arrivals[0], arrivals[-1]
    while not store.get(run.id).settled:  # the test set is evaluated after the last epoch
        time.sleep(0.1)
    seconds = (last - first) / max(last_seen - first_seen, 1)
    return {"seconds": seconds, "first_epoch": first - began}


def medians(figures: list[dict[str, Any]]) -> dict[str, float]:
    numbers = [name for name, value in figures[0].items() if isinstance(value, int | float)]
    return {name: statistics.median(one[name] for one in figures) for name in numbers}


def machine() -> dict[str, Any]:
    """Return a description of the machine and the versions."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        model = next((line.split(": ")[1] for line in lines if "model name" in line), model)
    packages = ("tensorflow", "keras", "jax", "sklearn", "numpy")
    versions = {}
    for package in packages:
        if importlib.util.find_spec(package):
            name = "scikit-learn" if package == "sklearn" else package
            versions[name] = importlib.metadata.version(name)
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": versions,
    }


def floating_point_operations(preset: str) -> float:
    """Return the operations in an epoch's matrix products: forward, backward (twice), validation.

    The first layer needs no gradient with respect to its inputs.
    """
    import keras

    from mnist_core.training.networks import build_network

    config = config_of(preset, 1, IMAGES.get(preset))
    forward = []
    for layer in build_network(config.architecture, config.task).layers:
        if isinstance(layer, keras.layers.Dense):
            forward.append(2 * layer.kernel.shape[0] * layer.kernel.shape[1])
        elif isinstance(layer, keras.layers.Conv2D):
            height, width = layer.output.shape[1:3]
            kernel = layer.kernel.shape
            forward.append(2 * kernel[0] * kernel[1] * kernel[2] * kernel[3] * height * width)
    training = 3 * sum(forward) - forward[0]
    return float(config.train_size * training + config.validation_size * sum(forward))


def report(result: dict[str, Any]) -> None:
    """Return the figures as Markdown tables."""
    about = result["machine"]
    rate = about["flops_per_second"]
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    print(
        f"{about['processor']}, {about['cores']} cores, {about['system']}, "
        f"Python {about['python']}, {versions}. A 2048 × 2048 float32 matrix product runs at "
        f"{rate / 1e9:.0f} GFLOP/s. Medians of {len(result['rounds'])} rounds.\n"
    )
    idle = result["idle_processor_share"]
    shares = ", ".join(f"{name} {100 * share:.1f} %" for name, share in idle.items())
    print(f"Idle processes, of one core: {shares}.\n")
    print(
        "| preset | `model.fit` | lab | times faster | JAX | scikit-learn | matrix products alone |"
    )
    print("|---|---|---|---|---|---|---|")
    for preset, ways in result["medians"].items():
        lab = ways["lab"]["seconds"]
        cells = [preset, duration(ways["keras"]["seconds"]), duration(lab)]
        cells.append(f"{ways['keras']['seconds'] / lab:.1f}")
        for peer in ("jax", "scikit-learn"):
            peers = ways.get(peer)
            cells.append(f"{duration(peers['seconds'])}" if peers else "–")
        cells.append(duration(floating_point_operations(preset) / rate))
        print("| " + " | ".join(cells) + " |")
    print("\n| preset | alone | beside idle workers | through the engine, watched | slower by |")
    print("|---|---|---|---|---|")
    for preset, ways in result["medians"].items():
        beside, engine = ways["beside"]["seconds"], ways["engine"]["seconds"]
        cells = [preset, duration(ways["lab"]["seconds"]), duration(beside), duration(engine)]
        print("| " + " | ".join([*cells, f"{100 * (engine / beside - 1):.0f} %"]) + " |")
    print(
        "\n| preset | compiling, `model.fit` | compiling, lab | second run of the shape "
        "| engine: queued to first epoch, new | known | peak memory, `model.fit` | lab |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for preset, ways in result["medians"].items():
        keras_fit, lab, engine = ways["keras"], ways["lab"], ways["engine"]
        cells = [preset, duration(keras_fit["first_epoch_extra"])]
        cells += [duration(lab["first_epoch_extra"]), duration(lab["first_epoch_extra_again"])]
        cells += [duration(engine["first_epoch_new"]), duration(engine["first_epoch"])]
        cells += [f"{ways[way]['peak_megabytes']:.0f} MB" for way in ("keras", "lab")]
        print("| " + " | ".join(cells) + " |")


def duration(seconds: float) -> str:
    return f"{1000 * seconds:.2g} ms" if seconds < 0.01 else f"{seconds:.3g} s"


if __name__ == "__main__":
    main()
