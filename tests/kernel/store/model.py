"""The catalog as plain dictionaries: slow, obvious, and the judge of the real ones."""

from __future__ import annotations

import copy

from labdeck.errors import Conflict, NotFound
from labdeck.store.objective import choose_objective
from labdeck.wire.records import Objective


class Model:
    """What a catalog should say after the same commands."""

    def __init__(self):
        self.experiments = {}
        self.trials = {}
        self.clock = 0

    def apply(self, commands):
        """All or none, as the real one."""
        before = copy.deepcopy((self.experiments, self.trials))
        self.clock += 1
        try:
            for command in commands:
                getattr(self, command.__struct_config__.tag.replace("-", "_"))(command)
        except (NotFound, Conflict):
            self.experiments, self.trials = before
            raise

    def dump(self):
        """Everything a reader can see, in the form of `dump` in the tests."""
        experiments = {
            key: (e["name"], e["note"], e["tags"], e["objective"], e["deleted"], e["updated"], *self._counts(key))
            for key, e in self.experiments.items()
        }
        trials = {}
        for key, t in self.trials.items():
            gone = self.experiments[t["home"]]["deleted"] if t["deleted"] is None else t["deleted"]
            names = [name for component, name in t["metrics"]]
            best = choose_objective(names, self.experiments[t["home"]]["objective"])
            goal = "max" if best is None else best.goal
            stands = self._summary(t, best)
            trials[key] = (
                *(t[field] for field in ("home", "name", "state", "ended", "note", "tags", "incomplete")),
                *(gone, goal, stands, list(t["params"].items()), list(t["metrics"].items())),
                [(name, *part) for name, part in t["components"].items()],
            )
        return experiments, trials, self._order()

    def _order(self):
        shown = [key for key, e in self.experiments.items() if e["deleted"] is None]
        listed = {
            key: [i for i, t in self.trials.items() if t["home"] == key and t["deleted"] is None][::-1] for key in shown
        }
        running = [key for key, t in self.trials.items() if t["state"] == "running"]
        return set(shown), listed, running

    def _counts(self, key):
        mine = [t for t in self.trials.values() if t["home"] == key and t["deleted"] is None]
        return len(mine), sum(t["state"] == "running" for t in mine)

    def _summary(self, trial, best):
        named = [key for key in trial["metrics"] if best is not None and key[1] == best.metric]
        named.sort(key=lambda key: key[0] != "")
        return trial["metrics"][named[0]] if named else None

    def _named(self, things, name, skip=None):
        return next((k for k, v in things.items() if v["name"] == name and v["deleted"] is None and k != skip), None)

    def _siblings(self, home):
        return {key: t for key, t in self.trials.items() if t["home"] == home}

    def _free(self, things, stem, first):
        number = first
        while self._named(things, f"{stem}-{number}"):
            number += 1
        return f"{stem}-{number}"

    def _thing(self, identity):
        found = self.trials.get(identity) or self.experiments.get(identity)
        if found is None:
            raise NotFound("")
        return found

    def _create(self, identity, name, created):
        self.experiments[identity] = {
            "name": name,
            "note": "",
            "tags": {},
            "objective": None,
            "deleted": None,
            "updated": created,
        }
        return identity

    def open_experiment(self, c):
        found = self._named(self.experiments, c.name)
        if found is None and c.id in self.experiments:
            return
        found = found or self._create(c.id, c.name, c.created)
        if c.objective is not None:
            self.experiments[found]["objective"] = Objective(metric=c.objective, goal=c.goal)

    def rename_experiment(self, c):
        if c.id not in self.experiments:
            raise NotFound("")
        if self.experiments[c.id]["deleted"] is None and self._named(self.experiments, c.name, c.id):
            raise Conflict("")
        self.experiments[c.id]["name"] = c.name

    def set_objective(self, c):
        if c.id not in self.experiments:
            raise NotFound("")
        self.experiments[c.id]["objective"] = None if c.metric is None else Objective(metric=c.metric, goal=c.goal)

    def start_trial(self, c):
        if c.id in self.trials:
            return
        home = self._named(self.experiments, c.experiment)
        if home is None and c.new_experiment_id not in self.experiments:
            home = self._create(c.new_experiment_id, c.experiment, c.started)
        elif home is None and self.experiments[c.new_experiment_id]["deleted"] is None:
            home = c.new_experiment_id
        assert home is not None, "the sequences avoid this: the real one draws a new id"
        near = self._siblings(home)
        name = c.name or self._free(near, "trial", 1)
        if self._named(near, name):
            name = self._free(near, name, 2)
        blank = {"state": "running", "ended": None, "note": "", "tags": {}, "incomplete": "", "deleted": None}
        facts = {"params": {}, "metrics": {}, "components": {}, "beat": c.started}
        self.trials[c.id] = {"home": home, "name": name, **blank, **facts}
        self.experiments[home]["updated"] = c.started

    def _end(self, identity, state, ended, endable):
        t = self.trials.get(identity)
        if t is None or t["state"] not in endable or t["state"] == state:
            return
        t["state"], t["ended"] = state, ended
        for part in t["components"].values():
            if part[0] in ("running", "crashed"):
                part[:2] = [state, ended]
        self.experiments[t["home"]]["updated"] = ended

    def finish_trial(self, c):
        self._end(c.id, c.state, c.ended, ("running", "crashed"))

    def mark_crashed(self, c):
        if c.id in self.trials and self.trials[c.id]["beat"] == c.heartbeat:
            self._end(c.id, "crashed", c.ended, ("running",))

    def beat(self, c):
        for t in (self.trials[key] for key in c.trial_ids if key in self.trials):
            t["beat"] = c.time
            if t["state"] == "crashed":
                t["state"], t["ended"] = "running", None
                for part in t["components"].values():
                    if part[0] == "crashed":
                        part[:2] = ["running", None]

    def mark_incomplete(self, c):
        if c.id in self.trials:
            self.trials[c.id]["incomplete"] = c.reason

    def start_component(self, c):
        if c.trial_id in self.trials:
            self.trials[c.trial_id]["components"].setdefault(c.name, [None, None, None])[:] = ["running", None, ""]

    def finish_component(self, c):
        if c.trial_id in self.trials:
            self.trials[c.trial_id]["components"].setdefault(c.name, [None] * 3)[:] = [c.state, c.ended, c.error]

    def log_params(self, c):
        for item in c.params if c.trial_id in self.trials else ():
            self.trials[c.trial_id]["params"][item.component, item.name] = item.value

    def advance_metrics(self, c):
        for item in c.metrics if c.trial_id in self.trials else ():
            self.trials[c.trial_id]["metrics"][item.component, item.name] = item.last

    def rename_trial(self, c):
        if c.id not in self.trials:
            raise NotFound("")
        t = self.trials[c.id]
        if t["deleted"] is None and self._named(self._siblings(t["home"]), c.name, c.id):
            raise Conflict("")
        t["name"] = c.name

    def annotate(self, c):
        self._thing(c.id)["note"] = c.note

    def set_tags(self, c):
        for identity in c.ids:
            thing = self._thing(identity)
            thing["tags"] = {k: v for k, v in {**thing["tags"], **c.set}.items() if k not in c.remove}

    def delete(self, c):
        for identity in c.ids:
            thing = self._thing(identity)
            thing["deleted"] = c.time if thing["deleted"] is None else thing["deleted"]

    def restore(self, c):
        for identity in c.ids:
            thing = self._thing(identity)
            if thing["deleted"] is None:
                continue
            near = self.experiments if identity in self.experiments else self._siblings(thing["home"])
            if self._named(near, thing["name"]):
                thing["name"] = self._free(near, thing["name"], 2)
            thing["deleted"] = None
