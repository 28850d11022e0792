"""Vision transformer (Dosovitskiy et al. 2021, eq. 1-4).

    z₀ = [x_class; x_p¹ E; …; x_pᴺ E] + E_pos,   z_l = block(z_{l-1}),   y = LN(z_L)₀,   logits = W y + b

Symbols: B images, P side of a patch, N = (H/P)(W/P) patches, C width, K classes. `images_BCHW` has shape (B, channels, H, W).
The head is the paper's fine-tuning head, one layer.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from practicum.models.layers.transformer_block import TransformerBlock


@dataclass(frozen=True)
class ViTConfig:
    """Sizes of a vision transformer; the defaults are ViT-B/16's.

    Attributes:
        image_size: side of the square images.
        patch_size: P, divides it.
        channels: of the images.
        num_classes: K.
        width: C.
        num_layers: blocks.
        num_heads: of attention; divides the width.
        hidden: units of the blocks' MLP; 4 C if None.
        dropout: of the embeddings, the attention weights and both branches of each block.
        eps: of the layer norms; published weights have 1e-12.
    """

    image_size: int = 224
    patch_size: int = 16
    channels: int = 3
    num_classes: int = 1000
    width: int = 768
    num_layers: int = 12
    num_heads: int = 12
    hidden: int | None = None
    dropout: float = 0.0
    eps: float = 1e-12


class ViT(nn.Module):
    """A vision transformer that classifies by its class token.

    Args:
        config: its sizes.

    Raises:
        ValueError: the patches do not divide the images.

    Example:
        >>> model = ViT(ViTConfig(image_size=28, patch_size=7, channels=1, num_classes=10, width=8, num_layers=1, num_heads=2))
        >>> model(torch.zeros(2, 1, 28, 28)).shape
        torch.Size([2, 10])

    Source: Dosovitskiy et al. 2021, figure 1.
    """

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        if config.image_size % config.patch_size:
            raise ValueError(f"expected images that patches of {config.patch_size} divide, got a side of {config.image_size}")
        self.config = config
        side, C = config.image_size // config.patch_size, config.width
        # A convolution as wide as its stride is one linear map of each patch.
        self.patch_embedding = nn.Conv2d(config.channels, C, config.patch_size, config.patch_size)
        self.class_token = nn.Parameter(torch.empty(1, 1, C))
        self.position_embedding = nn.Parameter(torch.empty(1, side * side + 1, C))
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(
            TransformerBlock(C, config.num_heads, hidden=config.hidden, dropout=config.dropout, eps=config.eps)
            for _ in range(config.num_layers)
        )
        self.final_norm = nn.LayerNorm(C, eps=config.eps)
        self.head = nn.Linear(C, config.num_classes)
        # As in transformers: biases 0, norms as they are, all else N(0, 0.02). It and timm leave the cut where PyTorch has it, at
        # ±2, a hundred deviations away: no draw is cut.
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif "norm" not in name:
                nn.init.trunc_normal_(parameter, std=0.02)

    def forward(self, images_BCHW: Tensor) -> Tensor:
        """Return the classes' logits; the last block is computed for the class token alone.

        Args:
            images_BCHW: shape (B, channels, side, side).

        Returns:
            Shape (B, K).
        """
        x_BTC = self.embed(images_BCHW)
        for block in self.blocks[:-1]:
            x_BTC = block(x_BTC)
        return self.head(self.final_norm(self.blocks[-1].first(x_BTC))[:, 0])

    def features(self, images_BCHW: Tensor) -> Tensor:
        """Return the class token and the patches after the last norm, shape (B, 1 + N, C)."""
        x_BTC = self.embed(images_BCHW)
        for block in self.blocks:
            x_BTC = block(x_BTC)
        return self.final_norm(x_BTC)

    def embed(self, images_BCHW: Tensor) -> Tensor:
        """Return z₀, shape (B, 1 + N, C).

        Raises:
            ValueError: the images' shape is another one.
        """
        expected = (self.config.channels, self.config.image_size, self.config.image_size)
        if tuple(images_BCHW.shape[1:]) != expected:
            raise ValueError(f"expected images of shape (batch, {', '.join(map(str, expected))}), got {tuple(images_BCHW.shape)}")
        # (B, C, side, side) -> (B, C, N) -> (B, N, C)
        patches_BNC = self.patch_embedding(images_BCHW).flatten(2).mT
        # eq. 1: the class token in front, then positions, its own included
        x_BTC = torch.cat([self.class_token.expand(len(images_BCHW), -1, -1), patches_BNC], 1) + self.position_embedding
        return self.dropout(x_BTC)


def attention_rollout(weights: list[Tensor]) -> Tensor:
    """Return how much of each patch has reached the class token through all layers, residual paths counted as half.

    Args:
        weights: attention weights of each layer, shape (B, heads, 1 + N, 1 + N), from the first to the last; of the last one the
            class token's row is enough: (B, heads, 1, 1 + N).

    Returns:
        Shape (B, N); rows sum to 1.

    Source: Abnar & Zuidema 2020, eq. 1; the picture is Dosovitskiy et al. 2021, figure 6.
    """
    flow_BTT = torch.eye(weights[0].shape[-1], dtype=weights[0].dtype, device=weights[0].device)
    for layer in weights:
        flow_BTT = (layer.mean(1) + torch.eye(*layer.shape[-2:], dtype=layer.dtype, device=layer.device)) / 2 @ flow_BTT
    patches_BN = flow_BTT[:, 0, 1:]
    return patches_BN / patches_BN.sum(-1, keepdim=True)
