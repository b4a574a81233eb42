"""The real openstack client against `millrace up --simulate`.

`Tests/ClientTests/run` runs all; one alone:

    cd Tests/ClientTests && ../../.venv/bin/python -m unittest demo_tests.DemoTests -v

MILLRACE_BINARY names another program than .build/debug/millrace.
"""

import os

import demo_tests
import identity_tests
import image_tests
import lifecycle_tests
import migration_control_tests
import move_tests
import network_tests
import placement_tests
import race_tests
import refusal_tests
import restart_tests
import scheduling_tests

# Two halves that take about as long as each other.
HALVES = {
    "1": [lifecycle_tests, move_tests],
    "2": [demo_tests, identity_tests, image_tests, network_tests, refusal_tests, placement_tests,
          scheduling_tests, migration_control_tests, race_tests, restart_tests],
}


def load_tests(loader, _, __):
    """The half that MILLRACE_CLIENT_TESTS_HALF names, or all: this is what discovery finds."""
    half = os.environ.get("MILLRACE_CLIENT_TESTS_HALF")
    suite = loader.suiteClass()
    for name, modules in HALVES.items():
        for module in modules if half in (None, name) else []:
            suite.addTests(loader.loadTestsFromModule(module))
    return suite
