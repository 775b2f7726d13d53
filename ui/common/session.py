"""Everything that a browser session remembers, by name.

Streamlit keeps a dictionary for each session. Its keys stand here and nowhere else, each as an
``Entry`` that knows the type of what it holds. The keys of widgets are part of the page:
Streamlit turns ``train-start`` into the class ``st-key-train-start``, by which browser tests
find the button.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import streamlit as st

from mnist_core.errors import LabError
from mnist_core.evaluation.overfitting import DEFAULT_CRITERION
from mnist_core.evaluation.parts import PARTS
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs.model_files import CHECKPOINTS
from mnist_core.studies.crossvalidation import DEFAULT_FOLDS
from mnist_core.transfer.formats import FORMATS
from ui.common.charts import SERIES

DEFAULT_LANGUAGE = "en"
#: The preset that is chosen before anybody has chosen one.
FIRST_PRESET = next(iter(PRESETS))

Value = TypeVar("Value")


@dataclass(frozen=True)
class Entry(Generic[Value]):
    """One value of the session.

    Attributes:
        key: Its key, also the ``key`` of the widget that changes it, if there is one.
        default: What it is before anything has set it.
    """

    key: str
    default: Value

    def get(self) -> Value:
        """The value now."""
        value: Value = st.session_state.get(self.key, self.default)
        return value

    def is_set(self) -> bool:
        """Whether anything has set it; Streamlit forgets a widget that is not drawn any more."""
        return self.key in st.session_state

    def set(self, value: Value) -> None:
        """Change it; not in a run of the script that has already drawn its widget."""
        st.session_state[self.key] = value

    def keep_among(self, values: Sequence[Value]) -> None:
        """Take the first of some values, unless it is one of them."""
        if self.get() not in values:
            self.set(values[0])

    def prepare(self) -> str:
        """Give its widget the default to begin with.

        Returns:
            The key, for the widget.
        """
        st.session_state.setdefault(self.key, self.default)
        return self.key


# What is no widget.
LANGUAGE: Entry[str] = Entry("language", DEFAULT_LANGUAGE)
SHOWN_RUN: Entry[str | None] = Entry("shown-run", None)
FOLLOWED_PRESET: Entry[str | None] = Entry("followed-preset", None)
LAST_COMMAND: Entry[tuple[str, float] | None] = Entry("last-command", None)
NOTICE: Entry[str] = Entry("notice", "")
RUNS_PAGE: Entry[int] = Entry("runs-page", 0)
EXAMPLES_SHOW = "examples-show"
DIALOG_OPEN: Entry[bool] = Entry("dialog-open", False)

# The Train page. Its first four keys, and LIVE_CHART, are public: keep them.
PRESET: Entry[str] = Entry("train-preset", FIRST_PRESET)
START = "train-start"
PAUSE = "train-pause"
STOP = "train-stop"
LIVE_CHART = "live-chart"
STEP = "train-step"
RESET = "train-reset"
RUN_SETTINGS = "train-run-settings"
RESUME = "train-resume"
STOP_EARLY: Entry[bool] = Entry("train-stop-early", False)
NEW_RATE: Entry[float] = Entry("train-new-rate", TrainingConfig().learning_rate)
SET_RATE = "train-set-rate"
CRITERION: Entry[str] = Entry("chart-criterion", DEFAULT_CRITERION)
SMOOTHING: Entry[float] = Entry("chart-smoothing", 0.0)
LOSS_AXIS: Entry[str] = Entry("chart-loss-axis", "linear")
SHOWN_SERIES: Entry[Sequence[str]] = Entry("chart-series", tuple(SERIES))
# The frame around every page.
NAVIGATION_DRAWER = "navigation-drawer"
NAVIGATION_DRAWER_ELEMENT = "navigation-drawer-element"

# The Start page.
START_DRAW = "start-draw"
START_FIRST = "start-first"
START_CHART = "start-chart"

# The live chart, and what lets a page without one prepare for it.
CHART_ELEMENT = "live-chart-element"
CHART_WARM_UP = "live-chart-warm-up"

# The Draw page. These four, and the two containers, are public: keep them.
DRAW_RUN: Entry[str | None] = Entry("draw-run", None)
DRAW_CLEAR = "draw-clear"
DRAW_CANVAS = "draw-canvas"
DRAW_RESULT = "draw-result"
DRAW_MODELS: Entry[Sequence[str]] = Entry("draw-models", ())
DRAW_STEPS: Entry[bool] = Entry("draw-steps", False)
DRAW_WHY: Entry[bool] = Entry("draw-why", False)
DRAW_TRAIN = "draw-train"
#: How often the canvas and the choice of a file were emptied: parts of their own keys, since a
#: new key is a new canvas.
DRAW_CLEARED: Entry[int] = Entry("draw-cleared", 0)
DRAW_UPLOADS: Entry[int] = Entry("draw-uploads", 0)
#: The run whose models are chosen now, to notice that another run was chosen.
DRAW_CHOSEN_FOR: Entry[str | None] = Entry("draw-chosen-for", None)

# The Ask page. The run and the text are public: keep them.
ASK_RUN: Entry[str | None] = Entry("ask-run", None)
ASK_CHECKPOINT: Entry[str] = Entry("ask-checkpoint", CHECKPOINTS[0])
ASK_TEXT: Entry[str] = Entry("ask-text", "")
#: The task that the text is of, to notice that a run of another one was chosen.
ASK_TEXT_FOR: Entry[str | None] = Entry("ask-text-for", None)
#: The last example that was taken, as its place in the test set and its text.
ASK_EXAMPLE: Entry[tuple[int, str]] = Entry("ask-example", (-1, ""))
ASK_TAKE = "ask-take"
ASK_GO = "ask-go"
ASK_RESET = "ask-reset"

# The Data page. These four are public: keep them.
DATA_SPLIT: Entry[str] = Entry("data-split", "train")
DATA_CLASS: Entry[int | None] = Entry("data-class", -1)
DATA_PAGE: Entry[int] = Entry("data-page", 1)
DATA_DIGIT: Entry[int | None] = Entry("data-digit", None)
DATA_VIEW: Entry[str] = Entry("data-view", "digits")
#: The task whose data is shown. It is public: keep it. Then what decided it, and what is looked
#: at of texts and tables.
DATA_TASK: Entry[str] = Entry("data-task", PRESETS[FIRST_PRESET].config.task)
DATA_TASK_FOR: Entry[tuple[str | None, str]] = Entry("data-task-for", (None, DATA_TASK.default))
DATA_LOOK: Entry[str] = Entry("data-look", "samples")
DATA_TOPIC: Entry[int] = Entry("data-topic", -1)
DATA_TEXT: Entry[int | None] = Entry("data-text", None)
DATA_OTHER_STEP: Entry[str | None] = Entry("data-other-step", None)
DATA_SURE: Entry[float] = Entry("data-sure", 0.7)
DATA_COLUMN: Entry[int] = Entry("data-column", 0)
DATA_ROW: Entry[int] = Entry("data-row", 0)
DATA_CALIFORNIA = "data-california"
DATA_AGAIN = "data-again"
DATA_GRID = "data-grid"
DATA_PIXELS = "data-pixels"
DATA_STEP: Entry[str] = Entry("data-step", "picture")
DATA_BACK = "data-back"
DATA_NEXT = "data-next"
DATA_LAYOUT_OF_INPUT: Entry[str] = Entry("data-input", "vector")
#: The network that the form was chosen for, to notice that another one was chosen.
DATA_LAYOUT_FOR: Entry[str | None] = Entry("data-input-for", None)
DATA_WRONG: Entry[bool] = Entry("data-wrong", False)
DATA_SEEN = "data-seen"
#: What the address asked for when it was last followed, to notice that it asks for something else.
DATA_ADDRESS: Entry[tuple[str | None, ...]] = Entry("data-address", ())

# A run's network.
MODEL_CHECKPOINT: Entry[str] = Entry("model-checkpoint", "best")
MODEL_DIAGRAM = "model-diagram"

# The Cross-validate page. These keys are public: keep them.
FOLDS_PRESET: Entry[str] = Entry("folds-preset", "boston")
FOLDS_COUNT: Entry[int] = Entry("folds-count", DEFAULT_FOLDS)
FOLDS_EPOCHS: Entry[int] = Entry("folds-epochs", 100)
FOLDS_FIGURE: Entry[str] = Entry("folds-figure", "val_metric")
FOLDS_FINAL_EPOCHS: Entry[int] = Entry("folds-final-epochs", 1)
#: The cross-validation and the best epoch that the number of final epochs was proposed for.
FOLDS_FINAL_FOR: Entry[tuple[str, int] | None] = Entry("folds-final-for", None)
FOLDS_START = "folds-start"
FOLDS_STOP = "folds-stop"
FOLDS_AGAIN = "folds-again"
FOLDS_FINAL = "folds-final"
FOLDS_CHART = "folds-chart"
FOLDS_TABLE = "folds-table"
FOLDS_HEADING = "folds-heading"

# The Evaluate page. The run, the matrix and the cell are public: keep them.
EVALUATE_RUN: Entry[str | None] = Entry("evaluate-run", None)
EVALUATE_CHECKPOINT: Entry[str] = Entry("evaluate-checkpoint", CHECKPOINTS[0])
EVALUATE_PART: Entry[str] = Entry("evaluate-part", PARTS[0])
EVALUATE_MATRIX: Entry[Any] = Entry("evaluate-matrix", None)
EVALUATE_CELL = "evaluate-cell"
#: The cell that is looked at: what its images are, and what they are read as.
EVALUATE_TRUE: Entry[int] = Entry("evaluate-true", 0)
EVALUATE_READ: Entry[int] = Entry("evaluate-read", 0)
#: The cell that was clicked last, to know it again when it is clicked once more.
EVALUATE_CLICKED: Entry[tuple[int, int] | None] = Entry("evaluate-clicked", None)
#: The cell that is marked in the matrix without a click, and how often that has changed.
EVALUATE_MARKED: Entry[tuple[int, int, int]] = Entry("evaluate-marked", (0, 0, 0))
#: The run whose cell is looked at, to notice that another run was chosen.
EVALUATE_CELL_FOR: Entry[str | None] = Entry("evaluate-cell-for", None)
EVALUATE_CHOICE = "evaluate-choice"
EVALUATE_FIGURES = "evaluate-figures"
EVALUATE_COMPARED = "evaluate-compared"
EVALUATE_TABLES = "evaluate-tables"
EVALUATE_WORST = "evaluate-worst"
EVALUATE_RELIABILITY = "evaluate-reliability"
EVALUATE_WIDE = "evaluate-wide"
EVALUATE_ROC = "evaluate-roc"
EVALUATE_PRECISION_RECALL = "evaluate-precision-recall"
EVALUATE_PREDICTED = "evaluate-predicted"
EVALUATE_RESIDUALS = "evaluate-residuals"
EVALUATE_HISTOGRAM = "evaluate-histogram"
# Models out: a run as a file. These four are public: keep them.
EXPORT_FORMAT: Entry[str] = Entry("export-format", next(iter(FORMATS)))
EXPORT_CHECKPOINT: Entry[str] = Entry("export-checkpoint", "best")
EXPORT_DOWNLOAD = "export-download"

# Teaching a network the class's handwriting, on the Draw page.
TEACH_LABEL: Entry[int | None] = Entry("teach-label", None)
TEACH_KEEP = "teach-keep"
TEACH_QUESTION = "teach-question"
TEACH_KEPT: Entry[bool] = Entry("teach-kept", False)
TEACH_COLLECTION = "teach-collection"
TEACH_START = "teach-start"
TEACH_EXPORT = "teach-export"
TEACH_REMOVE = "teach-remove"
TEACH_REMOVE_ALL = "teach-remove-all"
TAUGHT_RUN: Entry[str | None] = Entry("taught-run", None)

# The TensorBoard page. The first two are public: keep them.
TENSORBOARD_START = "tensorboard-start"
TENSORBOARD_FRAME = "tensorboard-frame"
TENSORBOARD_RUNS: Entry[list[str]] = Entry("tensorboard-runs", [])
TENSORBOARD_BAR = "tensorboard-bar"

# The weights over the epochs.
HISTOGRAM_KIND = "histogram-kind"

# The Models page. Its keys are public: keep them.
MODELS_RUN: Entry[str | None] = Entry("models-run", None)
MODELS_FILTER: Entry[str] = Entry("models-filter", "")
MODELS_TAG: Entry[Sequence[str]] = Entry("models-tag", ())
MODELS_SECTION: Entry[str] = Entry("models-section", "about")
MODELS_NAME: Entry[str] = Entry("models-name", "")
MODELS_NOTES: Entry[str] = Entry("models-notes", "")
MODELS_TAGS: Entry[Sequence[str]] = Entry("models-tags", ())
MODELS_PINNED: Entry[bool] = Entry("models-pinned", False)
MODELS_SAVE = "models-save"
MODELS_ARCHIVE = "models-archive"
MODELS_UPLOAD: Entry[Any] = Entry("models-upload", None)
MODELS_SCALING: Entry[str] = Entry("models-scaling", "auto")
MODELS_TAKE = "models-take"
MODELS_RESTORE: Entry[Any] = Entry("models-restore", None)
MODELS_RESTORE_TAKE = "models-restore-take"
MODELS_CLEAN_DAYS: Entry[int] = Entry("models-clean-days", 30)
MODELS_CLEAN = "models-clean"
MODELS_CLEAN_CONFIRM = "models-clean-confirm"
MODELS_LEFT = "models-left"
MODELS_LEFT_CONFIRM = "models-left-confirm"
#: The run whose name, notes, tags and pin stand in the fields, and what they were in the store.
MODELS_DESCRIBED: Entry[tuple[str, tuple[Any, ...]] | None] = Entry("models-described", None)
#: What was brought in last.
MODELS_ARRIVED: Entry[str | None] = Entry("models-arrived", None)
#: What was just done, to be said once.
MODELS_DONE: Entry[str] = Entry("models-done", "")
MODELS_CHOICE = "models-choice"
MODELS_FIGURES = "models-figures"
MODELS_ARRIVALS = "models-arrivals"
MODELS_DISK = "models-disk"

# The Runs page.
RENAME_FORM = "rename-form"
RENAME_CONFIRM = "rename-confirm"
DELETE_CONFIRM = "delete-confirm"
DELETE_CANCEL = "delete-cancel"
NEWER_RUNS = "runs-newer"
OLDER_RUNS = "runs-older"

# Containers, so that ``ui/app/layout.css`` finds them.
START_LAYOUT = "start-layout"
START_INTRO = "start-intro"
START_ACTIONS = "start-actions"
START_PICTURE = "start-picture"
START_CARDS = "start-cards"
START_MORE_CARDS = "start-more-cards"
START_OTHER_CARDS = "start-other-cards"
TRAIN_BAR = "train-bar"
TRAIN_BUTTONS = "train-buttons"
TRAIN_NETWORK_SUMMARY = "train-network-summary"
TRAIN_MESSAGES = "train-messages"
TRAIN_LAYOUT = "train-layout"
TRAIN_SETTINGS = "train-settings"
TRAIN_MORE = "train-more"
TRAIN_CHANGES = "train-changes"
TRAIN_WATCH = "train-watch"
CHART_CONTROLS = "chart-controls"
PRESET_HEADING = "preset-heading"
RUN_HEADING = "run-heading"
RUN_CHANGES = "run-changes"
NEXT_STEPS = "next-steps"
FAILED_HEADING = "failed-heading"
RUN_FIGURES = "run-figures"
DRAW_PAGE = "draw-page"
DRAW_CHOICE = "draw-choice"
DRAW_BUTTONS = "draw-buttons"
DRAW_UNLIKE = "draw-unlike"
DRAW_UNDO = "draw-undo"
DRAW_LAYOUT = "draw-layout"
DRAW_PEN = "draw-pen"
DRAW_FILE = "draw-file"
DRAW_READ = "draw-read"
ASK_CHOICE = "ask-choice"
ASK_LAYOUT = "ask-layout"
ASK_INPUT = "ask-input"
ASK_ANSWER = "ask-answer"
ASK_PRICE = "ask-price"
ASK_COLUMNS = "ask-columns"
DATA_TEXTS = "data-texts"
DATA_WORDS = "data-words"
DATA_COLUMN_CHARTS = "data-column-charts"
DATA_BROWSE = "data-browse"
DATA_CHOICE = "data-choice"
DATA_ENLARGED = "data-enlarged"
DATA_COUNTS = "data-counts"
DATA_PREPARED = "data-prepared"
DATA_BUTTONS = "data-buttons"
DATA_FIGURES = "data-figures"
DATA_TRAINING = "data-training"
DATA_SETTINGS = "data-settings"
DATA_VARIED = "data-varied"
DATA_TRAIN = "data-train"


def labels_of(choice: Entry[str]) -> Entry[dict[str, str]]:
    """What the options of a choice were called when it was last drawn."""
    return Entry(f"{choice.key}-labels", {})


def element_value(key: str, name: str) -> Any:
    """What an element of the browser's own has reported under a name; None before it has."""
    return (st.session_state.get(key) or {}).get(name)


