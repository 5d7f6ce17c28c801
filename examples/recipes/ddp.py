"""Training on several processes: rank 0 alone queries and asks, the others receive the answers.

Here two processes on the CPU (gloo); on GPUs start it with torchrun, "nccl" and the device of each.
"""

from tempfile import TemporaryDirectory

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import distributed, multiprocessing, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

from openal import UNKNOWN, LabeledSet, Pool
from openal.strategies import KnownKMeans

RANKS = 2
digits = load_digits()
dataset = TensorDataset(torch.tensor(digits.data, dtype=torch.float32) / 16)


def train(model: nn.Module, labeled: LabeledSet) -> None:
    known = labeled.known_subset(dataset)
    sampler = DistributedSampler(known)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(10):
        sampler.set_epoch(epoch)
        for x, y in DataLoader(known, batch_size=16, sampler=sampler):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()


def worker(rank: int, folder: str) -> None:
    distributed.init_process_group("gloo", f"file://{folder}/meet", rank=rank, world_size=RANKS)
    torch.manual_seed(0)
    torch.set_num_threads(1)
    labeled = LabeledSet(len(dataset), classes=4)  # with a path=, on rank 0 alone
    asked = np.arange(40)
    for round in range(3):
        truth = digits.target[asked]
        said = [asked, np.where(truth < 4, truth, UNKNOWN)] if rank == 0 else [None, None]
        distributed.broadcast_object_list(said, src=0)
        labeled.add(*said)
        model = DistributedDataParallel(
            nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 4))
        )
        train(model, labeled)
        if rank == 0:  # the others wait at the next broadcast
            print(f"round {round}: {np.mean(truth < 4):.0%} of my classes", flush=True)
            pool = Pool(dataset, embeddings=digits.data)
            asked = KnownKMeans().query(pool, labeled, budget=20, model=model, seed=round).indices
    distributed.destroy_process_group()


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        multiprocessing.spawn(worker, (folder,), nprocs=RANKS)
