"""Parameters and weights of a net whose module, loss and penalty are instances."""

from __future__ import annotations

import copy

__all__ = ["SetParameters"]

_PARTS = {
    "module": "a torch module with the methods encode and decode",
    "criterion": "a loss of sk_dae",
    "penalty": "a penalty of sk_dae or None",
}


class SetParameters:
    """Mixin of a skorch net: what is set or taken of its parts goes to the parts."""

    def set_params(self, **params):
        """Set parameters of the net, or of its loss or penalty as ``criterion__name``.

        Parameters
        ----------
        **params : dict
            Values by name.

        Returns
        -------
        self : object
            The net.
        """
        own, of_parts = {}, []
        for key, value in params.items():
            name, _, rest = key.partition("__")
            if name in _PARTS and rest:
                of_parts.append((self._part_with_parameters(name, key), rest, value))
                continue
            if name in _PARTS and not self._suits(name, value):
                raise ValueError(f"{name} must be {_PARTS[name]}, got {value!r}.")
            own[key] = value
        for part, name, value in of_parts:
            part.set_params(**{name: value})
        # Initialised nets of skorch refuse another optimizer.
        optimizer = own.pop("optimizer", None)
        super().set_params(**own)
        if optimizer is not None:
            self.optimizer = optimizer
            if self.initialized_:
                self._initialize_optimizer()
        return self

    def _part_with_parameters(self, name, key):
        part = getattr(self, name)
        if not hasattr(part, "set_params"):
            raise ValueError(
                f"{key} cannot be set: {name} of the net is "
                f"{'None' if part is None else 'an instance without parameters'}."
            )
        return part

    def _suits(self, name, value):
        if name == "module":
            return all(
                callable(getattr(value, method, None))
                for method in ("encode", "decode")
            )
        wanted = "fit_rows" if name == "criterion" else "of_code"
        return hasattr(value, wanted) or (name == "penalty" and value is None)

    def get_weights(self):
        """Return a copy of what the net has learned.

        Returns
        -------
        weights : list of dict
            The states of the module, of the loss and of the penalty, if any.
        """
        return [copy.deepcopy(part.state_dict()) for part in self._learning_parts()]

    def set_weights(self, weights):
        """Take what :meth:`get_weights` returned.

        Parameters
        ----------
        weights : list of dict
            The states of the module, of the loss and of the penalty, if any.
        """
        for part, state in zip(self._learning_parts(), weights, strict=True):
            part.load_state_dict(state)

    def _learning_parts(self):
        parts = [self.module_, self.criterion_]
        return parts if self.penalty is None else [*parts, self.penalty]
