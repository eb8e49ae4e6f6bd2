"""skorch's methods for arrays of rows: fit, predict and forward."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.utils import check_array, check_consistent_length
from skorch.utils import to_numpy

from ..backend.random import RandomStreams
from ..data.batches import Batches
from ..data.rows import rows_of
from ..tables.numbers import as_numbers
from .datasets import RowsDataset
from .objective import EncoderInput
from .run import TrainingRun

__all__ = ["ArrayMethods"]


class ArrayMethods:
    """Mixin of a skorch net: its methods take arrays of rows, as the net reads them."""

    def partial_fit(self, X, y=None, classes=None, **fit_params):
        """Train for ``max_epochs`` epochs on an array of rows, from the weights it has.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows as the estimator has them inside, scaled or encoded; NaN stands for a
            missing value.

        y : array-like of shape (n_samples, n_targets), default=None
            Targets to restore or predict, as numbers; None restores the rows.

        classes : None
            Ignored.

        **fit_params : dict
            None is taken.

        Returns
        -------
        self : object
            The net, trained further.
        """
        fit_params.pop("_routing_method", None)
        if fit_params:
            raise TypeError(
                f"fit takes no further parameters, got {sorted(fit_params)}."
            )
        if not self.initialized_:
            self.initialize()
        X = self._check_rows(X)
        if self.corruption is not None and not hasattr(
            self.corruption, "n_features_in_"
        ):
            raise ValueError(
                "corruption of the net is not fitted, as in a clone of a net. Clone "
                "and fit the estimator instead."
            )
        targets = None if y is None else self._check_targets(y, X)
        device = torch.device(self.device)
        streams = RandomStreams(self.seed, device)
        rows = rows_of(X, device)
        batches = Batches(
            rows,
            None,
            self.batch_size,
            device,
            targets=None if targets is None else rows_of(targets, device),
            generator=streams["shuffle"],
        )
        given = [X] if targets is None else [X, targets]
        run = TrainingRun(
            batches,
            None,
            device,
            streams,
            encoder_input=self._reads(),
            has_missing=any(_has_missing(values) for values in given),
        )
        return self.train(run, self.max_epochs)

    def get_dataset(self, X, y=None):
        """Return rows as a dataset; one is returned as it is."""
        if isinstance(X, RowsDataset):
            return X
        rows = rows_of(self._check_rows(X))
        return RowsDataset(
            Batches(rows, None, self.batch_size, torch.device(self.device))
        )

    def get_iterator(self, dataset, training=False):
        """Return the batches of a dataset."""
        return dataset.batches

    def evaluation_step(self, batch, training=False):
        """Return what the decoder gives for the rows of a batch."""
        self.check_is_fitted()
        before = self.module_.training
        try:
            with torch.set_grad_enabled(training):
                self._set_training(training)
                return self.infer(batch[0])
        finally:
            # An estimator predicts with the module too, and a training goes on.
            self._set_training(before)

    def infer(self, x, **fit_params):
        """Return what the decoder gives for rows."""
        return self.module_.decode(self.module_.encode(self._reads()(x)))

    def predict_proba(self, X):
        """Return reconstructions, or predictions, as an array.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows as the estimator has them inside.

        Returns
        -------
        output : ndarray of shape (n_samples, n_outputs), dtype float32
            The decoder's output, turned into data by the loss.
        """
        outputs = [
            to_numpy(self.criterion_.to_data(output.to(self.device)))
            for output in self.forward_iter(X, training=False)
        ]
        return np.concatenate(outputs)

    def _check_rows(self, X):
        X = _validate_array(X, "X")
        if self.n_features not in (None, X.shape[1]):
            raise ValueError(
                f"X has {X.shape[1]} features, but the net takes {self.n_features}."
            )
        return X

    def _check_targets(self, y, X):
        targets = _validate_array(y, "y")
        check_consistent_length(X, targets)
        width = self._n_targets(X)
        if targets.shape[1] != width:
            raise ValueError(
                f"y has {targets.shape[1]} columns, but the net gives {width}."
            )
        return targets

    def _n_targets(self, X):
        """Return the number of columns that targets of rows have."""
        return X.shape[1]

    def _reads(self):
        """Return the rule for what the encoder reads of rows."""
        return self.encoder_input or EncoderInput(self.criterion_)


def _validate_array(X, name):
    return check_array(
        as_numbers(X),
        accept_sparse="csr",
        dtype="numeric",
        ensure_all_finite="allow-nan",
        input_name=name,
    )


def _has_missing(X):
    values = X if isinstance(X, np.ndarray) else X.data
    return values.dtype.kind == "f" and bool(np.isnan(values).any())
