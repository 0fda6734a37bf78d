from isotherm.errors import printable


def test_what_could_steer_a_terminal_is_escaped_and_nothing_else() -> None:
    plain = "β = 0.44 ± 0.01, 1 000\u2009sites\u00a0– π²é 日本 \U0001f9f2\n[bold]"
    assert printable(plain) == plain
    assert printable("a\x1b[2J\x07\x9b1m\u202eb\r\x00\u2028\ud800") == (
        r"a\x1b[2J\x07\x9b1m\u202eb\r\x00\u2028\ud800"
    )
    assert printable("abcdef", 4) == "abc…"
    assert printable("abcd", 4) == "abcd"
