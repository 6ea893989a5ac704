//! The inputs were read once more, and things have other numbers: whatever the user has selected, marked, unfolded, edited or sent
//! is the same as before.

use std::sync::Arc;

use super::super::data::{CallList, GROUPS, Planned, Recorded, StoryData, Subject, What};
use super::super::desk::Moved;
use super::super::model::{Anchor, DetailPane, Left, Model, Overlay, StoryPane};

/// From now on inputs go on at their ends, with these numbers.
pub(super) fn moved(model: &mut Model, moved: &Moved) {
    model.sources.done = false;
    model.sources.caught_up = true;
    if moved.is_same() {
        return;
    }
    list(Arc::make_mut(&mut model.calls.list), moved);
    let marks = std::mem::take(&mut model.calls.marks);
    model.calls.marks = marks
        .into_iter()
        .filter_map(|(key, requests)| {
            // A cause is the same in any numbers.
            let key = if key < GROUPS { moved.call(key)? } else { key };
            Some((key, exchanges(requests, moved)))
        })
        .collect();
    story(&mut model.story, moved);
    detail(&mut model.detail, moved);
    for attempt in &mut model.replays.attempts {
        recorded(&mut attempt.recorded, moved);
        if let Some(draft) = &mut attempt.draft {
            renumber(&mut Arc::make_mut(draft).recorded, moved);
        }
    }
    let drafts = std::mem::take(&mut model.replays.drafts);
    model.replays.drafts = drafts
        .into_iter()
        .filter_map(|(n, mut draft)| {
            renumber(&mut Arc::make_mut(&mut draft).recorded, moved);
            Some((moved.exchange(n)?, draft))
        })
        .collect();
    match &mut model.overlay {
        Some(Overlay::Form(form)) => recorded(&mut form.recorded, moved),
        Some(Overlay::Confirm(_, plans)) => planned(plans, moved),
        _ => {}
    }
    if let Some(watching) = &mut model.watching {
        planned(&mut watching.plans, moved);
    }
}

fn planned(plans: &mut [Planned], moved: &Moved) {
    for p in plans {
        recorded(&mut p.recorded, moved);
        if let Some(draft) = &mut p.draft {
            renumber(&mut Arc::make_mut(draft).recorded, moved);
        }
    }
}

fn exchanges(numbers: impl IntoIterator<Item = u32>, moved: &Moved) -> Vec<u32> {
    numbers.into_iter().filter_map(|n| moved.exchange(n)).collect()
}

fn recorded(of: &mut Arc<Recorded>, moved: &Moved) {
    renumber(Arc::make_mut(of), moved);
}

/// A number that nothing has takes the place of what is gone.
fn renumber(of: &mut Recorded, moved: &Moved) {
    of.exchange = moved.exchange(of.exchange).unwrap_or(u32::MAX);
    of.call = moved.call(of.call).unwrap_or(u32::MAX);
}

fn list(list: &mut CallList, moved: &Moved) {
    for row in &mut list.rows {
        row.call = moved.call(row.call).unwrap_or(u32::MAX);
        row.failed = exchanges(std::mem::take(&mut row.failed), moved);
    }
}

fn story(story: &mut StoryPane, moved: &Moved) {
    story.call = story.call.and_then(|c| moved.call(c));
    told(Arc::make_mut(&mut story.data), moved);
    let place = |p| moved.place(p);
    story.unfolded = story.unfolded.iter().copied().filter_map(place).collect();
    story.texts = std::mem::take(&mut story.texts)
        .into_iter()
        .filter_map(|(p, text)| Some((moved.place(p)?, text)))
        .collect();
    // What was asked for comes under its old number.
    story.asked.clear();
    story.marks = exchanges(std::mem::take(&mut story.marks), moved).into_iter().collect();
    story.wanted = story.wanted.and_then(|a| anchor(a, moved));
    story.left_at = std::mem::take(&mut story.left_at)
        .into_iter()
        .filter_map(|(call, left)| {
            let left = Left {
                anchor: left.anchor.and_then(|a| anchor(a, moved)),
                unfolded: left.unfolded.into_iter().filter_map(place).collect(),
                whole: left.whole,
            };
            Some((moved.call(call)?, left))
        })
        .collect();
}

fn anchor(a: Anchor, moved: &Moved) -> Option<Anchor> {
    Some(Anchor {
        place: moved.place(a.place)?,
        ..a
    })
}

/// The story in sight; the new one is on its way.
fn told(data: &mut StoryData, moved: &Moved) {
    data.call = moved.call(data.call).unwrap_or(u32::MAX);
    for head in &mut data.heads {
        head.call = moved.call(head.call).unwrap_or(u32::MAX);
    }
    for item in &mut data.items {
        item.call = moved.call(item.call).unwrap_or(u32::MAX);
        item.place = moved.place(item.place).unwrap_or(item.place);
        match &mut item.what {
            What::Request(r) => r.exchange = moved.exchange(r.exchange).unwrap_or(u32::MAX),
            What::Finding(f) => {
                f.finding = f.finding.and_then(|n| moved.finding(n));
                f.exchange = f.exchange.and_then(|n| moved.exchange(n));
            }
            What::Hidden(lines) => *lines = lines.iter().filter_map(|p| moved.place(*p)).collect(),
            What::State(_) | What::AppLog(_) => {}
        }
    }
}

fn subject(of: Subject, moved: &Moved) -> Option<Subject> {
    Some(match of {
        Subject::Request(n) => Subject::Request(moved.exchange(n)?),
        Subject::Finding(n) => Subject::Finding(moved.finding(n)?),
        Subject::Line(p) => Subject::Line(moved.place(p)?),
    })
}

fn detail(detail: &mut DetailPane, moved: &Moved) {
    detail.subject = detail.subject.and_then(|s| subject(s, moved));
    if let Some(sheet) = &mut detail.sheet {
        let sheet = Arc::make_mut(sheet);
        sheet.exchange = sheet.exchange.and_then(|n| moved.exchange(n));
        if let Some(r) = &mut sheet.recorded {
            renumber(r, moved);
        }
    }
    detail.before.clear();
    detail.left_at = std::mem::take(&mut detail.left_at)
        .into_iter()
        .filter_map(|((s, tab), top)| Some(((subject(s, moved)?, tab), top)))
        .collect();
}
