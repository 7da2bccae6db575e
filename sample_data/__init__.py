"""A simulated cold-seep lander that writes raw files byte for byte, with the truth beside them."""

from .scenario import Scenario, ScenarioError, load_scenarios
from .simulate import Simulated, demo_scenario, scenarios_file, simulate
from .truth import Truth, read_truth

__all__ = [
    "Scenario",
    "ScenarioError",
    "Simulated",
    "Truth",
    "demo_scenario",
    "load_scenarios",
    "read_truth",
    "scenarios_file",
    "simulate",
]
