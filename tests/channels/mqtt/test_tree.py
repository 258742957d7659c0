"""The caretaker's rules, by the clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson

from channels.carriers.mqtt.retained import Document
from channels.carriers.mqtt.tree import LAGGING, OVER, SETTLING, Tree
from channels.contract import Kind

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
ALERT, HERE, THERE = "HJ-2026-000123", "p/actual/a/all/HJ-2026-000123", "p/actual/b/all/HJ-2026-000123"
EXPIRES = NOW + timedelta(hours=24)


def payload(number: int, kind: str = "publish", expires: datetime = EXPIRES) -> bytes:
    data = {"alert": ALERT, "number": number, "kind": kind, "expires_at": expires.isoformat()}
    return orjson.dumps({"data": data})


def document(topic: str, number: int, kind: str = "publish") -> Document:
    return Document(topic, ALERT, number, kind == "retract", payload(number, kind), EXPIRES)


def planted(*leaves: tuple[str, bytes]) -> Tree:
    tree = Tree()
    for topic, said in leaves:
        tree.hear(topic, said, NOW)
    return tree


def due(tree: Tree, after: timedelta) -> list[Document]:
    return list(tree.due(NOW + after))


def test_what_is_as_it_should_be_is_left_alone() -> None:
    tree = planted((HERE, payload(1)), (THERE, payload(2, "retract")))
    tree.hear(HERE, payload(2, "retract"), NOW)
    for after in (timedelta(0), LAGGING, timedelta(hours=23)):
        assert due(tree, after) == []


def test_what_is_not_shown_again_after_a_reconnection_is_put_back_once_it_had_time() -> None:
    tree = planted((HERE, payload(1)), (THERE, payload(1)))
    tree.begin(NOW)
    tree.hear(THERE, payload(1), NOW)
    assert due(tree, SETTLING / 2) == []
    assert due(tree, SETTLING) == [document(HERE, 1)]
    assert due(tree, SETTLING * 2) == [], "it is given time"
    assert due(tree, SETTLING + LAGGING) == [document(HERE, 1)], "and asked for again"
    tree.hear(HERE, payload(1), NOW)
    assert due(tree, SETTLING + LAGGING * 3) == []


def test_a_lower_number_over_a_higher_one_is_put_right_at_once() -> None:
    tree = planted((HERE, payload(2, "retract")))
    tree.hear(HERE, payload(1), NOW)
    assert due(tree, timedelta(0)) == [document(HERE, 2, "retract")]


def test_an_end_is_carried_to_a_topic_that_it_did_not_reach() -> None:
    tree = planted((HERE, payload(1)), (THERE, payload(1)))
    tree.hear(THERE, payload(2, "retract"), NOW)
    assert due(tree, LAGGING / 2) == [], "the ordinary way is under way"
    assert due(tree, LAGGING) == [replace(document(HERE, 2, "retract"))]


def test_what_is_over_is_cleared() -> None:
    tree = planted((HERE, payload(1)))
    over = EXPIRES + OVER - NOW
    assert due(tree, over - timedelta(seconds=1)) == []
    assert due(tree, over) == [Document(HERE, ALERT, 1, True, b"", EXPIRES)]
    assert due(tree, over * 2) == []


def test_what_is_over_is_not_put_back() -> None:
    tree = planted((HERE, payload(1)))
    tree.begin(EXPIRES)
    assert list(tree.due(EXPIRES + SETTLING)) == []


def test_what_somebody_else_wrote_is_no_business_of_ours() -> None:
    tree = planted(
        (HERE, b"hello"), (HERE, b"{}"), (HERE, orjson.dumps({"data": {"number": 1}})), (HERE, payload(1)[:-3]),
        ("p/actual/a/all/ANOTHER", payload(1)), (THERE, b""),
    )  # fmt: skip
    tree.begin(NOW)
    assert due(tree, timedelta(days=9)) == []


def test_what_the_ledger_knows_is_put_where_nothing_lies() -> None:
    """Nobody has seen anything: this process and the broker have both just begun."""
    tree = Tree()
    tree.begin(NOW)
    tree.know(document(HERE, 1), Kind.PUBLISH, NOW)
    assert due(tree, SETTLING / 2) == [], "the broker has time to tell what it has"
    assert due(tree, SETTLING) == [document(HERE, 1)]
    tree.hear(HERE, payload(1), NOW)
    assert due(tree, SETTLING + LAGGING) == []


def test_an_end_that_the_ledger_knows_is_put_there_and_carried_on() -> None:
    """To a topic, too, where no outlet is any more, and where the notice has come back."""
    tree = planted((HERE, payload(1)))
    tree.know(document(THERE, 2, "retract"), Kind.RETRACT, NOW)
    assert due(tree, SETTLING) == [document(THERE, 2, "retract")]
    tree.hear(THERE, payload(2, "retract"), NOW)
    assert due(tree, LAGGING) == [document(HERE, 2, "retract")]


def test_what_lies_there_as_the_ledger_says_is_left_alone() -> None:
    tree = planted((HERE, payload(1)))
    tree.know(document(HERE, 1), Kind.PUBLISH, NOW)
    assert due(tree, LAGGING) == []


def test_what_a_broker_has_of_old_is_replaced_by_the_end_that_the_ledger_knows() -> None:
    tree = planted((HERE, payload(1)))
    tree.know(document(HERE, 2, "retract"), Kind.RETRACT, NOW)
    assert due(tree, SETTLING) == [document(HERE, 2, "retract")]


def test_what_came_after_the_ledger_was_asked_is_newer() -> None:
    tree = planted((HERE, payload(2, "retract")))
    tree.know(document(HERE, 1), Kind.PUBLISH, NOW)
    assert due(tree, LAGGING * 2) == []
