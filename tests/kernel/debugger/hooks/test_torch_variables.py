"""The line that first assigned what is not finite is found among the variables of a loop."""

from __future__ import annotations

import linecache
import sys

import pytest
import torch

from labdeck.debugger.hooks.torch_tracing import is_finite
from labdeck.debugger.hooks.torch_variables import bad_assignment

zero = torch.tensor(0.0)


def look():
    return bad_assignment(sys._getframe(1), is_finite)


def text(line):
    assert line.file == __file__
    return linecache.getline(line.file, line.number).strip()


def test_the_line_is_found_and_what_depends_on_it_is_not_blamed():
    loss = torch.tensor(1.0)
    scale, kept = torch.tensor(0.0), 3
    for _ in range(2):
        penalty = torch.log(scale) * scale
        total = loss + penalty + kept
        found = look()
    assert text(found) == "penalty = torch.log(scale) * scale"
    assert found.function == "test_the_line_is_found_and_what_depends_on_it_is_not_blamed"
    assert not torch.isfinite(total)


def test_the_latest_assignment_counts_and_later_lines_and_inner_functions_do_not():
    total = zero + 1

    def inner():
        total = zero / zero
        return [total]

    total = torch.sqrt(zero - 1)
    found = look()
    assert text(found) == "total = torch.sqrt(zero - 1)"
    (total,) = inner()
    assert text(look()) == "(total,) = inner()"
    assert not torch.isfinite(total)


def test_what_was_made_elsewhere_is_nobodys_fault():
    def step(given):
        twice = given * 2
        return look(), twice

    assert step(torch.tensor(torch.nan))[0] is None
    assert step(torch.tensor(1.0))[0] is None


def test_of_a_sum_that_grows_nobody_knows_which_part_was_to_blame():
    total = torch.tensor(0.0)
    total += torch.log(zero) * zero
    assert not torch.isfinite(total)
    assert look() is None
    total = total + 1
    assert look() is None


@pytest.mark.parametrize("source", ["found = look()", "%time x\nbad = zero / 0\nfound = look()"])
def test_source_that_cannot_be_read_is_no_failure(source):
    names = {"look": look, "zero": zero, "bad": zero / 0}
    linecache.cache["<odd>"] = (len(source), None, source.splitlines(keepends=True), "<odd>")
    exec(compile(source.replace("%time x", ""), "<odd>", "exec"), names)
    assert names["found"] is None
