"""Tests of local_utils.stop_signals."""
import os
import signal

import pytest

from local_utils.stop_signals import StopSignals


def test_a_signal_is_noted_and_a_second_one_acts_as_before():
    with StopSignals() as stop:
        assert stop.requested is None
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.requested == 'SIGINT'
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    with StopSignals() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.requested == 'SIGTERM'
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
