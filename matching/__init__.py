"""Are these two descriptions one child? Plain Python: facts are read here, compared, weighed and decided.

One module for each kind of fact reads it as people write it, keeps what was written, and says what is odd: `names`,
`dates`, `numbers`, `places`, `ethnicity`.
"""
