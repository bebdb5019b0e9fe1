"""A deployment of processes of their own, on a PostgreSQL and a hub of ours: a code server, a daemon, Celery workers."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from budmodel_pipeline.services import embedded_postgres
from tests.checkout import ROOT
from tests.cli import Installation
from tests.hub_server import HubServer, hub_server
from tests.postgres import running_postgres
from tests.processes import DEPLOY, celery_worker, daemon, free_port, kill, listening, redis, started

CONFIG = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64}
# Tells that there is something new in the tables; what it is, PROGRESS counts.
TELL = """
create function tell() returns trigger language plpgsql as $$ begin notify progress; return new; end $$;
create trigger tell after insert on budmodel.model_info for each row execute function tell();
create trigger tell after insert on budmodel.model_licenses for each row execute function tell();
create trigger tell after insert on budmodel.model_scans for each row execute function tell();
create trigger tell after update of status on budmodel.extraction_requests for each row
    when (new.status in ('succeeded', 'failed')) execute function tell();
listen progress;
"""
PROGRESS = """
    select (select count(*) from budmodel.model_info) + (select count(*) from budmodel.model_licenses)
         + (select count(*) from budmodel.model_scans) + served, served
    from (select count(*) as served from budmodel.extraction_requests where status in ('succeeded', 'failed')) as requests
