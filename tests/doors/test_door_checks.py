"""The ends of ranges, and of lines: what is just allowed, and what is just not."""

import numpy as np
import pytest

from isotherm import doors
from isotherm.errors import LONGEST, refusal, shortened


def test_whole_numbers_are_taken_at_both_ends_and_not_beyond() -> None:
    assert [doors.whole("n", value, 2, 5) for value in (2, 5, np.int8(3))] == [2, 5, 3]
    for value in (1, 6):
        with pytest.raises(ValueError, match=rf"^n = {value}: should be within 2 \.\. 5$"):
            doors.whole("n", value, 2, 5)
    assert doors.whole("n", doors.MAX_COUNT, 1) == doors.MAX_COUNT
    with pytest.raises(ValueError, match="counted in int32"):
        doors.whole("n", doors.MAX_COUNT + 1, 1)


@pytest.mark.parametrize("check", [doors.number, doors.numbers])
def test_numbers_are_taken_at_ends_that_belong_to_the_range(check) -> None:
    for value in (0.0, 1.0):
        assert check("x", value, least=0, most=1) == value
        with pytest.raises(ValueError, match=r"^x = .*, above 0 and below 1$"):
            check("x", value, above=0, below=1)
    for value in (-1e-9, 1 + 1e-9, np.nan):
        with pytest.raises(ValueError, match=r"^x = .*, at least 0 and at most 1$"):
            check("x", value, least=0, most=1)


def test_each_number_of_an_array_is_looked_at() -> None:
    values = np.array([0.0, 0.5, 1.0])
    assert doors.numbers("x", values, least=0, most=1) is values
    with pytest.raises(ValueError, match=r"^x = 1\.5: "):
        doors.numbers("x", np.array([0.0, 1.5]), least=0, most=1)


def test_what_takes_all_that_is_allowed_of_the_memory_is_taken() -> None:
    most = doors.MEMORY_SHARE * doors.machine_memory()
    doors.affordable("n", 3, most, "take fewer")
    with pytest.raises(ValueError, match=r"^n = 3: would take .* GB of the machine's .* GB; take fewer$"):
        doors.affordable("n", 3, most * 1.001, "take fewer")


def test_groups_that_a_mapping_lacks_are_named() -> None:
    assert doors.entries("x", {"a": 1, "b": 2}, ["a", "b"], "a mapping") == {"a": 1, "b": 2}
    with pytest.raises(ValueError, match=r"^x = \['a'\]: lacks the group 'b'$"):
        doors.entries("x", {"a": 1}, ["a", "b"], "a mapping")


def test_texts_are_shortened_in_the_middle_to_just_what_is_allowed() -> None:
    text = "".join(map(str, range(100)))
    assert shortened(text, len(text)) == text
    for limit, head in ((20, None), (21, None), (40, 3)):
        found = shortened(text, limit, head)
        begin, end = found.split(" ... ")
        assert len(found) == limit
        assert len(begin) == ((limit - 5) * 2 // 3 if head is None else head)
        assert text.startswith(begin)
        assert text.endswith(end)


def test_a_refusal_keeps_to_its_length_and_tells_in_full_what_is_allowed() -> None:
    allowed = "should be " + "short " * 20
    line = str(refusal("field", "x" * 5000, allowed))
    assert len(line) <= LONGEST
    assert line.endswith(allowed)
    assert len(str(refusal("field", "x" * 5000, "is long"))) < len(line)
