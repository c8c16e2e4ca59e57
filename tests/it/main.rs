//! The tests that need the whole program; each subject has a file.


mod contract;
mod conversation;





mod support;

