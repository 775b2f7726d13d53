"""Models in files: those that Keras wrote read as before, and no hostile one runs or is taken."""

from __future__ import annotations

import io
import json
import marshal
import pickle
import re
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from keras import layers
from keras.src.utils.naming import to_snake_case

from mnist_core.errors import ConfigError, DataError
from mnist_core.evaluation.service import evaluate
from mnist_core.experiment.architectures import architectures_for
from mnist_core.inference import models
from mnist_core.inference.explain_image import explain
from mnist_core.inference.predict import predict
from mnist_core.runs import RunStatus, Store
from mnist_core.tasks import task
from mnist_core.training.networks import build_network
from mnist_core.transfer.keras_import import sandbox
from mnist_core.transfer.keras_import.allow_list import ACTIVATIONS, LAYERS
from mnist_core.transfer.keras_import.files import Unpacked, unpack
from mnist_core.transfer.keras_import.importer import import_model, read_model_file
from mnist_core.transfer.keras_import.layer_plan import snake_case
from mnist_core.transfer.keras_import.plan import MOST_BYTES
from mnist_core.transfer.uploads import keep_arrived
from tests import model_files
from tests.model_files import CONFIG, WEIGHTS

IMAGES = task("mnist").load().x_test[:30]
pytestmark = pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")


def dense(ending: str | None = "softmax") -> keras.Model:
    keras.utils.set_random_seed(5)
    return keras.Sequential(
        [
            keras.Input((784,)),
            layers.Dense(4, "relu", name="first"),
            layers.Dense(10, ending, name="last"),
        ],
        name="small",
    )


@pytest.fixture(scope="module")
def good() -> bytes:
    return model_files.saved(dense())


@pytest.fixture(scope="module")
def good_h5() -> bytes:
    return model_files.saved(dense(), "h5")


def shaken(model: keras.Model) -> keras.Model:
    """A model none of whose weights is 0 or 1, so that none can be taken for another."""
    rng = np.random.default_rng(4)
    model.set_weights(
        [
            np.asarray(rng.uniform(0.05, 0.4, weight.shape), weight.dtype)
            for weight in model.get_weights()
        ]
    )
    for layer in model.layers:
        if hasattr(layer, "finalize_state"):  # it keeps a copy of its weights
            layer.finalize_state()
    return model


def assert_reads_alike(model: keras.Model, kind: str) -> None:
    """A model that is saved and brought in answers what it answered before."""
    found = read_model_file(model_files.saved(model, kind), "mine", unpack).model
    x = np.random.default_rng(1).random((20, *model.input_shape[1:]), np.float32)
    np.testing.assert_allclose(
        found.predict_on_batch(x), model.predict_on_batch(x), rtol=1e-5, atol=1e-6
    )


# ---- what Keras writes


kinds = pytest.mark.parametrize("kind", ["keras", "h5"])


@kinds
@pytest.mark.parametrize("key", architectures_for("mnist"))
def test_every_architecture_of_the_lab_comes_in_as_it_was(key, kind):
    keras.utils.set_random_seed(1)
    assert_reads_alike(build_network(key), kind)


PICTURE = keras.Input((28, 28, 1))


def sequential(*of: Any, shape: tuple[int, ...] = (28, 28, 1)) -> Callable[[], keras.Model]:
    """Builds a model of layers that are named with their settings, for each test anew."""

    def make() -> keras.Model:
        made = [getattr(layers, kind)(*rest[:-1], **rest[-1]) for kind, *rest in of]
        ending = [layers.Flatten(), layers.Dense(10, "softmax")]
        return keras.Sequential([keras.Input(shape), *made, *ending])

    return make


