"""Every page with a run of every task: it works, in that task's words, or says why it does not."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import ElementList

from mnist_core.errors import DataError
from mnist_core.evaluation.parts import PARTS
from mnist_core.examples import listed_examples, open_store
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import Run, RunStatus, Store
from mnist_core.studies.crossvalidation import find_study, queue_folds
from mnist_core.studies.reproduction import EXPERIMENTS
from mnist_core.tasks import TASKS, keras_data, task
from mnist_core.tensorboard.writer import EventWriter
from mnist_core.workers.engine import EngineState
from tests import made_up_answers, made_up_data, made_up_task, made_up_texts
from tests.made_up_task import MPG
from ui.ask import answer
from ui.common.i18n import escaped
from ui.common.lab import lab
from ui.data import image_sets, tables, task_choice
from ui.data import texts as data_texts
from ui.evaluate import results

from .conftest import Open, Runs, plain

PAGES = (
    *("start", "data", "train", "folds", "draw", "ask", "evaluate", "models", "tensorboard"),
    "runs",
)


#: Every task, and one with a unit of its own that somebody might add.
KEYS = (*TASKS, MPG.key)


@pytest.fixture(scope="module", autouse=True)
def _one_task_more() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        made_up_task.register(patch)
        yield


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A lab with a run of each task, judged and asked, and with all data."""
    home = tmp_path_factory.mktemp("every-task") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_LAB_HOME", str(home))
        made_up_data.write(home)
        forget()
        store = Store(home)
        runs = Runs(store)
        for key in KEYS:
            run = runs.add(preset=task_choice.preset_of(key), name=f"learned {key}")
            writer = EventWriter(store.event_files, run)
            writer.begin([])
            writer.close()
            for part in PARTS:
                results.keep(run, "best", part, made_up_answers.judgement(key, part))
        store.database.close()
        yield home
        forget()


def forget() -> None:
    """Forget what was read of this home's data, or of another one's."""
    made_up_data.forget()
    for kept in (image_sets._true_classes, image_sets._sets, data_texts._counted):
        kept.cache_clear()
    for kept in (tables.parts, tables.standard):
        kept.cache_clear()
    for kept in (answer._text_answer, answer._table_answer):
        kept.clear()
    results._kept.clear()


@pytest.fixture
def learned(shared_home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Run]:
    """The run of each task, by its key; a worker is there that answers."""
    monkeypatch.setenv("MNIST_LAB_HOME", str(shared_home))
    monkeypatch.setattr(lab, "ask", made_up_answers.answer)
    monkeypatch.setattr(lab, "engine_state", lambda: EngineState("ready"))
    return {run.config.task: run for run in lab.store.list_runs()}


def words_of(app: AppTest) -> str:
    """All that a page says: texts, labels, explanations, figures; not what else can be chosen."""
    found = []
    for element in app.main:
        proto = getattr(element, "proto", None)
        found += [getattr(proto, name, "") for name in ("label", "help", "body", "placeholder")]
        if element.type == "metric":
            found.append(element.value)
    return re.sub(r"<[^>]*>", " ", "\n".join(word for word in found if isinstance(word, str)))


def answers_here(page: str, key: str) -> bool:
    """Whether a page is made for networks of a task."""
    if page == "draw":
        return key == "mnist"
    if page == "folds":
        return task(key).is_number
    return page != "ask" or task(key).inputs != "images"


def needs_data(page: str, key: str) -> bool:
    """Whether a page needs a task's data: the words of texts come with the lab."""
    return page != "ask" or task(key).inputs != "texts"


