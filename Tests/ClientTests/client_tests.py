"""The real openstack client against `millrace up --simulate`.

`Tests/ClientTests/run` runs all; one alone:

    cd Tests/ClientTests && ../../.venv/bin/python -m unittest demo_tests.DemoTests -v

MILLRACE_BINARY names another program than .build/debug/millrace.
"""

import demo_tests
import identity_tests
import image_tests
import lifecycle_tests
import move_tests
import network_tests
import placement_tests
import race_tests
import refusal_tests
import restart_tests
import scheduling_tests

MODULES = [
    demo_tests, identity_tests, image_tests, network_tests, refusal_tests, placement_tests,
    scheduling_tests, lifecycle_tests, move_tests, race_tests, restart_tests]


def load_tests(loader, _, __):
    """All tests: this is what discovery finds."""
    suite = loader.suiteClass()
    for module in MODULES:
        suite.addTests(loader.loadTestsFromModule(module))
    return suite