LEARNERS = {
    "quickstart": sequential(("Flatten", {}), ("Dense", 12, "relu", {}), shape=(28, 28)),
    "rescaling": sequential(("Rescaling", 1 / 255, {}), ("Dense", 3, {})),
    "convolutions": sequential(
        ("Conv2D", 3, 3, {"activation": "relu", "padding": "same", "kernel_regularizer": "l2"}),
        ("MaxPooling2D", {}),
        ("BatchNormalization", {}),
        ("Conv2D", 4, (3, 5), {"strides": 2, "use_bias": False, "bias_constraint": None}),
        ("LayerNormalization", {}),
        ("LeakyReLU", {}),
        ("Dropout", 0.3, {}),
    ),
    "separable": sequential(
        ("ZeroPadding2D", ((1, 2), (0, 3)), {}),
        ("SeparableConv2D", 4, 3, {"depth_multiplier": 2}),
        ("DepthwiseConv2D", 3, {"activation": "elu"}),
        ("AveragePooling2D", 2, {"strides": 3}),
        ("PReLU", {"shared_axes": [1, 2]}),
        ("SpatialDropout2D", 0.1, {}),
        ("Cropping2D", 1, {}),
    ),
    "up and down": sequential(
        ("Conv2D", 4, 3, {"kernel_initializer": keras.initializers.HeNormal(seed=3)}),
        ("Conv2DTranspose", 2, 3, {}),
        ("UpSampling2D", {}),
        ("MaxPooling2D", 4, {"padding": "same"}),
        ("GroupNormalization", {"groups": 2}),
        ("UnitNormalization", {}),
        ("GlobalAveragePooling2D", {}),
    ),
    "activations": sequential(
        ("Dense", 6, "gelu", {"kernel_constraint": keras.constraints.MaxNorm(2)}),
        ("ELU", {}),
        ("ReLU", {"max_value": 3.0, "negative_slope": 0.1}),
        ("Activation", "tanh", {}),
        ("Softmax", {}),
        ("GaussianNoise", 0.1, {}),
        ("ActivityRegularization", 0.1, {}),
    ),
    "rows": sequential(
        ("Reshape", (28, 28), {}),
        ("Conv1D", 6, 3, {"padding": "causal"}),
        ("MaxPooling1D", {}),
        ("Permute", (2, 1), {}),
        ("GlobalMaxPooling1D", {}),
    ),
    "lstm": sequential(("LSTM", 6, {"dropout": 0.2}), shape=(28, 28)),
    "gru": sequential(("GRU", 5, {"return_sequences": True}), ("SimpleRNN", 4, {}), shape=(28, 28)),
    "augmented": sequential(
        ("RandomFlip", "horizontal", {}),
        ("RandomRotation", 0.1, {}),
        ("RandomTranslation", 0.1, 0.1, {}),
        ("RandomZoom", 0.1, {}),
        ("Normalization", {"axis": None}),
        ("Dense", 2, {}),
    ),
}


@kinds
@pytest.mark.parametrize("key", LEARNERS)
def test_models_of_learners_come_in_as_they_were(key, kind):
    keras.utils.set_random_seed(2)
    assert_reads_alike(shaken(LEARNERS[key]()), kind)


@kinds
def test_a_graph_with_branches_and_a_shared_layer_comes_in_as_it_was(kind):
    keras.utils.set_random_seed(3)
    picture = keras.Input((28, 28, 1))
    shared = layers.Conv2D(3, 3, padding="same")
    first, second = shared(picture), layers.Conv2D(1, 1)(picture)
    again = shared(second)
    merged = layers.Concatenate()(
        [
            layers.Add()([first, again]),
            layers.Multiply()([first, again]),
            layers.Average()([first, again]),
            layers.Maximum()([first, again]),
            layers.Subtract()([first, again]),
        ]
    )
    pooled = layers.GlobalMaxPooling2D()(merged)
    assert_reads_alike(
        shaken(keras.Model(picture, layers.Softmax()(layers.Dense(10)(pooled)))), kind
    )


def test_a_trained_and_compiled_model_comes_in_without_its_optimizer(good):
    model = dense()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = np.random.default_rng(0).random((32, 784)), np.arange(32) % 10
    model.fit(x, y, epochs=1, verbose=0)
    for kind in ("keras", "h5"):
        assert_reads_alike(model, kind)


@pytest.mark.parametrize(
    ("ending", "output"), [("softmax", "softmax"), (None, "logits"), ("linear", "logits")]
)
def test_what_ends_in_sums_gets_a_softmax_and_says_so(ending, output):
    model = dense(ending)
    found = read_model_file(model_files.saved(model), "mine.keras")
    assert found.output == output
    x = np.random.default_rng(1).random((5, 784), np.float32)
    told = model.predict_on_batch(x)
    wanted = told if output == "softmax" else np.asarray(keras.ops.softmax(told))
    np.testing.assert_allclose(found.model.predict_on_batch(x), wanted, atol=1e-6)


def test_sums_that_come_from_no_dense_layer_get_a_softmax_of_their_own():
    model = keras.Sequential(
        [keras.Input((28, 28, 1)), layers.Conv2D(10, 3), layers.GlobalAveragePooling2D()]
    )
    found = read_model_file(model_files.saved(model), "mine.keras")
    assert found.output == "logits"
    x = np.random.default_rng(1).random((5, 28, 28, 1), np.float32)
    np.testing.assert_allclose(found.model.predict_on_batch(x).sum(axis=1), 1, atol=1e-5)


def test_half_numbers_become_single_ones(good):
    def halve(file: h5py.File) -> None:
        for layer in ("dense", "dense_1"):
            for name, values in list(file[f"layers/{layer}/vars"].items()):
                found = values[()].astype(np.float16)
                del file[f"layers/{layer}/vars/{name}"]
                file[f"layers/{layer}/vars/{name}"] = found

    model = read_model_file(model_files.with_weights(good, halve), "half.keras").model
    np.testing.assert_allclose(model.get_weights()[0], dense().get_weights()[0], atol=1e-3)


