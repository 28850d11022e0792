"""GPT, BERT and ViT beside Hugging Face's `transformers`: training steps and generation, single precision, the same sizes.

The peer runs as it comes: uncompiled, with its default attention (PyTorch's `scaled_dot_product_attention`) if no other is named.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
import transformers
from interleave import Row
from torch import Tensor, nn

from practicum.methods.generate import generate
from practicum.models.bert import BERTClassifier, BERTConfig, BERTForMaskedLM
from practicum.models.gpt import GPT, GPTConfig
from practicum.models.vit import ViT, ViTConfig


def training(model: nn.Module, loss: Callable[[], Tensor]) -> Callable[[], object]:
    """Return a training step: loss, backward, fused AdamW."""
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)

    def step() -> None:
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()

    return step


def gpt2(config: GPTConfig, attention: str = "sdpa") -> transformers.GPT2LMHeadModel:
    """Return the peer of a GPT, with PyTorch's fused attention or its own (`"eager"`)."""
    return transformers.GPT2LMHeadModel(
        transformers.GPT2Config(
            vocab_size=config.vocab_size,
            n_positions=config.context,
            n_embd=config.width,
            n_layer=config.num_layers,
            n_head=config.num_heads,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            bos_token_id=0,
            eos_token_id=None,
            attn_implementation=attention,
        )
    )


def gpt_training(vocab_size: int, attention: str = "sdpa") -> Row:
    """Return the row for a step of a small GPT."""
    config = GPTConfig(vocab_size, context=128, width=128, num_layers=4, num_heads=4, dropout=0.0)
    ours, theirs = GPT(config), gpt2(config, attention)
    x_BT, y_BT = torch.randint(vocab_size, (2, 16, 128))
    labels_BT = torch.cat([x_BT[:, :1], y_BT[:, :-1]], 1)  # the peer moves them itself
    return Row(
        f"GPT training step, vocabulary {vocab_size:,}, 4 layers, 128 wide, 16 × 128 tokens",
        f"transformers GPT2LMHeadModel, {attention} attention",
        training(ours, lambda: F.cross_entropy(ours(x_BT).flatten(0, 1), y_BT.flatten())),
        training(theirs, lambda: theirs(x_BT, labels=labels_BT).loss),
        floor=1.15 if vocab_size < 1000 else 0.95,
        work=x_BT.numel(),
        unit="token",
        note="78 % of our time is in kernels that both sides call: 57 % linear layers, 21 % attention"
        if vocab_size < 1000
        else "nine tenths of both sides' time is the output layer: equal is the limit",
    )


def gpt_generation(batch: int) -> Row:
    """Return the row for writing 100 tokens."""
    config = GPTConfig(65, context=128, width=128, num_layers=4, num_heads=4, dropout=0.0)
    ours, theirs = GPT(config).eval(), gpt2(config).eval()
    prompt_BT = torch.randint(65, (batch, 8))
    mask_BT = torch.ones_like(prompt_BT)
    return Row(
        f"GPT generation with a cache, {batch} × 100 tokens, greedy",
        "transformers generate",
        lambda: generate(ours, prompt_BT, 100, temperature=0),
        lambda: theirs.generate(prompt_BT, attention_mask=mask_BT, max_new_tokens=100, do_sample=False, pad_token_id=0),
        floor=1.5,
        work=100 * batch,
        unit="token",
    )


def vit_training() -> Row:
    """Return the row for a step of a small ViT."""
    config = ViTConfig(image_size=28, patch_size=4, channels=1, num_classes=10, width=64, num_layers=4, num_heads=4)
    ours = ViT(config)
    theirs = transformers.ViTForImageClassification(
        transformers.ViTConfig(
            image_size=28,
            patch_size=4,
            num_channels=1,
            num_labels=10,
            hidden_size=64,
            num_hidden_layers=4,
            num_attention_heads=4,
            intermediate_size=256,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
    )
    x_BCHW, y_B = torch.randn(64, 1, 28, 28), torch.randint(10, (64,))
    return Row(
        "ViT training step, 4 layers, 64 wide, 64 images of 28 × 28 in patches of 4",
        "transformers ViTForImageClassification",
        training(ours, lambda: F.cross_entropy(ours(x_BCHW), y_B)),
        training(theirs, lambda: theirs(x_BCHW, labels=y_B).loss),
        floor=1.1,
        work=64,
        unit="image",
    )


def bert_training() -> Row:
    """Return the row for a masked-language-modelling step of a small BERT, a quarter of the tokens asked for."""
    config = BERTConfig(5000, context=64, width=128, num_layers=3, num_heads=4, dropout=0.0)
    ours = BERTForMaskedLM(config)
    theirs = transformers.BertForMaskedLM(
        transformers.BertConfig(
            vocab_size=5000,
            max_position_embeddings=64,
            hidden_size=128,
            num_hidden_layers=3,
            num_attention_heads=4,
            intermediate_size=512,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
    )
    tokens_BT = torch.randint(5, 5000, (64, 24))
    tokens_BT[torch.arange(24) >= torch.randint(12, 25, (64, 1))] = 0
    mask_BT = (tokens_BT != 0).long()
    asked_BT = (torch.rand(64, 24) < 0.25) & (tokens_BT != 0)
    labels_BT = tokens_BT.masked_fill(~asked_BT, -100)
    return Row(
        "BERT masked-language-modelling step, vocabulary 5,000, 3 layers, 128 wide, 64 × 24 tokens",
        "transformers BertForMaskedLM",
        training(ours, lambda: F.cross_entropy(ours(tokens_BT, asked_BT=asked_BT), tokens_BT[asked_BT])),
        training(theirs, lambda: theirs(tokens_BT, attention_mask=mask_BT, labels=labels_BT).loss),
        floor=1.1,
        work=64 * 24,
        unit="token",
        note="ours computes logits only for the tokens asked for",
    )


def bert_classification() -> Row:
    """Return the row for a fine-tuning step of the same BERT."""
    config = BERTConfig(5000, context=64, width=128, num_layers=3, num_heads=4, dropout=0.0)
    ours = BERTClassifier(config, 77)
    theirs = transformers.BertForSequenceClassification(
        transformers.BertConfig(
            vocab_size=5000,
            max_position_embeddings=64,
            hidden_size=128,
            num_hidden_layers=3,
            num_attention_heads=4,
            intermediate_size=512,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            num_labels=77,
        )
    )
    tokens_BT, label_B = torch.randint(5, 5000, (64, 24)), torch.randint(77, (64,))
    tokens_BT[torch.arange(24) >= torch.randint(12, 25, (64, 1))] = 0
    mask_BT = (tokens_BT != 0).long()
    return Row(
        "BERT classification step, 3 layers, 128 wide, 64 × 24 tokens",
        "transformers BertForSequenceClassification",
        training(ours, lambda: F.cross_entropy(ours(tokens_BT), label_B)),
        training(theirs, lambda: theirs(tokens_BT, attention_mask=mask_BT, labels=label_B).loss),
        floor=1.1,
        work=64 * 24,
        unit="token",
        note="ours computes the last block for the first token alone",
    )


def rows() -> list[Row]:
    """Return the comparisons."""
    torch.manual_seed(0)
    return [
        gpt_training(65),
        gpt_training(65, "eager"),
        gpt_training(50257),
        gpt_generation(1),
        gpt_generation(16),
        bert_training(),
        bert_classification(),
        vit_training(),
    ]
