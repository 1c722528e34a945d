"""The file of a registry: ways to open it, copies of it, images in it, and readers that wait for a commit."""

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import matricula
import pytest
from support import define, raises

SOON = timedelta(milliseconds=30)


def fill(registry: matricula.Registry, now: datetime, *users: str) -> int:
    """Commits people, and says which revision that is."""
    with registry.as_host("hr").transaction(at=now) as tx:
        for user in users:
            tx.update_user(user, {"country": "DE"})
    return registry.revision


@pytest.fixture
def path(tmp_path: Path, now: datetime) -> Path:
    """A file with the company in it, which nobody has open."""
    path = tmp_path / "acme.db"
    with matricula.open(path) as registry:
        with registry.as_host("setup").transaction(at=now) as tx:
            define(tx)
        fill(registry, now, "ann", "bob")
    return path


def files(folder: Path) -> dict[str, tuple[int, int]]:
    return {file.name: (file.stat().st_size, file.stat().st_mtime_ns) for file in folder.iterdir()}


def test_a_file_that_is_only_read_is_left_as_it_is(path: Path, now: datetime) -> None:
    before = files(path.parent)
    with matricula.open(path, read_only=True) as registry:
        assert registry.snapshot().members("germans") == ["ann", "bob"]
        with raises("store", "cannot write: the file was opened to be read only"):
            fill(registry, now, "cy")
        with raises("store", "cannot write: the file was opened to be read only"):
            registry.save_cache()
        assert registry.revision == 2
    assert files(path.parent) == before
    with pytest.raises(matricula.MatriculaError) as caught:
        matricula.open(path.with_name("missing.db"), read_only=True)
    assert caught.value.code == "store"
    assert files(path.parent) == before


def test_a_commit_that_does_not_fit_is_refused(path: Path, now: datetime) -> None:
    people = [f"u{number}" for number in range(2000)]
    size = path.stat().st_size
    with matricula.open(path, max_bytes=size + 40_000) as registry:
        full = "the disk is full, or the file has reached its greatest size"
        with pytest.raises(matricula.MatriculaError) as caught:
            fill(registry, now, *people)
        assert caught.value.code == "store" and str(caught.value).endswith(full)
        assert registry.revision == 2
        assert fill(registry, now, "cy") == 3
    with matricula.open(path, max_bytes=2**40) as registry:
        assert fill(registry, now, *people) == 4


HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
"""


def test_a_commit_waits_for_another_process_for_as_long_as_it_was_told(path: Path, now: datetime) -> None:
    command, pipe = [sys.executable, "-c", HOLD, str(path)], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as holder:
        assert holder.stdin is not None and holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with matricula.open(path, busy_timeout=timedelta(milliseconds=120)) as registry:
            start = time.monotonic()
            with pytest.raises(matricula.MatriculaError) as caught:
                fill(registry, now, "cy")
            assert 0.1 <= time.monotonic() - start < 4.9
            assert caught.value.code == "store"
            assert str(caught.value).endswith("held the database for longer than the busy timeout")
            holder.stdin.write("give it back\n")
            holder.stdin.flush()
            holder.wait()
            assert fill(registry, now, "cy") == 3


@pytest.mark.parametrize("secure", [False, True])
def test_what_is_deleted_is_overwritten_where_that_is_asked(path: Path, secure: bool) -> None:
    secret = "a-city-that-nobody-else-lives-in"
    with closing(sqlite3.connect(path)) as connection, connection:
        # More of it than the next image takes the places of, of a format that goes when that is kept.
        chunks = [((secret * 250).encode(),)] * 40
        connection.executemany("INSERT INTO cache_chunk (bytes) VALUES (?)", chunks)
        connection.execute("INSERT INTO cache_image VALUES (1, 'old', x'')")
    with matricula.open(path, secure_delete=secure) as registry:
        registry.save_cache()
    assert (secret.encode() in path.read_bytes()) is not secure


def images(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM cache_image").fetchone()
        return int(count)


def test_an_image_is_kept_where_that_is_asked(path: Path) -> None:
    with matricula.open(path) as registry:
        before = registry.snapshot()
    assert images(path) == 0
    with matricula.open(path, cache=False) as registry:
        registry.save_cache()
    assert images(path) == 0
    with matricula.open(path) as registry:
        registry.save_cache()
    assert images(path) == 1
    with matricula.open(path) as registry:
        assert registry.snapshot() == before
    with matricula.memory() as registry:
        registry.save_cache()


def test_closing_a_large_registry_leaves_an_image(path: Path, now: datetime) -> None:
    with matricula.open(path, cache=False) as registry:
        fill(registry, now, *(f"u{number}" for number in range(5000)))
    assert images(path) == 0
    with matricula.open(path, durability="normal") as registry:
        fill(registry, now, "last")
        before = registry.snapshot()
    assert images(path) == 1
    for cache in (True, False):
        with matricula.open(path, cache=cache) as registry:
            assert registry.snapshot() == before


def test_ways_to_open_that_there_are_not(path: Path) -> None:
    with raises("invalid_definition", "unknown durability `none`, expected full or normal"):
        matricula.open(path, durability="none")  # type: ignore[arg-type]
    calls: list[Callable[[], object]] = [
        lambda: matricula.open(path, True),  # type: ignore[call-arg]
        lambda: matricula.open(path, read_only="yes"),  # type: ignore[arg-type]
        lambda: matricula.open(path, durability=None),  # type: ignore[arg-type]
        lambda: matricula.open(path, busy_timeout=5),  # type: ignore[arg-type]
        lambda: matricula.open(path, max_bytes=1.5),  # type: ignore[arg-type]
        lambda: matricula.open(path, max_bytes="1"),  # type: ignore[arg-type]
        lambda: matricula.limit_connections("1"),  # type: ignore[arg-type]
    ]
    for call in calls:
        with pytest.raises(TypeError):
            call()
    with pytest.raises(ValueError):
        matricula.open(path, busy_timeout=timedelta(seconds=-1))
    with pytest.raises(OverflowError):
        matricula.open(path, max_bytes=-1)
    with pytest.raises(OverflowError):
        matricula.limit_connections(-1)


def test_files_that_rest_are_closed_beyond_a_limit(tmp_path: Path, now: datetime) -> None:
    def logs() -> int:
        return len(list(tmp_path.glob("*.db-wal")))

    matricula.limit_connections(2)
    try:
        registries = [matricula.open(tmp_path / f"{number}.db") for number in range(5)]
        assert logs() <= 2
        for registry in registries:
            with registry.as_host("hr").transaction(at=now) as tx:
                tx.update_user("ann")
            assert logs() <= 2
        assert [registry.refresh().revision for registry in registries] == [1] * 5
        matricula.limit_connections(64)
        for registry in registries:
            registry.refresh()
        assert logs() == 5
        for registry in registries:
            registry.close()
    finally:
        matricula.limit_connections(64)


def test_a_backup_is_a_registry_of_its_own(path: Path, now: datetime) -> None:
    copy = path.with_name("copy.db")
    with matricula.open(path) as registry:
        before = registry.snapshot()
        registry.backup(copy)
        fill(registry, now, "later")
        with raises("store", f"cannot back up to `{copy}`: there is a file of this name already"):
            registry.backup(str(copy))
        with pytest.raises(matricula.MatriculaError) as caught:
            registry.backup(path.parent / "no" / "folder.db")
        assert caught.value.code == "store"
        with pytest.raises(TypeError):
            registry.backup(1)  # type: ignore[arg-type]
    with matricula.open(copy) as registry:
        assert registry.snapshot() == before
        assert [delta.revision for delta in registry.deltas()] == [1, 2]
        assert fill(registry, now, "other") == 3
    with matricula.memory() as registry:
        with raises("not_possible", "this store is no file and cannot be backed up to one"):
            registry.backup(path.with_name("memory.db"))


def test_a_reader_that_demands_a_revision_gets_it_or_nothing(path: Path, now: datetime) -> None:
    with matricula.open(path) as reader, matricula.open(path) as writer:
        revision = fill(writer, now, "cy")
        assert reader.revision == 2
        assert reader.snapshot_at_least(revision, timedelta()).user("cy").key == "cy"
        assert reader.snapshot_at_least(0, SOON).revision == 3
        with raises("stale", "the registry is at revision 3, expected at least 4 within 30ms"):
            reader.snapshot_at_least(4, SOON)
        # Longer than the thread waits without looking around.
        with raises("stale", "the registry is at revision 3, expected at least 4 within 120ms"):
            reader.snapshot_at_least(4, timedelta(milliseconds=120))
        writing = threading.Timer(0.2, fill, (writer, now, "dee"))
        writing.start()
        assert reader.snapshot_at_least(4, timedelta(seconds=60)).user("dee").key == "dee"
        writing.join()
        with pytest.raises(ValueError):
            reader.snapshot_at_least(4, -SOON)
        with pytest.raises(OverflowError):
            reader.snapshot_at_least(-1, SOON)
        with pytest.raises(TypeError):
            reader.snapshot_at_least(4, 2.0)  # type: ignore[arg-type]


def test_closing_ends_a_wait(path: Path) -> None:
    with matricula.open(path) as registry:
        closing = threading.Timer(0.1, registry.close)
        closing.start()
        with raises("closed", "the registry is closed"):
            registry.snapshot_at_least(99, timedelta(seconds=60))
        closing.join()


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no such signals between threads")
def test_ctrl_c_ends_a_wait(path: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with matricula.open(path) as registry:
            interrupting = threading.Timer(0.1, signal.raise_signal, (signal.SIGINT,))
            interrupting.start()
            with pytest.raises(KeyboardInterrupt):
                registry.snapshot_at_least(99, timedelta(seconds=60))
            interrupting.join()
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_plan_tells_what_a_file_has_lost(path: Path) -> None:
    with matricula.open(path) as registry:
        assert registry.snapshot().plan() == []
    with closing(sqlite3.connect(path)) as connection, connection:
        for table in ("enrolment_reason", "enrolment"):
            connection.execute(f"DELETE FROM {table} WHERE user_id = 1")
    with matricula.open(path, cache=False) as registry:
        (step,) = registry.snapshot().plan()
        assert (step.action, step.user, step.course, step.reason) == ("enrolled", "bob", "gdpr", "gdpr-de")
        assert (step.at, step.due) == (registry.clock, None)
