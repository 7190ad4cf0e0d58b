"""Which trial what happens belongs to."""

import threading

from labdeck.runs.active import innermost


def in_thread(work):
    found = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join(30)
    return found[0]


def test_the_innermost_of_the_thread(experiment):
    assert innermost() is None
    with experiment.trial("outer") as outer:
        assert innermost() is outer
        with experiment.trial("inner") as inner:
            assert innermost() is inner
        assert innermost() is outer
    assert innermost() is None


def test_other_threads_fall_back_to_the_main_one(experiment):
    with experiment.trial("main") as main:
        assert in_thread(innermost) is main

        def own():
            with experiment.trial("own") as trial:
                return innermost() is trial and in_thread(innermost) is main

        assert in_thread(own)


def test_a_trial_of_another_thread_is_not_taken(experiment):
    def work():
        experiment.trial("elsewhere").start()
        return innermost()

    elsewhere = in_thread(work)
    assert elsewhere is not None
    assert innermost() is None
    assert in_thread(innermost) is None
    elsewhere.finish()


def test_a_joined_trial_counts(experiment, studio):
    with experiment.trial("shared") as trial, studio.find_trial(trial.id) as joined:
        assert innermost() is joined
        trial.finish()
        assert innermost() is joined
    assert innermost() is None
