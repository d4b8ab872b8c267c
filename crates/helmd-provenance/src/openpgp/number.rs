//! Whole numbers as OpenPGP writes them.

/// The number without the zeros in front, after its length in bits.
pub fn encode(number: &[u8]) -> Vec<u8> {
    let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    let number = number.get(start..).unwrap_or_default();
    let bits = number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize);
    let mut out = u16::try_from(bits).unwrap_or(u16::MAX).to_be_bytes().to_vec();
    out.extend_from_slice(number);
    out
}

/// The number with zeros in front, `size` bytes in all; nothing when it is larger.
pub fn padded(number: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut out = vec![0; size.checked_sub(number.len())?];
    out.extend_from_slice(number);
    Some(out)
}

/// As [`padded`], as an array.
pub fn fixed<const N: usize>(number: &[u8]) -> Option<[u8; N]> {
    padded(number, N)?.try_into().ok()
}
