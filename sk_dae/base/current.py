"""Parameters that a method reads after the fit, when they may have been set anew."""

from __future__ import annotations

from sklearn.utils._param_validation import validate_parameter_constraints

from ..backend.suggestions import suggesting

__all__ = ["check_parameters"]


def check_parameters(estimator, *names):
    """Check parameters as they are now, by the constraints of their class.

    A fit checks all of them; what was set since, no fit has seen.

    Parameters
    ----------
    estimator : estimator
        The one that reads them.

    *names : str
        Names of the parameters; none means all.

    Raises
    ------
    InvalidParameterError
        A ValueError, if one of them is not valid.
    """
    constraints = estimator._parameter_constraints
    values = {
        name: getattr(estimator, name) for name in names or estimator.get_params(False)
    }
    with suggesting(constraints, values):
        validate_parameter_constraints(
            constraints, values, caller_name=type(estimator).__name__
        )
