"""A bidirectional GRU over words for classifying sentences; the largest of its states over time goes to the classes.

    h_t = [GRU→(x)_t ; GRU←(x)_t]                       Schuster & Paliwal 1997; Cho et al. 2014, appendix A.1.1
    logits = W dropout(max_t h_t)                       Lai et al. 2015, eq. 5 to 7; Conneau et al. 2017, section 3.2.2

Symbols: B sentences, T words, D numbers per word vector, H hidden units of both directions. `x_BTD` has shape (B, T, D).
Departs from the papers: no further layer between the states and the maximum; GRU in place of LSTM.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class TextRNN(nn.Module):
    """A bidirectional GRU, a maximum over time, and a linear layer.

    Args:
        vectors: where the word vectors begin, shape (V, D); they are trained on.
        num_classes: number of scores.
        hidden: H, even; half for each direction.
        dropout: on the word vectors and on the pooled states.
        pad: the word that is padding.

    Raises:
        ValueError: `hidden` is odd.

    Source: Conneau et al. 2017, "Supervised learning of universal sentence representations", figure 2.
    """

    def __init__(self, vectors: Tensor, num_classes: int, *, hidden: int = 256, dropout: float = 0.5, pad: int = 0) -> None:
        super().__init__()
        if hidden % 2:
            raise ValueError(f"expected an even number of hidden units (half for each direction), got {hidden}")
        self.pad = pad
        self.embedding = nn.Embedding.from_pretrained(vectors.clone(), freeze=False, padding_idx=pad)
        with torch.no_grad():
            self.embedding.weight[pad] = 0
        self.rnn = nn.GRU(vectors.shape[1], hidden // 2, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, num_classes)

    def forward(self, word_BT: Tensor) -> Tensor:
        """Return the logits.

        Args:
            word_BT: words' numbers, padded at the end; at least one word in each row.

        Returns:
            Shape (B, classes).

        Raises:
            ValueError: a sentence is empty.
        """
        length_B = (word_BT != self.pad).sum(1)
        if word_BT.ndim != 2 or not length_B.all():
            raise ValueError(f"expected at least one word in each sentence, got lengths {length_B.tolist()}")
        packed = pack_padded_sequence(
            self.dropout(self.embedding(word_BT)), length_B.cpu(), batch_first=True, enforce_sorted=False
        )
        h_BTH, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True, padding_value=-torch.inf)
        return self.head(self.dropout(h_BTH.amax(1)))
