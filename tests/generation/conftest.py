"""A tiny model, which is built once."""

from __future__ import annotations

from importlib.util import find_spec

import pytest


@pytest.fixture(scope="session")
def torch_packages():
    """Skips where generating is not installed; where it is, one thread: the models are tiny."""
    for module in ("torch", "diffusers", "transformers", "PIL"):
        if find_spec(module) is None:
            pytest.skip(f"needs {module}: pip install 'concept-audit[generate]'")
    from audit.encoders.torchvision_repair import import_torchvision

    if find_spec("torchvision") is not None:
        import_torchvision()
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def tiny_model(torch_packages, tmp_path_factory):
    """The folder of a pipeline."""
    from tests.generation.tiny import save_tiny_pipeline

    return save_tiny_pipeline(tmp_path_factory.mktemp("models") / "tiny")
