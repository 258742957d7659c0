"""What an operator may save, and what they are told when it will not do."""

from typing import Any

import pytest

from app.dispatch.wiring import revealed
from channels.carriers.ebd.settings import EbdSettings
from channels.carriers.ebd.signing import UNSIGNED
from tests.channels.ebd.stage import OUR_KEYS, OURS, settings, signed

FACTORY = {"2018": "610100000000", "2016": "610100000000"}


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("version", "2023", "2018"),
        ("source", OURS["2016"], "23 位数字"),
        ("source", "2" * 22 + "x", "23 位数字"),
        ("source", OURS["2018"] + "\n", "23 位数字"),
        ("target", "", "23 位数字"),
        ("url", "ftp://platform.example", "http"),
        ("callback", "javascript:alert(1)", "http"),
        ("areas", ["610103"], "12 位数字"),
        ("areas", ["雁塔区"], "12 位数字"),
        ("event_type", "14Y0", "pattern"),
        ("severity", "红色", "pattern"),
        ("exercise_type", "1", "'3', '4' or '5'"),
        ("exercise_type", "2", "'3', '4' or '5'"),
        ("test_type", "1", "'3', '4' or '5'"),
        ("digest", "crc32", "md5"),
        ("correction_minutes", 61, "60"),
        ("signer", "hsm", "sm2、none"),
        ("signing_key", None, "none"),
        ("signing_key", "", "none"),
        ("signing_key", "ab" * 31, "64 位十六进制"),
        ("cert_sn", "第3363号", "pattern"),
        ("peer_key", "04" + "ab" * 64, "128 位十六进制"),
        ("peer_cert_sn", "x", "pattern"),
        ("nonsense", 1, "nonsense"),
    ],
)
def test_what_will_not_do(field: str, value: Any, says: str) -> None:
    with pytest.raises(ValueError, match=field) as caught:
        signed(**{field: value})
    assert says in str(caught.value)
    assert OUR_KEYS.private_hex not in str(caught.value)


def test_unsigned_only_where_the_settings_say_so() -> None:
    plain = {"url": "https://platform.example/x", "source": OURS["2018"], "target": "36101000000000103010101"}
    with pytest.raises(ValueError, match="signing_key"):
        EbdSettings.model_validate(plain)
    assert EbdSettings.model_validate({**plain, "signer": UNSIGNED}).signing_key is None


def test_a_drill_can_never_be_set_to_go_out_as_the_real_thing() -> None:
    wrong: list[Any] = ["0", "1", "2", "6", 1, 3]
    for field in ("exercise_type", "test_type"):
        for value in wrong:
            with pytest.raises(ValueError, match=field):
                settings(**{field: value})


@pytest.mark.parametrize("version", ["2016", "2018"])
def test_the_area_of_a_platform_is_in_its_code(version: str) -> None:
    outlet = settings(version)
    assert outlet.form.area(outlet.target) == FACTORY[version]


@pytest.mark.parametrize("outlet", [settings(), signed(), signed("2016", areas=["610103"], correction_minutes=5)])
def test_what_is_sealed_opens_to_the_same_settings(outlet: EbdSettings) -> None:
    assert EbdSettings.model_validate(revealed(outlet)) == outlet


def test_nothing_secret_shows() -> None:
    shown = f"{signed()!r} {signed()!s}"
    assert OUR_KEYS.private_hex not in shown
    assert "k3yinp4th7Qz" not in shown
    assert "http" not in shown
