"""Builds and runs the Millrace lab: emulated compute hosts with real vDPA devices."""
