"""One small trained bot for the whole run, and an action server that does what a test tells it."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import Any, AsyncIterator, Callable, Dict, Iterator, List

# As in the host: these only work before numpy and Rasa are imported.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ["RASA_TELEMETRY_ENABLED"] = "false"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["SQLALCHEMY_SILENCE_UBER_WARNING"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
warnings.filterwarnings("ignore", category=DeprecationWarning)

from hosting import lean

lean.leave_tensorflow_out(training=True)

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

HERE = Path(__file__).resolve().parent
FIXTURE = HERE / "fixture"
TOKEN = "a-token-for-the-tests-only"


def train_bot(out: Path, *, config: Path, domain: Path, data: Path) -> Path:
    """Train in this process, which has imported Rasa anyway."""
    import train

    here = Path.cwd()
    # Rasa keeps its cache below the working directory; a test must not touch the project's.
    os.chdir(out.parent)
    try:
        code = train.main(
            ["--out", str(out), "--config", str(config), "--domain", str(domain),
             "--data", str(data), "--force"]
        )  # fmt: skip
    finally:
        os.chdir(here)
    assert code == 0
    return out


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fixture bot, trained once."""
    return train_bot(
        tmp_path_factory.mktemp("model") / "small.tar.gz",
        config=FIXTURE / "config.yml",
        domain=FIXTURE / "domain.yml",
        data=FIXTURE / "data",
    )


@pytest.fixture(scope="session")
def processor(model_file: Path) -> Any:
    """The fixture bot's processor, loaded once, for tests that hold no conversation."""
    from hosting.engine import Processor, _NoActions
    from hosting.locks import FifoLockStore
    from hosting.replies import KeyGenerator
    from hosting.trackers import LiveTrackerStore

    store = LiveTrackerStore(path=":memory:")
    return Processor(model_file, store, FifoLockStore(), KeyGenerator(), _NoActions())


@pytest.fixture(scope="session")
def understanding(processor: Any) -> Any:
    """The fixture bot's language component."""
    from components.understanding import Understanding

    for node in processor.graph_runner._instantiated_nodes.values():
        if isinstance(node._component, Understanding):
            return node._component
    raise AssertionError("the model has no language component")


class ActionServer:
    """Answers action calls; ``on`` says how, by action name."""

    def __init__(self) -> None:
        self.calls: List[Dict[str, Any]] = []
        self.headers: List[Dict[str, str]] = []
        self.on: Dict[str, Callable[[Dict[str, Any]], Any]] = {}
        self.url = ""

    @property
    def names(self) -> List[str]:
        return [call["next_action"] for call in self.calls]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        call = await request.json()
        self.calls.append(call)
        self.headers.append(dict(request.headers))
        answer = self.on.get(call["next_action"], lambda _: result("ok"))(call)
        if hasattr(answer, "__await__"):
            answer = await answer
        return answer if isinstance(answer, web.StreamResponse) else web.json_response(answer)


def result(value: str, *replies: Dict[str, Any], **slots: Any) -> Dict[str, Any]:
    """An action's answer: a result, replies and slots."""
    slots = {"action_result": value, **slots}
    return {
        "events": [
            {"event": "slot", "timestamp": None, "name": name, "value": item}
            for name, item in slots.items()
        ],
        "responses": [{"custom": reply} for reply in replies],
    }


@pytest.fixture
async def actions() -> AsyncIterator[ActionServer]:
    server = ActionServer()
    app = web.Application()
    app.router.add_post("/actions", server.handle)
    running = TestServer(app)
    await running.start_server()
    server.url = str(running.make_url("/actions"))
    yield server
    await running.close()


@pytest.fixture
async def engine(model_file: Path, actions: ActionServer, tmp_path: Path) -> AsyncIterator[Any]:
    """An engine on the fixture bot, with its trackers in a file."""
    from hosting.actions import HttpActions
    from hosting.engine import Engine
    from hosting.journal import Journal, database

    http = HttpActions(actions.url, TOKEN, seconds=0.5)
    made = Engine(Journal(database(tmp_path / "trackers.db")), http, turn_seconds=3.0)
    await made.load(model_file)
    yield made
    await http.close()
    made.close()


@pytest.fixture(autouse=True)
def _nothing_left_in_the_project() -> Iterator[None]:
    """Running the tests leaves no model and no tracker file in the source folder."""
    before = {path.name for path in HERE.parent.iterdir()}
    yield
    after = {path.name for path in HERE.parent.iterdir()} - before
    assert not {name for name in after if name.endswith((".db", ".tar.gz"))}