def test_an_h5_file_of_keras_2_comes_in(good_h5):
    """The same network as the versions before 3 described it."""
    glorot = {"class_name": "GlorotUniform", "config": {"seed": None}}
    common = {"trainable": True, "dtype": "float32", "kernel_initializer": glorot}

    def as_keras_2(file: h5py.File) -> None:
        first = {"name": "first", "batch_input_shape": [None, 784], "units": 4}
        described = [
            {"class_name": "Dense", "config": {**first, "activation": "relu", **common}},
            {
                "class_name": "Dense",
                "config": {"name": "last", "units": 10, "activation": "softmax", **common},
            },
        ]
        config = {"name": "small", "layers": described}
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": config})
        file.attrs["keras_version"] = "2.10.0"
        for name in ("first", "last"):
            group = file["model_weights"][name]
            group.move(f"small/{name}", name)
            for one in ("kernel", "bias"):
                group.move(f"{name}/{one}", f"{name}/{one}:0")
            names = [f"{name}/{one}:0".encode() for one in ("kernel", "bias")]
            group.attrs["weight_names"] = names

    content = model_files.with_weights(good_h5, as_keras_2)
    found = read_model_file(content, "old.h5").model
    for ours, theirs in zip(found.get_weights(), dense().get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_functional_description_of_keras_2_comes_in():
    picture = keras.Input((784,), name="input_1")
    left = layers.Dense(5, name="left")(picture)
    right = layers.Dense(5, name="right")(picture)
    added = layers.Add(name="add")([left, right])
    model = shaken(keras.Model(picture, layers.Dense(10, "softmax", name="end")(added)))

    def as_keras_2(file: h5py.File) -> None:
        description = json.loads(file.attrs["model_config"])
        nodes = {"left": ["input_1"], "right": ["input_1"], "add": ["left", "right"]}
        nodes["end"] = ["add"]
        for layer in description["config"]["layers"]:
            before = nodes.get(layer["name"], [])
            layer["inbound_nodes"] = [[[name, 0, 0, {}] for name in before]] if before else []
            layer["config"]["dtype"] = "float32"
        description["config"]["input_layers"] = [["input_1", 0, 0]]
        description["config"]["output_layers"] = [["end", 0, 0]]
        file.attrs["model_config"] = json.dumps(description)

    content = model_files.with_weights(model_files.saved(model, "h5"), as_keras_2)
    x = np.random.default_rng(1).random((20, 784), np.float32)
    np.testing.assert_allclose(
        read_model_file(content, "old.h5").model.predict_on_batch(x),
        model.predict_on_batch(x),
        rtol=1e-5,
    )


def test_the_table_of_layers_and_activations_names_what_keras_has():
    for kind in LAYERS:
        assert issubclass(getattr(layers, kind), layers.Layer)
        assert snake_case(kind) == to_snake_case(kind)
    for name in ACTIVATIONS:
        assert callable(keras.activations.get(name))


# ---- hostile files


@pytest.fixture
def canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that every hostile thing here would write, in a folder that must stay empty."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder / "canary"


def assert_refused(content: bytes, canary: Path, *words: str, file: str = "evil.keras") -> None:
    """One clear error message, nothing has run, and nothing was written."""
    with pytest.raises(DataError) as caught:
        read_model_file(content, file, unpack)  # the same as apart, and faster
    text = caught.value.sentence()
    assert caught.value.values["file"] == file
    assert file in text
    assert "\n" not in text and "Traceback" not in text
    assert all((caught.value.problem, caught.value.remedy))
    for word in words:
        assert word in text, text
    assert list(canary.parent.iterdir()) == []


def answer(content: bytes, read: Callable[[bytes], Unpacked] = unpack) -> bool:
    """Whether a file, whatever it holds, becomes a model or an error message."""
    try:
        return len(read_model_file(content, "x", read).model.layers) > 0
    except DataError as error:
        return bool(re.fullmatch(r"[^\n]+“x”[^\n]+\. [^\n]+\.", error.sentence()))


def system(canary: Path, family: str = "os", kind: str = "system") -> dict[str, Any]:
    """A description that names a function of another module, with a command to run."""
    return {
        "module": family,
        "class_name": kind,
        "config": {"command": f"touch {canary}"},
        "registered_name": None,
    }


def call_touch(canary: Path) -> str:
    """Bytecode that writes the canary, as Keras keeps a Lambda's function."""
    import base64

    source = f"lambda x: (open({str(canary)!r}, 'w').close(), x)[1]"
    code = eval(source).__code__
    return base64.b64encode(marshal.dumps(code)).decode()


def test_a_lambda_with_code_is_refused(good, canary):
    function = {
        "class_name": "__lambda__",
        "config": {"code": call_touch(canary), "defaults": None, "closure": None},
    }
    evil = {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {"name": "lambda", "trainable": True, "function": function, "arguments": {}},
        "registered_name": None,
    }
    assert_refused(model_files.with_layer(good, evil), canary, "Lambda")


def test_a_lambda_that_keras_itself_saved_is_refused(canary):
    model = keras.Sequential(
        [keras.Input((784,)), layers.Lambda(lambda x: x * 2), layers.Dense(10, "softmax")]
    )
    for kind in ("keras", "h5"):
        assert_refused(model_files.saved(model, kind), canary, "Lambda")


def test_code_in_place_of_an_activation_is_refused(good, canary):
    function = {"class_name": "__lambda__", "config": {"code": call_touch(canary)}}
    assert_refused(model_files.with_setting(good, "activation", function), canary, "activation")


@pytest.mark.parametrize("module", ["os", "posix", "subprocess", "builtins.exec", "__main__"])
def test_a_layer_of_another_module_is_refused(good, canary, module):
    evil = system(canary, module)
    evil["config"]["name"] = "layer"
    assert_refused(model_files.with_layer(good, evil), canary, f"{module}.system")


@pytest.mark.parametrize(
    "setting",
    ["activation", "kernel_initializer", "kernel_regularizer", "bias_constraint", "dtype"],
)
@pytest.mark.parametrize("module", ["os", "keras.src.saving.saving_lib", "builtins", None])
def test_another_module_in_a_setting_is_refused(good, canary, setting, module):
    for kind in ("system", "function", "exec"):
        evil = system(canary, module, kind)
        assert_refused(model_files.with_setting(good, setting, evil), canary)


@pytest.mark.parametrize("place", ["build_config", "compile_config"])
def test_another_module_in_what_is_not_even_used_is_refused(good, canary, place):
    def change(description: dict[str, Any]) -> None:
        description[place] = {"input_shape": [None, 784], "loss": [{"fn": system(canary)}]}

    assert_refused(model_files.with_description(good, change), canary, "os.system")


def test_another_module_as_the_whole_model_is_refused(good, canary):
    for kind in ("system", "Sequential"):
        evil = system(canary, "os", kind)
        assert_refused(model_files.with_description(good, lambda _, evil=evil: evil), canary, "os")


def test_a_registered_custom_object_is_refused(good, canary):
    def change(description: dict[str, Any]) -> None:
        description["config"]["layers"][1]["registered_name"] = "evil>Dense"

    assert_refused(model_files.with_description(good, change), canary, "evil>Dense")


@pytest.mark.parametrize(
    ("module", "kind"),
    [
        ("keras.utils", "get_file"),
        ("keras.config", "enable_unsafe_deserialization"),
        ("keras.saving", "load_model"),
        ("keras.src.saving.legacy.saving_utils", "model_from_config"),
        ("tf_keras.utils", "get_file"),
        ("keras.src.ops.numpy", "Flatten"),
    ],
)
def test_a_function_of_keras_itself_is_refused(good, canary, module, kind):
    """Several of them have been used to load code or files, and one allows all of it."""
    evil = {
        "module": module,
        "class_name": kind,
        "config": {"name": "x", "origin": "file:///etc/passwd", "cache_dir": str(canary.parent)},
        "registered_name": None,
    }
    assert_refused(model_files.with_layer(good, evil), canary, kind)
    for setting in ("activation", "kernel_initializer", "kernel_regularizer", "kernel_constraint"):
        assert_refused(model_files.with_setting(good, setting, evil), canary, setting)


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("TextVectorization", {"name": "t", "vocabulary": "/etc/passwd"}),
        ("StringLookup", {"name": "t", "vocabulary": "/etc/passwd"}),
        ("TFSMLayer", {"name": "t", "filepath": "/tmp/evil"}),
        ("TorchModuleWrapper", {"name": "t"}),
        ("JaxLayer", {"name": "t"}),
        ("Wrapper", {"name": "t", "layer": None}),
        ("TimeDistributed", {"name": "t", "layer": {}}),
        ("Functional", {"name": "t", "layers": []}),
        ("__class__", {"name": "t"}),
        ("", {"name": "t"}),
    ],
)
def test_a_layer_that_is_not_in_the_table_is_refused(good, canary, kind, config):
    layer = {"module": "keras.layers", "class_name": kind, "config": config}
    assert_refused(model_files.with_layer(good, layer), canary, "class")


