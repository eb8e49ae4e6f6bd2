"""A fuzzer of the estimators against their contract; see the developers' docs."""
