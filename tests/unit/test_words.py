"""The words of the pages: all of them are collected, and a translation is found."""

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from mnist_core.architectures import ARCHITECTURES
from mnist_core.config import CHOICES, LIMITS, TrainingConfig
from mnist_core.formats import FORMATS
from mnist_core.overfitting import CRITERIA
from mnist_core.presets import PRESETS
from mnist_core.runs import RunStatus
from mnist_core.tasks import TASKS
from tests.waiting import PATIENCE
from ui import text
from ui.charts import AXES, SERIES
from ui.fields import CHOICE_LABELS, FIELDS
from ui.run_words import STATUS_WORDS

ROOT = Path(__file__).resolve().parents[2]
REGISTRIES = (ARCHITECTURES, CRITERIA, FIELDS, FORMATS, PRESETS, SERIES, STATUS_WORDS, TASKS)
WORDS_OF_AN_ENTRY = ("label", "summary", "source", "look_for", "help")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """All words that scripts/words collects."""
    path = tmp_path_factory.mktemp("words") / "messages.pot"
    subprocess.run(
        [sys.executable, "scripts/collect_words.py", str(path)],
        cwd=ROOT,
        check=True,
        timeout=PATIENCE,
    )
    with path.open("rb") as file:
        return {str(message.id) for message in read_po(file)}


def test_the_registries_speak_words_that_can_be_translated(template: set[str]) -> None:
    words = {
        getattr(entry, name)
        for registry in REGISTRIES
        for entry in registry.values()
        for name in WORDS_OF_AN_ENTRY
        if hasattr(entry, name)
    }
    words |= {label for labels in CHOICE_LABELS.values() for label in labels.values()}
    words |= set(AXES.values())
    assert words <= template


def test_every_setting_has_a_label_and_a_help() -> None:
    # The task is chosen with the preset, and folds are trained all together.
    assert {"task", "folds", "fold", *FIELDS} == {field.name for field in fields(TrainingConfig)}
    assert set(LIMITS) - {"folds", "fold"} <= set(FIELDS)
    assert {field: tuple(labels) for field, labels in CHOICE_LABELS.items()} == CHOICES


def test_every_status_has_a_word() -> None:
    assert set(STATUS_WORDS) == set(RunStatus)


def test_a_translation_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = Catalog(locale="zh_CN", domain=text.DOMAIN)
    words.add("Start", "开始")
    words.add(("{count} epoch", "{count} epochs"), ("{count} 轮",))
    folder = tmp_path / "zh_CN" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "messages.mo").open("wb") as file:
        write_mo(file, words)
    monkeypatch.setattr(text, "LOCALE", tmp_path)
    monkeypatch.setattr(text, "language", lambda: "zh_CN")
    text.catalogue.cache_clear()
    try:
        assert text._("Start") == "开始"
        assert text.ngettext("{count} epoch", "{count} epochs", 5) == "{count} 轮"
        assert text._("not translated yet") == "not translated yet"
        assert text._("") == ""
    finally:
        text.catalogue.cache_clear()
