# %% [markdown]
# # Linear regression, three ways
#
# A linear model predicts a number from $D$ features: $\hat y = \mathbf{x}\cdot\mathbf{w} + b$. The weights $\mathbf{w}$ and
# the bias $b$ are chosen so that the mean squared error over $N$ examples is as small as it can be. You will find them
#
# 1. in **closed form**, by solving the normal equations,
# 2. by **gradient descent by hand**, with the gradient written out in tensors,
# 3. with **`nn.Linear` and an optimiser**, as every larger network is trained,
#
# and then compare the three. The contract of each function, the points and the questions are in `README.md`.
#
# Shapes, everywhere in this notebook: `X` is `(N, D)`, `y` is `(N,)`, `w` is `(D,)` and `b` is a tensor with one number in
# it, of shape `()`. Run the cells from top to bottom. Your functions must use their arguments only, never the data of this
# notebook: they are checked on other data, with other $N$ and $D$.

# %%
# %matplotlib inline

import matplotlib.pyplot as plt
import torch
from torch import nn
from tqdm.auto import tqdm

# %%
# On Colab, remove the first "# " of these lines to work in a folder of your Drive.
# from google.colab import drive
# drive.mount("/content/drive")
# # %cd /content/drive/MyDrive/linear-regression

# %% [markdown]
# ## The data
#
# Flats, with three features on very different scales: the area in square metres, the number of rooms, and the year of
# construction. The price is in units of 100 000. This cell is given.


# %%
def make_flats(n, noise=0.3, seed=0):
    """Draw n flats: X of shape (n, 3) with area, rooms and year; y of shape (n,) with prices. Both are float32."""
    g = torch.Generator().manual_seed(seed)
    area = 30 + 120 * torch.rand(n, generator=g)
    rooms = torch.clamp(torch.round(area / 28 + torch.randn(n, generator=g)), min=1)
    year = torch.randint(1920, 2021, (n,), generator=g).float()
    price = 0.03 * area + 0.15 * rooms + 0.01 * (year - 1970) + noise * torch.randn(n, generator=g)
    return torch.stack([area, rooms, year], dim=1), price


X_train, y_train = make_flats(160, seed=1)
X_test, y_test = make_flats(40, seed=2)
print("X_train", tuple(X_train.shape), X_train.dtype, "y_train", tuple(y_train.shape), y_train.dtype)

fig, axes = plt.subplots(1, 3, figsize=(11, 3), sharey=True)
for j, name in enumerate(["area", "rooms", "year"]):
    axes[j].scatter(X_train[:, j], y_train, s=8)
    axes[j].set_xlabel(name)
axes[0].set_ylabel("price")
plt.show()

# %% [markdown]
# ## 0. The model and its loss
#
# $$\hat y_i = \mathbf{x}_i\cdot\mathbf{w} + b \qquad L(\mathbf{w}, b) = \frac{1}{N}\sum_{i=1}^{N}(\hat y_i - y_i)^2$$


# %%
def predict(X, w, b):
    """The model's predictions.

    Args:
        X: Shape (N, D). N may be 1.
        w: Shape (D,).
        b: Shape ().

    Returns:
        Shape (N,).
    """
    # BEGIN SOLUTION
    return X @ w + b
    # END SOLUTION


def mse(prediction, y):
    """The mean squared error.

    Args:
        prediction, y: Shape (N,), both.

    Returns:
        One number (a float, or a tensor of shape ()).
    """
    # BEGIN SOLUTION
    return ((prediction - y) ** 2).mean()
    # END SOLUTION


# %% [markdown]
# ## 1. Closed form
#
# With a column of ones beside $X$ the bias becomes one more weight, $\boldsymbol\theta = (b, \mathbf{w})$, and the least
# squares solution solves a linear system, the *normal equations*. A ridge penalty $\lambda\lVert\mathbf{w}\rVert^2$ adds
# $\lambda$ to the diagonal, in every place but the bias's:
#
# $$\min_{\mathbf{w}, b}\ \sum_{i=1}^{N}(\mathbf{x}_i\cdot\mathbf{w} + b - y_i)^2 + \lambda\lVert\mathbf{w}\rVert^2
# \qquad\Longleftrightarrow\qquad
# (\tilde X^\top\tilde X + \lambda\,\mathrm{diag}(0, 1, \dots, 1))\,\boldsymbol\theta = \tilde X^\top\mathbf{y}$$
#
# Note that the penalty stands beside the *sum* of squared errors, not beside their mean.


