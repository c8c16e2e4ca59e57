//! Which requests send the second message instead of the usual one.

/// Which of a load's messages a request is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The usual message.
    #[default]
    Usual,
    /// The second message.
    Alternate,
}

/// Draws the kinds of requests: one in `one_in` is [`Kind::Alternate`].
///
/// A kind is a hash of the seed and of the request's number. So it does not depend on earlier
/// draws or on the thread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mix {
    /// One request in this number is [`Kind::Alternate`]; `None` or 0 means none.
    pub one_in: Option<u32>,
    /// The seed of the draws.
    pub seed: u64,
}

impl Mix {
    /// The kind of request `number` of `stream`: a client of a closed loop, a block of clients of
    /// an open loop, or its whole plan.
    pub fn kind(&self, stream: u64, number: u64) -> Kind {
        let Some(one_in) = self.one_in.filter(|one_in| *one_in > 0) else {
            return Kind::Usual;
        };
        let drawn = hashed(hashed(hashed(self.seed) ^ stream) ^ number);
        // The upper 64 bits of the product are uniform over 0..one_in.
        if (u128::from(drawn) * u128::from(one_in)) >> 64 == 0 {
            Kind::Alternate
        } else {
            Kind::Usual
        }
    }
}

/// A hash: one step of SplitMix64 (Steele, Lea and Flood, *Fast Splittable Pseudorandom Number
/// Generators*, OOPSLA 2014). Consecutive values give practically independent results.
pub(crate) fn hashed(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alternates(mix: Mix, stream: u64) -> Vec<u64> {
        let is_alternate = |number: &u64| mix.kind(stream, *number) == Kind::Alternate;
        (0..100_000).filter(is_alternate).collect()
    }

    #[test]
    fn one_in_n_requests_is_the_alternate() {
        let mix = |one_in, seed| Mix {
            one_in: Some(one_in),
            seed,
        };
        // 1,000 expected with a standard deviation of 31.5; the seeds are fixed.
        for (seed, stream) in [(0, 0), (0, 1), (1, 0), (7, 63)] {
            let count = alternates(mix(100, seed), stream).len();
            assert!((900..1100).contains(&count), "{seed}, {stream}: {count}");
        }
        assert_ne!(alternates(mix(100, 0), 0), alternates(mix(100, 1), 0));
        assert_ne!(alternates(mix(100, 0), 0), alternates(mix(100, 0), 1));
        assert_eq!(alternates(mix(1, 5), 0).len(), 100_000);
        assert!(alternates(Mix::default(), 0).is_empty());
        assert!(alternates(mix(0, 0), 0).is_empty());
    }

    #[test]
    fn kinds_are_drawn_independently() {
        let mix = Mix {
            one_in: Some(10),
            seed: 3,
        };
        // One pair of neighbours in 100 has two alternates: about 1,000 pairs are expected.
        let alternates = alternates(mix, 0);
        let pairs = alternates.windows(2).filter(|two| two[1] == two[0] + 1);
        let pairs = pairs.count();
        assert!((850..1150).contains(&pairs), "{pairs}");
    }
}
