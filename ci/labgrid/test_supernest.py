"""labgrid: nests from the shell of the booted machine; a test for the whole and one for each level.

pytest --lg-env kvm.yaml test_supernest.py
"""
import os
import re

import pytest

DEPTH = int(os.environ.get("DEPTH", "2"))
SIGNAL = re.compile(r"<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=(\w+) RESULT=(\w+) UNITS=(\S+) MEASUREMENT=([0-9.]+)>")


@pytest.fixture(scope="session")
def shell(target):
    target.get_driver("QEMUDriver").on()
    return target.get_driver("ShellDriver")


@pytest.fixture(scope="session")
def results(shell):
    """(table, {test: (result, unit, measurement)}) of one run"""
    table, _, _ = shell.run(f"supernest run --depth {DEPTH} --report table --json /tmp/report.json", timeout=900)
    lines, _, status = shell.run("supernest report /tmp/report.json --format lava")
    assert status == 0, lines
    found = (SIGNAL.fullmatch(line) for line in lines)
    return "\n".join(table), {match[1]: (match[2], match[3], float(match[4])) for match in found if match}


def test_depth(results):
    table, tests = results
    assert tests["depth"] == ("pass", "levels", DEPTH), table


@pytest.mark.parametrize("level", range(DEPTH, -1, -1))
def test_level(results, level, record_property):
    table, tests = results
    own = {name: test for name, test in tests.items() if name.startswith(f"l{level}_")}
    if not own:
        pytest.skip(f"L{level} is above this machine")
    for name, (result, unit, measurement) in own.items():
        record_property(f"{name}_{unit}", measurement)
    assert [name for name, test in own.items() if test[0] == "fail"] == [], table
