"""Every document that Twilio's Python library can build, as twiml.mjs does it; attributes come from the builders' signatures.

    python3 twiml.py FOLDER     (with values.json of twiml.mjs in it)

The values are those that twiml.mjs read from the declarations, by the attribute's name.
"""
import inspect
import json
import pathlib
import re
import sys

import twilio
from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import VoiceResponse

folder = pathlib.Path(sys.argv[1])
data = json.loads((folder / "values.json").read_text())
VALUES = {}
for entry in data["found"]:
    VALUES.setdefault(entry["owner"], {}).update(entry["attributes"])
EITHER = {"Dial", "Application", "Message", "Enqueue"}
# First parameters that are the element's text.
TEXT = {"message", "number", "url", "name", "body", "words", "identity", "client_identity", "sip_url", "application_sid", "sid", "sim_sid", "phone_number"}
count = 0


def camel(name):
    head, *rest = name.rstrip("_").split("_")
    return head + "".join(part.title() for part in rest)


def write(response, label):
    global count
    count += 1
    label = re.sub(r"[^\w.-]+", "_", label)
    (folder / f"python-{count:04}-{label}.xml").write_text(str(response))


def methods(element):
    own = (k for k in type(element).__dict__ if not k.startswith("_"))
    return [m for m in own if callable(getattr(element, m))]


def nest(parent, method, leaf, everything):
    call = getattr(parent, method)
    parameters = list(inspect.signature(call).parameters.values())
    known = [p.name for p in parameters if p.kind != p.VAR_KEYWORD]
    owner = {"Uri": "SipUri"}.get(method.title().replace("_", ""), None)
    arguments = {}
    values = {}
    for candidate in VALUES:
        if candidate.lower() in (kind(call), owner and owner.lower()):
            values = VALUES[candidate]
    if known and known[0] in TEXT and camel(known[0]) not in values:
        name = known.pop(0)
        text = data["texts"].get(kind_name(call), "word")
        if leaf or kind_name(call) not in EITHER:
            arguments[name] = text
        elif inspect.signature(call).parameters[name].default is inspect.Parameter.empty:
            arguments[name] = None
    if everything:
        for name in known:
            wanted = {camel(name): None, name.replace("_", "-"): None, name.replace("_", ":"): None}
            value = next((values[w] for w in wanted if w in values), None)
            if value is not None:
                arguments[name] = " ".join(map(str, value)) if isinstance(value, list) else value
    return call(**arguments), bool(set(arguments) & set(known))


def kind_name(call):
    """The class that a builder makes, from its source: `self.nest(Dial(…))`."""
    return re.search(r"nest\(\s*(\w+)\(", inspect.getsource(call)).group(1)


def kind(call):
    return kind_name(call).lower()


def build(root, path, everything):
    response = at = root()
    said = False
    for n, method in enumerate(path):
        leaf = n == len(path) - 1
        at, said = nest(at, method, leaf, everything and leaf)
    return response, at, said


def walk(root, path):
    response, end, _ = build(root, path, False)
    label = ".".join(path)
    write(response, label)
    response, _, said = build(root, path, True)
    if said:
        write(response, label + ".all")
    depth = path.index("say") + 3 if "say" in path else 4
    if len(path) < depth:
        for method in methods(end):
            walk(root, [*path, method])


for root in (VoiceResponse, MessagingResponse):
    for method in methods(root()):
        walk(root, [method])
print(f"{count} documents by twilio {twilio.__version__} (Python)")
