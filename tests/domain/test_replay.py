"""What a partner may be told again."""

import pytest

from app.domain.errors import WrongState
from app.domain.machines import after_replay
from app.domain.words import DeliveryState as S

AGAIN = {S.PENDING, S.ACCEPTED, S.CONFIRMED, S.FAILED}


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("newest", [True, False])
@pytest.mark.parametrize("sending", [True, False])
def test_only_what_is_in_force_and_rests(state: S, newest: bool, sending: bool) -> None:
    if state in AGAIN and newest and not sending:
        assert after_replay(state, newest=newest, sending=sending) is S.PENDING
        return
    if state is S.SENDING and newest and not sending:
        return  # there is no such row: what is being sent has a lease
    with pytest.raises(WrongState):
        after_replay(state, newest=newest, sending=sending)
