"""What operators of a TensorFlow graph may do, as `tensorflow_operators.txt` lists them."""

from budmodel_scanner.word_lists import sections

_LISTED = sections(__package__, "tensorflow_operators.txt")
_INTERNAL = ("_Fused", "_Arg", "_Retval", "_Host", "_Send", "_Recv", "_Switch", "_Xla", "_TPU", "_Array", "_List", "_Mkl")


def is_known(name: str) -> bool:
    """Whether TensorFlow itself or TensorFlow Text brings the operator."""
    return name in _LISTED["known"] or name.startswith((*_INTERNAL, "TFText>"))


def _deeds(kind: str) -> dict[str, str]:
    found = (section.partition(": ") for section in _LISTED)
    return {name: deed for listed, _, deed in found if listed == kind for name in _LISTED[f"{kind}: {deed}"]}


# What an operator reaches, by its name: those that no model needs for its predictions, and those that belong to training.
DANGEROUS, REACHING_OUT = _deeds("dangerous"), _deeds("reaches out")
# How many of the first inputs of an operator are paths that it writes to, or moves from and deletes.
WRITING = {name: int(section[-1]) for section in _LISTED if section.startswith("writes: ") for name in _LISTED[section]}
