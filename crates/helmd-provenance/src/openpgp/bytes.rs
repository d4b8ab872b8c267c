//! Reading bytes in order.

use super::error::OpenPgpError;

/// What is left of some bytes.
#[derive(Clone, Copy, Debug)]
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], OpenPgpError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(OpenPgpError::UnexpectedEof)?;
        self.0 = rest;
        Ok(taken)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], OpenPgpError> {
        self.take(N)?.try_into().map_err(|_| OpenPgpError::UnexpectedEof)
    }

    pub fn byte(&mut self) -> Result<u8, OpenPgpError> {
        Ok(self.array::<1>()?[0])
    }

    pub fn u16(&mut self) -> Result<u16, OpenPgpError> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub fn u32(&mut self) -> Result<u32, OpenPgpError> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    /// A number with its length in bits before it.
    pub fn number(&mut self) -> Result<&'a [u8], OpenPgpError> {
        let bits = usize::from(self.u16()?);
        self.take(bits.div_ceil(8))
    }

    /// Bytes with their count in one byte before them.
    pub fn counted(&mut self) -> Result<&'a [u8], OpenPgpError> {
        let count = usize::from(self.byte()?);
        self.take(count)
    }
}
