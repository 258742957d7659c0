"""Keys: issued, listed, revoked."""

import re

from tests.commands.conftest import Served
from tests.commands.terminal import api
from tests.making import record_json

ORGAN = ("--organ", "610113000000", "--organ-name", "西安市公安局雁塔分局")


def test_a_key_works_from_its_issue_to_its_revocation(served: Served) -> None:
    terminal = served.terminal
    issued = terminal.huijia("key", "issue", "police", *ORGAN, "--label", "接处警系统")
    assert issued.code == 0, issued
    key = issued.out.strip()
    kind, live, id, secret = key.split("_")
    assert (kind, live) == ("hj", "live")
    with api(terminal, key) as client:
        assert client.get("/v1/alerts/HJ-2026-999999").status_code == 404
        revoked, before = terminal.several(("key", "revoke", id), ("key", "list"))
        assert (revoked.code, id in revoked.out) == (0, True)
        assert client.get("/v1/alerts/HJ-2026-999999").status_code == 401
    again, after = terminal.several(("key", "revoke", id), ("key", "list"))
    assert f"没有编号为 {id} 的有效密钥" in again.plainly()
    (row,) = (line for line in after.out.splitlines() if id in line)
    assert all(word in row for word in ("police", "正式", "610113000000", "接处警系统"))
    assert len(re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d", row)) == 2, "issued, and revoked"
    assert secret not in before.out + after.out


def test_a_test_key_issues_no_actual_alert_and_a_partner_key_none_at_all(served: Served) -> None:
    terminal = served.terminal
    police, partner, unknown = terminal.several(
        ("key", "issue", "police", *ORGAN, "--test"),
        ("key", "issue", "partner", "--partner", "西安城墙传媒", "--phone", "029-87654321"),
        ("key", "issue", "police", "--organ", "610199000000"),
    )
    assert "机关" in unknown.plainly()
    assert police.out.startswith("hj_test_")
    with api(terminal, police.out.strip()) as client:
        assert client.post("/v1/alerts", json=record_json(status="actual")).status_code == 403
        tried = client.post("/v1/alerts", json=record_json(status="test"))
        assert tried.status_code == 201, tried.text
        assert client.post(f"/v1/alerts/{tried.json()['id']}/retract", json={"reason": "found"}).status_code == 200
    with api(terminal, partner.out.strip()) as client:
        assert client.get("/v1/feed").status_code == 200
        assert client.post("/v1/alerts", json=record_json(status="test")).status_code == 403
