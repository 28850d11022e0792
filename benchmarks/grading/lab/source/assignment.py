# %% [markdown]
# # Five NumPy functions

# %%
import numpy as np

# %% [markdown]
# ## Question 1
#
# `standardise(x)` gives every column of `x` (N, F) mean 0 and standard deviation 1. A constant column becomes zeros.


# %%
def standardise(x):
    # BEGIN SOLUTION
    deviation = x.std(axis=0)
    return (x - x.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    # END SOLUTION


# %% [markdown]
# ## Question 2
#
# `softmax(scores)` works on each row of `scores` (N, C), also when a score is a thousand.


# %%
def softmax(scores):
    # BEGIN SOLUTION
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)
    # END SOLUTION


# %% [markdown]
# ## Question 3
#
# `cross_entropy(probabilities, labels)` is the mean of −log p of the right class, where a probability of zero counts as 1e-12.


# %%
def cross_entropy(probabilities, labels):
    # BEGIN SOLUTION
    right = probabilities[np.arange(len(labels)), labels]
    return -np.log(np.maximum(right, 1e-12)).mean()
    # END SOLUTION


# %% [markdown]
# ## Question 4
#
# `pairwise_distances(a, b)` is the Euclidean distance of every row of `a` (N, F) from every row of `b` (M, F), of shape (N, M).


# %%
def pairwise_distances(a, b):
    # BEGIN SOLUTION
    return np.sqrt(((a[:, None, :] - b[None, :, :]) ** 2).sum(axis=-1))
    # END SOLUTION


# %% [markdown]
# ## Question 5
#
# `gradient_descent(x, y, learning_rate, steps)` starts from zeros and takes `steps` steps on the mean squared error of `x @ w`.


# %%
def gradient_descent(x, y, learning_rate, steps):
    # BEGIN SOLUTION
    weight = np.zeros(x.shape[1])
    for _ in range(steps):
        weight = weight - learning_rate * 2 / len(x) * x.T @ (x @ weight - y)
    return weight
    # END SOLUTION