#: Words that would be wrong on a page about a task, by what its samples are.
FOREIGN = {
    "mnist": r"review|house",
    "fashion": r"digit|handwrit|review|house",
    "imdb": r"digit|image|pixel|house",
    "reuters": r"digit|image|pixel|house|review",
    "boston": r"digit|image|pixel|review|accura",
    "california": r"digit|image|pixel|review|accura",
    "mpg": r"digit|image|pixel|review|accura|price|hous|neighbour|dollar|\$",
}
#: How the numbers of a task are written, where they are numbers.
NUMBERS = {"boston": r"\$[\d,]+", "california": r"\$[\d,]+", "mpg": r"\d mpg"}
#: The pages that speak of one task alone.
OF_ONE_TASK = ("data", "evaluate")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("page", PAGES)
def test_it_works_or_says_why_not(
    page: str, key: str, learned: dict[str, Run], open_page: Open
) -> None:
    run, entry = learned[key], task(key)
    app = open_page(page, **({"task": key} if page == "data" else {"run": run.id}))
    assert not app.exception
    assert not app.error
    warnings = "\n".join(warning.value for warning in app.warning)
    words = words_of(app)
    links = {(link.proto.page, link.proto.query_string) for link in app.get("page_link")}
    if page in ("draw", "ask") and not answers_here(page, key):
        assert f"**learned {key}**" in warnings
        assert escaped(entry.label) in warnings or entry.label in warnings
        other = {"draw": "ask", "ask": "draw"}[page] if key != "fashion" else "evaluate"
        assert any(name == other and run.id in query for name, query in links), links
        return
    assert ("ethical problem" in warnings) is (page == "data" and key == "boston")
    assert len(app.warning) == ("ethical problem" in warnings)
    if page in OF_ONE_TASK:
        wrong = re.findall(rf".*(?:{FOREIGN[key]}).*", words, re.IGNORECASE)
        assert not wrong
    if page in ("train", "models", "evaluate"):
        figure = "error" if entry.is_number else "accuracy"
        assert f"test {figure}" in words.lower() or page == "evaluate"
        assert figure in words.lower()
    if page in ("train", "evaluate", "ask", "models"):
        for other in {*NUMBERS.values()} - {NUMBERS.get(key)}:
            assert not re.search(other, words)
        assert key not in NUMBERS or re.search(NUMBERS[key], words)


@pytest.mark.parametrize("key", KEYS)
def test_a_cross_validation_of_any_task_is_shown_in_its_words(
    key: str, store: Store, runs: Runs, open_page: Open
) -> None:
    config = PRESETS[task_choice.preset_of(key)].config
    tag = queue_folds(store, config, 2, name="fold {fold} of {folds}")
    for run in find_study(store, tag).folds:
        runs.train(run, RunStatus.FINISHED, epochs=5)
    app = open_page("folds", study=tag)
    assert not app.exception
    assert not app.error
    words = words_of(app)
    best = app.number_input(key="folds-final-epochs").value
    assert f"lowest loss after epoch **{best}**" in words
    (outcome,) = (line for line in words.split("\n") if "lowest loss after epoch" in line)
    assert re.search(NUMBERS.get(key, r"\d%"), outcome)
    assert ("$" in outcome) is (key in ("boston", "california"))
    assert ("%" in outcome) is not task(key).is_number
    app.button(key="folds-final").click().run()
    assert not app.exception
    (final,) = find_study(store, tag).final
    assert final.config.train_size == task(key).samples


# A task with a unit of its own: in a lab where nothing else was trained, no page writes dollars.


@pytest.fixture(scope="module")
def mpg_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A lab with a run of the made-up task, and its folds, and without examples."""
    home = tmp_path_factory.mktemp("mpg") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_LAB_HOME", str(home))
        store = open_store()
        for example in listed_examples(store):
            store.hide(example.id)
        runs = Runs(store)
        run = runs.add(preset=MPG.key, name="learned mpg")
        for part in PARTS:
            results.keep(run, "best", part, made_up_answers.judgement(MPG.key, part))
        tag = queue_folds(store, run.config, 2, name="fold {fold} of {folds}")
        for fold in find_study(store, tag).folds:
            runs.train(fold, RunStatus.FINISHED, epochs=5)
        store.database.close()
        yield home
        results._kept.clear()


@pytest.fixture
def of_mpg(mpg_home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The made-up task's run; a worker is there that answers."""
    monkeypatch.setenv("MNIST_LAB_HOME", str(mpg_home))
    monkeypatch.setattr(lab, "ask", made_up_answers.answer)
    monkeypatch.setattr(lab, "engine_state", lambda: EngineState("ready"))
    (run,) = (one for one in lab.store.list_runs() if not one.config.folds)
    return run


