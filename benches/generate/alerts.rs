//! Twilio's Monitor Alerts as JSON lines: one instance a line, with the request's variables and the answer.

use crate::{line::Clock, random::Random};
use std::io::{self, Write};

/// 2026-03-02 09:00:00 UTC.
const START: u64 = 1_772_442_000_000;

/// One kind of alert.
struct Kind {
    code: &'static str,
    level: &'static str,
    /// What stands in `alert_text` after the code and level, already form-encoded; `{url}` and the like are replaced.
    text: &'static str,
    headers: &'static str,
    body: &'static str,
}

const HTML: &str =
    "Content-Type=text%2Fhtml%3B+charset%3Dutf-8&Server=nginx&X-Request-Id={request}&Connection=keep-alive";
const XML: &str = "Content-Type=text%2Fxml%3B+charset%3Dutf-8&Server=nginx&X-Request-Id={request}&Cache-Control=max-age%3D0%2C+private%2C+must-revalidate";

/// The mix, drawn from evenly.
const KINDS: [&Kind; 12] = [
    &Kind {
        code: "11200",
        level: "error",
        text: "Msg&sourceComponent=12000&httpResponse=404&url={url}",
        headers: HTML,
        body: "<!DOCTYPE html>\\n<html lang=\\\"en\\\">\\n<head>\\n<meta charset=\\\"utf-8\\\">\\n<title>Error</title>\\n</head>\\n<body>\\n<pre>Cannot POST /voice</pre>\\n</body>\\n</html>\\n",
    },
    &Kind {
        code: "11200",
        level: "error",
        text: "Msg&sourceComponent=12000&httpResponse=500&url={url}",
        headers: HTML,
        body: "<html>\\r\\n<head><title>500 Internal Server Error</title></head>\\r\\n<body>\\r\\n<center><h1>500 Internal Server Error</h1></center>\\r\\n<hr><center>nginx</center>\\r\\n</body>\\r\\n</html>\\r\\n",
    },
    &Kind {
        code: "11200",
        level: "error",
        text: "Msg=Bad+Gateway&sourceComponent=12000&httpResponse=502&url={url}",
        headers: "Content-Type=text%2Fhtml&X-Twilio-WebhookError=11203+HTTP+communication+total+time+out+triggered&X-Twilio-WebhookAttempt=1&Connection=close",
        body: "Twilio was unable to fetch content from: {plain}\\nError: Total timeout is triggered. Configured tt is 15000ms and we attempted 1 time(s)\\nAccount SID: {account}\\nSID: {call}\\nRequest ID: 33412e1f-e611-4704-ae04-74d6eb77b844\\nRemote Host: voice.example.com\\nRequest Method: POST\\nRequest URI: {plain}\\nURL Fragment: true",
    },
    &Kind {
        code: "11200",
        level: "error",
        text: "Msg=Bad+Gateway&sourceComponent=12000&httpResponse=502&url={url}",
        headers: "Content-Type=text%2Fhtml&X-Twilio-WebhookError=11201+TCP+connection+timed+out&X-Twilio-WebhookAttempt=2&X-Twilio-Reason=HTTP+connection+failure&X-Twilio-WebhookRetriable=true",
        body: "Twilio was unable to fetch content from: {plain}\\nError: Failed to connect to ip 203.0.113.21: connection timed out: /203.0.113.21:8000\\nAccount SID: {account}\\nSID: {call}\\nRequest ID: 7f1c5c61-05c1-4e36-9c0e-5a7d2f3be0aa\\nRemote Host: voice.example.com\\nRequest Method: POST\\nRequest URI: {plain}\\nURL Fragment: true",
    },
    &Kind {
        code: "12100",
        level: "error",
        text: "Msg=Document+parse+failure&parserMessage=Error+on+line+3+of+document++%3A+The+entity+name+must+immediately+follow+the+%27%26%27+in+the+entity+reference.&url={url}",
        headers: XML,
        body: "<?xml version=\\\"1.0\\\" encoding=\\\"UTF-8\\\"?>\\n<Response>\\n  <Say>Fish & chips are sold out.</Say>\\n  <Redirect method=\\\"POST\\\">/menu</Redirect>\\n</Response>\\n",
    },
    &Kind {
        code: "12200",
        level: "warning",
        text: "Msg=XML+Validation+warning&line=2&cols=84&parserMessage=+Invalid+content+was+found+starting+with+element+%27Message%27.+One+of+%27%7BPlay&url={url}",
        headers: XML,
        body: "<?xml version=\\\"1.0\\\" encoding=\\\"UTF-8\\\"?>\\n<Response><Say voice=\\\"alice\\\">Thank you.</Say><Message>We will call you back.</Message></Response>\\n",
    },
    &Kind {
        code: "12300",
        level: "error",
        text: "Msg=Invalid+Content-Type%3A+application%2Fjson&contentType=application%2Fjson&url={url}",
        headers: "Content-Type=application%2Fjson&Server=uvicorn&X-Request-Id={request}",
        body: "{\\\"status\\\":\\\"ok\\\",\\\"detail\\\":\\\"the order is noted\\\",\\\"next\\\":null}",
    },
    &Kind {
        code: "11205",
        level: "error",
        text: "Msg=HTTP+Connection+Failure+-+Read+timed+out&sourceComponent=12000&url={url}",
        headers: "",
        body: "",
    },
    &Kind {
        code: "15003",
        level: "warning",
        text: "statusCallback={url}&Msg=Got+HTTP+404+response+to+{url}",
        headers: HTML,
        body: "<!DOCTYPE html><html><head><title>Page not found</title></head><body><h1>Page not found</h1></body></html>",
    },
    &Kind {
        code: "13224",
        level: "error",
        text: "Msg=Dial%3A+Twilio+does+not+support+calling+this+number+or+the+number+is+invalid&phonenumber=%2B15550100&sourceComponent=12000",
        headers: XML,
        body: "<?xml version=\\\"1.0\\\" encoding=\\\"UTF-8\\\"?><Response><Dial timeout=\\\"20\\\"><Number>+15550100</Number></Dial></Response>",
    },
    &Kind {
        code: "13520",
        level: "warning",
        text: "Msg=Say%3A+Invalid+text&sourceComponent=12000&url={url}",
        headers: XML,
        body: "<?xml version=\\\"1.0\\\" encoding=\\\"UTF-8\\\"?><Response><Say></Say><Pause length=\\\"1\\\"/><Redirect>/menu</Redirect></Response>",
    },
    &Kind {
        code: "21609",
        level: "notice",
        text: "invalidStatusCallbackUrl=&Msg=Invalid+Url+for+callSid%3A+{call}+invalid+statusCallbackUrl%3A+",
        headers: "",
        body: "",
    },
];

