# `just` lists these; .ci/run is what must pass.

default:
    @just --list

# Everything that must hold before a change lands
ci:
    bash .ci/run

# The tests, snapshots rewritten: look at the diff
snapshots:
    INSTA_UPDATE=always cargo test --test it

# The reference results and their plots, in some half an hour on a quiet machine
reference:
    cargo run --release -- --suite full --seed 20261122 --save results/reference/full.json
    cargo run --release -- report results/reference/full.json --out results/reference --plots plots

# The costs of the protocol and the bookkeeping
bench:
    cargo bench
