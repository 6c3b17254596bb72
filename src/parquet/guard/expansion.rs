//! How large a compressed page gets.
//!
//! Zstandard, Snappy and LZ4 are decompressed by the parquet crate into as much room as the page's header states, and no more. Gzip and
//! Brotli streams it follows to their end, into memory that grows: some kilobytes may become gigabytes. So these are followed here
//! first, without keeping what comes out, and no further than the header states, wherever they could get too large.

use std::io::{self, Read};

use parquet::basic::Compression;

/// How many times as large as its compressed bytes a page can be.
pub(in crate::parquet) fn most(codec: Compression) -> u64 {
    match codec {
        Compression::UNCOMPRESSED => 1,
        // A copy of 64 bytes takes 3.
        Compression::SNAPPY => 22,
        // A byte more of a match's length stands for 255.
        Compression::LZ4 | Compression::LZ4_RAW | Compression::LZO => 255,
        // 258 bytes of a match take 2 bits.
        Compression::GZIP(_) => 1032,
        // A block of 128 KiB takes 4 bytes: its header, and the byte that is repeated.
        Compression::ZSTD(_) => 1 << 15,
        // A block of 16 MiB takes 4 bytes at least.
        Compression::BROTLI(_) => 1 << 22,
    }
}

/// Whether the parquet crate would follow such a page to its end, and that could take more than `harmless` bytes.
pub(in crate::parquet) fn has_to_be_followed(codec: Compression, compressed: u64, harmless: u64) -> bool {
    // Memory that grows is moved: for a while there are two copies.
    let worst = compressed.saturating_mul(most(codec)).saturating_mul(2);
    matches!(codec, Compression::GZIP(_) | Compression::BROTLI(_)) && worst > harmless
}

/// Follows a page, up to the first byte beyond those that its header states.
///
/// # Errors
///
/// What is wrong with it: it holds more, or is damaged before its end.
pub(in crate::parquet) fn follow(codec: Compression, page: &[u8], stated: u64) -> Result<(), String> {
    let beyond = stated.saturating_add(1);
    let followed = match codec {
        Compression::GZIP(_) => drain(flate2::read::MultiGzDecoder::new(page).take(beyond)),
        Compression::BROTLI(_) => drain(brotli::Decompressor::new(page, 1 << 12).take(beyond)),
        _ => return Ok(()),
    };
    match followed {
        Ok(bytes) if bytes > stated => {
            Err(format!("{} bytes hold more than the {stated} that the header states", page.len()))
        }
        Ok(_) => Ok(()),
        Err(error) => Err(format!("its {codec} stream is damaged: {error}")),
    }
}

fn drain(mut from: impl Read) -> io::Result<u64> {
    io::copy(&mut from, &mut io::sink())
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::basic::{BrotliLevel, GzipLevel};
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn compressed_by_brotli(bytes: &[u8]) -> Vec<u8> {
        let mut compressed = Vec::new();
        brotli::CompressorWriter::new(&mut compressed, 1 << 12, 5, 22).write_all(bytes).unwrap();
        compressed
    }

    #[test]
    fn a_page_ends_where_its_header_says() {
        let zeros = vec![0; 1 << 20];
        for (codec, page) in [
            (Compression::GZIP(GzipLevel::default()), gzip(&zeros)),
            (Compression::GZIP(GzipLevel::default()), [gzip(&zeros[..1 << 19]), gzip(&zeros[..1 << 19])].concat()),
            (Compression::BROTLI(BrotliLevel::default()), compressed_by_brotli(&zeros)),
        ] {
            assert!(page.len() < 4096);
            assert_eq!(follow(codec, &page, 1 << 20), Ok(()));
            assert!(follow(codec, &page, (1 << 20) - 1).unwrap_err().contains("hold more than"));
            assert!(follow(codec, &page, 0).is_err());
            // What is cut short, the crate tells.
            assert!(has_to_be_followed(codec, page.len() as u64, 1 << 20));
            assert!(!has_to_be_followed(Compression::SNAPPY, page.len() as u64, 0));
        }
    }
}