const PATHS: [&str; 6] = [
    "voice",
    "menu?step=2",
    "menu/size",
    "orders/confirm?lang=en&attempt=1",
    "status",
    "voicemail/done",
];

/// Writes alerts until there are `bytes`; the first alert of every call goes into `truth`.
pub fn write(bytes: u64, seed: u64, out: &mut impl Write, truth: &mut impl Write) -> io::Result<u64> {
    let mut random = Random::new(seed);
    let (mut written, mut at) = (0, START);
    while written < bytes {
        let call = format!("CA{}", random.hex(32));
        let (from, to) = (random.number(), random.number());
        // Most calls fail once, some meet several problems.
        let alerts = if random.once_in(5) { 2 + random.below(3) } else { 1 };
        for number in 0..alerts {
            let kind = random.pick(&KINDS);
            if number == 0 {
                writeln!(truth, "{call}\t{}", kind.code)?;
            }
            at += 200 + random.below(1_500);
            let line = alert(kind, &call, (&from, &to), at, &mut random);
            out.write_all(line.as_bytes())?;
            written += line.len() as u64;
        }
    }
    Ok(written)
}

fn alert(kind: &Kind, call: &str, (from, to): (&str, &str), at: u64, random: &mut Random) -> String {
    const ACCOUNT: &str = "AC00000000000000000000000000000001";
    let path = random.pick(&PATHS);
    let url = format!("https://voice.example.com/{path}");
    let encoded = url
        .replace(':', "%3A")
        .replace('/', "%2F")
        .replace('?', "%3F")
        .replace('=', "%3D")
        .replace('&', "%26");
    let request = random.hex(32);
    let fill = |text: &str| {
        text.replace("{url}", &encoded)
            .replace("{plain}", &url)
            .replace("{call}", call)
            .replace("{account}", ACCOUNT)
            .replace("{request}", &request)
    };
    let (text, headers, body) = (fill(kind.text), fill(kind.headers), fill(kind.body));
    let level = match kind.level {
        "warning" => "WARN",
        "notice" => "INFO",
        _ => "ERROR",
    };
    // What Twilio knows about the callback's own failure is in the text alone.
    let (method, requested, variables) = if kind.code == "15003" || kind.code == "21609" {
        ("null".to_owned(), String::new(), "null".to_owned())
    } else {
        (
            "\"POST\"".to_owned(),
            url.clone(),
            format!("\"{}\"", variables(call, ACCOUNT, (from, to), random)),
        )
    };
    let sid = format!("NO{}", random.hex(32));
    let stamp = Clock { ms: at }.iso('T');
    format!(
        "{{\"account_sid\":\"{ACCOUNT}\",\"alert_text\":\"{text}&ErrorCode={code}&LogLevel={level}\",\"api_version\":\"2010-04-01\",\
         \"date_created\":\"{stamp}Z\",\"date_generated\":\"{stamp}Z\",\"date_updated\":\"{stamp}Z\",\"error_code\":\"{code}\",\
         \"log_level\":\"{log_level}\",\"more_info\":\"https://www.twilio.com/docs/errors/{code}\",\"request_headers\":null,\
         \"request_method\":{method},\"request_url\":\"{requested}\",\"request_variables\":{variables},\"resource_sid\":\"{call}\",\
         \"response_body\":\"{body}\",\"response_headers\":\"{headers}\",\"service_sid\":null,\"sid\":\"{sid}\",\
         \"url\":\"https://monitor.twilio.com/v1/Alerts/{sid}\"}}\n",
        code = kind.code,
        log_level = kind.level
    )
}

fn variables(call: &str, account: &str, (from, to): (&str, &str), random: &mut Random) -> String {
    let token: String = (0..9).map(|_| random.hex(32)).collect();
    format!(
        "Called=%2B{to}&ToState=CA&CallerCountry=US&Direction=inbound&CallerState=CA&ToZip=94596&CallSid={call}&To=%2B{to}&\
         CallerZip=94514&ToCountry=US&ApiVersion=2010-04-01&CalledZip=94596&CalledCity=ANYTOWN&CallStatus=in-progress&From=%2B{from}&\
         AccountSid={account}&CalledCountry=US&CallerCity=SPRINGFIELD&Caller=%2B{from}&FromCountry=US&ToCity=ANYTOWN&\
         FromCity=SPRINGFIELD&CalledState=CA&FromZip=94514&FromState=CA&CallToken={token}&StirVerstat=TN-Validation-Passed-B&\
         Digits=2&FinishedOnKey=&msg=Gather+End"
    )
}