def test_a_zip_bomb_is_refused(good, canary):
    members = model_files.parts(good)
    members[WEIGHTS] = bytes(MOST_BYTES + 1)
    bomb = model_files.zipped(members, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 1_000_000
    assert_refused(bomb, canary, "unpacks to 100,000,001 bytes")


def test_a_zip_bomb_that_lies_about_its_size_is_refused(good, canary):
    members = model_files.parts(good) | {WEIGHTS: bytes(50_000_000)}
    bomb = bytearray(model_files.zipped(members, zipfile.ZIP_DEFLATED))
    place = bomb.rfind(b"PK\x01\x02")  # the list's last entry is that of the weights
    assert struct.unpack("<L", bomb[place + 24 : place + 28]) == (50_000_000,)
    bomb[place + 24 : place + 28] = struct.pack("<L", 1000)
    assert_refused(bytes(bomb), canary, "damaged")


def test_a_description_that_is_far_too_long_is_refused(good, canary):
    members = model_files.parts(good)
    members[CONFIG] = b'{"a": "' + b"x" * 3_000_000 + b'"}'
    assert_refused(model_files.zipped(members, zipfile.ZIP_DEFLATED), canary, CONFIG)


@pytest.mark.parametrize("depth", [100, 100_000])
def test_a_description_nested_too_deep_is_refused(good, canary, depth):
    members = model_files.parts(good)
    members[CONFIG] = b"[" * depth + b"]" * depth
    assert_refused(model_files.zipped(members), canary, "damaged")


def test_a_description_that_is_no_json_is_refused(good, canary):
    members = model_files.parts(good)
    for text in (b"", b"{", b"os.system('x')", b"\xff\xfe", b"[NaN]", b"9" * 5000):
        members[CONFIG] = text
        assert_refused(model_files.zipped(members), canary, "damaged")


@pytest.mark.parametrize("text", ["null", "[]", "{}", "3", '"x"', '{"class_name": "Sequential"}'])
def test_a_description_of_nothing_is_refused(good, canary, text):
    members = model_files.parts(good) | {CONFIG: text.encode()}
    assert_refused(model_files.zipped(members), canary)


@pytest.mark.parametrize(
    "name", ["../canary", "/tmp/h-canary", "assets/../../canary", "..\\canary", "assets/x", "a\0b"]
)
def test_a_member_on_a_path_of_its_own_is_refused(good, canary, name):
    members = model_files.parts(good) | {name: b"x"}
    words = "other assets" if name.startswith("assets/") else "does not belong"
    assert_refused(model_files.zipped(members), canary, words)


def test_a_member_that_is_a_link_is_refused(good, canary):
    members = model_files.parts(good)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        link = zipfile.ZipInfo(WEIGHTS)
        link.external_attr = 0o120777 << 16
        file.writestr(link, "/etc/passwd")
        file.writestr(CONFIG, members[CONFIG])
    assert_refused(packed.getvalue(), canary, "does not belong")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(good, canary):
    packed = io.BytesIO(good)
    with zipfile.ZipFile(packed, "a") as file:
        file.writestr(CONFIG, json.dumps(system(canary)))
    assert_refused(packed.getvalue(), canary, "twice")


def test_a_list_of_very_many_members_is_refused(good, canary):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for place in range(70_000):
            file.writestr(f"{place:06}", b"")
    assert_refused(packed.getvalue(), canary, "far too many members")


def test_an_encrypted_member_is_refused(good, canary):
    content = bytearray(good)
    place = content.find(b"PK\x01\x02")
    content[place + 8] |= 1
    assert_refused(bytes(content), canary, "does not belong")


def test_a_member_that_is_missing_is_said(good, canary):
    for name in (CONFIG, WEIGHTS):
        members = model_files.parts(good)
        del members[name]
        assert_refused(model_files.zipped(members), canary, name)


def replaced(path: str, by: Callable[[h5py.Group, str], None]) -> Callable[[h5py.File], None]:
    """Puts something else in the place of an array."""

    def change(file: h5py.File) -> None:
        above, name = path.rsplit("/", 1)
        del file[path]
        by(file[above], name)

    return change


KERNEL = "layers/dense/vars/0"
KERNEL_H5 = "model_weights/first/small/first/kernel"
either = pytest.mark.parametrize("form", ["keras", "h5"])


def with_kernel(
    form: str, good: bytes, good_h5: bytes, by: Callable[[h5py.Group, str], None]
) -> bytes:
    path, content = (KERNEL, good) if form == "keras" else (KERNEL_H5, good_h5)
    return model_files.with_weights(content, replaced(path, by))


@either
def test_an_external_link_is_refused(good, good_h5, canary, tmp_path, form):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["kernel"] = np.zeros((784, 4), np.float32)
    link = h5py.ExternalLink(str(tmp_path / "secret.h5"), "kernel")

    def put(group: h5py.Group, name: str) -> None:
        group[name] = link

    assert_refused(with_kernel(form, good, good_h5, put), canary, "a link to another place")


@either
def test_a_soft_link_is_refused(good, good_h5, canary, form):
    def put(group: h5py.Group, name: str) -> None:
        group.file["other"] = np.zeros((784, 4), np.float32)
        group[name] = h5py.SoftLink("/other")

    assert_refused(with_kernel(form, good, good_h5, put), canary, "a link to another place")


def test_a_group_that_is_a_link_is_refused(good, canary, tmp_path):
    def put(group: h5py.Group, name: str) -> None:
        group[name] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/")

    for path in ("layers", "layers/dense", "layers/dense/vars"):

        def change(file: h5py.File, path: str = path) -> None:
            del file[path]
            put(file, path)

        assert_refused(model_files.with_weights(good, change), canary, "a link to another place")


@either
def test_raw_bytes_of_another_file_are_refused(good, good_h5, canary, form):
    def put(group: h5py.Group, name: str) -> None:
        outside = [("/etc/passwd", 0, 4 * 784 * 4)]
        group.create_dataset(name, (784, 4), np.float32, external=outside)

    assert_refused(with_kernel(form, good, good_h5, put), canary, "are not stored in this file")


@either
def test_a_virtual_array_is_refused(good, good_h5, canary, form):
    def put(group: h5py.Group, name: str) -> None:
        layout = h5py.VirtualLayout((784, 4), np.float32)
        layout[:] = h5py.VirtualSource("/etc/passwd", "kernel", (784, 4))
        group.create_virtual_dataset(name, layout)

    assert_refused(with_kernel(form, good, good_h5, put), canary, "are not stored in this file")


@either
@pytest.mark.parametrize("more", [{"compression": "gzip"}, {"chunks": (1, 1)}, {"shuffle": True}])
def test_an_array_that_is_packed_is_refused(good, good_h5, canary, form, more):
    def put(group: h5py.Group, name: str) -> None:
        group.create_dataset(name, (784, 4), np.float32, **more)

    assert_refused(with_kernel(form, good, good_h5, put), canary, "are not stored in this file")


@either
@pytest.mark.parametrize("kind", ["S10", h5py.string_dtype(), np.complex64, h5py.ref_dtype])
def test_an_array_of_no_numbers_is_refused(good, good_h5, canary, form, kind):
    def put(group: h5py.Group, name: str) -> None:
        group.create_dataset(name, (784, 4), kind)

    assert_refused(with_kernel(form, good, good_h5, put), canary, "are not stored in this file")


@either
@pytest.mark.parametrize("shape", [(2**40, 2**20), (784, 2**33)])
def test_absurd_shapes_are_refused_before_anything_is_read(good, good_h5, canary, form, shape):
    def put(group: h5py.Group, name: str) -> None:
        group.create_dataset(name, shape, np.float32)  # an array that was never written to

    assert_refused(with_kernel(form, good, good_h5, put), canary, "the file is too small")


@either
@pytest.mark.parametrize("shape", [(4, 784), (784,), (784, 4, 1), (), (784, 5)])
def test_weights_of_another_shape_are_refused(good, good_h5, canary, form, shape):
    def put(group: h5py.Group, name: str) -> None:
        group[name] = np.zeros(shape, np.float32)

    assert_refused(with_kernel(form, good, good_h5, put), canary)


@pytest.mark.parametrize("units", [10**5, 65_536, 50_000, 0, -1, 1.5, True, "4", None, [4], 1e300])
def test_a_layer_that_wants_other_weights_than_the_file_has_is_refused(good, canary, units):
    assert_refused(model_files.with_setting(good, "units", units, place=1), canary)


def test_a_layer_that_makes_far_too_much_of_a_picture_is_refused(canary):
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.UpSampling2D(2),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10, "softmax"),
        ]
    )
    content = model_files.saved(model)
    assert_refused(model_files.with_setting(content, "size", [256, 256], 1), canary, "too much")


