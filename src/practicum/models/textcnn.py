"""Convolutions over words for classifying sentences (Kim 2014, "Convolutional neural networks for sentence classification").

    c_t = ReLU(w · [x_{t-h/2} … x_{t+h/2}] + b)         eq. 2: one feature map of a filter that spans h words
    ĉ = max_t c_t                                       max-over-time pooling
    logits = W dropout([ĉ¹ … ĉᵐ])                       eq. 4

Symbols: B sentences, T words, D numbers per word vector, M maps per span. `x_BTD` has shape (B, T, D).
Departs from the paper: sentences are padded by h/2 words on each side rather than filled up to one length, and padding behind a
sentence never reaches the maximum; the norm of W's rows is not bounded by 3.
"""

import torch
from torch import Tensor, nn


class TextCNN(nn.Module):
    """One convolution with filters of several spans, a maximum over time, and a linear layer.

    Args:
        vectors: where the word vectors begin, shape (V, D); they are trained on (the paper's CNN-non-static).
        num_classes: number of scores.
        maps: M, feature maps for each span.
        spans: how many words filters see.
        dropout: on the pooled features.
        pad: the word that is padding.

    Source: Kim 2014, figure 1.
    """

    def __init__(
        self,
        vectors: Tensor,
        num_classes: int,
        *,
        maps: int = 100,
        spans: tuple[int, ...] = (3, 4, 5),
        dropout: float = 0.5,
        pad: int = 0,
    ) -> None:
        super().__init__()
        self.pad = pad
        self.embedding = nn.Embedding.from_pretrained(vectors.clone(), freeze=False, padding_idx=pad)
        with torch.no_grad():
            self.embedding.weight[pad] = 0
        self.convolutions = nn.ModuleList(nn.Conv1d(vectors.shape[1], maps, span, padding=span // 2) for span in spans)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(maps * len(spans), num_classes)

    def forward(self, word_BT: Tensor) -> Tensor:
        """Return the logits.

        Args:
            word_BT: words' numbers, padded at the end.

        Returns:
            Shape (B, classes).

        Raises:
            ValueError: the words are not of shape (B, T) with T ≥ 1.
        """
        if word_BT.ndim != 2 or not word_BT.shape[1]:
            raise ValueError(f"expected words of shape (batch, length at least 1), got {tuple(word_BT.shape)}")
        x_BDT = self.embedding(word_BT).transpose(1, 2)
        padding_B1T = (word_BT == self.pad)[:, None]
        T = word_BT.shape[1]  # even spans make one place more
        # After ReLU nothing is below 0: what is padding may be 0 in the maximum.
        maps = [convolution(x_BDT)[:, :, :T].relu().masked_fill(padding_B1T, 0).amax(2) for convolution in self.convolutions]
        return self.head(self.dropout(torch.cat(maps, 1)))
