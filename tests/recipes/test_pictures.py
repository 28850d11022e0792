"""What the recipes for nuclei and blood cells do to their data."""

import dataclasses
from pathlib import Path

import pytest
import torch
from torch import Tensor

from practicum.data.bccd import Annotated, Cells
from practicum.data.dsb2018 import Nuclei
from practicum.data.splits import held_out
from practicum.recipes import detector_bccd, unet_nuclei
from practicum.recipes.detector_bccd import MEAN, STD, augment
from practicum.recipes.unet_nuclei import cut, scaled
from practicum.training.experiment import Sets
from practicum.training.loop import fit


def test_boxes_follow_their_objects_through_every_mirror() -> None:
    """One bright rectangle per image: after mirroring, the box still holds exactly the bright pixels."""
    torch.manual_seed(0)
    images, boxes = torch.zeros(40, 3, 24, 32, dtype=torch.uint8), torch.zeros(40, 2, 4)
    for i in range(40):
        x0, y0 = int(torch.randint(20, ())), int(torch.randint(12, ()))
        x1, y1 = x0 + int(torch.randint(1, 12, ())), y0 + int(torch.randint(1, 12, ()))
        images[i, :, y0:y1, x0:x1] = 255
        boxes[i, 0] = torch.tensor([x0, y0, x1, y1])
    labels = torch.tensor([[1, -1]]).repeat(40, 1)
    before = boxes.clone()
    moved_images, moved_boxes, moved_labels = augment(torch.Generator().manual_seed(3), images, boxes, labels)
    assert boxes.equal(before)
    assert moved_labels.equal(labels)
    for image, box in zip(moved_images, moved_boxes[:, 0], strict=True):
        rows, columns = (image[0] > image.mean()).nonzero(as_tuple=True)
        assert box.tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    mirrored = [
        [not torch.equal(a[[k, k + 2]], b[[k, k + 2]]) for k in (0, 1)]
        for a, b in zip(moved_boxes[:, 0], before[:, 0], strict=True)
    ]
    assert {tuple(pair) for pair in mirrored} == {(False, False), (False, True), (True, False), (True, True)}
    again = augment(torch.Generator().manual_seed(3), images, boxes, labels)
    assert again[0].equal(moved_images)
    spread = moved_images.amax((1, 2, 3)) - moved_images.amin((1, 2, 3))
    assert (spread >= 0.8 / STD - 1e-3).all()
    assert (spread <= 1.2 / STD + 1e-3).all()
    assert MEAN > 0


def test_bright_grounds_are_inverted_and_dim_images_stretched() -> None:
    torch.manual_seed(0)
    dim = (torch.rand(3, 50, 50) * 10).byte()
    dim[:, 20:30, 20:30] = 40
    for image in (dim, 255 - dim):
        look = scaled(image)
        assert look[:, 25, 25].tolist() == pytest.approx([1.0] * 3)
        assert look.median() < 0.2
    assert scaled(torch.full((3, 4, 4), 7, dtype=torch.uint8)).equal(torch.zeros(3, 4, 4))


def test_an_image_is_stretched_from_its_own_darkest_to_its_own_brightest() -> None:
    """Linear from the 1st percentile to the 99.8th, wherever they lie: here 40.5 and 89.9."""
    ramp = torch.arange(40, 91).repeat(3, 4, 1).to(torch.uint8)
    torch.testing.assert_close(scaled(ramp), (ramp.float() - 40.5) / (89.9 - 40.5), rtol=0, atol=2e-2)


def test_contrast_and_brightness_vary_by_a_fifth_each() -> None:
    """Two grey levels per image tell both: what comes out is contrast · level + (brightness - 1)."""
    levels = torch.tensor([50, 200], dtype=torch.uint8)
    images = levels[:, None].repeat(1, 4).flatten().repeat(400, 3, 4, 1)
    boxes, labels = torch.zeros(400, 1, 4), torch.zeros(400, 1, dtype=torch.long)
    out = augment(torch.Generator().manual_seed(0), images, boxes, labels)[0]
    low, high = detector_bccd.scaled(levels).tolist()
    ends = out.flatten(1).sort(1).values
    contrast = (ends[:, -1] - ends[:, 0]) / (high - low)
    brightness = ends[:, 0] - contrast * low
    for drawn in (contrast - 1, brightness):
        assert drawn.abs().max() <= 0.2 + 1e-5
        assert float(drawn.mean()) == pytest.approx(0, abs=0.02)  # uniform in ±0.2: three standard errors
        assert float(drawn.std()) == pytest.approx(0.4 / 12**0.5, abs=0.01)


def test_crops_and_masks_are_cut_alike_and_keep_sizes_within_the_zoom() -> None:
    """A disc stays a disc under turning, mirroring and magnifying; its mask stays on it."""
    y, x = torch.meshgrid(torch.arange(90), torch.arange(70), indexing="ij")
    mask = ((x - 35) ** 2 + (y - 45) ** 2 < 12**2).long()
    generator, areas = torch.Generator().manual_seed(0), []
    for _ in range(30):
        crop, cut_mask = cut((mask[None].float().repeat(3, 1, 1), mask), 64, 1.5, generator)
        assert crop.shape == (3, 64, 64)
        assert cut_mask.shape == (64, 64)
        assert set(cut_mask.unique().tolist()) <= {0, 1}
        differ = ((crop[0] > 0.35 * crop.max()) != (cut_mask == 1)).sum()
        areas.append(int(cut_mask.sum()))
        assert differ <= 0.45 * 2 * (3.1416 * areas[-1]) ** 0.5  # part of the edge: a shift by a pixel would be 0.64 of it
    whole = 3.1416 * 12**2
    assert max(areas) <= whole * 1.5**2 * 1.05
    assert max(areas) > whole * 1.5
    assert sum(area > 0 for area in areas) == 30


