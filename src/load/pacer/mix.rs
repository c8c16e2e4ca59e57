//! Which requests are another message than the usual one.

/// Which of a load's messages a request is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// What most of them are.
    #[default]
    Usual,
    /// The other one.
    Alternate,
}

/// Draws the kinds of requests: one in so many is the other one.
///
/// A kind is a hash of the seed and of the request's number, so that it depends neither on
/// what was drawn before nor on who draws it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mix {
    /// One in so many is [`Kind::Alternate`]; `None` or 0 is none at all.
    pub one_in: Option<u32>,
    /// What they are drawn from.
    pub seed: u64,
}

impl Mix {
    /// The kind of request `number` of those that `whose` tells from others: a client of a
    /// closed loop, or a whole plan.
    pub fn kind(&self, whose: u64, number: u64) -> Kind {
        let Some(one_in) = self.one_in.filter(|one_in| *one_in > 0) else {
            return Kind::Usual;
        };
        let drawn = scattered(scattered(scattered(self.seed) ^ whose) ^ number);
        // The highest bits of the product are evenly one of `one_in`.
        if (u128::from(drawn) * u128::from(one_in)) >> 64 == 0 {
            Kind::Alternate
        } else {
            Kind::Usual
        }
    }
}

/// One step of SplitMix64 (Steele, Lea and Flood, *Fast Splittable Pseudorandom Number
/// Generators*, OOPSLA 2014): neighbours become as good as independent.
fn scattered(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alternates(mix: Mix, whose: u64) -> Vec<u64> {
        let is_alternate = |number: &u64| mix.kind(whose, *number) == Kind::Alternate;
        (0..100_000).filter(is_alternate).collect()
    }

    #[test]
    fn one_in_so_many_is_the_other_kind() {
        let mix = |one_in, seed| Mix {
            one_in: Some(one_in),
            seed,
        };
        // 1,000 expected with a standard deviation of 31.5; the seeds are fixed.
        for (seed, whose) in [(0, 0), (0, 1), (1, 0), (7, 63)] {
            let count = alternates(mix(100, seed), whose).len();
            assert!((900..1100).contains(&count), "{seed}, {whose}: {count}");
        }
        assert_ne!(alternates(mix(100, 0), 0), alternates(mix(100, 1), 0));
        assert_ne!(alternates(mix(100, 0), 0), alternates(mix(100, 0), 1));
        assert_eq!(alternates(mix(1, 5), 0).len(), 100_000);
        assert!(alternates(Mix::default(), 0).is_empty());
        assert!(alternates(mix(0, 0), 0).is_empty());
    }

    #[test]
    fn they_come_as_if_each_was_drawn_alone() {
        let mix = Mix {
            one_in: Some(10),
            seed: 3,
        };
        // Of neighbours both are of the other kind in a hundredth: 1,000 pairs, give or take.
        let alternates = alternates(mix, 0);
        let pairs = alternates.windows(2).filter(|two| two[1] == two[0] + 1);
        let pairs = pairs.count();
        assert!((850..1150).contains(&pairs), "{pairs}");
    }
}
