"""The network that is learned from scratch: a small Transformer, deep to read, shallow to write.

Reading runs once per sentence, writing once per word, so layers cost less where it reads.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from translation.vocabulary import PADDING

LONGEST_PIECES = 256


@dataclass(frozen=True)
class Shape:
    """The size of a network."""

    pieces: int
    width: int = 256
    heads: int = 4
    inner: int = 1024
    reading_layers: int = 4
    writing_layers: int = 2
    dropout: float = 0.1

    def __str__(self) -> str:
        return f"Transformer {self.reading_layers}+{self.writing_layers}x{self.width}"


class Network(nn.Module):
    """Source pieces (batch, source length) and target pieces (batch, target length) in; the
    logits of each next piece out (batch, target length, pieces)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.pieces, shape.width, padding_idx=PADDING)
        self.transformer = nn.Transformer(
            shape.width,
            shape.heads,
            shape.reading_layers,
            shape.writing_layers,
            shape.inner,
            shape.dropout,
            batch_first=True,
            norm_first=True,
        )
        self.dropout = nn.Dropout(shape.dropout)
        self.bias = nn.Parameter(torch.zeros(shape.pieces))
        self.positions: Tensor
        self.register_buffer("positions", positions(LONGEST_PIECES, shape.width))
        nn.init.normal_(self.embedding.weight, std=shape.width**-0.5)
        for module in self.modules():
            # On a CPU drawing random numbers takes a sixth of a step; the residual's must do.
            if isinstance(module, nn.MultiheadAttention):
                module.dropout = 0.0
            if isinstance(module, nn.TransformerEncoderLayer | nn.TransformerDecoderLayer):
                module.dropout.p = 0.0

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        padded = torch.zeros(source.shape, device=source.device)
        padded = padded.masked_fill_(source == PADDING, -math.inf)
        later = nn.Transformer.generate_square_subsequent_mask(
            target.shape[1], device=source.device
        )
        written = self.transformer(
            self._embed(source),
            self._embed(target),
            tgt_mask=later,
            src_key_padding_mask=padded,
            memory_key_padding_mask=padded,
        )
        logits: Tensor = written @ self.embedding.weight.T + self.bias
        return logits

    def _embed(self, pieces: Tensor) -> Tensor:
        scaled = self.embedding(pieces) * math.sqrt(self.shape.width)
        embedded: Tensor = self.dropout(scaled + self.positions[: pieces.shape[1]])
        return embedded


def positions(length: int, width: int) -> Tensor:
    """The sinusoids of "Attention is all you need", halves side by side: (length, width)."""
    rates = torch.exp(torch.arange(width // 2) * (-math.log(10_000.0) / (width // 2 - 1)))
    angles = torch.arange(length)[:, None] * rates[None, :]
    return torch.cat([angles.sin(), angles.cos()], dim=1)