#: What there is to look at of a page besides what it shows at first.
VIEWS = {
    "data": (("data-look", "steps"), ("data-other-step", "answer"), ("data-look", "overview")),
}
#: What only prices of houses are called and written like.
OF_HOUSES = re.compile(r"\$[\d,~%]|\bprice|\bhous(?:e|ing)|\bdollar|\bneighbour", re.IGNORECASE)


def all_of(app: AppTest) -> str:
    """All that a page shows, charts and tables included, without the titles of other tasks."""
    shown = "\n".join(str(element.proto) for element in app.main if hasattr(element, "proto"))
    # Streamlit's names of its elements, the numbers of its tables, the live chart's script, and
    # the table of the tutorials' figures.
    dropped = r"\$\$ID-\S*|(?<= data: ).*(?:\\\d{3}){9}.*|js_content: .*|body: \"\| Experiment.*"
    shown = re.sub(dropped, "", shown)
    others = [entry for key, entry in TASKS.items() if key != MPG.key]
    others += [preset for preset in PRESETS.values() if preset.config.task != MPG.key]
    titles = {one.label for one in (*others, *EXPERIMENTS.values())}
    titles |= {preset.summary for preset in PRESETS.values() if preset.config.task != MPG.key}
    titles |= {label for label, _epochs in answer.OFFERS.values()}
    for title in titles:
        shown = shown.replace(title, "")
    return shown


@pytest.mark.parametrize("page", PAGES)
def test_a_task_with_a_unit_of_its_own_reads_right(page: str, of_mpg: Run, open_page: Open) -> None:
    study = next(tag for run in lab.store.list_runs() for tag in run.tags)
    address = {"data": {"task": MPG.key}, "folds": {"study": study}}
    app = open_page(page, **address.get(page, {"run": of_mpg.id}))
    if page == "folds":
        app.selectbox(key="folds-preset").set_value(MPG.key).run()
    views = [all_of(app)]
    for choice, value in VIEWS.get(page, ()):
        app.button_group(key=choice).set_value(value).run()
        assert not app.exception
        views.append(all_of(app))
    assert not app.exception
    assert not app.error
    shown = "\n".join(views)
    assert not [line for line in shown.split("\n") if OF_HOUSES.search(line)]
    if page in ("train", "data", "folds", "ask", "evaluate", "models", "runs"):
        assert re.search(r"\d mpg", shown)
    if page == "data":
        words = ("**Fuel economy against this column**", "4 Fuel economy", "Each row is one car")
        assert all(word in shown for word in words)
    if page in ("folds", "evaluate"):
        assert r"\"ticksuffix\":\" mpg\"" in shown
    if page == "train":
        assert r"\"suffix\": \" mpg\"" in shown  # of the live chart
    if page == "ask":
        assert "Predicted fuel economy" in shown
        assert "Change of the fuel economy in miles per gallon" in shown
    if page == "start":
        assert MPG.summary in shown


# Data that is not on this machine. What Keras says then is tested in tests/unit/test_texts.py; here
# its process is left out, for it takes seconds.


