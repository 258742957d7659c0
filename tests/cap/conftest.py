"""The stage of the API tests."""

from tests.api.conftest import module_house, shared, stage

__all__ = ["module_house", "shared", "stage"]