def test_many_layers_that_each_make_much_of_a_picture_are_refused(canary):
    """All their outputs are kept until the last layer has run."""
    picture = keras.Input((28, 28, 1))
    large = [layers.UpSampling2D(14)(picture) for _ in range(14)]
    model = keras.Model(picture, layers.Dense(10)(layers.GlobalMaxPooling2D()(layers.Add()(large))))
    assert_refused(model_files.saved(model), canary, "too much")


def test_a_kernel_that_reaches_far_beyond_a_picture_is_refused(canary):
    """All that it reaches is filled with zeros, squared."""
    model = sequential(("Conv2D", 1, 50, {"padding": "same", "dilation_rate": 100}))()
    assert_refused(model_files.saved(model), canary, "dilation_rate")


def test_a_recurrent_layer_that_reads_for_too_long_is_refused(canary):
    long = sequential(("RepeatVector", 2000, {}), ("GRU", 300, {}), shape=(784,))()
    assert_refused(model_files.saved(long), canary, "too much")


@either
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(good, good_h5, canary, form, value):
    def put(group: h5py.Group, name: str) -> None:
        group[name] = np.full((784, 4), value, np.float32)

    assert_refused(with_kernel(form, good, good_h5, put), canary, "infinite or not a number")


@either
def test_weights_that_are_missing_or_too_many_are_refused(good, good_h5, canary, form):
    assert_refused(with_kernel(form, good, good_h5, lambda _group, _name: None), canary)

    def add(file: h5py.File) -> None:
        file[f"{KERNEL[:-1]}2"] = np.zeros(3, np.float32)

    assert_refused(model_files.with_weights(good, add), canary, "but the file has")


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.999])
def test_a_truncated_file_is_refused(good, good_h5, canary, share):
    for content in (good, good_h5):
        assert_refused(content[: int(len(content) * share)], canary)


