import torch
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    """One hidden layer of ReLUs: points (N, 2) to scores of two classes (N, 2)."""

    def __init__(self, hidden=32):
        super().__init__()
        # BEGIN SOLUTION
        self.hidden = nn.Linear(2, hidden)
        self.out = nn.Linear(hidden, 2)
        # END SOLUTION

    def forward(self, x):
        # BEGIN SOLUTION
        return self.out(F.relu(self.hidden(x)))
        # END SOLUTION


def train(net, x, y, steps):
    """Train on points `x` (N, 2) with classes `y` (N,); return the loss of every step."""
    # BEGIN SOLUTION
    optimiser = torch.optim.SGD(net.parameters(), lr=0.5)
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(net(x), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses
    # END SOLUTION