def canvas() -> str:
    """The canvas, empty again after each Clear."""
    return f"draw-canvas-{DRAW_CLEARED.get()}"


def has_strokes() -> bool:
    """Whether the canvas, as far as the server knows, is not empty."""
    drawing = (st.session_state.get(canvas()) or {}).get("drawing") or {}
    return bool((drawing.get("raw") or {}).get("objects"))


def draw_upload() -> Entry[Any]:
    """The choice of a picture file, empty again after each Clear and each stroke."""
    return Entry(f"draw-upload-{DRAW_UPLOADS.get()}", None)


def ask_train(preset: str) -> str:
    """The button that trains a network to be asked."""
    return f"ask-train-{preset}"


def ask_column(task: str, number: int, start: float) -> Entry[float]:
    """The slider of a column of a task's table."""
    return Entry(f"ask-{task}-{number}", start)


def data_list(task: str, numbers: Sequence[int]) -> str:
    """The list of some texts of a task; another page of it is another list."""
    return f"data-list-{task}-{numbers[0]}-{numbers[-1]}-{len(numbers)}"


def preset_card(preset: str) -> str:
    """The card of a preset on the start page."""
    return f"card-{preset}"


def preset_start(preset: str) -> str:
    """The button of that card."""
    return f"start-{preset}"


