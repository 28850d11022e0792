"""Recurrent networks beside PyTorch's, Mamba beside transformers' path in plain PyTorch: forward, backward, and one token."""

from collections.abc import Callable, Iterator

import torch
from interleave import Row
from torch import Tensor, nn

from practicum.models.compat import mamba as mamba_weights
from practicum.models.compat import rnn as rnn_weights
from practicum.models.mamba import Mamba, MambaConfig
from practicum.models.rnn import Kind, Recurrent, RecurrentConfig

BATCH, STEPS, INPUTS, HIDDEN = 64, 50, 64, 128
CONFIG = MambaConfig(256, width=128, num_layers=2)


# How ours is run: the setting, its name, what is to be known, and the floors of LSTM, GRU and RNN.
WAYS: list[tuple[dict[str, bool], str, str, dict[Kind, float]]] = [
    ({}, "written out", "one product for all inputs, a loop in Python over states", {"lstm": 0.3, "gru": 0.85, "rnn": 0.85}),
    (
        {"by_hand": True},
        "derivative by hand",
        "no graph over time; one product for the recurrent weight's gradient",
        {"lstm": 0.6},
    ),
    ({"fused": True}, "fused", "the same kernels behind our interface", {"lstm": 0.9, "gru": 0.9, "rnn": 0.9}),
]


def rows() -> Iterator[Row]:
    """Yield the comparisons."""
    peers: list[tuple[Kind, type[nn.Module]]] = [("lstm", nn.LSTM), ("gru", nn.GRU), ("rnn", nn.RNN)]
    for kind, peer in peers:
        for settings, name, note, floors in WAYS:
            if kind in floors:
                yield _recurrent(kind, peer, settings, name, note, floors[kind])
    yield _mamba_training()
    yield _mamba_token()


def _recurrent(kind: Kind, peer: type[nn.Module], settings: dict[str, bool], name: str, note: str, floor: float) -> Row:
    torch.manual_seed(0)
    theirs = peer(INPUTS, HIDDEN, batch_first=True)
    ours = Recurrent(RecurrentConfig(kind, INPUTS, HIDDEN, **settings))
    ours.load_state_dict(rnn_weights.from_peer(theirs.state_dict()))
    x = torch.randn(BATCH, STEPS, INPUTS)
    return Row(
        name=f"{kind.upper()}, {name}: forward and backward",
        peer=f"`nn.{peer.__name__}`, batch {BATCH}, {STEPS} steps, {INPUTS} → {HIDDEN}",
        ours_run=_training(ours, x, lambda result: result[0]),
        peer_run=_training(theirs, x, lambda result: result[0]),
        floor=floor,
        work=BATCH * STEPS,
        unit="token",
        note=note,
    )


def _mamba_training() -> Row:
    ours, theirs = _mambas()
    tokens = torch.randint(CONFIG.vocab_size, (8, 128))
    return Row(
        name="Mamba: forward and backward",
        peer="`MambaForCausalLM`, its PyTorch path, batch 8, 128 tokens, 2 layers of width 128",
        ours_run=_training(ours, tokens, lambda result: result),
        peer_run=_training(theirs, tokens, lambda result: result.logits),
        floor=2.0,
        work=tokens.numel(),
        unit="token",
        note="pieces of 16 steps, states computed again on the way back",
    )


def _mamba_token() -> Row:
    ours, theirs = (model.eval() for model in _mambas())
    tokens = torch.randint(CONFIG.vocab_size, (1, 16))
    caches = ours.caches()
    with torch.no_grad():
        ours(tokens, caches)
        cache = theirs(tokens, use_cache=True).cache_params
    token = tokens[:, -1:]

    @torch.no_grad()
    def our_token() -> None:
        ours(token, caches)

    @torch.no_grad()
    def peer_token() -> None:
        theirs(token, cache_params=cache, use_cache=True)

    return Row(
        name="Mamba: one more token",
        peer="`MambaForCausalLM` with its cache, batch 1, 2 layers of width 128",
        ours_run=our_token,
        peer_run=peer_token,
        floor=2.0,
        unit="token",
    )


def _mambas() -> tuple[Mamba, nn.Module]:
    from transformers import MambaConfig as PeerConfig
    from transformers import MambaForCausalLM

    torch.manual_seed(0)
    theirs = MambaForCausalLM(
        PeerConfig(vocab_size=CONFIG.vocab_size, hidden_size=CONFIG.width, num_hidden_layers=CONFIG.num_layers)
    )
    ours = Mamba(MambaConfig(CONFIG.vocab_size, CONFIG.width, CONFIG.num_layers, chunk=16))
    ours.load_state_dict(mamba_weights.from_peer(theirs.state_dict()))
    return ours.train(), theirs.train()


def _training(model: nn.Module, x: Tensor, output: Callable[..., Tensor]) -> Callable[[], None]:
    def run() -> None:
        model.zero_grad()
        output(model(x)).sum().backward()

    return run
