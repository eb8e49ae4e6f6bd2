"""The classifier: unsupervised pretraining, supervised fine-tuning."""

from __future__ import annotations

from numbers import Real

import torch
from sklearn.base import (
    ClassifierMixin,
    _fit_context,
)
from sklearn.utils._param_validation import StrOptions
from torch.nn.functional import logsigmoid

from ..backend.serialization import serializable
from ..tables.frames import refuse_duplicates
from ..training.callbacks.sklearn_bridge import with_callbacks
from ._class_targets import ClassTargets
from ._fine_tuning import FineTunedPredictor

__all__ = ["DenoisingAutoencoderClassifier"]


@serializable(standalone=True)
class DenoisingAutoencoderClassifier(ClassTargets, ClassifierMixin, FineTunedPredictor):
    """Classifier: a denoising autoencoder, fine-tuned to tell classes apart.

    The autoencoder is trained on all rows, with or without a label. Then a linear layer
    is put on its code, and encoder and layer are trained together to predict the
    classes of the labelled rows, by cross-entropy; rows are corrupted and hidden
    activations dropped while it is. With an indicator matrix as `y`, a row may have
    several labels. Read more in the :ref:`User Guide <fine_tuning>`.

    Parameters
    ----------
    autoencoder : autoencoder, FrozenEstimator or None, default=None
        An autoencoder of the package that a net is trained in, which a
        :class:`MarginalizedDenoisingAutoencoder` is not; it is cloned, and seeded where
        it is not. A fitted one in a
        :class:`~sklearn.frozen.FrozenEstimator` is taken as it is, and not trained
        again; refit it, and predictions may change. None is a
        :class:`DenoisingAutoencoder` of 256 components with swap noise; for a table
        with text, categories or times a :class:`TabularDenoisingAutoencoder`.

    pretrain : bool, default=True
        Whether to train the autoencoder. Without, its net starts from fresh weights,
        and rows without a target serve only to scale and to corrupt.

    corruption : str, corruption instance, callable or None, default="autoencoder"
        Corruption of the rows in the fine-tuning: "autoencoder" is the process that
        the autoencoder was trained with, at its level; anything else as in the
        autoencoder.

    noise_level : "auto", float, array-like of shape (n_features,) or dict, \
            default="auto"
        Level of a corruption given by the name of a process. "auto" is what it means in
        the autoencoder, and the only one allowed beside an instance or a callable,
        which carries its own. Without effect beside "autoencoder" and None.

    dropout : float in [0, 1), default=0.5
        Probability that an activation of the encoder is dropped in the fine-tuning.

    head_max_iter : int, default=0
        Number of epochs, before the fine-tuning, in which the linear layer is trained
        alone, on the codes as pretraining has left them. Its random start then does
        not pull on what was learned.

    optimizer : str or type, default="adamw"
        "adamw", "adam", "sgd" (momentum 0.9), "nesterov", "rmsprop", or an optimizer
        class of torch.

    learning_rate_init : float, default=0.001
        The learning rate; its greatest value where it changes.

    learning_rate : {"one_cycle", "cosine", "constant"}, default="one_cycle"
        How it changes over the training: a linear rise over the first quarter and
        half a cosine down to zero; half a cosine down to zero; not at all.

    alpha : float, default=0.01
        Weight decay, decoupled from the gradient with "adamw".

    batch_size : int or "auto", default="auto"
        Rows of a batch in the fine-tuning, at most. "auto" is a sixty-fourth of the
        rows that have a target, within [32, 512].

    max_iter : int or "auto", default="auto"
        Number of epochs of the fine-tuning; with `early_stopping`, at most. "auto" is
        as many as make 8000 steps, within [20, 200].

    early_stopping : bool, default=False
        Whether to set validation rows aside, to stop the fine-tuning when their loss
        no longer improves, and to restore the weights of the best epoch. They are not
        corrupted.

    validation_fraction : float in (0, 1), default=0.1
        Fraction of the rows with a target that are set aside, drawn at random, and of
        each class alike; not used where :meth:`fit` is given an `X_val`.

    n_iter_no_change : int, default=10
        Epochs without an improvement before training stops, with `early_stopping`.

    tol : float, default=1e-4
        Least improvement of the validation loss, with `early_stopping`.

    warm_start : bool, default=False
        Whether :meth:`fit` goes on from the weights of the last fit, without another
        pretraining. The classes, or labels, have to be the same.

    class_weight : dict, "balanced" or None, default=None
        Weights of the classes in the fine-tuning: by class, or inversely to how
        often they occur. Only None goes with an indicator matrix.

    unlabeled_value : int, float, str or None, default=None
        The value of `y` that says that a row has no label. None means that every row
        has one; scikit-learn's semi-supervised estimators use -1. It may stand in
        single cells of an indicator matrix. NaN stands for all
        that pandas takes as missing.

    net_callbacks : list of skorch callbacks or None, default=None
        Called in the fine-tuning of the whole net. skorch's EarlyStopping, and one that
        raises :class:`~sk_dae.StopTraining`, end it.

    device : str, torch.device or None, default=None
        Where both trainings run, whatever the `device` of `autoencoder` is. None leaves
        it that; it is "auto" where `autoencoder` is None. Beside a frozen autoencoder,
        which stays where it is, only None is allowed.

    random_state : int, RandomState instance or None, default=None
        Seeds the fine-tuning, and an autoencoder that is not seeded itself.

    verbose : int, default=0
        Whether to show lines of progress, of the pretraining too. 0 leaves the
        autoencoder its own.

    head_iter : int, default="deprecated"
        The old name of `head_max_iter`.

        .. deprecated:: 0.2
           Will be removed in 0.3.

    callbacks : list of skorch callbacks or None, default="deprecated"
        The old name of `net_callbacks`.

        .. deprecated:: 0.2
           Will be removed in 0.3.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes; the indices of its columns where `y` was an indicator matrix.

    autoencoder_ : autoencoder instance
        The fitted autoencoder, as pretraining left it; a frozen one itself.

    net_ : PredictingNet
        The trained ``skorch.NeuralNet``; ``net_.module_`` is the torch module and
        ``net_.history`` the record of all epochs of the fine-tuning.

    n_features_in_ : int
        Number of features seen during fit.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had string column names.

    n_iter_ : int
        Number of epochs of the fine-tuning in the last call of a fit.

    loss_curve_ : list of float
        Mean training loss of each epoch of the fine-tuning.

    validation_loss_curve_ : list of float or None
        Loss of the validation rows; None without `early_stopping`.

    best_loss_ : float
        The least validation loss, or without `early_stopping` the least training
        loss.

    device_ : str
        The device that holds the net.

    See Also
    --------
    DenoisingAutoencoderRegressor : The same for numbers.
    sklearn.semi_supervised.SelfTrainingClassifier : Learns from its own predictions.

    References
    ----------
    Vincent, P., Larochelle, H., Lajoie, I., Bengio, Y. and Manzagol, P.-A. (2010).
    Stacked denoising autoencoders: learning useful representations in a deep network
    with a local denoising criterion. Journal of Machine Learning Research, 11.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from sk_dae import DenoisingAutoencoder, DenoisingAutoencoderClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> some = np.where(np.arange(len(y)) < 200, y, -1)
    >>> model = DenoisingAutoencoderClassifier(
    ...     DenoisingAutoencoder(64, code_activation="relu", max_iter=10),
    ...     unlabeled_value=-1,
    ...     random_state=0,
    ... ).fit(X / 16, some)
    >>> bool(model.score(X[200:] / 16, y[200:]) > 0.8)
    True
    """

    _parameter_constraints: dict = {
        **FineTunedPredictor._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "unlabeled_value": [Real, str, None],
    }

    def __init__(
        self,
        autoencoder=None,
        *,
        pretrain=True,
        corruption="autoencoder",
        noise_level="auto",
        dropout=0.5,
        head_max_iter=0,
        optimizer="adamw",
        learning_rate_init=0.001,
        learning_rate="one_cycle",
        alpha=0.01,
        batch_size="auto",
        max_iter="auto",
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        warm_start=False,
        class_weight=None,
        unlabeled_value=None,
        net_callbacks=None,
        device=None,
        random_state=None,
        verbose=0,
        head_iter="deprecated",
        callbacks="deprecated",
    ):
        super().__init__(
            autoencoder,
            pretrain=pretrain,
            corruption=corruption,
            noise_level=noise_level,
            dropout=dropout,
            head_max_iter=head_max_iter,
            optimizer=optimizer,
            learning_rate_init=learning_rate_init,
            learning_rate=learning_rate,
            alpha=alpha,
            batch_size=batch_size,
            max_iter=max_iter,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            tol=tol,
            warm_start=warm_start,
            net_callbacks=net_callbacks,
            device=device,
            random_state=random_state,
            verbose=verbose,
            head_iter=head_iter,
            callbacks=callbacks,
        )
        self.class_weight = class_weight
        self.unlabeled_value = unlabeled_value

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=False)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Fine-tune for one pass over the rows with a target, at a constant rate.

        The first call pretrains in full on its rows, and learns of them scales,
        categories and what the corruption needs to know; the values that stand in for
        missing ones are learned from all calls.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Training rows, as the autoencoder takes them; NaN stands for a missing
            value.

        y : {array-like, sparse matrix, data frame} of shape (n_samples,) or \
                (n_samples, n_labels)
            Classes, or an indicator matrix. Not all need occur in a call.

        classes : array-like of shape (n_classes,), default=None
            The classes of all calls. Needed on the first, unless `y` is an indicator
            matrix.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row; one of weight zero is left out. Not scaled to a mean of
            one, as :meth:`fit` does: weights compare across calls.

        Returns
        -------
        self : object
            The estimator, trained further.
        """
        self._refuse_early_stopping()
        if isinstance(self.class_weight, str):
            raise ValueError(
                "class_weight of partial_fit must be a dict or None, as it does not "
                f"see how often classes occur in all calls; got {self.class_weight!r}."
            )
        with self._unharmed_by_failure():
            known = None
            if y is not None:
                known = self._known_classes(y, classes)
            return self._fit(
                X, y, sample_weight, resume=True, incremental=True, known=known
            )

    @property
    def _n_outputs(self):
        return len(self.classes_)

    def predict_proba(self, X):
        """Predict the probabilities of the classes.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes), dtype float32
            In the order of ``classes_``. Those of labels, of which a row may have
            several, do not add up to one.
        """
        return self._outputs(X, to_data=True)

    def predict_log_proba(self, X):
        """Predict the logarithms of the probabilities of the classes.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes), dtype float32
            In the order of ``classes_``.
        """
        outputs = torch.from_numpy(self._outputs(X))
        if self._multilabel:
            return logsigmoid(outputs).numpy()
        return outputs.log_softmax(dim=1).numpy()

    def decision_function(self, X):
        """Compute what the net gives each class, before it is made a probability.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        decision : ndarray of shape (n_samples,) or (n_samples, n_classes), float32
            With two classes, the second minus the first; the logit of each label,
            where a row may have several.
        """
        outputs = self._outputs(X)
        if outputs.shape[1] == 2 and not self._multilabel:
            return outputs[:, 1] - outputs[:, 0]
        return outputs

    def predict(self, X):
        """Predict classes.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            The most probable classes; or an indicator matrix of the labels that are
            more probable than not.
        """
        outputs = self._outputs(X)
        if self._multilabel:
            return (outputs > 0).astype(int)
        return self.classes_[outputs.argmax(axis=1)]

    def score(self, X, y, sample_weight=None):
        """Compute the share of rows whose class, or all labels, are predicted.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows.

        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Their classes, or an indicator matrix.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row.

        Returns
        -------
        accuracy : float
            Between 0 and 1.
        """
        refuse_duplicates(y, "y")
        refuse_duplicates(sample_weight, "sample_weight")
        return super().score(X, y, sample_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