"""
# Nothing new for so long means that something waits for ever.
PATIENCE = 900
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_MEMORY = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


class Deployment:
    """The processes, which can be killed and come back; without Celery workers, runs are processes of the code server."""

    def __init__(self, at: Installation, environment: dict[str, str], workers: int, slots: int) -> None:
        self.at, self.environment, self.workspace = at, environment, at.folder / "workspace.yaml"
        port = free_port()
        server = f"{{host: 127.0.0.1, port: {port}, location_name: budmodel_pipeline}}"
        self.workspace.write_text(f"load_from: [grpc_server: {server}]")
        of_code = ["-m", "budmodel_pipeline.definitions", "-a", "defs"]
        self.workers = [f"Celery worker {number}" for number in range(workers)]
        self._commands = {
            "code server": ["dagster", "code-server", "start", "-h", "127.0.0.1", "-p", str(port), *of_code],
            "daemon": daemon(self.workspace),
            **{name: celery_worker(name.replace(" ", "-"), slots) for name in self.workers},
        }
        self.processes = {name: self._start(name) for name in self._commands}

    def _start(self, name: str) -> "subprocess.Popen[bytes]":
        return started(self._commands[name], self.environment, self.at.folder / f"{name}.log")

    def kill(self, victim: str) -> list[int] | None:
        """The processes of runs that died with it; None where there was none to kill. A server is there again at once."""
        if victim == "run worker":
            pid = next(self._run_workers(*(self.workers or ["code server"])), None)
            if pid is None:
                return None
            os.kill(pid, signal.SIGKILL)
            return [pid]
        died = [*self._run_workers(victim)]
        kill(self.processes[victim])
        self.processes[victim] = self._start(victim)
        return died

    def _run_workers(self, *of: str) -> Iterator[int]:
        """The processes that execute a run: of the code server, or in the pool of a Celery worker, which starts others."""
        owners = {self.processes[name].pid for name in of}
        word = b"celery" if self.workers else b"spawn_main"
        for process in Path("/proc").glob("[0-9]*"):
            try:
                command, group = (process / "cmdline").read_bytes(), os.getpgid(int(process.name))
                parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            is_worker_itself = bool(self.workers) and parent == group
            if group in owners and group != int(process.name) and word in command and not is_worker_itself:
                yield int(process.name)

    def serve(self, looked: Callable[[int, int], None]) -> None:
        """Until every request is served: `looked` is told how many events there were, and how many requests are served."""
        events = -1
        with listening(self.at, self.at.database, "listen progress") as progress:
            while True:
                before = events
                found = progress.execute(PROGRESS).fetchone()
                asked = progress.execute("select count(*) from budmodel.extraction_requests").fetchone()
                events, served = (int(count) for count in found or (0, 0))
                looked(events, served)
                if asked is not None and served == int(asked[0]):
                    return
                # What is told says when to look; while we look, some of it is lost.
                if not list(progress.notifies(timeout=PATIENCE, stop_after=1)) and events == before:
                    raise RuntimeError(f"nothing was told for {PATIENCE} s; {served} requests are served")

    def stop(self) -> None:
        for process in self.processes.values():
            kill(process)


@contextmanager
def deployment(
    fill: Callable[[HubServer], list[str]], a_run: int, *, workers: int = 0, slots: int = 4
) -> Iterator[Deployment]:
    """A deployment that is asked for the models that `fill` put on its hub, so many in each run."""
    with TemporaryDirectory(prefix="budmodel-deployment-") as name, ExitStack() as servers:
        folder = Path(name)
        postgres = servers.enter_context(running_postgres(folder / "postgres"))
        for database in ("budmodel", "dagster"):
            embedded_postgres.ensure_database(postgres, database)
        at = Installation(folder, postgres)
        hub = servers.enter_context(hub_server())
        models = fill(hub)
        broker = servers.enter_context(redis(folder)) if workers else ""
        environment = at.environment(
            DAGSTER_HOME=str(at.home / "instance"),
            BUDMODEL_ORIGIN="live",
            HF_ENDPOINT=hub.endpoint,
            CELERY_BROKER=f"{broker}/0",
            CELERY_BACKEND=f"{broker}/1",
            PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        )
        if at.run("migrate", **environment).code:
            raise RuntimeError("the databases were not made")
        _instance(at, workers * slots)
        with listening(at, at.database, TELL) as connection:
            for number, model in enumerate(models):
                # Requests of one priority share a run.
                connection.execute(
                    """
                    insert into budmodel.extraction_requests (provider, uri, requested_by, priority)
                    values ('hugging_face', %s, 'bench', %s)
                    """,
                    (model, str(number // a_run)),
                )
        made = Deployment(at, environment, workers, slots)
        servers.callback(made.stop)
        yield made


def _instance(at: Installation, slots: int) -> None:
    folder = at.home / "instance"
    folder.mkdir(parents=True)
    written = (ROOT / "dagster.yaml").read_text()
    if slots:
        written = written.replace("max_concurrent_runs: 4", f"max_concurrent_runs: {slots}")
        written += (DEPLOY / "celery.yaml").read_text()
    (folder / "dagster.yaml").write_text(written)


def small_models(hub: HubServer, count: int) -> list[str]:
    """Models that differ, whose reading costs next to nothing."""
    names = [f"org/model-{number:03}" for number in range(count)]
    for number, name in enumerate(names):
        config = json.dumps({**CONFIG, "num_hidden_layers": number + 1}).encode()
        hub.add(name, {"config.json": config, "README.md": b"---\nlicense: mit\n---\n# A model\n"})
    return names


def resident(groups: Mapping[int, str], server: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Megabytes of memory (of what is shared, a part) and CPU seconds of each group of processes, by its name, and of the
    PostgreSQL whose data are in `server`."""
    megabytes: dict[str, float] = {}
    cpu: dict[str, float] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            name = groups.get(os.getpgid(int(process.name)))
            if name is None and (process / "cwd").resolve() == server.resolve():
                name = "PostgreSQL"
            if name is None:
                continue
            memory = _MEMORY.search((process / "smaps_rollup").read_text())
            user, system = (process / "stat").read_text().rpartition(")")[2].split()[11:13]
            megabytes[name] = megabytes.get(name, 0) + int(memory[1] if memory else 0) / 1000
            cpu[name] = cpu.get(name, 0) + (int(user) + int(system)) / TICKS_A_SECOND
    return megabytes, cpu