def test_a_file_with_bytes_exchanged_is_refused_or_read_but_never_crashes(good, good_h5, canary):
    rng = np.random.default_rng(8)
    for content in (good, good_h5):
        for _ in range(5):
            changed = bytearray(content)
            for place in rng.integers(0, min(len(content), 6000), 4):
                changed[place] = rng.integers(256)
            assert answer(bytes(changed), sandbox.unpack_in_sandbox)
    assert list(canary.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"Dear diary, " * 50, "neither in the .keras nor the .h5"),
        (b"PK\x03\x04", "damaged"),
        (b"\x89HDF\r\n\x1a\n", "damaged"),
        (bytes(5000), "neither"),
        (b"PK\x03\x04" + b"PK\x05\x06" * 1000, "damaged"),
        (model_files.zipped({"m/saved_model.pb": b"x"}), "a SavedModel of TensorFlow"),
        (model_files.zipped({"m/data.pkl": b"x", "m/version": b"3"}), "a PyTorch model"),
        (model_files.zipped({"model.weights.json": b"{}"}), "is not supported"),
        (
            b'{"metadata": {}, "weight_map": {"/layers/dense": "m_00000.weights.h5"}}',
            "in several files",
        ),
    ],
)
def test_a_file_that_is_no_model_is_refused(canary, content, words):
    assert_refused(content, canary, words)


