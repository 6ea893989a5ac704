// Every document that Twilio's Node library can build, a verb or noun deep and with every attribute: one file each.
//
//   node twiml.mjs FOLDER      (with `twilio` to be found from the working directory)
//
// Elements come from the builders' methods, attributes and their sets of values from the library's own type declarations, so that
// nothing here is a copy of redial's tables. Beside the documents lies values.json, which twiml.py builds from.
import { createRequire } from 'node:module';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const [folder] = process.argv.slice(2);
const require = createRequire(join(process.cwd(), 'package.json'));
const { twiml } = require('twilio');
const declared = dirname(require.resolve('twilio')) + '/twiml/';
mkdirSync(folder, { recursive: true });

// Sets of values and attributes, as declared.
const sets = {};
const attributes = {};
for (const name of ['VoiceResponse', 'MessagingResponse']) {
    const text = readFileSync(`${declared}${name}.d.ts`, 'utf8');
    for (const [, set, values] of text.matchAll(/^ *type (\w+) = ([^;]+);/gm)) sets[set] = [...values.matchAll(/"([^"]*)"/g)].map((v) => v[1]);
    for (const [, owner, body] of text.matchAll(/interface (\w+)Attributes \{([^}]*)\}/g)) {
        attributes[owner] = {};
        for (const [, key, type] of body.matchAll(/^ *"?([\w:-]+)"?\??: ([^;]+);/gm)) attributes[owner][key] = type.trim();
    }
}

const URL_NAME = /(^|[a-z])(url|action|callback)$/i;
const SAMPLES = {
    'Header.name': 'X-Id', 'Stream.url': 'wss://example.com/s', 'ConversationRelay.url': 'wss://example.com/s', speechTimeout: '3', chargeAmount: '20.45', time: '500ms', rate: 'slow', pitch: 'high',
    volume: 'loud', finishOnKey: '#', digits: 'ww12', sendDigits: 'ww12', callerId: '+14155550100', to: '+14155550100', from: '+14155550101',
    coach: 'CA' + '0'.repeat(32), workflowSid: 'WW' + '0'.repeat(32), reservationSid: 'WR' + '0'.repeat(32), postWorkActivitySid: 'WA' + '0'.repeat(32),
    speechModel: 'phone_call', voice: 'Polly.Joanna', language: 'en-US', method: 'POST', record: 'do-not-record',
};
// Values for an attribute: one by default, all of a set with `every`.
function values(owner, name, every) {
    const type = attributes[owner][name];
    const set = sets[type.replace('[]', '')];
    if (set?.length) return (every ? set : [name in SAMPLES && set.includes(SAMPLES[name]) ? SAMPLES[name] : set[0]]).map((v) => (type.endsWith('[]') ? [v] : v));
    if (type === 'boolean') return every ? [true, false] : [true];
    if (type.startsWith('number')) return [type.endsWith('[]') ? [1] : 5];
    if (SAMPLES[`${owner}.${name}`]) return [SAMPLES[`${owner}.${name}`]];
    if (/method$/i.test(name)) return every ? ['GET', 'POST'] : ['POST'];
    if (URL_NAME.test(name)) return every ? ['https://example.com/a?b=c&d=e', '/next'] : ['https://example.com/a'];
    return [SAMPLES[name] ?? 'word'];
}
const TEXTS = {
    Number: '+14155550100', WhatsApp: '+14155550100', Dial: '+14155550100', Sip: 'sip:ann@example.com', ReferSip: 'sip:ann@example.com',
    SipUri: 'sip:ann@example.com', Play: 'https://example.com/a.mp3', Media: 'https://example.com/a.png', Redirect: '/next', Task: '{"a":1}',
    Sim: 'DE' + '0'.repeat(32), ApplicationSid: 'AP' + '0'.repeat(32), Header: undefined,
};
// Parents that have either a text or children.
const EITHER = new Set(['Dial', 'Application', 'Message', 'Enqueue']);

const found = [];
let count = 0;
function write(response, name) {
    writeFileSync(join(folder, `node-${String(++count).padStart(4, '0')}-${name.replace(/[^\w.-]+/g, '_')}.xml`), response.toString());
}
const methods = (object) => Object.getOwnPropertyNames(Object.getPrototypeOf(object)).filter((m) => !/^(constructor|comment|addText|addChild)/.test(m) && typeof object[m] === 'function' && !/^ssml/i.test(m));

// The class at the end of a path; it is only known once one exists.
const classes = new Map();
function kindAt(Root, path) {
    const key = Root.name + path.join('.');
    if (!classes.has(key)) classes.set(key, path.reduce((at, method) => at[method]({}, 'x'), new Root()).constructor.name);
    return classes.get(key);
}

// Builds Response > … along a path of methods; the last one with these attributes. Returns the document and the last element.
function build(Root, path, last) {
    const response = new Root();
    let at = response;
    path.forEach((method, n) => {
        const leaf = n === path.length - 1;
        const kind = kindAt(Root, path.slice(0, n + 1));
        const text = kind in TEXTS ? TEXTS[kind] : 'word';
        at = at[method](leaf ? last : {}, leaf || !EITHER.has(kind) ? text : undefined);
    });
    return [response, at];
}

function walk(Root, path) {
    const [plain, end] = build(Root, path, {});
    const owner = end.constructor.name;
    const label = path.join('.');
    write(plain, label);
    const names = Object.keys(attributes[owner] ?? {});
    found.push({ path, owner, attributes: Object.fromEntries(names.map((n) => [n, values(owner, n, false)[0]])) });
    if (names.length) {
        write(build(Root, path, Object.fromEntries(names.map((n) => [n, values(owner, n, false)[0]])))[0], label + '.all');
        // Only where an element stands first: the same attributes come back with every parent.
        if (!seen.has(owner)) {
            seen.add(owner);
            for (const n of names) {
                const all = values(owner, n, true);
                const some = all.length > 120 ? all.filter((_, i) => i % 9 === 0) : all;
                for (const value of some.length > 1 ? some : []) write(build(Root, path, { [n]: value })[0], `${label}.${n}`);
            }
        }
    }
    const ssml = path.indexOf('say') >= 0;
    if (path.length < (ssml ? path.indexOf('say') + 3 : 4)) for (const m of methods(end)) walk(Root, [...path, m]);
}
const seen = new Set();
for (const Root of [twiml.VoiceResponse, twiml.MessagingResponse]) for (const m of methods(new Root())) walk(Root, [m]);
writeFileSync(join(folder, 'values.json'), JSON.stringify({ found, texts: TEXTS }, null, 1));
console.log(`${count} documents by twilio ${require('twilio/package.json').version} (Node)`);
