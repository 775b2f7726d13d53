"""The table of the sources' experiments, as data and as text."""

from __future__ import annotations

import json

from mnist_core.studies import reproduction
from mnist_core.studies.reproduction import EXPERIMENTS, Reproduced, markdown, published


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
    assert "| 88.5 | 88.50 | 88.10 … 88.90 | % | 100 % | yes |" in lines[2]
    assert "| < 1 % | no |" in lines[3]


def test_this_version_s_figures_are_of_its_experiments():
    found = published()
    assert found
    keys = [row["key"] for row in found]
    assert keys == [key for key in EXPERIMENTS if key in keys]
    assert all(len(row["figures"]) == reproduction.SEEDS for row in found)


def test_a_figure_may_be_one_more_run_like_ours():
    # By tables of Student's t with 4 degrees of freedom: beyond 2.776 lie 5 of 100 and beyond
    # 5.598 a tenth of them.
    figures = (88.7, 88.8, 88.9, 89.0, 89.1)
    row = Reproduced("softmax", figures, 1.0)
    deviation = (0.1 / 4) ** 0.5
    unit = deviation * 1.2**0.5
    assert abs(row.spread - 5.5976 * unit) < 1e-3
    for distance, chance in ((2.7764, 0.05), (5.5976, 0.005)):
        moved = 88.55 - 88.9 + distance * unit  # 88.5 stands for up to 88.55
        away = Reproduced("softmax", tuple(value + moved for value in figures), 1.0)
        assert abs(away.chance - chance) < 1e-5
    assert row.within and 0.05 < row.chance < 0.2  # 88.5 is 0.4 away
    assert not Reproduced("softmax", tuple(value + 0.7 for value in figures), 1.0).within
    one = Reproduced("softmax", (88.6,), 1.0)
    assert (one.spread, one.chance) == (0, 0)
