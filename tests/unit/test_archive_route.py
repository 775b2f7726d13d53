"""A run leaves as one file over real HTTP, piece by piece."""

from __future__ import annotations

import io
import urllib.error
import urllib.request
import zipfile

import pytest

from mnist_core.runs import Store
from tests.live_training import Training
from tests.served import served
from tests.waiting import PATIENCE
from ui.models import archive_route


def test_a_run_is_served_as_one_file_that_the_server_never_holds_as_a_whole(lab_home, monkeypatch):
    store = Store.open()
    training = Training(store, epochs=1)
    training.train(1)
    training.end()
    store.rename(training.id, "mine 数")
    model = io.BytesIO()
    with zipfile.ZipFile(model, "w") as packed:
        packed.writestr("weights", bytes(3_000_000))
    for name in ("best.keras", "last.keras"):
        store.artifacts.write(training.id, name, model.getvalue())
    running = Training(store, epochs=2).id
    longest = []
    pieces = archive_route._pieces

    async def watched(file):
        async for piece in pieces(file):
            longest.append(len(piece))
            yield piece

    monkeypatch.setattr(archive_route, "_pieces", watched)
    monkeypatch.setattr(archive_route, "PIECE", 100)
    with served(archive_route.routes) as address:
        with urllib.request.urlopen(
            f"{address}/live/archive/{training.id}", timeout=PATIENCE
        ) as found:
            content = found.read()
            assert int(found.headers["content-length"]) == len(content)
            assert found.headers["content-type"] == "application/zip"
            assert "mine-%E6%95%B0" in found.headers["content-disposition"]
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            assert packed.read("best.keras") == store.artifacts.read(training.id, "best.keras")
        assert max(longest) == 100
        for run_id, status in ((running, 503), ("0" * 32, 404), ("..%2f..", 400), ("x", 400)):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"{address}/live/archive/{run_id}", timeout=PATIENCE)
            assert refused.value.code in (status, 404)
            refused.value.close()