@pytest.fixture(scope="module")
def bare_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A lab with runs of the tasks that come through Keras, and none of their data."""
    home = tmp_path_factory.mktemp("bare") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_LAB_HOME", str(home))
        store = Store(home)
        for key in ("mnist", *keras_data.SOURCES):
            Runs(store).add(preset=task_choice.preset_of(key), name=f"learned {key}")
        store.database.close()
        forget()
        yield home
        forget()


@pytest.fixture
def missing(bare_home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Run]:
    """The runs, by task, of a lab whose data is nowhere to be had."""
    monkeypatch.setenv("MNIST_LAB_HOME", str(bare_home))
    monkeypatch.setenv("KERAS_HOME", str(bare_home / "keras"))
    monkeypatch.setattr(keras_data, "_load_with_keras", lambda _name, _file: "no network")
    monkeypatch.setattr(keras_data, "RETRY_SECONDS", math.inf)
    monkeypatch.setattr(lab, "engine_state", lambda: EngineState("ready"))
    forget()
    for key in keras_data.SOURCES:
        with suppress(DataError):  # waits for what comes of it
            task(key).load()
    return {run.config.task: run for run in lab.store.list_runs()}


def opened(open_page: Open, page: str, key: str, run: Run) -> AppTest:
    """A page that shows a task."""
    app = open_page(page, **({"task": key} if page == "data" else {"run": run.id}))
    if page == "folds":
        app.selectbox(key="folds-preset").set_value(key).run()
    assert not app.exception
    return app


def asks_for(error: str, key: str) -> bool:
    """Whether an error says which files are to be put where."""
    said = plain(error)
    folder = str(keras_data.keras_cache())
    return folder in said and all(file in said for file in keras_data.SOURCES[key].files)


@pytest.mark.parametrize(
    ("page", "key"),
    [
        (page, key)
        for page in ("data", "folds", "ask", "evaluate")
        for key in keras_data.SOURCES
        if answers_here(page, key) and needs_data(page, key)
    ],
)
def test_data_that_is_nowhere_is_asked_for(
    page: str, key: str, missing: dict[str, Run], open_page: Open
) -> None:
    app = opened(open_page, page, key, missing[key])
    (error,) = app.error
    assert asks_for(error.value, key)
    app.button(key="data-again")
    if page == "folds":
        assert app.button(key="folds-start").disabled
    # What is there can be looked at all the same.
    there = {"data": "mnist", "folds": "boston", "evaluate": missing["mnist"].id}
    if page in there:
        app.selectbox[0].set_value(there[page]).run()
        assert not app.exception
        assert not any("Keras" in error.value for error in app.error)


@pytest.mark.parametrize("page", ["start", "train", "draw", "models", "tensorboard", "runs"])
def test_all_else_works_without_the_data(
    page: str, missing: dict[str, Run], open_page: Open
) -> None:
    app = opened(open_page, page, "imdb", missing["imdb"])
    assert not app.error
    if page == "train":
        app.button(key="train-start").click().run()
        assert not app.exception
        assert not app.error


def test_data_that_was_put_there_is_found_at_once(
    missing: dict[str, Run], open_page: Open, bare_home: Path
) -> None:
    app = open_page("data", task="reuters")
    assert app.error
    file = made_up_texts.write(bare_home, "reuters")
    app.button(key="data-again").click().run()
    assert not app.exception
    assert not app.error
    assert app.button_group(key="data-look").value == "samples"
    file.unlink()


def test_data_that_is_on_its_way_keeps_no_page_waiting(
    lab_home: Path, open_page: Open, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()

    def after_a_long_time(_name: str, _file: Path) -> str:
        answered.wait()
        return "no network"

    forget()
    monkeypatch.setattr(keras_data, "_load_with_keras", after_a_long_time)
    monkeypatch.setattr(lab, "engine_state", lambda: EngineState("ready"))
    learned, begun = runs.add(preset="imdb"), runs.add(RunStatus.RUNNING, preset="imdb", epochs=0)
    for page in ("data", "evaluate"):
        app = opened(open_page, page, "imdb", learned)
        assert not app.error
        (info,) = app.info
        assert task("imdb").label in info.value
    app = open_page("train", run=begun.id)
    assert not app.exception
    (info,) = app.info
    assert task("imdb").label in info.value and "**Stop**" in info.value
    # Another task's page has nothing to wait for.
    assert not open_page("data", task="boston").info

    answered.set()
    with pytest.raises(DataError, match="no network"):
        task("imdb").load()  # waits until it is over
    app = open_page("data", task="imdb")
    assert asks_for(app.error[0].value, "imdb")


# Runs of a newer version of the lab


#: A setting each that this version does not know.
UNKNOWN = {"task": "cifar", "architecture": "transformer-9", "optimizer": "lion"}
TAG = "folds-0123abcd"


@pytest.fixture(scope="module")
def newer_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lab with a run that it knows, and runs that a newer version has trained."""
    home = tmp_path_factory.mktemp("newer") / "home"
    store = Store(home)
    runs = Runs(store)
    runs.add(name="an old friend")  # the oldest, but the one that can be used
    for setting, value in UNKNOWN.items():
        values = TrainingConfig(folds=2, fold=1, train_size=30_000, validation_size=30_000)
        config = TrainingConfig.from_store(values.to_dict() | {setting: value})
        run = runs.add(config=config, name=f"of tomorrow, {setting}")
        if setting == "task":
            store.describe(run.id, tags=[TAG])
    store.database.close()
    return home


