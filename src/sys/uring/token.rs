//! What distinguishes the operations of a ring.

/// An entry of the caller's list of connections, and which use of that entry it is.
///
/// A completion has the token of its operation. An entry that is used anew has another generation,
/// so a late completion never reaches the wrong connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token(u64);

const INDEX_BITS: u32 = 28;
const GENERATION_BITS: u32 = 32;

impl Token {
    /// A token; of the index 28 bits count.
    pub fn new(index: usize, generation: u32) -> Token {
        let index = index as u64 & ((1 << INDEX_BITS) - 1);
        Token(u64::from(generation) << INDEX_BITS | index)
    }

    /// The index in the caller's list.
    pub fn index(self) -> usize {
        (self.0 & ((1 << INDEX_BITS) - 1)) as usize
    }

    fn bits(self) -> u64 {
        self.0
    }
}

/// What an operation does; its value is in the low bits of the kernel's user data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Accept,
    Poll,
    Receive,
    Send,
    Cancel,
}

const KIND_BITS: u32 = 3;

impl Kind {
    const ALL: [Kind; 5] = [
        Kind::Accept,
        Kind::Poll,
        Kind::Receive,
        Kind::Send,
        Kind::Cancel,
    ];

    /// The user data of an operation of a connection.
    pub(super) fn of(self, token: Token) -> u64 {
        self.number(token.bits())
    }

    /// The user data of an operation with a number of its own.
    pub(super) fn number(self, number: u64) -> u64 {
        number << KIND_BITS | self as u64
    }

    /// The kind and the rest of user data; `None` if no operation has it.
    pub(super) fn parse(user_data: u64) -> Option<(Kind, u64)> {
        let kind = user_data & ((1 << KIND_BITS) - 1);
        let kind = Kind::ALL.into_iter().find(|known| *known as u64 == kind)?;
        Some((kind, user_data >> KIND_BITS))
    }
}

impl From<u64> for Token {
    fn from(bits: u64) -> Token {
        Token(bits & ((1 << (INDEX_BITS + GENERATION_BITS)) - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_data_has_kind_index_and_generation() {
        let largest = Token::new((1 << INDEX_BITS) - 1, u32::MAX);
        for token in [Token::new(0, 0), Token::new(7, 9), largest] {
            for kind in Kind::ALL {
                let (parsed, rest) = Kind::parse(kind.of(token)).unwrap();
                assert_eq!((parsed, Token::from(rest)), (kind, token));
            }
        }
        assert_eq!(largest.index(), (1 << INDEX_BITS) - 1);
        // The same entry, used anew, has another token.
        assert_ne!(Token::new(7, 1), Token::new(7, 2));
        assert_eq!(Kind::parse(7), None);
    }
}