# %%
def closed_form(X, y, ridge=0.0):
    """The weights and the bias with the smallest sum of squared errors plus ridge * (sum of squared weights).

    Args:
        X: Shape (N, D), float32 or float64.
        y: Shape (N,), of the same dtype.
        ridge: λ, at least 0. The bias is not penalised.

    Returns:
        w of shape (D,) and b of shape (), in the dtype of X.
    """
    # BEGIN SOLUTION
    ones = torch.ones_like(X[:, :1])
    A = torch.cat([ones, X], dim=1)
    penalty = ridge * torch.eye(A.shape[1], dtype=X.dtype)
    penalty[0, 0] = 0.0
    theta = torch.linalg.solve(A.T @ A + penalty, A.T @ y)
    return theta[1:], theta[0]
    # END SOLUTION


# %%
w_closed, b_closed = closed_form(X_train, y_train)
print("weights", w_closed, "bias", b_closed)
print("test error", float(mse(predict(X_test, w_closed, b_closed), y_test)))

# %% [markdown]
# ## 2. Gradient descent by hand
#
# The gradient of the loss of section 0, in tensors. Work it out on paper first. Autograd (`backward`, `torch.autograd`,
# `torch.func`) is taken away when `gradient` and `gradient_descent` are checked, and differences of two losses are too coarse.


# %%
def gradient(X, y, w, b):
    """The gradient of the mean squared error, by hand.

    Args:
        X, y, w, b: Shapes (N, D), (N,), (D,) and (). N may be 1.

    Returns:
        dL/dw of shape (D,) and dL/db of shape ().
    """
    # BEGIN SOLUTION
    residual = predict(X, w, b) - y
    grad_w = 2 * X.T @ residual / len(X)
    grad_b = 2 * residual.mean()
    return grad_w, grad_b
    # END SOLUTION


def gradient_descent(X, y, lr, steps):
    """Gradient descent on the mean squared error, from w = 0 and b = 0, with all examples in every step.

    Args:
        X: Shape (N, D), float32 or float64.
        y: Shape (N,), of the same dtype.
        lr: The learning rate: a step is w <- w - lr * dL/dw, and the same for b.
        steps: How many steps, at least 1.

    Returns:
        w of shape (D,) and b of shape () after the last step, in the dtype of X, and the loss curve:
        a list of `steps` numbers, each the loss just before a step, so that the first is the loss at w = 0, b = 0.
    """
    # BEGIN SOLUTION
    w = X.new_zeros(X.shape[1])
    b = X.new_zeros(())
    losses = []
    for _ in range(steps):
        losses.append(float(mse(predict(X, w, b), y)))
        grad_w, grad_b = gradient(X, y, w, b)
        w = w - lr * grad_w
        b = b - lr * grad_b
    return w, b, losses
    # END SOLUTION


# %% [markdown]
# On the flats as they are, the loss explodes. The step that lowers the loss along one feature is far too long along
# another: gradient descent on this loss converges only for a learning rate below $2/\lambda_{\max}$, where $\lambda_{\max}$
# is the largest eigenvalue of $\frac{2}{N}\tilde X^\top\tilde X$.

# %%
_, _, losses_raw = gradient_descent(X_train, y_train, lr=0.1, steps=5)
print("loss on the raw features:", losses_raw)

# %% [markdown]
# Features that all have mean 0 and standard deviation 1 make one learning rate fit all of them. Whatever is measured to do
# so is measured on the training data alone; the test data is treated with the same numbers.


# %%
def standardise(train, other):
    """Shift and scale each feature by its mean and standard deviation over the training examples.

    Args:
        train: Shape (N, D), N at least 2. No feature is constant.
        other: Shape (M, D), M at least 1: treated with the numbers of `train`.

    Returns:
        Both, standardised, in the dtype of `train`. The arguments are left as they were.
    """
    # BEGIN SOLUTION
    mean, std = train.mean(dim=0), train.std(dim=0)
    return (train - mean) / std, (other - mean) / std
    # END SOLUTION


# %%
Z_train, Z_test = standardise(X_train, X_test)

curves = {}
for lr in tqdm([0.003, 0.03, 0.3], desc="learning rates"):
    w_gd, b_gd, curves[lr] = gradient_descent(Z_train, y_train, lr=lr, steps=200)