def test_a_pickle_and_numpy_files_are_refused(canary):
    class Evil:
        def __reduce__(self):
            return (Path.touch, (canary,))

    assert_refused(pickle.dumps(Evil()), canary, "neither")
    arrays = io.BytesIO()
    np.savez(arrays, kernel=np.array([Evil()], dtype=object), allow_pickle=True)
    assert_refused(arrays.getvalue(), canary, "NumPy arrays")


def test_a_file_that_is_too_large_is_refused(canary):
    assert_refused(b"PK\x03\x04" + bytes(MOST_BYTES), canary, "larger than 100 MB")


def test_weights_without_their_network_are_refused(canary, tmp_path):
    path = tmp_path / "only.weights.h5"
    dense().save_weights(path)
    assert_refused(path.read_bytes(), canary, "model.save")


@pytest.mark.parametrize("shape", [(32, 32, 3), (10,), (28, 28, 3)])
def test_a_model_of_other_pictures_is_refused(canary, shape):
    model = keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(10, "softmax")])
    assert_refused(model_files.saved(model), canary, "28 × 28")


def test_a_model_of_other_classes_is_refused(canary):
    model = keras.Sequential([keras.Input((784,)), layers.Dense(46, "softmax")])
    assert_refused(model_files.saved(model), canary, "instead of 10 numbers")


def test_a_model_that_ends_in_something_else_is_refused(canary):
    for ending in ("sigmoid", "relu", "tanh"):
        assert_refused(model_files.saved(dense(ending)), canary, ending)


def test_a_model_of_two_inputs_is_refused(canary):
    first, second = keras.Input((784,)), keras.Input((784,))
    model = keras.Model([first, second], layers.Dense(10)(layers.Add()([first, second])))
    assert_refused(model_files.saved(model), canary, "2 inputs")


def test_a_model_in_half_precision_is_refused(canary):
    model = keras.Sequential([keras.Input((784,)), layers.Dense(10, "softmax", dtype="float16")])
    assert_refused(model_files.saved(model), canary, "float16")


def test_an_operation_that_is_no_layer_is_refused(canary):
    picture = keras.Input((784,))
    model = keras.Model(picture, layers.Dense(10, "softmax")(picture / 255))
    assert_refused(model_files.saved(model), canary)


@pytest.mark.parametrize(
    ("history", "words"),
    [
        (["c", 0, 0], "not all connected"),
        (["b", 0, 0], "not all connected"),
        (["nobody", 0, 0], "not all connected"),
        (["a", 1, 0], "not all connected"),
        (["a", -1, 0], "damaged"),
        (["a", True, 0], "damaged"),
        (["a", 0, 1], "damaged"),
        (["a"], "damaged"),
    ],
)
def test_layers_that_do_not_hang_together_are_refused(canary, history, words):
    """Layers that change no number wait for each other just as others do."""
    picture = keras.Input((784,), name="a")
    for last in (layers.Dense(10, name="c"), layers.Reshape((784,), name="c")):
        model = keras.Model(picture, last(layers.Flatten(name="b")(picture)), name="m")

        def cross(description: dict[str, Any]) -> None:
            for layer in description["config"]["layers"]:
                if layer["name"] == "b":
                    source = layer["inbound_nodes"][0]["args"][0]["config"]
                    source["keras_history"] = history

        content = model_files.saved(model)
        assert_refused(model_files.with_description(content, cross), canary, words)


def test_layers_without_end_and_without_a_source_are_refused(good, canary):
    def grow(description: dict[str, Any]) -> None:
        found = description["config"]["layers"]
        found[-1:-1] = [found[1] | {"config": {"name": f"d{n}", "units": 4}} for n in range(5000)]

    assert_refused(model_files.with_description(good, grow), canary, "300 layers")
    picture = keras.Input((784,), name="a")
    added = layers.Add(name="b")([picture, picture])
    content = model_files.saved(keras.Model(picture, layers.Dense(10)(added)))
    for times, words in ((0, "damaged"), (5000, "600 connections")):

        def connect(description: dict[str, Any], times: int = times) -> None:
            (node,) = description["config"]["layers"][1]["inbound_nodes"]
            node["args"] = [[node["args"][0][0]] * times]

        assert_refused(model_files.with_description(content, connect), canary, words)


