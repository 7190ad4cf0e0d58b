"""Rules that find what a test wants."""

from __future__ import annotations

from labdeck.findings.rule import Finding, Need, Rule


class Third(Rule):
    """The third round is judged."""

    def needs(self):
        return (Need(collection="losses"),)

    def judge(self, window):
        if window.step == 2:
            yield Finding("it is the third round")


class Broken(Rule):
    """It does not work."""

    def needs(self):
        return (Need(collection="losses"),)

    def judge(self, window):
        raise ValueError(window.mode)


class Once(Rule):
    """The first step that it judges at all."""

    has_judged = False

    def needs(self):
        return (Need(collection="losses"),)

    def judge(self, window):
        if not self.has_judged:
            self.has_judged = True
            yield Finding(f"step {window.step} is the first")
