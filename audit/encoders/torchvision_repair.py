"""Imports torchvision where its compiled operators do not load.

A CPU build of torch beside torchvision's usual wheel is a common pair: the one is installed to save
five gigabytes of CUDA libraries, the other comes from the package index and was compiled against
them. Its operators then cannot load, and importing it fails at the first that it describes
("operator torchvision::nms does not exist"). No encoder uses these operators, so their names are
declared and torchvision is imported again. Calling one of them still fails.

Import open_clip and timm only after :func:`import_torchvision`.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

#: The operators that torchvision describes at import, with the schemas that it compiles.
_DECLARED = {
    "torchvision::nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "torchvision::qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}


def import_torchvision() -> ModuleType:
    """torchvision, its operators declared if, and only if, they did not load.

    Raises
    ------
    ImportError
        If torch or torchvision is not installed.
    RuntimeError
        If importing it fails for another reason.
    """
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        missing = [
            name for name in _DECLARED if str(error).startswith(f"operator {name} does not exist")
        ]
        if not missing:
            raise
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    import torch

    for name, schema in _DECLARED.items():
        torch.library.define(name, schema)
    return importlib.import_module("torchvision")
