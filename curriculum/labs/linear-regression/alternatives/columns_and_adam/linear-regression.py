# %% [markdown]
# Everything is a column: w is (D, 1), b is (1,), and the losses stay tensors.

# %%
# %matplotlib inline
import torch as th
import torch.optim as optim
from torch.nn import Linear, MSELoss

# %%
# !pip list
th.manual_seed(0)


# %%
def predict(X, w, b):
    return (X.matmul(w.view(-1, 1)) + b).view(-1)


def mse(prediction, y):
    n = y.size(0)
    return sum((prediction[i] - y[i]) ** 2 for i in range(n)) / n


# %%
def closed_form(X, y, ridge=0.0):
    n, d = X.shape
    X1 = th.hstack((X, th.ones(n, 1, dtype=X.dtype)))
    R = th.diag(th.tensor([1.0] * d + [0.0], dtype=X.dtype)) * ridge
    theta = th.inverse(X1.t().mm(X1) + R).mm(X1.t()).mm(y.view(-1, 1))
    return theta[:-1], theta[-1]


# %%
def gradient(X, y, w, b):
    error = X.mm(w.view(-1, 1)) + b - y.view(-1, 1)
    return 2 * th.mean(error * X, dim=0, keepdim=True).t(), 2 * th.mean(error, dim=0)


def gradient_descent(X, y, lr, steps):
    w, b = th.zeros(X.shape[1], 1, dtype=X.dtype), th.zeros(1, dtype=X.dtype)
    history = []
    for step in range(steps):
        history.append(th.mean((X.mm(w) + b - y.unsqueeze(1)) ** 2))
        dw, db = gradient(X, y, w, b)
        w -= lr * dw
        b -= lr * db
        if step % 100 == 0:
            print(f"step {step}: loss {history[-1]:.4f}")
    return w, b, history


# %%
def standardise(train, other):
    m = train.mean(0, keepdim=True)
    s = th.sqrt(((train - m) ** 2).mean(0, keepdim=True))
    return [(t - m) / s for t in (train, other)]


# %%
def train(model, optimizer, X, y, epochs):
    model.train()
    criterion = MSELoss()
    losses = []
    for _ in range(epochs):
        out = model(X)
        loss = criterion(out, y.view(-1, 1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss)
    return losses


def fit_linear(X, y):
    model = Linear(in_features=X.shape[1], out_features=1)
    optimizer = optim.Adam(model.parameters(), lr=0.1)
    train(model, optimizer, X, y, 300)
    return model.eval()
