"""Quality control: Datasets in, flags, filled values and image metrics out. Knows neither formats nor deployments."""

import qc.fill as _methods  # noqa: F401 - imported first, so that no later import of it takes the name `qc.fill`
from qc.check import VariableTraits
from qc.errors import PlanError, QcError
from qc.plan import Plan
from qc.run import fill, run, traits_of

__all__ = ["Plan", "PlanError", "QcError", "VariableTraits", "fill", "run", "traits_of"]
