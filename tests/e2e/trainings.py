"""A real training whose gradients grow until they are no numbers, for stories of the browser."""

from __future__ import annotations

import torch
from torch import nn

from labdeck import Studio, Trial, watch
from labdeck.debugger import actions, rules
from labdeck.errors import TrainingStopped

MOST = 400
"""Steps after which it would be over; it breaks long before."""
SPREAD = {"interval": 1, "reductions": ["abs_mean", "l2", "std", "min", "max", "nan_count", "histogram", "quantiles"]}
SAVED = {"losses": True} | dict.fromkeys(("weights", "biases", "gradients", "outputs"), SPREAD) | {"updates": True}


class Digits(nn.Module):
    """Two convolutions, and a linear layer over images of 8 × 8 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.relu1, self.relu2 = nn.ReLU(), nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(32 * 4 * 4, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        inner = self.pool(self.relu2(self.conv2(self.relu1(self.conv1(images)))))
        return self.fc(inner.flatten(1))


def negative_log_likelihood(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The textbook's formula: a probability that is rounded to 0 makes 0 · log 0, which is no number."""
    wanted = nn.functional.one_hot(labels, 10)
    return -(wanted * torch.log(torch.softmax(scores, 1))).sum(1).mean()


def digits() -> tuple[torch.Tensor, torch.Tensor]:
    """Return 1,797 images of digits, float32 (n, 1, 8, 8) of mean 0, and their classes."""
    from sklearn.datasets import load_digits

    data = load_digits()
    images = torch.tensor((data.images - data.images.mean()) / data.images.std(), dtype=torch.float32)
    return images[:, None], torch.tensor(data.target)


def breaking(studio: Studio, name: str = "cnn-32") -> Trial:
    """Train on images of digits, at a rate that grows each step, until a rule finds a gradient that is not finite."""
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    images, labels = digits()
    net = Digits()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    rate = torch.optim.lr_scheduler.ExponentialLR(optimizer, 1.09)
    judges = [rules.ExplodingTensor(), rules.VanishingGradient()]
    shuffled = torch.randperm(len(images))
    with studio.experiment("digits").trial(name, params={"lr": 0.01, "hidden": 32}) as trial:
        watched = watch(net, optimizer, rules=judges, actions=[actions.StopTraining()], save=SAVED, budget=None)
        try:
            with watched:
                for step in range(MOST):
                    chosen = shuffled.roll(-64 * step)[:64]
                    optimizer.zero_grad()
                    loss = negative_log_likelihood(net(images[chosen]), labels[chosen])
                    loss.backward()
                    optimizer.step()
                    rate.step()
                    trial.log({"train:loss": loss.item()}, step=step)
        except TrainingStopped:
            pass
    torch.set_num_threads(threads)
    studio.session.flush()
    return trial
