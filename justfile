# `just` lists these; .ci/run is what must pass.

default:
    @just --list

# Everything that must hold before a change lands
ci:
    bash .ci/run

# The tests, snapshots rewritten: look at the diff
snapshots:
    INSTA_UPDATE=always cargo test --test it

# The costs of the protocol and the bookkeeping
bench:
    cargo bench
