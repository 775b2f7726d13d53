"""The words of the pages: all of them are collected, and a translation is found."""

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from mnist_core.evaluation.overfitting import CRITERIA
from mnist_core.experiment.architectures import ARCHITECTURES
from mnist_core.experiment.config import CHOICES, LIMITS, TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import RunStatus
from mnist_core.tasks import TASKS
from mnist_core.transfer.formats import FORMATS
from tests.waiting import PATIENCE
from ui.common import i18n
from ui.common.charts import AXES, SERIES
from ui.common.formatting import STATUS_WORDS
from ui.common.setting_labels import CHOICE_LABELS, FIELDS

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
    words = Catalog(locale="zh_CN", domain=i18n.DOMAIN)
    words.add("Start", "开始")
    words.add(("{count} epoch", "{count} epochs"), ("{count} 轮",))
    folder = tmp_path / "zh_CN" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "messages.mo").open("wb") as file:
        write_mo(file, words)
    monkeypatch.setattr(i18n, "LOCALE", tmp_path)
    monkeypatch.setattr(i18n, "language", lambda: "zh_CN")
    i18n.catalogue.cache_clear()
    try:
        assert i18n._("Start") == "开始"
        assert i18n.ngettext("{count} epoch", "{count} epochs", 5) == "{count} 轮"
        assert i18n._("not translated yet") == "not translated yet"
        assert i18n._("") == ""
    finally:
        i18n.catalogue.cache_clear()
