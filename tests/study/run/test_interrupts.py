"""Signals end work once, and never what cleans up behind it."""

import contextlib
import os
import signal
import threading
import time
from pathlib import Path

import pytest
from tests.support.shell import COINS, Isotherm, chunks, wait_until

from isotherm.study.run import interrupts
from isotherm.study.run.interrupts import children_ignore_ctrl_c, signals_interrupt, undisturbed
from isotherm.study.store.folder import CONFIG

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture
def ctrl_c():
    """Ctrl-C switched on, which it is not where a shell started the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.usefixtures("ctrl_c")
def test_a_signal_interrupts_once_and_handlers_come_back(number):
    before, done = [signal.getsignal(each) for each in SIGNALS], []
    with pytest.raises(KeyboardInterrupt), signals_interrupt():  # noqa: PT012
        try:
            signal.raise_signal(number)
        finally:
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
            done.append("cleaned up")
    assert done == ["cleaned up"]
    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_a_later_wish_counts_again(monkeypatch):
    monkeypatch.setattr(interrupts, "PATIENCE_S", 0.0)
    with signals_interrupt():
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM)


def test_what_must_not_be_disturbed_is_finished_first():
    done = []
    with signals_interrupt(), pytest.raises(KeyboardInterrupt), undisturbed(), undisturbed():  # noqa: PT012
        signal.raise_signal(signal.SIGTERM)
        done.append("cleaned up")
    assert done == ["cleaned up"]


def test_inner_blocks_share_one_wish():
    with signals_interrupt(), pytest.raises(KeyboardInterrupt):  # noqa: PT012
        with signals_interrupt():
            handler = signal.getsignal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is handler
        signal.raise_signal(signal.SIGTERM)


def test_ctrl_c_that_is_switched_off_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with signals_interrupt():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_have_no_signals():
    found = []

    def work():
        before = signal.getsignal(signal.SIGTERM)
        with signals_interrupt(), undisturbed():
            found.append(signal.getsignal(signal.SIGTERM) is before)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [True]


def test_children_are_born_without_ctrl_c():
    with children_ignore_ctrl_c():
        assert signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


@pytest.mark.parametrize("number", SIGNALS, ids=["Ctrl-C", "SIGTERM"])
@pytest.mark.parametrize("gap_s", [0.0, 0.05])
def test_signals_sent_twice_to_all_leave_nothing_on_the_terminal(
    tmp_path: Path, number: int, gap_s: float
) -> None:
    """The second one used to come while queues were closed: leaked semaphore objects, and code 143."""
    going = Isotherm("run", COINS, "--delay-s=0.4", "--out", str(tmp_path), "--workers=2", "--json")
    wait_until((lambda: chunks(tmp_path)) if gap_s < 0.05 else (lambda: has_begun(tmp_path, going)))
    for _ in range(2):
        _send(going, number)
        time.sleep(gap_s)
    code, out, err = going.finish()
    assert (code, out) == (130, "")
    told = [line for line in err.splitlines() if "%" not in line]
    assert len(told) == 1, err
    assert told[0].startswith("interrupted: ")
    assert not going.living()


def has_begun(store: Path, going: Isotherm) -> bool:
    """Whether workers are there: not just what an import asks of the system, before there is a run to interrupt."""
    return any(store.glob(f"*/{CONFIG}")) and len(going.living()) > 1


def _send(going: Isotherm, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(going.process.pid, number)
