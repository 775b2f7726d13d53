"""Common set-up of all tests: options, a temporary home, quiet TensorFlow, the browser."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from mnist_core.runs import Store
from mnist_core.tasks import availability
from tests import postgresql

# TensorFlow and Keras read these variables when they are imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

# Machines are shared, so there is no deadline. Examples are the same each time, so that a failure
# comes from a change of the code; --all draws new examples.
hypothesis.settings.register_profile(
    "shared",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize=True,
    database=None,
)
hypothesis.settings.register_profile(
    "new examples", hypothesis.settings.get_profile("shared"), derandomize=False
)
hypothesis.settings.load_profile("shared")

# The developer's own settings of the lab must not affect the tests.
for variable in (
    "MNIST_LAB_HOME",
    "MNIST_LAB_DATABASE_URL",
    "MNIST_LAB_SCHEDULER",
    "MNIST_LAB_WORKERS",
    "MNIST_LAB_PORT",
):
    os.environ.pop(variable, None)

# Most tests begin with an empty store; tests of the examples enable them.
os.environ["MNIST_LAB_EXAMPLES"] = "off"
# Compiling ahead would take processor time from the tests.
os.environ["MNIST_LAB_COMPILE_AHEAD"] = "off"

# Nor must the proxy settings: all requests are to this machine.
for variable in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
    for spelling in (variable, variable.upper()):
        os.environ.pop(spelling, None)

# scripts/test sets this. Plain pytest uses the Chromium on the PATH, or else Playwright's own (an
# empty value). "none" means that there is no browser.
if "MNIST_LAB_CHROMIUM" not in os.environ:
    found = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    os.environ["MNIST_LAB_CHROMIUM"] = next(filter(None, found), "")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="also run the tests marked slow")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--all"):
        hypothesis.settings.load_profile("new examples")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    browser_tests = Path(__file__).parent / "browser"
    for item in items:
        if browser_tests in item.path.parents:
            item.add_marker("browser")
        if item.get_closest_marker("slow") and not config.getoption("--all"):
            item.add_marker(pytest.mark.skip(reason="slow: runs with --all"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("browser") and os.environ["MNIST_LAB_CHROMIUM"] == "none":
        message = "no Chromium was found, and none could be installed"
        if os.environ.get("CI") == "true":
            pytest.fail(message, pytrace=False)
        pytest.skip(message)


@pytest.fixture(scope="session", autouse=True)
def _session_home(tmp_path_factory: pytest.TempPathFactory):
    """Give fixtures that outlive a test, such as a server, a temporary home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_LAB_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(autouse=True)
def lab_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The MNIST_LAB_HOME of the test: empty, and deleted afterwards."""
    home = tmp_path / "home"
    monkeypatch.setenv("MNIST_LAB_HOME", str(home))
    return home


@pytest.fixture(autouse=True)
def _a_new_lab() -> Iterator[None]:
    """Close the lab of this process after each test."""
    yield
    if module := sys.modules.get("ui.common.lab"):
        module.lab.close()


@pytest.fixture(autouse=True)
def _a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the check whether a data set can be downloaded: it can."""
    monkeypatch.setattr(availability, "_probe", None)
    monkeypatch.setattr(availability, "reaches_host", lambda: True)


@pytest.fixture
def with_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the lab of the test its example networks."""
    monkeypatch.delenv("MNIST_LAB_EXAMPLES")


@pytest.fixture(scope="session")
def postgresql_cluster() -> Iterator[postgresql.Cluster]:
    with postgresql.cluster() as cluster:
        yield cluster


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)],
)
def any_store(request: pytest.FixtureRequest, lab_home: Path) -> Iterator[Store]:
    """An empty store, on SQLite and, with --all, on PostgreSQL."""
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_cluster").new_database()
    store = Store(lab_home, url)
    yield store
    store.database.close()
