"""The table of the sources' experiments, as data and as text."""

from __future__ import annotations

import json

from mnist_core import reproduction
from mnist_core.reproduction import EXPERIMENTS, Reproduced, markdown, published


def test_every_experiment_says_whose_figure_it_is():
    for one in EXPERIMENTS.values():
        assert one.label and one.source and one.exact_to > 0
        assert one.config.epochs >= 1


def test_what_no_source_chose_by_validation_has_no_judge():
    for key in ("tanh-200-100", "mlp-512", "regularised", "boston"):
        assert EXPERIMENTS[key].config.validation_size == 0
    assert EXPERIMENTS["mlp-512"].config.train_size == 60_000


def test_the_published_figures_come_back_as_they_were(tmp_path, monkeypatch):
    rows = [Reproduced("softmax", (88.1, 88.9), 10.0), Reproduced("boston", (2.4, 2.6), 3.0)]
    file = tmp_path / "reproduction.json"
    file.write_text(json.dumps([row.to_dict() for row in rows] + [{"key": "of another version"}]))
    monkeypatch.setattr(reproduction, "PUBLISHED", file)
    assert [(row["key"], tuple(row["figures"])) for row in published()] == [
        (row.key, row.figures) for row in rows
    ]
    monkeypatch.setattr(reproduction, "PUBLISHED", tmp_path / "none.json")
    assert published() == []


def test_the_table_says_what_lies_within():
    text = markdown([Reproduced("softmax", (88.1, 88.9), 1.0), Reproduced("lenet", (97.0,), 1.0)])
    lines = text.splitlines()
    assert "| 88.5 | 88.50 ± " in lines[2] and "| 88.10 … 88.90 | % | yes |" in lines[2]
    assert "| no |" in lines[3]


def test_this_version_s_figures_are_of_its_experiments():
    found = published()
    assert found
    keys = [row["key"] for row in found]
    assert keys == [key for key in EXPERIMENTS if key in keys]
    assert all(len(row["figures"]) == reproduction.SEEDS for row in found)


def test_a_figure_may_be_one_more_run_like_ours():
    # Of five with mean 88.9 and deviation 0.15, 95 of 100 more lie within 2.776 · 0.15 · √1.2.
    figures = (88.7, 88.8, 88.9, 89.0, 89.1)
    row = Reproduced("softmax", figures, 1.0)
    deviation = (0.1 / 4) ** 0.5
    assert abs(row.spread - 2.7764 * deviation * 1.2**0.5) < 1e-3
    assert row.within  # 88.5 is 0.4 away
    assert not Reproduced("softmax", tuple(value + 0.2 for value in figures), 1.0).within
    assert Reproduced("softmax", (88.5,), 1.0).spread == 0
