"""Small model files in the shape of public ones, and answers by plain enumeration."""

import itertools
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from isotherm.energy.files.model import ModelFile
from isotherm.energy.files.read import read_model_file

DOG = """// Bayesian network in the interchange format, as JavaBayes wrote it
network "Dog_Problem" { //5 variables and 5 probability distributions
    property "credal-set constant-density-bounded 1.1" ;
}
variable  "light-on" { //2 values
    type discrete[2] {  "true"  "false" };
    property "position = (218, 195)" ;
}
variable  "bowel-problem" { type discrete[2] {  "true"  "false" }; }
variable  "dog-out" { type discrete[2] {  "true"  "false" }; }
variable  "hear-bark" { type discrete[2] {  "true"  "false" }; }
variable  "family-out" { type discrete[2] {  "true"  "false" }; }
probability (  "light-on"  "family-out" ) { //2 variable(s) and 4 values
    table 0.6 0.05 0.4 0.95 ;
}
probability (  "bowel-problem" ) { table 0.01 0.99 ; }
probability (  "dog-out"  "bowel-problem"  "family-out" ) {
    table 0.99 0.97 0.9 0.3 0.01 0.03 0.1 0.7 ;
}
probability (  "hear-bark"  "dog-out" ) { table 0.7 0.01 0.3 0.99 ; }
probability (  "family-out" ) { table 0.15 0.85 ; }
"""

CANCER = """network unknown {
}
variable Pollution {
  type discrete [ 2 ] { low, high };
}
variable Smoker {
  type discrete [ 2 ] { True, False };
}
variable Cancer {
  type discrete [ 3 ] { >=2cm, none, <2cm };
}
probability ( Pollution ) {
  table 0.9, 0.1;
}
probability ( Smoker ) {
  table 0.3, 0.7;
}
probability ( Cancer | Pollution, Smoker ) {
  (low, True) 0.03, 0.9, 0.07;
  (high, True) 0.05, 0.85, 0.1;
  (low, False) 0.001, 0.997, 2.0E-3;
  default 0.02, 0.95, 0.03;
}
"""

XMLBIF = """<?xml version="1.0" encoding="US-ASCII"?>
<!-- Bayesian network in XMLBIF v0.3 -->
<!DOCTYPE BIF [
    <!ELEMENT BIF ( NETWORK )*>
          <!ATTLIST BIF VERSION CDATA #REQUIRED>
    <!ELEMENT NETWORK ( NAME, ( PROPERTY | VARIABLE | DEFINITION )* )>
    <!ELEMENT NAME (#PCDATA)>
]>
<BIF VERSION="0.3">
<NETWORK>
<NAME>Dog_Problem</NAME>
<VARIABLE TYPE="nature">
    <NAME>bowel-problem</NAME>
    <OUTCOME>true</OUTCOME>
    <OUTCOME>false</OUTCOME>
    <PROPERTY>position = (190, 69)</PROPERTY>
</VARIABLE>
<VARIABLE TYPE="nature"><NAME>family-out</NAME><OUTCOME>true</OUTCOME><OUTCOME>false</OUTCOME></VARIABLE>
<VARIABLE TYPE="nature"><NAME>dog-out</NAME><OUTCOME>true</OUTCOME><OUTCOME>false</OUTCOME></VARIABLE>
<DEFINITION>
    <FOR>dog-out</FOR>
    <GIVEN>bowel-problem</GIVEN>
    <GIVEN>family-out</GIVEN>
    <TABLE>0.99 0.01 <!-- both --> 0.97 0.03
     0.9 0.1 0.3 0.7</TABLE>
</DEFINITION>
<DEFINITION><FOR>bowel-problem</FOR><TABLE>0.01 0.99</TABLE></DEFINITION>
<DEFINITION><FOR>family-out</FOR><TABLE>0.15 0.85</TABLE></DEFINITION>
</NETWORK>
</BIF>
"""

ALL_DIFFERENT = """AllDifferentDecomposedIntoBinaryConstraints 4 4 6 1
4 4 4 4
-2 0 1 0 4
0 0 1
1 1 1
2 2 1
3 3 1
2 0 2 0 -1
2 0 3 0 -1
2 1 2 0 -1
2 1 3 0 -1
2 2 3 0 -1
"""

CFN = """# a comment
{
  "problem": {"name": "test_problem", "mustbe": "<100.00"},
  "variables": {"fdv1": ["a", "b", "c"], "fdv2": 2},
  "functions": {
    "f1": {"scope": ["fdv1", "fdv2"], "defaultcost": 0.25, "costs": ["a", 0, 5, "a", 1, 6.2, "c", 0, -7.21]},
    "f2": {"scope": ["fdv2"], "costs": [1.5, -0.5]}
  }
}
"""

CNF = """c an instance in the manner of SATLIB
c
p cnf 4 4
 1 -2 0
2 3 -4
0 -1 -3 0
4 -4 1 0
%
0

"""


def read_text(folder: Path, name: str, text: str, form: str | None = None) -> ModelFile:
    """Read a file with this text."""
    (folder / name).write_text(text, encoding="utf-8")
    return read_model_file(folder / name, form)


def enumerated(sizes: list[int], log_weight: Callable[..., float]) -> np.ndarray:
    """Log weights of all states, the last variable running fastest."""
    return np.array([log_weight(*state) for state in itertools.product(*map(range, sizes))])


def log_weights(model: ModelFile) -> np.ndarray:
    """Log weights of all states of a small model, the last variable running fastest."""
    sizes = model.tables.cardinalities.tolist()
    states = np.array(list(itertools.product(*map(range, sizes)))).reshape(math.prod(sizes), len(sizes))
    return model.tables.log_weight(states) + model.constant
