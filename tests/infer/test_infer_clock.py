"""The time that an answer may take: shared, shown, and over when it is over."""

import io
import threading
import time

import pytest

from isotherm.infer import clock as infer_clock
from isotherm.infer.clock import Clock, is_given_up_running


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_work_returns_what_it_finds_and_raises_what_it_raises() -> None:
    with Clock(20.0) as clock:
        assert clock.run(lambda: 3, clock.share(1)) == 3
        with pytest.raises(KeyError, match="seven"):
            clock.run(lambda: {}["seven"], clock.share(1))
    assert not is_given_up_running()


def test_work_is_left_alone_when_its_time_is_over() -> None:
    ends = threading.Event()
    with Clock(30.0) as clock:
        begun = time.monotonic()
        assert clock.run(ends.wait, begun + 0.3) is None
        assert 0.3 <= time.monotonic() - begun < 2
        assert is_given_up_running()
        ends.set()
        infer_clock._given_up[-1].join(5)
        assert not is_given_up_running()


def test_what_an_interrupt_leaves_running_is_known() -> None:
    ends = threading.Event()
    with Clock(30.0) as clock:
        clock.tell = lambda: (_ for _ in ()).throw(KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            clock.run(ends.wait, clock.share(1))
    assert is_given_up_running()
    ends.set()
    infer_clock._given_up[-1].join(5)


def test_time_counts_from_the_block_on_and_is_shared() -> None:
    clock = Clock(0.5)
    time.sleep(0.3)
    with clock:
        assert clock.left > 0.4
        assert clock.share(2) - time.monotonic() == pytest.approx(clock.left / 2, abs=0.05)
        time.sleep(0.6)
        assert clock.left == 0
        assert clock.share(3) <= time.monotonic()


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_terminal_alone_shows_progress_time_left_and_the_best_so_far(
    monkeypatch, is_terminal: bool
) -> None:
    shown = Terminal() if is_terminal else io.StringIO()
    monkeypatch.setattr("sys.stderr", shown)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with Clock(4.0, "model.uai") as clock:
        for weight in (-9.5, -8.25):
            time.sleep(0.25)
            clock.tell(f"best state so far {weight}")
            time.sleep(0.15)
    said = shown.getvalue()
    if not is_terminal:
        assert said == ""
        return
    assert "model.uai: best state so far -9.5" in said
    assert "model.uai: best state so far -8.25" in said
    assert "s left" in said
    assert "%" in said


def test_nothing_is_shown_without_a_label(monkeypatch) -> None:
    shown = Terminal()
    monkeypatch.setattr("sys.stderr", shown)
    with Clock(0.5) as clock:
        time.sleep(0.3)
        clock.tell("a")
    assert shown.getvalue() == ""
