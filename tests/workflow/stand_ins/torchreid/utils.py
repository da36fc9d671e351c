"""torchreid.utils.FeatureExtractor: files in, a tensor (files, values) out."""

import numpy as np
import torch
from PIL import Image


class FeatureExtractor:
    def __init__(self, *, model_name: str, model_path: str, device: str) -> None:
        assert model_name and model_path and device in ("cpu", "cuda")

    def __call__(self, files: list[str]) -> torch.Tensor:
        colours = [np.asarray(Image.open(file).convert("RGB").resize((4, 8)), np.float32).ravel() for file in files]
        return torch.from_numpy(np.stack(colours) - 128)
