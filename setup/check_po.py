"""Say what is missing in translation files, and fail if anything is: check_po.py FILES.

Every term is translated, none is fuzzy or there twice, and a translation holds
the same placeholders as its source.
"""

import re
import sys
from collections import Counter

import polib

PLACEHOLDER = re.compile(r"%\(\w+\)[-+ #0-9.]*[a-zA-Z]|%[-+#0-9.]*[sdrifx]|\{\w*\}")


def problems(path):
    """What is wrong in a file, as (line, text)."""
    terms = Counter()
    for entry in polib.pofile(path):
        if entry.obsolete:
            continue
        terms[entry.msgctxt, entry.msgid] += 1
        if terms[entry.msgctxt, entry.msgid] == 2:
            yield entry.linenum, f"twice: {entry.msgid!r}"
        if entry.fuzzy:
            yield entry.linenum, f"fuzzy: {entry.msgid!r}"
        for translation in entry.msgstr_plural.values() or [entry.msgstr]:
            if not translation:
                yield entry.linenum, f"untranslated: {entry.msgid!r}"
            elif placeholders(translation) not in (placeholders(entry.msgid), placeholders(entry.msgid_plural)):
                yield entry.linenum, f"other placeholders: {entry.msgid!r} -> {translation!r}"


def placeholders(text):
    return sorted(PLACEHOLDER.findall(text.replace("%%", "")))


def main(paths):
    found = [f"{path}:{line}: {text}" for path in paths for line, text in problems(path)]
    print("\n".join(found), end="\n" if found else "")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
