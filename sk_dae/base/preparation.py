"""Before a training: the data is read and learned from, and the net is built."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..backend.devices import find_device
from ..data.rows import rows_of
from ..data.training_data import TrainingData
from ..data.validation_set import naming_argument
from ..training.objective import EncoderInput
from ..training.run import TrainingRun
from .training_plan import TrainingPlan

__all__ = ["FitPreparation"]


class FitPreparation:
    """Mixin of the autoencoders that a net is trained in: what precedes a training.

    Nothing here changes the estimator.
    """

    def _prepare(
        self,
        X,
        sample_weight,
        clean,
        *,
        resume=False,
        incremental=False,
        validation=None,
    ):
        """Check what belongs to validated rows, and learn what comes before training.

        Returns
        -------
        plan : TrainingPlan
            All that a training needs, but for the module and the net.
        """
        device = find_device(self.device)
        loss = self._make_loss()
        emphasis = self._check_emphasis()
        schedule = self._find_noise_schedule(incremental)
        penalty = self._make_penalty()
        names = getattr(self, "feature_names_in_", None)
        data = TrainingData.check(
            X,
            clean,
            sample_weight,
            loss=loss,
            names=names,
            scale_weights=not incremental,
        )
        valid_has_missing = None
        if validation is not None:
            with naming_argument("X_val" if clean is None else "clean_val"):
                validation = TrainingData.check(
                    validation.X,
                    validation.clean,
                    validation.sample_weight,
                    loss=loss,
                    names=names,
                    scale_weights=True,
                )
                valid_has_missing = validation.misses_with(data)
        loss.fit_rows(
            rows_of(X if data.clean is None else data.clean, weights=data.row_weights),
            data.target_statistics,
            self.net_.criterion_ if resume else None,
        )
        streams = self._make_streams(device, resume=resume)
        train, valid = data.batches(
            self.batch_size,
            device,
            streams,
            self.validation_fraction if self.early_stopping else None,
            validation,
        )
        statistics, target_statistics = data.statistics, data.target_statistics
        if resume and incremental:
            statistics = self._statistics + statistics
            target_statistics = self._target_statistics + target_statistics
        self._warn_of_empty_columns(target_statistics)

        # A state of its own, so that a sample of donors does not move other streams.
        donor_state = np.random.RandomState(streams.seeds["corruption"] % 2**32)
        learns_corruption = not (resume and incremental)
        if learns_corruption:
            corruption = self._make_corruption()
            if corruption is not None:
                in_place = device.type == "cpu"
                corruption.fit_rows(
                    rows_of(X, weights=data.row_weights),
                    donor_state,
                    feature_names=names,
                    in_place=in_place,
                )
        else:
            corruption = self.corruption_
        return TrainingPlan(
            train=train,
            valid=valid,
            device=device,
            streams=streams,
            loss=loss.to(device),
            penalty=penalty,
            corruption=corruption,
            donor_state=donor_state if learns_corruption else None,
            emphasis=emphasis,
            noise_schedule=schedule,
            statistics=statistics,
            target_statistics=target_statistics,
            has_missing=data.has_missing,
            valid_has_missing=valid_has_missing,
            resume=resume,
            incremental=incremental,
        )

    def _build(self, plan, n_features):
        """Make or copy the module, and initialise the penalty."""
        forked = self._forked_generators(plan.streams, plan.device)
        if plan.resume:
            module, widths = self._copy_module(n_features, plan.loss), self._widths
        else:
            module, widths = self._make_module(
                n_features, plan.loss, plan.streams, forked
            )
        penalty, corruption = plan.penalty, plan.corruption
        if penalty is not None:
            penalty.check_module(module)
            penalty.initialize(module, widths[1], plan.streams["init"])
            if plan.resume:
                penalty.resume(self.net_.penalty)
            penalty.to(plan.device)
        predicts = EncoderInput.of(
            module, plan.loss, plan.statistics, corruption, plan.device
        )

        def in_training(has_missing):
            if corruption is not None:
                # One that fills gaps does so where it corrupts.
                has_missing |= corruption.makes_missing
                has_missing &= not corruption.fills_missing
            return predicts.in_training(has_missing)

        own_validation = plan.valid_has_missing is not None
        run = TrainingRun(
            plan.train,
            plan.valid,
            plan.device,
            plan.streams,
            in_training(plan.has_missing),
            has_missing=plan.has_missing,
            forked=forked,
            valid_input=in_training(plan.valid_has_missing) if own_validation else None,
            valid_has_missing=bool(plan.valid_has_missing),
        )
        return replace(
            plan, module=module, widths=widths, run=run, encoder_input=predicts
        )