print("weights", w_gd, "bias", b_gd)
print("test error", float(mse(predict(Z_test, w_gd, b_gd), y_test)))

plt.figure()
for lr, curve in curves.items():
    plt.semilogy(curve, label=f"lr {lr}")
plt.xlabel("step")
plt.ylabel("loss")
plt.legend()
plt.show()

# %% [markdown]
# ## 3. `nn.Linear` and an optimiser
#
# The same model as a module: `nn.Linear(D, 1)` holds the weights and the bias, autograd finds the gradient, and an
# optimiser takes the step. Mind the shapes: the module returns `(N, 1)`, the targets are `(N,)`, and the difference of the
# two is `(N, N)`.


# %%
def train(model, optimizer, X, y, epochs):
    """Train a model by the mean squared error: in each epoch one step of the optimiser, on all examples at once.

    Args:
        model: A module that takes (N, D) and returns (N, 1).
        optimizer: A `torch.optim` optimiser that holds the model's parameters.
        X: Shape (N, D).
        y: Shape (N,).
        epochs: How many, at least 1.

    Returns:
        The loss curve: a list of `epochs` numbers, each the loss just before a step. The model is trained in place.
    """
    # BEGIN SOLUTION
    loss_function = nn.MSELoss()
    losses = []
    for _ in range(epochs):
        optimizer.zero_grad()
        loss = loss_function(model(X).squeeze(1), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
    # END SOLUTION


def fit_linear(X, y):
    """Make a linear model, train it until the loss no longer falls, and return it.

    The optimiser, its learning rate and the number of epochs are yours to choose, but the weights must come from training.
    It should take less than a second.

    Args:
        X: Shape (N, D), float32, standardised.
        y: Shape (N,), float32, of mean between -5 and 5 and standard deviation up to 5.

    Returns:
        A module that takes (M, D) and returns (M, 1).
    """
    # BEGIN SOLUTION
    model = nn.Linear(X.shape[1], 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    train(model, optimizer, X, y, epochs=150)
    return model
    # END SOLUTION


# %%
model = fit_linear(Z_train, y_train)
for name, parameter in model.named_parameters():
    print(name, parameter.data)
with torch.no_grad():
    print("test error", float(mse(model(Z_test).squeeze(1), y_test)))

# %% [markdown]
# ## 4. The three side by side
#
# All three on the same standardised features. The points should lie on one another: the loss is convex, and as long as no
# feature is a linear combination of the others it has a single minimum, which all three must find.

# %%
w_closed, b_closed = closed_form(Z_train, y_train)
with torch.no_grad():
    answers = {
        "closed form": predict(Z_test, w_closed, b_closed),
        "gradient descent": predict(Z_test, w_gd, b_gd),
        "nn.Linear": model(Z_test).squeeze(1),
    }
plt.figure()
for (name, prediction), marker in zip(answers.items(), "o+x", strict=True):
    print(f"{name:<17} test error {float(mse(prediction, y_test)):.4f}")
    plt.plot(y_test, prediction, marker, label=name, fillstyle="none")
plt.axline((3, 3), slope=1, color="grey", linewidth=0.8)
plt.xlabel("price")
plt.ylabel("predicted price")
plt.legend()
plt.show()

# %% [markdown]
# ## Questions
#
# Answer in a few sentences each, below the question. They are not graded by the checks; bring them to the lab class.
#
# **1.** What does the closed form cost in $N$ and $D$, and one step of gradient descent? When would you choose which?
#
# **2.** Compute $2/\lambda_{\max}$ for the raw and for the standardised flats. Does gradient descent diverge just above it?
#
# **3.** Add 100 to every price. Which of `w` and `b` changes, with and without a ridge penalty? What would happen if the
# bias were penalised?
#
# **4.** Compare `closed_form` on the raw flats in float32 and in float64. Where does the difference come from, and why does
# it go away on the standardised ones? (What does $X^\top X$ do to the condition number of $X$?)
#
# **5.** Remove `optimizer.zero_grad()` from `train` and plot the loss curve. What do you see, and why?

# %% [markdown]
# *Your answers:*

# %% [markdown]
# ## Check
#
# Runs the public checks on what your cells have defined so far.

# %%
try:
    import practicum
except ImportError:
    print("Practicum is not installed here; README.md says how to check without it.")
else:
    print(practicum.check("linear-regression"))
