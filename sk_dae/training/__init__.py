"""The training of a net: steps, gradients, optimizers, schedules."""
