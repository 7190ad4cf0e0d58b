"""Tells scripts whether SageMaker runs them."""

from __future__ import annotations

import os

from labdeck.compat.smdebug.config_constants import DEFAULT_SAGEMAKER_OUTDIR


def is_sagemaker_job() -> bool:
    """Tell whether this is a container of SageMaker, by the variable of the environment that it sets."""
    return "TRAINING_JOB_NAME" in os.environ


def get_sagemaker_out_dir() -> str:
    """Return where hooks write in SageMaker's containers."""
    return DEFAULT_SAGEMAKER_OUTDIR
