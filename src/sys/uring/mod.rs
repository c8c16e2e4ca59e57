//! An io_uring whose operations own the memory that the kernel uses for them (io_uring(7)).

mod provided;
mod ring;
#[cfg(test)]
mod tests;
mod token;

pub use ring::{Completion, Ring, RingSize};
pub use token::Token;
