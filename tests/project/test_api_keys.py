"""The keys in the configuration: as `make-key` writes them, and refused without being shown."""

from pathlib import Path

import pytest

from rentomatic.settings import ApiKey, Scope, SettingsError, digest_of, new_key, read_settings
from rentomatic.settings.keys import KEY_PREFIX

ANN = ApiKey("ann", frozenset({Scope.WRITE}), digest_of("rom_ann"))
BOB = ApiKey("bob", frozenset({Scope.WRITE, Scope.IMPORT}), digest_of("rom_bob"))
DIGEST = digest_of("rom_carol").hex()


def keys_of(text: str) -> tuple[ApiKey, ...]:
    return read_settings({"RENTOMATIC_API_KEYS": text}).api_keys


def refusal_of(text: str) -> str:
    with pytest.raises(SettingsError) as refusal:
        keys_of(text)
    (problem,) = refusal.value.problems
    assert problem.parameter == "RENTOMATIC_API_KEYS"
    return problem.message


def test_an_entry_is_label_scopes_and_hash() -> None:
    assert f"bob:write+import:{digest_of('rom_bob').hex()}" == BOB.entry
    assert (BOB,) == keys_of(BOB.entry)
    assert (BOB,) == keys_of(f"bob:import+write:{BOB.digest.hex().upper()}")


@pytest.mark.parametrize("between", [",", " ", "\n", "\r\n", "\t", ", ", "\n\n", ",,"])
def test_entries_are_separated_by_commas_or_white_space(between: str) -> None:
    assert (ANN, BOB) == keys_of(between.join((ANN.entry, BOB.entry)))


@pytest.mark.parametrize("text", ["", " ", "\n", ",", "# none yet\n"])
def test_there_may_be_no_key(text: str, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(text)

    assert () == keys_of(text) == read_settings({"RENTOMATIC_API_KEYS_FILE": str(file)}).api_keys


def test_a_file_has_one_entry_per_line_and_comments(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"# ours\n{ANN.entry}\n  # left in March: carol:write:{DIGEST}\n{BOB.entry}\n")

    assert (ANN, BOB) == read_settings({"RENTOMATIC_API_KEYS_FILE": str(file)}).api_keys


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ("carol", "entry 2"),
        (DIGEST, "entry 2"),
        (f"carol:{DIGEST}", "entry 2 (carol)"),
        (f"carol::{DIGEST}", "entry 2 (carol)"),
        (f"carol:admin:{DIGEST}", "entry 2 (carol)"),
        (f"carol:write+:{DIGEST}", "entry 2 (carol)"),
        (f"carol:WRITE:{DIGEST}", "entry 2 (carol)"),
        (f"carol:write:{DIGEST[:-1]}", "entry 2 (carol)"),
        (f"carol:write:{DIGEST}0", "entry 2 (carol)"),
        (f"carol:write:{DIGEST[:-1]}g", "entry 2 (carol)"),
        (f"carol:write:{DIGEST}:x", "entry 2 (carol)"),
        ("carol:write:rom_carol", "entry 2 (carol)"),
        (f"ca/rol:write:{DIGEST}", "entry 2"),
        (f":write:{DIGEST}", "entry 2"),
        (f"{'c' * 41}:write:{DIGEST}", "entry 2"),
        (f"{DIGEST}:write:carol", "entry 2"),
        ("rom_carol:write:carol", "entry 2"),
    ],
)
def test_a_bad_entry_stops_the_start_and_is_named_but_not_shown(entry: str, name: str) -> None:
    message = refusal_of(f"{ANN.entry},{entry}")

    assert message.startswith(f"{name} ")
    for secret in (DIGEST, DIGEST[:20], "rom_carol", "carol:"):
        assert secret not in message


def test_all_bad_entries_are_named() -> None:
    message = refusal_of(f"x,{ANN.entry},carol:write:y")

    assert [True, True] == [
        part.startswith(name)
        for part, name in zip(message.split("; "), ("entry 1 ", "entry 3 (carol) "), strict=True)
    ]


def test_a_label_belongs_to_one_key() -> None:
    assert "entry 2 (ann) is used twice" in refusal_of(f"{ANN.entry},ann:import:{DIGEST}")


def test_a_key_has_one_entry() -> None:
    assert "entry 2 (carol) is the same key as ann" in refusal_of(
        f"{ANN.entry},carol:write:{ANN.digest.hex()}"
    )


def test_a_digest_is_not_shown_with_the_settings() -> None:
    assert ANN.digest.hex() not in repr(keys_of(ANN.entry))
    assert repr(ANN.digest) not in repr(keys_of(ANN.entry))


def test_new_keys_are_long_and_differ() -> None:
    made = {new_key() for _ in range(100)}

    assert 100 == len(made)
    assert {len(KEY_PREFIX) + 43} == {len(key) for key in made}
