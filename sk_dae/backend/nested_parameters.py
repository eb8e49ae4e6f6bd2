"""Parameters of parts, such as ``corruption__level``, where there may be no part."""

from __future__ import annotations

__all__ = ["NestedParameters"]

_EXAMPLES = {
    "autoencoder": "DenoisingAutoencoder",
    "corruption": "GaussianNoise",
    "loss": "HuberLoss",
    "penalty": "ContractivePenalty",
}


class NestedParameters:
    """Mixin of estimators, some parameters of which may be estimators or not."""

    def set_params(self, **params):
        """Set the parameters of this estimator, and of its parts.

        Parameters
        ----------
        **params : dict
            Values by name; those of a part as ``corruption__level``.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If there is no such parameter, or the part is no instance that has any.
        """
        own = self.get_params(deep=False)
        for name in params:
            part, nested, rest = name.partition("__")
            if not nested or part not in own:
                continue
            value = params.get(part, own[part])
            if isinstance(value, type) or not hasattr(value, "set_params"):
                example = ""
                if part in _EXAMPLES:
                    example = f", such as {part}={_EXAMPLES[part]}(...)"
                raise ValueError(
                    f"{name} has nothing to be set on: {part} of "
                    f"{type(self).__name__} is {value!r}, which is no instance with "
                    f"a parameter {rest}. Set {part} to an instance that has "
                    f"it{example}."
                )
        return super().set_params(**params)
