"""What a training spends its time on, and what the machine does meanwhile."""

from labdeck.debugger.profiler.profiler import sample_every

__all__ = ["sample_every"]