def next_step(key: str) -> str:
    """The button that starts a proposed training."""
    return f"next-{key}"


def histogram_chart(place: int) -> str:
    """The picture of one array of weights over the epochs, by its place on the page."""
    return f"histogram-{place}"


def folds_final_card(run_id: str) -> str:
    """A final network of a cross-validation."""
    return f"folds-final-{run_id}"


def run_card(run_id: str) -> str:
    """A run in the list of runs."""
    return f"run-{run_id}"


def run_rename(run_id: str) -> str:
    """The button that asks for another name of a run."""
    return f"rename-{run_id}"


def run_delete(run_id: str) -> str:
    """The button that asks whether to delete a run."""
    return f"delete-{run_id}"


def run_stop(run_id: str) -> str:
    """The button that stops a run in the list, or all folds of a cross-validation."""
    return f"stop-{run_id}"


def run_hide(run_id: str) -> str:
    """The button that leaves an example out of the lists."""
    return f"hide-{run_id}"


def run_name(run_id: str) -> Entry[str]:
    """The field for another name of a run."""
    return Entry(f"name-{run_id}", "")


def field(name: str) -> Entry[Any]:
    """The widget of one field of the configuration."""
    default = getattr(PRESETS[FIRST_PRESET].config, name)
    return Entry(f"train-{name.replace('_', '-')}", default)


def language() -> str:
    """Code of the language that this session reads."""
    return LANGUAGE.get()


def presses() -> dict[Hashable, Any]:
    """What this session has done lately, or is doing: by request, see :mod:`ui.common.idempotency`.

    Always the same object, so that it can be changed without touching the session.
    """
    found: dict[Hashable, Any] = st.session_state.setdefault("presses", {})
    return found


def export_failures() -> dict[tuple[str, int, str, str], LabError]:
    """Why files could not be written that this session asked for; always the same object."""
    found: dict[tuple[str, int, str, str], LabError] = st.session_state.setdefault(
        "export-failures", {}
    )
    return found


def take_notice() -> str:
    """What went wrong in a callback, to be said once."""
    notice = NOTICE.get()
    NOTICE.set("")
    return notice
