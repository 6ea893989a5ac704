"""Documents that redial must accept, and what it must find when each is broken.

    python3 mutate.py REDIAL FOLDER [SEED]

Every document of FOLDER is laid out with one tag a line and given to `redial check --json`: exit code 0, no error, no warning
but of retired elements and of what is left out (the libraries let one). Then it is broken at a known line in each of the ways below, places chosen by a seeded generator, and a
problem of at least a warning must be found there; of an attribute whose new name resembles none, a note.
"""
import concurrent.futures
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile

redial, folder = sys.argv[1], pathlib.Path(sys.argv[2])
seed = int(sys.argv[3]) if len(sys.argv) > 3 else 5
TAG = re.compile(r"<([A-Za-z][\w-]*)((?:\s[^<>]*?)?)(/?)>")
ATTRIBUTE = re.compile(r'\s([\w:-]+)="([^"]*)"')
# What is typed wrong so that no set, number or address holds it.
BROKEN = "%% no such %%"
FREE = {"name", "value", "description", "hints", "alias", "ph", "role", "password", "username", "byoc", "passports", "debug", "voice"}


def layout(text):
    return re.sub(r">\s*<", ">\n<", text)


def check(text):
    with tempfile.NamedTemporaryFile("w", suffix=".xml", dir=folder, delete=False, encoding="utf-8") as file:
        file.write(text)
    done = subprocess.run([redial, "check", "--json", file.name], capture_output=True, text=True)
    pathlib.Path(file.name).unlink()
    if done.returncode not in (0, 1) or "panicked" in done.stderr:
        raise SystemExit(f"redial check ended with {done.returncode}: {done.stderr}\n{text}")
    problems = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, [p for p in problems if p.get("type") == "problem"]


def incidental(p):
    """Said of documents as the libraries build them; not certain, so that nothing fails by it."""
    left_out = not p["certain"] and p["code"] is None and re.search(r"> (has no `|is empty|has nobody)", p["message"])
    return "retired" in p["message"] or bool(left_out)


def line(text, at):
    return text.count("\n", 0, at) + 1


def mutations(text, dice):
    """Each as (name, broken text, lines that may be named)."""
    tags = [t for t in TAG.finditer(text) if t[1] != "Response"]
    if not tags:
        return
    tag = dice.choice(tags)
    end, closed = tag.end(1), f"</{tag[1]}>"

    def renamed(new):
        out = text[: tag.start(1)] + new + text[end:]
        if not tag[3]:
            depth, at = 1, tag.end() + len(new) - len(tag[1])
            for t in re.finditer(rf"<(/?){re.escape(tag[1])}(?=[\s/>])[^<>]*?(/?)>", out[at:]):
                depth += -1 if t[1] else 0 if t[2] else 1
                if depth == 0:
                    return out[: at + t.start()] + f"</{new}>" + out[at + t.end() :]
        return out

    here = line(text, tag.start())
    yield "rename an element", renamed(tag[1] + "xq"), {here}
    other = tag[1].lower() if tag[1] != tag[1].lower() else tag[1].upper()
    yield "change its case", renamed(other), {here}
    yield "put it into a wrong parent", re.sub(r"(<Response[^>]*>)\s*", r"\1<Pause>\n", text[: tag.start()], count=1) + text[tag.start() :].replace("</Response>", "</Pause></Response>"), {2, 3}
    attributes = [a for a in ATTRIBUTE.finditer(tag[2])]
    known = [(tag.start(2) + a.start(2), a) for a in attributes if a[1] not in FREE]
    judged = [k for k in known if k[1][2] in ("true", "false", "GET", "POST", "5") or k[1][2].startswith("http")]
    if judged:
        at, a = dice.choice(judged)
        yield f"break {a[1]}", text[:at] + BROKEN + text[at + len(a[2]) :], {here}
    if attributes:
        a = dice.choice(attributes)
        at = tag.start(2) + a.start(1)
        yield f"rename {a[1]}", text[:at] + a[1] + "Xq" + text[at + len(a[1]) :], {here}
    closes = [m for m in re.finditer(r"</[\w-]+>", text)]
    if len(closes) > 1:
        cut = dice.choice(closes[:-1])
        broken = text[: cut.start()] + text[cut.end() :]
        opened = {line(broken, m.start()) for m in re.finditer(f"<{cut[0][2:-1]}", broken)}
        yield "cut a closing tag", broken, opened | set(range(line(broken, cut.start()), broken.count("\n") + 2))
    yield "a bare &", text[: tag.end()] + (" a & b " if not tag[3] else "& ") + text[tag.end() :], {line(text, tag.end())}


def judge(path):
    text = layout(path.read_text(encoding="utf-8"))
    dice = random.Random(f"{seed} {path.name}")
    wrong = []
    code, problems = check(text)
    bad = [p for p in problems if p["severity"] == "error" or p["severity"] == "warning" and not incidental(p)]
    if code or bad:
        wrong.append((path.name, "is not accepted", text, problems))
    done = 0
    for name, broken, lines in mutations(text, dice):
        _, problems = check(broken)
        done += 1
        # A name that resembles none may be one that a newer Twilio knows: a note.
        unknown = [p for p in problems if name.startswith("rename ") and "not known to this tool" in p["message"]]
        judged = [p for p in problems if p["severity"] != "info" and not incidental(p)]
        if not any(p["line"] in lines for p in judged + unknown):
            wrong.append((path.name, f"{name}: not found on line {sorted(lines)}", broken, problems))
    return done, wrong


paths = sorted(p for p in folder.glob("*.xml") if p.name.startswith(("node-", "python-")))
if len(paths) < 100:
    raise SystemExit(f"only {len(paths)} documents in {folder}")
with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
    results = list(pool.map(judge, paths))
wrong = [w for _, some in results for w in some]
for name, what, text, problems in wrong[:20]:
    print(f"{name}: {what}\n{text}\n  {problems}\n")
print(f"{len(paths)} documents accepted but for {sum('accepted' in w[1] for w in wrong)}, {sum(n for n, _ in results)} mutations, {sum('accepted' not in w[1] for w in wrong)} of them not found (seed {seed})")
sys.exit(bool(wrong))
