# %% [markdown]
# The bias from the means; a module class of its own; mini-batches with momentum and a falling learning rate in `fit_linear`.

# %%
# %load_ext autoreload
# %autoreload 2
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from tqdm.notebook import trange


# %%
class Line(nn.Module):
    def __init__(self, D):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(D))
        self.b = nn.Parameter(torch.zeros(1))

    def forward(self, X):
        return (X @ self.w + self.b)[:, None]


# %%
def predict(X, w, b):
    return torch.stack([torch.dot(x, w) + b for x in X])


def mse(prediction, y):
    return float(np.mean(np.square((prediction - y).detach().numpy())))


# %%
def closed_form(X, y, ridge=0.0):
    mean_x, mean_y = X.mean(0), y.mean()
    C, r = X - mean_x, y - mean_y
    w = torch.linalg.pinv(C.T @ C + ridge * torch.eye(X.shape[1], dtype=X.dtype), hermitian=True) @ (C.T @ r)
    return w, mean_y - mean_x @ w


# %%
def gradient(X, y, w, b):
    N = X.shape[0]
    grad_w, grad_b = torch.zeros_like(w), torch.zeros_like(b)
    for x, target in zip(X, y, strict=True):
        error = x @ w + b - target
        grad_w += 2 * error * x / N
        grad_b += 2 * error / N
    return grad_w, grad_b


def gradient_descent(X, y, lr, steps):
    N = X.shape[0]
    w, b = torch.zeros_like(X[0]), torch.zeros((), dtype=X.dtype)
    losses = []
    for _ in trange(steps):
        e = X @ w + b - y
        losses += [torch.dot(e, e).item() / N]
        w, b = w - lr * 2 * (e[:, None] * X).mean(0), b - lr * 2 * e.mean()
    return w, b, losses


# %%
def standardise(train, other):
    mu = train.mean(dim=0)
    sigma = train.std(dim=0, unbiased=False)
    train = (train.clone() - mu) / sigma
    other = (other.clone() - mu) / sigma
    return train, other


# %%
def train(model, optimizer, X, y, epochs):
    losses = []
    for _ in range(epochs):
        permutation = torch.randperm(len(X))
        prediction = model(X[permutation]).flatten()
        loss = torch.mean((prediction - y[permutation]) ** 2)
        model.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach().cpu().numpy())
    return losses


# %%
def fit_linear(X, y):
    model = Line(X.shape[1])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.8)
    loader = DataLoader(TensorDataset(X, y[:, None]), batch_size=32, shuffle=True)
    for _ in range(25):
        for xb, yb in loader:
            optimizer.zero_grad()
            nn.functional.mse_loss(model(xb), yb).backward()
            optimizer.step()
        scheduler.step()
    return model
