"""Reading of archives: checksums are verified and every value is validated before use."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, BinaryIO

from mnist_core.errors import LabError
from mnist_core.experiment.config import CHOICES, LIMITS, TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.i18n import mark
from mnist_core.runs import EpochRecord, RunStatus
from mnist_core.runs.model_files import MODELS
from mnist_core.runs.records import IMPORTED, RECORD_FIELDS
from mnist_core.runs.store import NAME_LENGTH
from mnist_core.tasks import TASKS
from mnist_core.transfer import uploads
from mnist_core.transfer.archive import (
    ABOUT,
    EPOCHS,
    EVENT_FILE,
    FORMAT,
    MANIFEST,
    VERSION,
)
from mnist_core.transfer.keras_import import zip_files
from mnist_core.transfer.keras_import.findings import ALL, RANGES
from mnist_core.transfer.keras_import.plan import MOST_BYTES, read_json
from mnist_core.transfer.keras_import.refusal import RefusedError, brief
from mnist_core.transfer.uploads import EndedRun, imported_config

#: Largest size of each file in bytes; event files may be as large as models.
PARTS = {MANIFEST: 1_000_000, ABOUT: 1_000_000, EPOCHS: 20_000_000} | dict.fromkeys(
    MODELS, MOST_BYTES
)
#: Latest valid date in seconds since 1970, and the largest number of attempts at a run.
LATEST, MOST_ATTEMPTS = 2.5e11, 1e9
ENDED = [status for status in RunStatus if not status.is_active]
LESSON = {"base", "base_name", "drawings", "kept_aside", "before", "after"}


def opened(file: BinaryIO) -> AbstractContextManager[zip_files.Packed]:
    """Open an archive without reading its files.

    Raises:
        RefusedError: The file is not a zip file, or contains files that do not belong in an
            archive.
    """
    return zip_files.opened(file, _limit)


def read_run(parts: zip_files.Packed) -> EndedRun:
    """Return the run in an archive without its models, after comparing all files with the manifest.

    Raises:
        RefusedError: The archive was changed, or contains what this version does not support.
    """
    _verify(parts)
    return _ended_run(parts)


def _limit(name: str) -> int | None:
    return PARTS.get(name) or (MOST_BYTES if EVENT_FILE.fullmatch(name) else None)


def _verify(parts: zip_files.Packed) -> None:
    """Compare every file with the manifest."""
    manifest = read_json(parts.read(MANIFEST))
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise _no_archive()
    if manifest.get("version") != VERSION:
        raise RefusedError(
            mark("The archive has the format version {version}, but this lab supports {known}."),
            mark("Update this lab, or save the run again with the same version of the lab."),
            version=brief(manifest.get("version")),
            known=VERSION,
        )
    listed = manifest.get("files")
    if not isinstance(listed, dict) or set(listed) != set(parts.sizes) - {MANIFEST}:
        raise _changed(MANIFEST)
    if sum(parts.sizes.values()) > uploads.MOST_BYTES:
        raise RefusedError(
            mark("The archive unpacks to {size} MB, but the limit is {most} MB."),
            mark("Delete the event files of the run on the other computer, and save it again."),
            size=sum(parts.sizes.values()) // 1_000_000,
            most=uploads.MOST_BYTES // 1_000_000,
        )
    for name, entry in listed.items():
        digest = hashlib.sha256()
        for piece in parts.pieces(name):
            digest.update(piece)
        if not isinstance(entry, dict) or entry.get("sha256") != digest.hexdigest():
            raise _changed(name)


def _ended_run(parts: zip_files.Packed) -> EndedRun:
    try:
        about = json.loads(parts.read(ABOUT))
        records = _records(parts.read(EPOCHS).decode())
        status = RunStatus(about["status"])
        best = about.get("best_epoch")
        if status not in ENDED or (best is not None and best not in range(1, len(records) + 1)):
            raise ValueError
        trained = status in (RunStatus.FINISHED, RunStatus.STOPPED) and records
        if (trained or about.get("imported")) and not set(MODELS) <= set(parts.sizes):
            raise ValueError
        return EndedRun(
            name=" ".join(_text(about["name"]).split())[:NAME_LENGTH],
            preset=about["preset"] if about["preset"] in PRESETS else None,
            config=_config(about),
            status=status,
            message=_text(about["message"])[:2000],
            created_at=_number(about["created_at"], 0, LATEST),
            started_at=_number(about["started_at"], 0, LATEST),
            ended_at=_number(about["ended_at"], 0, LATEST),
            active_seconds=_number(about["active_seconds"], 0, LATEST) or 0.0,
            attempt=int(_number(about["attempt"], 1, MOST_ATTEMPTS) or 1),
            records=records,
            best_epoch=best,
            test_loss=_number(about["test_loss"]),
            test_metric=_number(about["test_metric"], 0, _most(about)),
            lesson=_lesson(about["lesson"]),
            notes=_text(about["notes"]),
            tags=[_text(tag) for tag in about["tags"]],
            imported=_imported(about["imported"]),
        )
    except LabError as error:  # for example, a setting that this version does not support
        raise RefusedError(error.problem, error.remedy, **error.values) from error
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError, csv.Error) as error:
        raise _changed(ABOUT) from error


def _config(about: Mapping[str, Any]) -> dict[str, Any]:
    config = about["config"]
    if about["imported"]:
        scaling = config["pixel_scaling"]
        if config["architecture"] != IMPORTED or scaling not in CHOICES["pixel_scaling"]:
            raise ValueError
        return imported_config(scaling)
    return TrainingConfig.from_dict(config).to_dict()


def _most(about: Mapping[str, Any]) -> float:
    """Return the largest valid metric: an accuracy is at most 1."""
    key = about["config"].get("task", "mnist")
    return 1 if TASKS[key].metric == "accuracy" else math.inf


def _records(table: str) -> list[EpochRecord]:
    rows = list(csv.DictReader(io.StringIO(table)))
    if len(rows) > LIMITS["epochs"].high:
        raise ValueError
    records = []
    for epoch, row in enumerate(rows, start=1):
        if tuple(row) != RECORD_FIELDS or int(row["epoch"]) != epoch:
            raise ValueError
        values = {name: float(row[name]) for name in RECORD_FIELDS}
        records.append(EpochRecord(**values | {"epoch": epoch}))  # type: ignore[arg-type]
    return records


def _lesson(lesson: Any) -> dict[str, Any] | None:
    if lesson is None:
        return None
    if set(lesson) != LESSON:
        raise ValueError
    figures = {
        when: {key: _number(lesson[when][key], 0, 1) for key in ("drawings", "test")}
        for when in ("before", "after")
    }
    counts = {key: int(_number(lesson[key], 0) or 0) for key in ("drawings", "kept_aside")}
    names = {key: _text(lesson[key])[:200] for key in ("base", "base_name")}
    return {**names, **counts, **figures}


def _imported(known: Any) -> dict[str, Any] | None:
    if known is None:
        return None
    glances = {key: _number(known["glances"][key], 0, 1) for key in RANGES}
    if None in glances.values():
        raise ValueError
    return {
        "file": _text(known["file"])[:200],
        "kind": _text(known["kind"])[:10],
        "output": _text(known["output"])[:10],
        "input_shape": [int(side) for side in known["input_shape"]][:3],
        "layers": int(known["layers"]),
        "parameters": int(known["parameters"]),
        "glances": glances,
        # Earlier versions of the lab did not store these.
        "chosen": _text(known.get("chosen", "given"))[:10],
        "other_way": None if known.get("other_way") is None else _text(known["other_way"])[:20],
        "other_share": _number(known.get("other_share"), 0, 1),
        "read": int(known.get("read", ALL)),
        "turned": bool(known.get("turned", False)),
    }


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value.replace("\0", "")


def _number(value: Any, low: float = -math.inf, high: float = math.inf) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError
    return float(value) if math.isfinite(value) else None


def _no_archive() -> RefusedError:
    return RefusedError(
        mark("The file is not an archive of a run from this lab."),
        mark("Choose a file that “Download” on the page Models has saved."),
    )


def _changed(name: str) -> RefusedError:
    return RefusedError(
        mark("The part {name} of the archive was changed or is damaged."),
        mark("Save the run again, and copy the complete file."),
        name=brief(name),
    )
