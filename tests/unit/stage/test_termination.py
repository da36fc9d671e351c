"""SIGTERM: raised once, held back, let go, and none of forked processes' business."""

import contextlib
import os
import signal
import threading
import time

import pytest

from streid.stage import termination
from streid.stage.termination import Terminated, held_back, outlast_sigterm, terminable


def send() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.fixture(autouse=True)
def unchanged_handler() -> object:
    before = signal.getsignal(signal.SIGTERM)
    yield
    assert signal.getsignal(signal.SIGTERM) is before


def test_it_is_raised_once_so_that_cleaning_up_is_not_disturbed() -> None:
    cleaned = []
    with pytest.raises(Terminated), terminable():
        try:
            send()
        finally:
            send()
            cleaned.append(True)
    assert cleaned == [True]


def test_it_is_no_error() -> None:
    assert not issubclass(Terminated, Exception)


def test_it_is_noted_while_it_is_held_back_and_raised_afterwards() -> None:
    done = []
    with pytest.raises(Terminated), terminable():
        with held_back() as held:
            assert not held.arrived
            send()
            assert held.arrived
            done.append("inside")
        done.append("afterwards")
    assert done == ["inside"]


def test_without_it_nothing_happens() -> None:
    with terminable(), held_back() as held, held.released():
        pass
    assert not held.arrived


def test_what_is_released_ends_at_once_by_it() -> None:
    cleaned = []
    with pytest.raises(Terminated), terminable(), held_back() as held:
        try:
            with held.released():
                send()
        finally:
            send()
            cleaned.append(held.arrived)
    assert cleaned == [True]


def test_what_is_released_after_it_does_not_begin() -> None:
    begun = []
    with pytest.raises(Terminated), held_back() as held:
        send()
        with held.released():
            begun.append(True)
    assert begun == []


def test_another_error_is_not_hidden_by_it() -> None:
    with pytest.raises(KeyError), terminable(), held_back():
        send()
        raise KeyError


@pytest.mark.parametrize("block", [terminable, held_back])
def test_forked_processes_end_at_once(block: object) -> None:
    with block():  # type: ignore[operator]
        child = os.fork()
        if not child:
            send()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGTERM


def test_other_threads_hear_nothing_of_it() -> None:
    found = []

    def work() -> None:
        with terminable(), held_back() as held, held.released():
            found.append(held.arrived)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [False]


@pytest.mark.parametrize(("caught", "status"), [(True, 0), (False, -signal.SIGTERM)])
def test_a_worker_outlasts_it_while_its_parent_catches_it(caught: bool, status: int) -> None:
    (ready, tell_ready), (end, tell_end) = os.pipe(), os.pipe()
    with held_back() if caught else contextlib.nullcontext():
        child = os.fork()
        if not child:
            outlast_sigterm()
            os.write(tell_ready, b"x")
            os.read(end, 1)  # where the signal ends the process it does so here
            os._exit(0)
        assert os.read(ready, 1) == b"x"
        os.kill(child, signal.SIGTERM)
        os.write(tell_end, b"x")
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == status
    for stream in (ready, tell_ready, end, tell_end):
        os.close(stream)


def test_a_worker_that_nobody_ends_ends_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(termination, "GRACE_SECONDS", 1)
    with held_back():
        child = os.fork()
        if not child:
            outlast_sigterm()
            send()
            time.sleep(60)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGALRM
