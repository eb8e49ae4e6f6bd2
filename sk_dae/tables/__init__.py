"""Tables of mixed columns as one float32 matrix, and back, with their types.

Here a table is what a user has: a data frame or an array. An encoder learns its columns
and makes a matrix of it, a column for each; a column type says how to write one back.
"""
