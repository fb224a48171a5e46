# SPDX-License-Identifier: MIT
"""The functions test_* of a script, one after the other."""
import sys
import traceback


def play(tests, board, only, is_for=lambda name: True):
    """Plays what is called test_* in the dict `tests`: what has one of the words `only` in its name or, without
    any, what `is_for` its board.  The exit code: whether any failed."""
    passed = failed = 0
    for name, test in list(tests.items()):
        if not name.startswith("test_"):
            continue
        if not (any(word in name for word in only) if only else is_for(name)):
            continue
        print(f"{board}: {name[5:].replace('_', ' ')}", flush=True)
        try:
            test()
            passed += 1
        except Exception:
            failed += 1
            traceback.print_exc(file=sys.stdout)
    print(f"{passed} passed, {failed} failed")
    return failed != 0
