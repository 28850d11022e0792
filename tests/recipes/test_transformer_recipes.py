"""GPT, ViT and BERT recipes: short runs on packaged samples, and their pictures."""

import pytest
import torch

from practicum.data.batches import Crops
from practicum.data.shakespeare import shakespeare
from practicum.models.layers.attention import MultiHeadAttention, attention_maps
from practicum.recipes import bert_banking77, gpt_shakespeare, vit_fashion
from practicum.training.loop import Fit, fit
from practicum.training.plots.attention import draw_heads


@pytest.fixture
def samples(monkeypatch, tmp_path):
    monkeypatch.delenv("PRACTICUM_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.usefixtures("samples")
def test_gpt_learns_letters_in_forty_steps_and_writes(tmp_path):
    torch.manual_seed(0)
    recipe = gpt_shakespeare.Recipe(context=24, width=32, layers=2, heads=2, batch_size=16)
    experiment = recipe.build(0)
    assert experiment.sample
    text = shakespeare()
    for part, tokens in (("train", text.train_tokens), ("validation", text.validation_tokens), ("test", text.test_tokens)):
        assert torch.equal(getattr(experiment, part).tokens, tokens)
    train = Crops(experiment.train.tokens, length=24, batch_size=16, batches=40)
    validation = Crops(experiment.test.tokens[:2000], length=24, batch_size=64)
    before = experiment.method.evaluate(experiment.model.eval(), validation)["loss"]
    rows = fit(experiment.model, experiment.method, train, Fit(1, recipe.optimizer), validation=validation, progress=False)
    assert before == pytest.approx(4.3, abs=0.2)  # ln 70
    assert rows[-1]["loss"] < 3.2  # letters by their frequency alone: 3.35
    recipe.picture(experiment, tmp_path)
    texts = (tmp_path / "samples.txt").read_text().split(f"\n{'-' * 40}\n")
    assert [len(text) for text in texts] == [501] * 3
    assert (tmp_path / "attention.png").stat().st_size > 5000


@pytest.mark.usefixtures("samples")
def test_vit_learns_clothes_in_one_pass_over_the_sample(tmp_path):
    torch.manual_seed(0)
    recipe = vit_fashion.Recipe(epochs=1, patch_size=7, width=32, layers=2, heads=2, batch_size=32)
    experiment = recipe.build(0)
    assert experiment.sample
    rows = fit(experiment.model, experiment.method, experiment.train, experiment.fit, validation=experiment.test, progress=False)
    assert rows[-1]["accuracy"] > 0.3
    recipe.picture(experiment, tmp_path)
    assert (tmp_path / "attention.png").stat().st_size > 5000


@pytest.mark.parametrize("shots", [1, 3])
def test_bert_gets_so_many_questions_of_each_intent(shots):
    labels = torch.arange(7).repeat(5)[torch.randperm(35, generator=torch.Generator().manual_seed(1))]
    rows = bert_banking77._few(labels, shots, seed=0)
    assert len(rows.unique()) == 7 * shots
    assert labels[rows].bincount().tolist() == [shots] * 7
    assert torch.equal(rows, bert_banking77._few(labels, shots, seed=0))
    assert not torch.equal(rows, bert_banking77._few(labels, shots, seed=1))


def test_pictures_of_layers_with_different_heads(tmp_path):
    net = torch.nn.Sequential(MultiHeadAttention(8, 2), MultiHeadAttention(8, 4))
    draw_heads(attention_maps(net, torch.randn(1, 5, 8)), tmp_path / "heads.png", tokens="abcde")
    assert (tmp_path / "heads.png").read_bytes().startswith(b"\x89PNG")
