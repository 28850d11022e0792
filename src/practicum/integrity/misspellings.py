"""Misspellings that two submissions share and hardly anyone else has: words that no list knows, one slip from a word it knows.

The list is the English one of pyspellchecker, offline; a slip is a letter too many, too few, another one, or two in the wrong
order (Damerau 1964, "A technique for computer detection and correction of spelling errors"). Technical words of the field are
known, too, and so is every word of the task sheet, each British spelling of an American word, and whatever is a name in the
student's own code. Answers in another language than English tell nothing: there each word would look misspelt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING

from spellchecker import SpellChecker

if TYPE_CHECKING:
    from practicum.integrity.submissions import ComparedSubmission

LEAST_SHARED = 2
_ENGLISH = 0.6  # of somebody's words that the list knows
_MOST_WORDS = 2_000  # looked at, 1 ms each: nobody has so many, unless to be in the way
_FIELD_WORDS = """
adagrad adamw arange argmax argmin argsort arxiv atol autodiff autoencoder autograd autograder autoregressive backprop
backpropagate backpropagated backpropagating backpropagation batchnorm bfgs binarize bool broadcastable checkpointing
classwise codebase colab colorbar colormap colormaps columnwise conv convolutional covariate cuda cudnn dataclass
dataframe dataloader dataset deconvolution deduplicate denoise denoising detokenize dict docstring dout downsample
downsampled downsampling dtype einsum elementwise eval exponentiate featurize finetune finetuned finetuning frobenius
github gradcheck hadamard hardcode hardcoded heatmap hebbian heteroscedastic hyperparameter imagenet initialisers
initializer jupyter jupytext keras layernorm learnable linearize linspace logit logsumexp lookahead lookup lstm matmul
matplotlib minibatch minmax misclassification misclassifies mnist multiclass multilabel multinomial namespace nbformat
ndarray nesterov nonlinearities numpy overfit overfits overfitted overfitting overparameterized parameterization
parameterize parameterized perceptron polytope posteriori precompute preprocess pretrain pretrained pretraining profiler
pytest pytorch reconvergence regularizer regularizers relu resample resnet reweight rmsprop rowwise rtol runtime scikit
scipy seq sharding sklearn softmax softmaxes softplus subgradient sublinear submodule superlinear tensorboard tensorflow
timestep tokenize tokenized tokenizer tokenizing torchvision tuple uncomment underfit underfits underfitting
unnormalized unregularized unsqueeze upsample upsampled upsampling vectorize wordpiece workflow xnor
"""
_FIELD = frozenset(_FIELD_WORDS.split())
_BRITISH = {"our": "or", "is": "iz", "ys": "yz", "ll": "l", "tre": "ter", "ogue": "og", "ence": "ense", "mme": "m"}


def shared_misspellings(
    submissions: Sequence[ComparedSubmission], given: Iterable[ComparedSubmission], few: int
) -> dict[tuple[int, int], list[str]]:
    """Return what pairs have misspelt alike, two words or more, sorted.

    Args:
        submissions: all that are compared.
        given: what everybody got, whose words are nobody's slips.
        few: of how many submissions a word that tells something can be.
    """
    holders: defaultdict[str, list[int]] = defaultdict(list)
    for number, one in enumerate(submissions):
        for word in one.words.keys() - one.names:
            holders[word].append(number)
    handed_out = frozenset(word for one in given for word in one.words)
    rare = sorted(word for word, who in holders.items() if 2 <= len(who) <= few and word not in handed_out)
    if len(rare) < LEAST_SHARED:
        return {}
    english = {number for number in {each for word in rare for each in holders[word]} if _is_english(submissions[number])}
    rare = [word for word in rare if len(english.intersection(holders[word])) > 1]
    shared: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
    for word in [word for word in rare if not known(word)][:_MOST_WORDS]:
        if is_slip(word):
            for pair in combinations([each for each in holders[word] if each in english], 2):
                shared[pair].append(word)
    return {pair: words for pair, words in shared.items() if len(words) >= LEAST_SHARED}


def known(word: str) -> bool:
    """Return whether a word in small letters is spelt as a list says: of English, British spellings included, or of the field."""
    spellings = {word, *(word.replace(british, american) for british, american in _BRITISH.items())}
    spellings |= {each.removesuffix(ending) for each in spellings for ending in ("s", "es")}
    return any(each in _FIELD or each in _dictionary() for each in spellings)


def is_slip(word: str) -> bool:
    """Return whether an unknown word is one slip from a word that the lists know."""
    near = _dictionary().edit_distance_1(word)
    return not _FIELD.isdisjoint(near) or bool(_dictionary().known(near))


def _is_english(submission: ComparedSubmission) -> bool:
    return sum(map(known, submission.words)) >= _ENGLISH * len(submission.words)


@cache
def _dictionary() -> SpellChecker:
    return SpellChecker(language="en", distance=1)
