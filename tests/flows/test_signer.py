"""huijia's own keys, against the vector that the reference implementation of Standard Webhooks carries."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.flows.ports import Signer, new_signing_key
from app.settings import Settings

VECTOR = (
    "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=",
    b'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}',
    "tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag==",
)


def test_the_vector_of_the_reference_implementation() -> None:
    key, message, expected = VECTOR
    assert [base64.b64encode(s).decode() for s in Signer(key).sign(message)] == [expected]


def test_every_key_signs_and_is_published_newest_first() -> None:
    signer = Signer(new_signing_key(), new_signing_key())
    signatures, published = signer.sign(b"said"), signer.public()
    assert len(set(published)) == 2
    for signature, public in zip(signatures, published, strict=True):
        assert public.startswith("whpk_")
        Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_"))).verify(signature, b"said")


@pytest.mark.parametrize(
    "key", ["", "whsk_", "whsk_AAAA", VECTOR[0].removeprefix("whsk_"), VECTOR[0].replace("whsk_", "whsec_"), "whsk_!"]
)
def test_keys_that_are_none(key: str) -> None:
    with pytest.raises(ValueError, match="whsk_ and the Base64 of 32 bytes") as error:
        Signer(key)
    assert len(key) < 8 or key not in str(error.value)


def test_one_is_made_and_kept_and_one_that_is_set_is_used(tmp_path: pytest.TempPathFactory) -> None:
    folder = str(tmp_path)
    first, again = (Settings(_env_file=None, data=folder).own_keys() for _ in range(2))
    assert first == again
    assert Signer(*first).public()
    given = Settings(_env_file=None, data=folder, signing_keys=f"{VECTOR[0]}, {first[0]}")
    assert given.own_keys() == [VECTOR[0], first[0]]
    assert VECTOR[0] not in repr(given)
