"""The test kit that whoever writes a connector runs: `pytest --connector my_package:MyConnector`.

scenario     what a connector's author offers: a source that can be filled, changed and broken
engine       lands what a connector yields, in memory, as the registry's engine does
clauses      what a clause of the contract is, and how it can end
sector_*     the clauses for sector connectors
population*  the clauses for population connectors
checking     runs clauses outside pytest
plugin       runs them as pytest's items, and prints the report
"""
