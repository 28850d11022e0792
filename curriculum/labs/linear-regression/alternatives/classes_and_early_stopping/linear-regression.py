# %% [markdown]
# Objects with `__call__` where functions are asked, early stopping, and steps by hand along autograd's gradients.

# %%
from dataclasses import dataclass

import torch
from torch import Tensor, nn

SEED = 7


# %%
@dataclass
class LinearModel:
    w: Tensor
    b: Tensor

    def __call__(self, X):
        return torch.addmv(self.b.expand(X.shape[0]), X, self.w)

    @property
    def parameters(self):
        return self.w, self.b


class Predictor:
    def __call__(self, X: Tensor, w: Tensor, b: Tensor) -> Tensor:
        return LinearModel(w, b)(X)


class MeanSquaredError(nn.Module):
    def forward(self, prediction, y):
        return torch.linalg.vector_norm(prediction - y) ** 2 / y.numel()


predict = Predictor()
mse = MeanSquaredError()


# %%
def closed_form(X: Tensor, y: Tensor, ridge: float = 0.0) -> tuple[Tensor, Tensor]:
    """By the singular values of the centred features."""
    mean_x, mean_y = X.mean(dim=0), y.mean()
    U, S, Vh = torch.linalg.svd(X - mean_x, full_matrices=False)
    w = Vh.mT @ (S / (S**2 + ridge) * (U.mT @ (y - mean_y)))
    return w, mean_y - mean_x @ w


# %%
class GradientDescent:
    def __init__(self, lr, steps):
        self.lr, self.steps, self.history = lr, steps, []

    def step(self, X, y, model):
        self.history.append(mse(model(X), y).item())
        grad_w, grad_b = gradient(X, y, *model.parameters)
        return LinearModel(model.w - self.lr * grad_w, model.b - self.lr * grad_b)

    def run(self, X, y):
        model = LinearModel(X.new_zeros(X.shape[1]), X.new_zeros(()))
        for _ in range(self.steps):
            model = self.step(X, y, model)
        return model


def gradient(X, y, w, b):
    delta = LinearModel(w, b)(X).sub_(y).mul_(2 / len(y))
    return torch.tensordot(delta, X, dims=([0], [0])), delta.sum()


def gradient_descent(X, y, lr, steps):
    descent = GradientDescent(lr, steps)
    model = descent.run(X, y)
    return *model.parameters, descent.history


# %%
class Standardiser:
    def fit(self, X):
        self.mean, self.deviation = X.mean(0), torch.sqrt(torch.var(X, 0, correction=0))
        return self

    def __call__(self, X):
        return (X - self.mean) / self.deviation


def standardise(train, other):
    scaler = Standardiser().fit(train)
    return scaler(train), scaler(other)


# %%
def train(model, optimizer, X, y, epochs):
    losses = [0.0] * epochs
    for epoch in range(epochs):
        with torch.set_grad_enabled(True):
            loss = mse(model(X)[..., 0], y)
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        for parameter, g in zip(model.parameters(), gradients, strict=True):
            parameter.grad = g
        optimizer.step()
        losses[epoch] = loss.detach()
    return losses


def fit_linear(X, y):
    """Until the loss no longer falls; no optimiser object, but autograd's gradients."""
    torch.manual_seed(SEED)
    model = nn.Sequential(nn.Flatten(), nn.LazyLinear(1))
    model(X[:1])
    best, patience = float("inf"), 0
    while patience < 10:
        loss = nn.functional.mse_loss(model(X), y.unsqueeze(-1))
        model.zero_grad()
        loss.backward()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.sub_(parameter.grad, alpha=0.2)
        patience = 0 if loss.item() < best - 1e-7 else patience + 1
        best = min(best, loss.item())
    return model