def test_every_setting_of_the_wrong_kind_is_refused_in_words(canary):
    """Whatever stands in a description, the answer is a model or a sentence."""
    odd: list[Any] = [None, True, -1, 10**30, 1.5, "x", "../x", [], {}, [None], {"class_name": 3}]
    model = LEARNERS["convolutions"]()
    content = model_files.saved(model)
    description = json.loads(model_files.parts(content)[CONFIG])
    for place, layer in enumerate(description["config"]["layers"][:4]):
        for name in layer["config"]:
            for value in odd[:: 2 if place else 1]:
                changed = model_files.with_setting(content, name, value, place)
                assert answer(changed)
    assert list(canary.parent.iterdir()) == []


# ---- as a run


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("incoming"))


def test_a_model_becomes_a_run_that_answers_like_the_file(store):
    model = dense(None)
    run_id = keep_arrived(store, io.BytesIO(model_files.saved(model)))
    assert import_model(store, run_id, "my model.keras", "raw") == run_id
    run = store.get(run_id)
    assert (run.name, run.status, run.epochs_done) == ("my model", RunStatus.FINISHED, 0)
    assert run.settled and run.has_models and run.best is None
    assert run.imported["output"] == "logits" and run.imported["parameters"] == 3190
    assert store.artifacts.names(run_id) == ["best.keras", "last.keras"]
    models._models.clear()
    for checkpoint in ("best", "last"):
        found = predict(store, run_id, checkpoint, IMAGES)
        told = model.predict_on_batch(IMAGES.reshape(-1, 784).astype(np.float32))
        wanted = np.asarray(keras.ops.softmax(told))
        np.testing.assert_allclose([one.probabilities for one in found], wanted, atol=1e-5)
    data = task("mnist").load()
    answers = model.predict(data.x_test.reshape(-1, 784).astype("f4"), verbose=0, batch_size=1000)
    accuracy = (answers.argmax(1) == data.y_test).mean()
    assert run.test_metric == pytest.approx(accuracy, abs=3e-4)


def branching() -> keras.Model:
    picture = keras.Input((28, 28, 1))
    both = [layers.Conv2D(2, 3)(picture), layers.Conv2D(2, 3)(picture)]
    pooled = layers.Flatten()(layers.MaxPooling2D(4)(layers.Add()(both)))
    return keras.Model(picture, layers.Softmax()(layers.Dense(10)(pooled)))


@pytest.mark.parametrize(
    "make",
    [
        branching,
        LEARNERS["quickstart"],
        LEARNERS["lstm"],
        LEARNERS["separable"],
        lambda: keras.Sequential(
            [keras.Input((784,)), layers.Dense(10, use_bias=False), layers.Softmax()]
        ),
        lambda: keras.Sequential(
            [keras.Input((28, 28, 1)), layers.Conv2D(10, 3), layers.GlobalAveragePooling2D()]
        ),
    ],
)
def test_it_is_explained_and_judged_whatever_it_is_built_of(store, make):
    keras.utils.set_random_seed(6)
    run_id = keep_arrived(store, io.BytesIO(model_files.saved(make())))
    import_model(store, run_id, "built.keras", "unit")
    reason = explain(store, run_id, "best", IMAGES[0])
    assert reason.saliency.shape == (28, 28) and reason.saliency.max() == 1
    assert reason.digit == predict(store, run_id, "best", IMAGES[:1])[0].digit
    found = evaluate(store, run_id, "best", "test")
    run = store.get(run_id)
    assert found.accuracy.value == pytest.approx(run.test_metric, abs=3e-4)
    assert found.loss.value == pytest.approx(run.test_loss, rel=1e-3)
    with pytest.raises(ConfigError):
        evaluate(store, run_id, "best", "train")


def test_what_is_refused_leaves_nothing_behind(store, good, canary):
    before = [run.id for run in store.list_runs()]
    run_id = keep_arrived(store, io.BytesIO(good[:-300]))
    with pytest.raises(DataError):
        import_model(store, run_id, "cut.keras", "unit")
    assert [run.id for run in store.list_runs()] == before
    assert store.artifacts.names(run_id) == []
    assert list(canary.parent.iterdir()) == []


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_file_taken_apart_in_a_process_of_its_own_is_the_same(good, monkeypatch, unbuffered):
    """Whether that process writes to its pipe with a buffer is up to its surroundings."""
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    here, there = unpack(good), sandbox.unpack_in_sandbox(good)
    assert (there.description, there.origin) == (here.description, here.origin)
    assert list(there.arrays) == list(here.arrays)
    for name, arrays in here.arrays.items():
        for ours, theirs in zip(arrays, there.arrays[name], strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_a_file_that_keeps_its_reader_busy_is_given_up(good, monkeypatch):
    monkeypatch.setattr(sandbox, "SECONDS", 0.01)
    with pytest.raises(DataError, match="took too long"):
        read_model_file(good, "slow.keras")


def test_the_process_that_opens_a_file_can_write_none(tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from mnist_core.transfer.keras_import import sandbox\n"
        "sandbox._limit_this_process()\n"
        "Path(sys.argv[1]).write_text('written')"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "file")]
    done = subprocess.run(command, capture_output=True, cwd=sandbox.ROOT, text=True)
    assert "File too large" in done.stderr
    assert not (tmp_path / "file").exists() or (tmp_path / "file").read_text() == ""