def test_crops_are_turned_and_mirrored_but_never_sheared() -> None:
    """Over many draws of a bar in the middle every direction comes up, and its length keeps to the zoom."""
    image = torch.zeros(1, 101, 101)
    image[:, 50, 36:65] = 1  # 29 pixels long
    generator, angles = torch.Generator().manual_seed(1), []
    for _ in range(60):
        crop, _ = cut((image, image[0].long()), 100, 1.25, generator)
        rows, columns = (crop[0] > 0.2 * crop.max()).nonzero(as_tuple=True)
        rise, run = rows.max() - rows.min(), columns.max() - columns.min()
        assert 29 / 1.25 - 4 <= (rise**2 + run**2).float().sqrt() <= 29 * 1.25 + 4
        angles.append(float(torch.atan2(rise.float(), run.float())))
    assert min(angles) < 0.2
    assert max(angles) > 1.37


def test_all_of_an_image_is_cut_from() -> None:
    image = torch.arange(40.0 * 30).reshape(1, 40, 30) / 1200
    generator = torch.Generator().manual_seed(0)
    seen = torch.zeros(1200)
    for _ in range(200):
        _, places = cut((image, torch.arange(1200).reshape(40, 30)), 16, 1.5, generator)
        seen[places.flatten()] = 1
    assert seen.mean() > 0.97


def test_the_nuclei_recipe_runs_from_data_to_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    instances = tuple((torch.rand(24 + i, 33) < 0.3).long() * 7 for i in range(6))
    images = tuple((marks > 0).byte().mul(100)[None].repeat(3, 1, 1) for marks in instances)
    nuclei = Nuclei(images[:5], instances[:5], images[5:], instances[5:])
    monkeypatch.setattr(unet_nuclei, "dsb2018", lambda: nuclei)
    recipe = unet_nuclei.Recipe(steps=3, batch_size=2, crop=16, width=2)
    experiment = recipe.build(0)
    cut_from: list[Tensor] = []
    monkeypatch.setattr(unet_nuclei, "cut", lambda pair, *given: (cut_from.append(pair[1]), cut(pair, *given))[1])
    rows = fit(
        experiment.model, experiment.method, experiment.train, experiment.fit, validation=experiment.validation, progress=False
    )
    assert rows[-1]["step"] == 3
    assert recipe.target.metric in rows[-1]
    learned, watched, tested = ({len(mask) for mask in masks} for masks in (
        cut_from, [mask[0] for _, mask in experiment.validation], [mask[0] for _, mask in experiment.test]
    ))  # fmt: skip
    (kept,) = held_out(5, 0.2)[1].tolist()
    assert (watched, tested) == ({24 + kept}, {29})
    assert learned <= {24, 25, 26, 27, 28} - watched
    assert experiment.sets() == Sets(4, 1, 1, "images")
    ((image, mask),) = experiment.test
    assert (image.shape, mask.shape, mask.dtype) == ((1, 3, 29, 33), (1, 29, 33), torch.int64)
    assert mask.unique().tolist() == [0, 1]
    held = dataclasses.replace(recipe, holdout=True).build(0)
    assert [mask.shape for _, mask in held.test] == [mask.shape for _, mask in experiment.validation]
    unet_nuclei.Recipe().picture(experiment, tmp_path)
    assert (tmp_path / "masks.png").stat().st_size > 1000


def test_the_cells_recipe_runs_from_data_to_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)

    def part(count: int, rows: int) -> Annotated:
        corner = torch.randint(0, 20, (count, rows, 2)).float()
        images = torch.randint(256, (count, 3, 45, 60), dtype=torch.uint8)
        return Annotated(images, torch.cat([corner, corner + 15], 2), torch.randint(-1, 3, (count, rows)))

    cells = Cells(part(5, 2), part(2, 4), part(9, 3), ("RBC", "WBC", "Platelets"), ())
    monkeypatch.setattr(detector_bccd, "bccd", lambda height, width: cells if (height, width) == (45, 60) else None)
    recipe = detector_bccd.Recipe(epochs=1, height=45, batch_size=2)
    experiment = recipe.build(0)
    rows = fit(
        experiment.model, experiment.method, experiment.train, experiment.fit, validation=experiment.validation, progress=False
    )
    assert rows[-1]["step"] == 2  # of five images the odd one is left out
    assert {"map_50", "map", "ap_50 RBC", "ap_50 WBC", "ap_50 Platelets"} <= rows[-1].keys()
    assert experiment.sets() == Sets(5, 2, 9, "images")
    held = dataclasses.replace(recipe, holdout=True).build(0)
    for data, cells_of in (
        (experiment.validation, cells.validation),
        (experiment.test, cells.test),
        (held.test, cells.validation),
    ):
        assert torch.equal(data.tensors[0], detector_bccd.scaled(cells_of.images))
        assert torch.equal(data.tensors[2], cells_of.labels)
    assert torch.equal(experiment.train.tensors[0], cells.train.images)
    recipe.picture(experiment, tmp_path)
    for name in ("detections.png", "precision_recall.png"):
        assert (tmp_path / name).stat().st_size > 1000
