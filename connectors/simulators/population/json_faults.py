"""JSON answers in another form than agreed."""

from __future__ import annotations

from connectors.simulators.population.faults import Fault

DEEP = 20_000  # arrays in each other


def misshapen(text: str, fault: Fault | None, *, renamed: tuple[str, str]) -> str:
    """Return the text of an object as a fault leaves it.

    Args:
        renamed: a member that the form needs, and what it is called instead where names are not the agreed ones.
    """
    if fault is Fault.WRONG_NAMESPACE:
        return text.replace(f'"{renamed[0]}":', f'"{renamed[1]}":')
    if fault is Fault.ENTITIES:  # JSON has none; what parsers differ about stands for them
        return f'{{"x":NaN,"x":1,{text[1:]}'
    if fault is Fault.DEEP:
        return f'{{"x":{"[" * DEEP}{"]" * DEEP},{text[1:]}'
    return text
