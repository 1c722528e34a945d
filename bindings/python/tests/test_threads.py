"""Threads: readers hold snapshots while a writer commits; long calls release the interpreter."""

import faulthandler
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import IO

import matricula
import pytest

COMMITS = 40


def test_readers_see_whole_commits_while_a_writer_commits(
    company: matricula.Registry, now: datetime
) -> None:
    """Each commit moves both people; no reader ever sees one of them moved alone."""
    done, seen = threading.Event(), set[int]()
    held = company.snapshot()
    before = (held.members("germans"), held.user("ann"))

    def write() -> None:
        for turn in range(COMMITS):
            country = "ZA" if turn % 2 == 0 else "DE"
            with company.as_host("hr").transaction(at=now) as tx:
                tx.update_user("ann", {"country": country})
                tx.update_user("bob", {"country": country})
            deadline = time.monotonic() + 10
            while company.revision not in seen and time.monotonic() < deadline:
                time.sleep(0)

    def read() -> None:
        while not done.is_set():
            snapshot = company.snapshot()
            moved = [] if snapshot.revision % 2 == 0 else ["ann", "bob"]
            assert snapshot.members("germans") == (["ann"] if snapshot.revision == 1 else moved)
            assert len(snapshot.enrolments(course="gdpr")) == (1 if snapshot.revision < 3 else 2)
            seen.add(snapshot.revision)

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        pool.submit(write).result()
        done.set()
        for reader in readers:
            reader.result()
    assert company.revision == 1 + COMMITS
    assert seen >= set(range(2, 2 + COMMITS))
    assert (held.members("germans"), held.user("ann")) == before
    assert held.revision == 1


def test_writers_wait_for_each_other(company: matricula.Registry, now: datetime) -> None:
    def write(writer: int) -> None:
        for turn in range(COMMITS):
            with company.as_host(f"hr-{writer}").transaction(at=now) as tx:
                tx.update_user(f"user-{writer}-{turn}", {"country": "DE"})

    with ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(write, writer) for writer in range(2)]:
            each.result()
    assert company.revision == 1 + 2 * COMMITS
    assert company.snapshot().member_count("germans") == 1 + 2 * COMMITS


pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")


@pytest.fixture
def watchdog() -> Iterator[None]:
    """Ends the tests if one that waits for another thread waits for ever."""
    faulthandler.dump_traceback_later(60, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pipes
def test_an_import_lets_other_threads_run(
    company: matricula.Registry, now: datetime, tmp_path: Path, watchdog: None
) -> None:
    """Its feed is a pipe that only another thread fills."""
    pipe = tmp_path / "feed"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        filling = pool.submit(pipe.write_bytes, b"id\ncy\n")
        with company.as_host("hr").transaction(at=now) as tx:
            report = tx.import_users(pipe, {"id": "key"})
        filling.result()
    assert report.created == 1


@pipes
def test_ctrl_c_ends_an_import(
    company: matricula.Registry, now: datetime, tmp_path: Path, watchdog: None
) -> None:
    """The signal comes while the feed is read, and nobody asked for progress."""
    pipe = tmp_path / "feed"
    os.mkfifo(pipe)
    # What runs in the background may have been started without Python's handler.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupt() -> None:
        with pipe.open("wb") as feed:
            os.kill(os.getpid(), signal.SIGINT)
            feed.write(b"id\ncy\n")

    with ThreadPoolExecutor(1) as pool:
        tx = company.as_host("hr").transaction(at=now)
        interrupting = pool.submit(interrupt)
        with pytest.raises(KeyboardInterrupt):
            tx.import_users(pipe, {"id": "key"})
        interrupting.result()
    signal.signal(signal.SIGINT, before)
    assert tx.preview().delta.is_empty


HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
connection.close()
"""


def test_a_commit_lets_other_threads_run(now: datetime, tmp_path: Path, watchdog: None) -> None:
    """It waits for another process, which only another thread tells to give the file back."""
    path = tmp_path / "acme.db"
    with matricula.open(path) as registry:
        tx = registry.as_host("hr").transaction(at=now)
        tx.update_user("ann")
        command = [sys.executable, "-c", HOLD, str(path)]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as holder:
            assert holder.stdin is not None and holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            released = list[float]()

            def give_back(answer: IO[str]) -> None:
                time.sleep(0.2)
                released.append(time.monotonic())
                answer.write("give it back\n")
                answer.flush()

            with ThreadPoolExecutor(1) as pool:
                giving = pool.submit(give_back, holder.stdin)
                assert tx.commit().revision == 1
                assert [each < time.monotonic() for each in released] == [True]
                giving.result()


@pytest.mark.parametrize(
    "call", ["preview_rule", "lints", "membership_history", "plan", "problems", "save_cache"]
)
def test_what_takes_long_lets_other_threads_run(
    company: matricula.Registry, now: datetime, call: str
) -> None:
    """The interpreter never takes turns by itself here: only a call that releases it lets the other thread run."""
    snapshot, go, ran = company.snapshot(), threading.Event(), list[bool]()
    tx = company.as_host("hr").transaction(at=now)
    calls: dict[str, Callable[[], object]] = {
        "preview_rule": lambda: snapshot.preview_rule("has(user.country)"),
        "lints": lambda: snapshot.lints("germans"),
        "membership_history": lambda: company.membership_history("ann", "germans"),
        "plan": lambda: snapshot.plan(),
        "problems": lambda: tx.problems(),
        "save_cache": lambda: company.save_cache(),
    }
    interval = sys.getswitchinterval()

    def run() -> None:
        go.wait()
        ran.append(True)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        sys.setswitchinterval(1000)
        go.set()
        deadline = time.monotonic() + 10
        while not ran and time.monotonic() < deadline:
            calls[call]()
        assert ran
    finally:
        sys.setswitchinterval(interval)
        thread.join()


def test_one_transaction_in_two_threads_neither_hangs_nor_loses_changes(
    company: matricula.Registry, now: datetime
) -> None:
    tx = company.as_host("hr").transaction(at=now)

    def write(writer: int) -> None:
        for turn in range(200):
            tx.update_user(f"user-{writer}-{turn}", {"country": "DE"})
            if turn % 50 == 0:
                tx.preview()

    with ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(write, writer) for writer in range(2)]:
            each.result()
    assert tx.commit().users_created == 400


def test_closing_while_others_work_is_clean(now: datetime) -> None:
    """Whoever comes too late is told so; nobody hangs, and nothing is half done."""
    for _ in range(20):
        registry = matricula.memory()
        host, codes = registry.as_host("hr"), list[str]()

        def write(host: matricula.Host = host, codes: list[str] = codes) -> None:
            try:
                for turn in range(1000):
                    with host.transaction(at=now) as tx:
                        tx.update_user(f"user-{turn}")
            except matricula.MatriculaError as error:
                codes.append(error.code)

        with ThreadPoolExecutor(2) as pool:
            writing = pool.submit(write)
            while registry.revision < 3:
                pass
            registry.close()
            writing.result()
        assert codes == ["closed"]
