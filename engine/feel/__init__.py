"""FEEL, the expression language of DMN 1.5: compile, evaluate, check. Knows nothing of the rest of the house."""

from engine.feel.budget import LIMITS, SCRIPT_LIMITS, Host, Limits, Reason
from engine.feel.checking import FeelProblem, check_expression
from engine.feel.errors import BudgetExceeded, FeelError, FeelSyntaxError, Undefined
from engine.feel.expression import Expression, UnaryTests, call_function, compile_expression, compile_unary_tests
from engine.feel.library import Function, Library
from engine.feel.plain import from_feel
from engine.feel.plain import write as feel_text
from engine.feel.standard import STANDARD
from engine.feel.temporal import YearMonthDuration as YearsMonths
from engine.feel.types import ANY, FeelType, Parameter, conforms, fit
from engine.feel.values import Context, FunctionValue, Range, kind_of, to_feel

__all__ = [
    "ANY",
    "LIMITS",
    "SCRIPT_LIMITS",
    "STANDARD",
    "BudgetExceeded",
    "Context",
    "Expression",
    "FeelError",
    "FeelProblem",
    "FeelSyntaxError",
    "FeelType",
    "Function",
    "FunctionValue",
    "Host",
    "Library",
    "Limits",
    "Parameter",
    "Range",
    "Reason",
    "UnaryTests",
    "Undefined",
    "YearsMonths",
    "call_function",
    "check_expression",
    "compile_expression",
    "compile_unary_tests",
    "conforms",
    "feel_text",
    "fit",
    "from_feel",
    "kind_of",
    "to_feel",
]
