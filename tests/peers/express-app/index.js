// A telephone menu on Express, guarded by Twilio's own middleware: what `redial replay --follow-answers` rehearses in .ci/express.
// The auth token comes from TWILIO_AUTH_TOKEN, as the middleware reads it; the first line on standard output is the address.
'use strict';

const express = require('express');
const twilio = require('twilio');

const app = express();
// Behind a tunnel the public URL is signed; without forwarding headers this changes nothing.
app.set('trust proxy', true);
app.use(express.urlencoded({ extended: false }));
app.use(twilio.webhook({ validate: true }));

const { VoiceResponse } = twilio.twiml;
const send = (res, twiml) => res.type('text/xml').send(twiml.toString());

// The call is known by a cookie from its first answer on.
const known = (req, res, next) => {
  const call = `call=${req.body.CallSid}`;
  if (!(req.headers.cookie || '').split('; ').includes(call)) return res.status(409).send('which call?');
  return next();
};

app.post('/voice', (req, res) => {
  res.cookie('call', req.body.CallSid, { httpOnly: true });
  const twiml = new VoiceResponse();
  const gather = twiml.gather({ action: '/menu', numDigits: 1, timeout: 5 });
  gather.say(req.query.again ? 'Are you still there?' : 'For our hours press one, for support press two.');
  twiml.redirect('/voice?again=1');
  send(res, twiml);
});

app.post('/menu', known, (req, res) => {
  if (req.body.Digits === '9') throw new Error('nobody thought of nine');
  const twiml = new VoiceResponse();
  if (req.body.Digits === '1') twiml.redirect({ method: 'POST' }, 'hours');
  else if (req.body.Digits === '2') twiml.dial({ action: '/after-dial' }, '+12025550199');
  else twiml.redirect('/voice');
  send(res, twiml);
});

app.post('/hours', known, (req, res) => {
  const twiml = new VoiceResponse();
  twiml.say('From nine to five.');
  twiml.hangup();
  send(res, twiml);
});

app.post('/after-dial', known, (req, res) => {
  const twiml = new VoiceResponse();
  if (req.body.DialCallStatus === 'completed') twiml.hangup();
  else {
    twiml.say('Leave a message.');
    twiml.record({ action: '/message', maxLength: 30 });
  }
  send(res, twiml);
});

app.post('/message', known, (req, res) => {
  if (!req.body.RecordingUrl) return res.status(400).send('which recording?');
  const twiml = new VoiceResponse();
  twiml.say('Thank you.');
  return send(res, twiml);
});

app.post('/fallback', (req, res) => {
  if (!req.body.ErrorCode || !req.body.ErrorUrl) return res.status(400).send('what went wrong?');
  const twiml = new VoiceResponse();
  twiml.say('Please call again later.');
  return send(res, twiml);
});

app.post('/status', known, (req, res) => res.sendStatus(req.body.CallStatus === 'completed' ? 204 : 400));

const server = app.listen(Number(process.env.PORT || 0), '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
