"""Writes a run with W&B, offline, and prints its id: write_wandb.py FOLDER STEPS."""

import os
import sys
from pathlib import Path

folder = Path(sys.argv[1])
os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_DIR=str(folder), WANDB_DISABLE_GIT="true")

import wandb  # noqa: E402 - it reads the environment when it is imported

run = wandb.init(
    project="vision",
    name="first",
    notes="a note",
    tags=["good"],
    group="night",
    job_type="train",
    config={"lr": 0.1, "opt": {"name": "sgd", "momentum": 0.9}, "layers": [1, 2]},
)
for step in range(int(sys.argv[2])):
    run.log({"loss": 1 / (step + 1), "nested": {"value": step}, "odd": float("nan"), "said": "x" * 40})
run.config.update({"late": True})
run.summary["best"] = 3
(folder / "saved.txt").write_text("hello", encoding="utf-8")
run.save(str(folder / "saved.txt"), base_path=str(folder))
Path(run.dir, "own.md").write_text("mine", encoding="utf-8")
run.finish()
sys.stdout.write(run.id)
