# %% [markdown]
# Loops over examples and features, float64 inside, and back to the given dtype.

# %%
import torch
import torch.nn as nn


def predict(X, w, b):
    N, D = X.shape
    out = torch.zeros(N, dtype=X.dtype)
    for n in range(N):
        out[n] = b
        for d in range(D):
            out[n] += X[n, d] * w[d]
    return out


def mse(prediction, y):
    total = 0.0
    for p, t in zip(prediction.tolist(), y.tolist(), strict=True):
        total += (p - t) ** 2
    return total / len(y)


# %%
def closed_form(X, y, ridge=0.0):
    dtype = X.dtype
    X, y = X.double(), y.double().reshape(-1, 1)
    X = torch.cat((torch.ones(X.shape[0], 1).double(), X), 1)
    identity = torch.eye(X.shape[1]).double()
    identity[0][0] = 0
    theta = torch.inverse(X.T @ X + ridge * identity) @ X.T @ y
    return theta[1:].to(dtype), theta[0].to(dtype)


# %%
def gradient(X, y, w, b):
    N, D = X.shape
    grad_w, grad_b = torch.zeros(D), 0.0
    e = predict(X, w, b) - y
    for n in range(N):
        for d in range(D):
            grad_w[d] = grad_w[d] + 2.0 * e[n] * X[n, d]
        grad_b = grad_b + 2.0 * e[n]
    return [grad_w / N, grad_b / N]


def gradient_descent(X, y, lr, steps):
    dtype = X.dtype
    X, y = X.to(torch.float64), y.to(torch.float64)
    w, b = torch.zeros(X.shape[1], dtype=torch.float64), torch.tensor(0.0, dtype=torch.float64)
    losses = []
    while len(losses) < steps:
        residual = X.mv(w).add(b).sub(y)
        losses.append(residual.pow(2).mean().item())
        w = w - lr * 2.0 / len(X) * X.t().mv(residual)
        b = b - lr * 2.0 * residual.mean()
    return (w.to(dtype), b.to(dtype), losses)


# %%
def standardise(train, other):
    a, b = torch.empty_like(train), torch.empty_like(other)
    for j in range(train.shape[1]):
        column = train[:, j]
        mu, sigma = column.mean(), column.std()
        a[:, j] = (column - mu) / sigma
        b[:, j] = (other[:, j] - mu) / sigma
    return a, b


# %%
class LinearRegression(nn.Module):
    def __init__(self, input_dim):
        super().__init__()
        self.linear = nn.Linear(input_dim, 1)

    def forward(self, x):
        return self.linear(x)


def train(model, optimizer, X, y, epochs):
    criterion = nn.MSELoss(reduction="sum")
    losses = []
    for _ in range(epochs):
        outputs = model(X)
        loss = criterion(outputs, y.view(-1, 1)) / X.size(0)
        for group in optimizer.param_groups:
            for p in group["params"]:
                p.grad = None
        loss.backward()
        optimizer.step()
        losses.append(loss.data)
    return losses


def fit_linear(X, y):
    model = LinearRegression(X.shape[1])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    losses = train(model, optimizer, X, y, 120)
    while losses[-1] < losses[-2] - 1e-6:
        losses += train(model, optimizer, X, y, 50)
    return model