@pytest.fixture
def newer(newer_home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Run]:
    """Those runs, by what is unknown of them."""
    monkeypatch.setenv("MNIST_LAB_HOME", str(newer_home))
    monkeypatch.setattr(lab, "engine_state", lambda: EngineState("ready"))
    return {run.name.rpartition(", ")[2]: run for run in lab.store.list_runs()}


def reasons(texts: ElementList) -> list[str]:
    """What is said of runs of another version."""
    return [plain(one.value) for one in texts if "another version of the app" in one.value]


@pytest.mark.parametrize("setting", UNKNOWN)
@pytest.mark.parametrize("page", [page for page in PAGES if page != "folds"])
def test_a_run_of_a_newer_version_says_why_it_cannot_be_used(
    page: str, setting: str, newer: dict[str, Run], open_page: Open
) -> None:
    app = open_page(page, run=newer[setting].id)
    assert not app.exception
    says = page in ("train", "draw", "ask", "evaluate", "models")
    assert len(app.error) == len(reasons(app.error)) == says
    why = f"the {setting} '{UNKNOWN[setting]}'"
    if says:
        assert f"“of tomorrow, {setting}”" in reasons(app.error)[0]
        assert why in reasons(app.error)[0]
    if page == "runs":
        assert len(reasons(app.caption)) == len(UNKNOWN)
        assert sum(why in reason for reason in reasons(app.caption)) == 1
    if page in ("evaluate", "models"):  # another one can be chosen, and is all right
        (choice,) = (one for one in app.selectbox if one.label == "Run")
        assert len(choice.options) == 1 + len(UNKNOWN)
        choice.set_value(newer["an old friend"].id).run()
        assert not app.exception
        assert not reasons(app.error)


def test_folds_of_a_newer_version_say_so(newer: dict[str, Run], open_page: Open) -> None:
    app = open_page("folds", study=TAG)
    assert not app.exception
    assert len(app.error) == len(reasons(app.error)) == 1
    assert app.button(key="folds-start")


#: As Markdown, a picture from another host, a colour and an icon; as HTML, a script.
HOSTILE = "![a](http://host.example/a.png) :red[b] :material/home: <script>"


def test_no_page_takes_a_name_for_markdown(runs: Runs, open_page: Open) -> None:
    queue_folds(runs.store, PRESETS["overfit-700"].config, 2, name=HOSTILE)
    for number, status in enumerate((RunStatus.RUNNING, RunStatus.FAILED, RunStatus.FINISHED)):
        run = runs.add(status, name=f"{HOSTILE} {number}", message=HOSTILE)
    runs.store.describe(run.id, notes=HOSTILE, tags=["![b](//c.example)"], pinned=False)
    for page in PAGES:
        app = open_page(page, run=run.id)
        assert not app.exception, page
        shown = words_of(app) + str([group.proto for group in app.get("button_group")])
        assert "![" not in shown, page
        assert "<script>" not in "".join(element.proto.body for element in app.get("html")), page
