//! A cursor over the columns of one line.

/// Reads columns from the left; every step is none when the line does not go on like that.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub(super) line: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(line: &'a [u8]) -> Self {
        Self { line, at: 0 }
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        &self.line[self.at..]
    }

    /// One of these bytes at least once, as many as there are.
    pub(super) fn skip_some(&mut self, of: &[u8]) -> Option<()> {
        let n = self.rest().iter().take_while(|b| of.contains(b)).count();
        self.at += n;
        (n > 0).then_some(())
    }

    /// Exactly this text.
    pub(super) fn text(&mut self, text: &[u8]) -> Option<()> {
        self.rest().starts_with(text).then(|| self.at += text.len())
    }

    /// Between `min` and `max` digits as a number.
    pub(super) fn digits(&mut self, min: usize, max: usize) -> Option<u32> {
        let d = self.rest().iter().take(max).take_while(|b| b.is_ascii_digit());
        let (n, value) = d.fold((0, 0u32), |(n, v), b| {
            (n + 1, v.wrapping_mul(10).wrapping_add(u32::from(b - b'0')))
        });
        self.at += n;
        (n >= min).then_some(value)
    }

    /// Everything up to a byte, which is passed over; never empty.
    pub(super) fn until(&mut self, end: u8) -> Option<&'a [u8]> {
        let rest = self.rest();
        let n = memchr::memchr(end, rest)?;
        self.at += n + 1;
        (n > 0).then(|| &rest[..n])
    }

    /// `hh:mm:ss` as milliseconds of the day.
    pub(super) fn clock(&mut self) -> Option<u32> {
        let h = self.digits(1, 2)?;
        self.text(b":")?;
        let m = self.digits(2, 2)?;
        self.text(b":")?;
        let s = self.digits(2, 2)?;
        (h < 24 && m < 60 && s < 61).then_some(((h * 60 + m) * 60 + s) * 1000)
    }

    /// An English month of three letters as 1-12.
    pub(super) fn month(&mut self) -> Option<u8> {
        const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
        let name = self.rest().get(..3)?;
        let n = MONTHS.chunks(3).position(|m| m == name)?;
        self.at += 3;
        Some(n as u8 + 1)
    }
}
