//! What is compressed is decompressed: its first bytes say how.

use std::io::{self, Cursor, Read};

use flate2::read::MultiGzDecoder;

/// How data is compressed.
#[derive(Clone, Copy)]
enum Compression {
    Gzip,
    Zstd,
}

/// Each with how names of such files end, and the bytes that these begin with.
const KNOWN: [(Compression, &str, &[u8]); 2] =
    [(Compression::Gzip, ".gz", b"\x1f\x8b"), (Compression::Zstd, ".zst", b"\x28\xb5\x2f\xfd")];

/// A file's name, in lower case, as it was before the file was compressed.
pub(super) fn without_suffix(name: &str) -> &str {
    KNOWN.iter().find_map(|(_, suffix, _)| name.strip_suffix(suffix)).unwrap_or(name)
}

/// Data as it was before it was compressed, if it was.
pub(super) enum Decompressed {
    /// Nothing was read.
    New(Box<dyn Read + Send>),
    Begun(Box<dyn Read + Send>),
    Failed,
}

impl Decompressed {
    pub fn new(input: Box<dyn Read + Send>) -> Self {
        Self::New(input)
    }

    /// Looks at the first bytes: no more of them than it takes, as a pipe may give few at a time.
    fn begun(mut input: Box<dyn Read + Send>) -> io::Result<Self> {
        let mut first = vec![0; 1 << 12];
        let mut filled = 0;
        let found = loop {
            let read = &first[..filled];
            if let Some((found, ..)) = KNOWN.iter().find(|(.., magic)| read.starts_with(magic)) {
                break Some(*found);
            }
            if !KNOWN.iter().any(|(.., magic)| magic.starts_with(read)) {
                break None;
            }
            match input.read(&mut first[filled..]) {
                Ok(0) => break None,
                Ok(more) => filled += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        };
        first.truncate(filled);
        let whole = Cursor::new(first).chain(input);
        Ok(Self::Begun(match found {
            None => Box::new(whole),
            Some(Compression::Gzip) => Box::new(MultiGzDecoder::new(whole)),
            Some(Compression::Zstd) => Box::new(zstd::Decoder::new(whole)?),
        }))
    }
}

impl Read for Decompressed {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::New(_) => {
                let Self::New(input) = std::mem::replace(self, Self::Failed) else { return Ok(0) };
                *self = Self::begun(input)?;
                self.read(to)
            }
            Self::Begun(input) => input.read(to),
            Self::Failed => Ok(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression as Level;
    use flate2::write::GzEncoder;

    use super::*;

    /// Gives its bytes one at a time.
    struct Slow(Cursor<Vec<u8>>);

    impl Read for Slow {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let length = to.len().min(1);
            self.0.read(&mut to[..length])
        }
    }

    fn read(bytes: Vec<u8>, slowly: bool) -> io::Result<Vec<u8>> {
        let input = Cursor::new(bytes);
        let input: Box<dyn Read + Send> = if slowly { Box::new(Slow(input)) } else { Box::new(input) };
        let mut all = Vec::new();
        Decompressed::new(input).read_to_end(&mut all)?;
        Ok(all)
    }

    #[test]
    fn its_first_bytes_say_how_it_is_compressed() {
        let gzip = |text: &[u8]| {
            let mut encoder = GzEncoder::new(Vec::new(), Level::fast());
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        };
        let long: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        // Texts, some of which begin as compressed data does.
        for text in [&b""[..], b"a", b"\x1f", b"(", b"\x28\xb5/ a,b\n1,2\n", b"a,b\n1,2\n", &long] {
            for slowly in [false, true] {
                assert_eq!(read(text.to_vec(), slowly).unwrap(), text);
                // Several members, or frames, one after the other.
                let twice = [text, text].concat();
                assert_eq!(read([gzip(text), gzip(text)].concat(), slowly).unwrap(), twice);
                let frame = zstd::encode_all(text, 1).unwrap();
                assert_eq!(read([frame.clone(), frame].concat(), slowly).unwrap(), twice);
            }
        }
        for whole in [gzip(&long), zstd::encode_all(&long[..], 1).unwrap()] {
            assert!(read(whole[..whole.len() / 2].to_vec(), false).is_err());
        }
    }
}
