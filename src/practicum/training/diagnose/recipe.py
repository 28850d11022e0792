"""Diagnosing what a recipe builds."""

from typing import Any

import torch
from torch import nn

from practicum.methods.clip import clip_gradients
from practicum.training.diagnose import Finding, diagnose
from practicum.training.experiment import Experiment


def diagnose_experiment(experiment: Experiment, **settings: Any) -> list[Finding]:
    """Return what is wrong with an experiment's model, method and data before it is trained.

    The learning rate is the one that the schedule has in the first steps, so that a warm-up is not taken for a fault; gradients
    are clipped where the experiment clips them.

    Args:
        experiment: what a recipe's `build` returns.
        settings: `count` and `steps` of `diagnose`.
    """
    how = experiment.fit
    steps = settings.get("steps", 40)
    total = max(1, how.epochs * -(-len(experiment.train) // how.accumulate))
    factor = sum(how.schedule(step / total) for step in range(steps)) / steps if how.schedule else 1.0

    def optimizer(model: nn.Module) -> torch.optim.Optimizer:
        made = how.optimizer(model)
        for group in made.param_groups:
            group["lr"] *= factor
        if (limit := how.clip) is not None:

            def clip(*_: Any) -> None:
                clip_gradients(model, limit)

            made.register_step_pre_hook(clip)
        return made

    return diagnose(experiment.model, experiment.method, experiment.train, optimizer=optimizer, test=experiment.test, **settings)
