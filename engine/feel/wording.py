"""Errors and reasons in Chinese and English; the codes are those of ``FeelError`` and ``Undefined``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WORDS: dict[str, tuple[str, str]] = {
    # Not FEEL
    "unexpected": ("此处是“{found}”，应为{expected}", "found '{found}' where {expected} should be"),
    "ends_early": ("表达式在此处结束，还缺少{expected}", "the expression ends here, {expected} is missing"),
    "open_string": ("字符串缺少结尾的引号", "the string has no closing quote"),
    "open_comment": ("注释缺少结尾的 */", "the comment has no closing */"),
    "strange_character": ("“{found}”不是 FEEL 字符{hint}", "'{found}' is no character of FEEL{hint}"),
    "number_too_large": ("数字过大", "the number is too large"),
    "bad_at_literal": ("“{found}”不是日期、时间或时长", "'{found}' is no date, time or duration"),
    # Over the budget
    "source_too_long": (
        "表达式有 {length} 个字符，最多 {limit} 个",
        "the expression has {length} characters, {limit} are allowed",
    ),
    "nested_too_deeply": ("嵌套超过 {limit} 层", "nested more than {limit} levels deep"),
    "too_many_nodes": (
        "表达式有 {nodes} 个部分，最多 {limit} 个",
        "the expression has {nodes} parts, {limit} are allowed",
    ),
    "too_many_steps": ("计算超过 {limit} 步", "the evaluation needs more than {limit} steps"),
    "too_slow": ("计算超过 {limit} 秒", "the evaluation takes longer than {limit} s"),
    "too_many_calls": ("函数互相调用超过 {limit} 层", "functions call each other more than {limit} levels deep"),
    "string_too_long": ("文本超过 {limit} 个字符", "a string is longer than {limit} characters"),
    "list_too_long": ("列表超过 {limit} 项", "a list has more than {limit} items"),
    "result_too_large": ("结果超过 {limit} 个值", "the result has more than {limit} values"),
    "result_too_deep": ("值嵌套超过 {limit} 层", "a value is nested more than {limit} levels deep"),
    "pattern_too_costly": ("正则表达式对这段文本过于复杂", "the pattern is too costly for this text"),
    # Data that is no FEEL value
    "data_too_deep": ("数据嵌套超过 {limit} 层", "the data is nested more than {limit} levels deep"),
    "not_a_number": ("不是有限的数字", "not a finite number"),
    "foreign_value": ("{kind} 类型的值不能用于表达式", "a value of type {kind} cannot be used"),
    "function_failed": ("函数“{name}”出错：{reason}", "the function '{name}' failed: {reason}"),
    # Reasons for null
    "unknown_name": ("没有名为“{name}”的数据{hint}", "there is nothing called '{name}'{hint}"),
    "no_entry": ("没有“{name}”这一项", "there is no entry '{name}'"),
    "entry_of_null": ("空值没有“{name}”这一项", "null has no entry '{name}'"),
    "key_twice": ("上下文中有重复的名称", "a name occurs twice in the context"),
    "no_item": ("列表中没有这一项", "the list has no such item"),
    "different_kinds": ("{left}与{right}不能比较是否相等", "{left} and {right} cannot be equal or unequal"),
    "no_order": ("{left}与{right}不能用 {op} 比较", "{left} {op} {right} has no order"),
    "local_and_zoned": ("一个时间带时区、另一个不带，不能比较", "one time has a zone, the other has none"),
    "null_in_range": ("范围判断中有空值", "a range test with null"),
    "no_range": ("{left}与{right}不能构成范围", "{left} and {right} make no range"),
    "no_operation": ("{left} {op} {right} 没有定义", "{left} {op} {right} is not defined"),
    "no_negative": ("{found}没有相反数", "there is no negative of {found}"),
    "division_by_zero": ("除数为零", "division by zero"),
    "no_root": ("{base} 的 {exponent} 次方没有定义", "{base} to the power of {exponent} is not defined"),
    "duration_too_long": ("时长过长", "the duration is too long"),
    "out_of_range": ("{op} 的结果超出范围", "the result of {op} is out of range"),
    "not_boolean": ("{op} 的一边是{found}，不是真假值", "an operand of {op} is {found}, not a boolean"),
    "null_loop": ("循环的列表为空值", "the list to go through is null"),
    "no_loop": ("从{left}到{right}不能逐个列举", "there are no steps from {left} to {right}"),
    "not_a_function": ("“{name}”不是函数（{found}）", "'{name}' is no function but {found}"),
    "wrong_arguments": ("函数“{name}”的参数个数或名称不对", "the arguments of '{name}' are wrong in number or name"),
    "wrong_argument": (
        "参数“{parameter}”应为{wanted}，却是{found}",
        "argument '{parameter}' must be {wanted}, not {found}",
    ),
    "null_argument": ("参数“{parameter}”为空值", "argument '{parameter}' is null"),
    "wrong_type": ("应为{wanted}，却是{found}", "must be {wanted}, not {found}"),
    "external_function": ("不运行外部函数", "external functions are not run"),
    "no_clock": ("此处不能取得当前时间", "there is no clock here"),
    "bad_argument": ("参数“{parameter}”的值不可用", "the value of argument '{parameter}' cannot be used"),
    "bad_pattern": ("正则表达式有误或不受支持", "the pattern is wrong or not supported"),
    "empty_list": ("列表为空", "the list is empty"),
    # Strict mode
    "unknown_function": ("没有名为“{name}”的函数{hint}", "there is no function called '{name}'{hint}"),
    "unknown_variable": ("没有名为“{name}”的数据{hint}", "there is nothing called '{name}'{hint}"),
    "unknown_type": ("没有名为“{name}”的类型{hint}", "there is no type called '{name}'{hint}"),
}
_TERMS: dict[str, str] = {
    "expression": "表达式",
    "operator": "运算符",
    "end": "结尾",
    "name": "名称",
    "type": "类型",
    "string": "文本",
    "number": "数字",
    "boolean": "真假值",
    "null": "空值",
    "list": "列表",
    "context": "上下文",
    "range": "范围",
    "function": "函数",
    "date": "日期",
    "time": "时间",
    "date and time": "日期时间",
    "days and time duration": "日时长",
    "years and months duration": "年月时长",
}
_WITH_ARTICLE = {"end": "the end", "expression": "an expression", "operator": "an operator"}
_HALF_WIDTH = {
    "，": ",",
    "；": ";",
    "：": ":",
    "（": "(",
    "）": ")",
    "＝": "=",
    "＞": ">",
    "＜": "<",
    "“": '"',
    "”": '"',
}
_TERM_FACTS = frozenset({"left", "right", "wanted", "found"})


class _Facts(dict[str, Any]):
    """Facts that were not given are left out of the sentence."""

    def __missing__(self, key: str) -> str:
        return ""


def words(code: str, facts: Mapping[str, Any], language: str) -> str:
    """The sentence for a code, ``zh`` or ``en``, filled with its facts."""
    # Domain functions may give reasons of their own; those are said as they are.
    chinese, english = WORDS.get(code, ("{code}", "{code}"))
    filled = _Facts(facts, code=code)
    if code == "unexpected" or code == "ends_early":
        filled["expected"] = _expected(facts.get("expected", ()), language)
    elif language == "zh":
        filled.update({name: _TERMS.get(value, value) for name, value in facts.items() if name in _TERM_FACTS})
    filled["hint"] = _hint(facts, language)
    return (chinese if language == "zh" else english).format_map(filled)


def _expected(expected: tuple[str, ...], language: str) -> str:
    shown = []
    for item in expected:
        if item in _TERMS:
            shown.append(_TERMS[item] if language == "zh" else _WITH_ARTICLE.get(item, f"a {item}"))
        else:
            shown.append(f"“{item}”" if language == "zh" else f"'{item}'")
    return ("或" if language == "zh" else " or ").join(shown)


def _hint(facts: Mapping[str, Any], language: str) -> str:
    suggestion = facts.get("suggestion")
    if suggestion:
        return f"，是否要写“{suggestion}”？" if language == "zh" else f"; did you mean '{suggestion}'?"
    text = str(facts.get("found") or facts.get("name") or "")
    wide = next((character for character in text if character in _HALF_WIDTH), None)
    if wide is None:
        return ""
    narrow = _HALF_WIDTH[wide]
    return f"，请用半角“{narrow}”" if language == "zh" else f"; write a half-width '{narrow}'"
