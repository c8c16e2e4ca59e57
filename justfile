# `just` lists these; .ci/run is what must pass.

default:
    @just --list

# Everything that must hold before a change lands; `just ci STEP` runs one step
ci *STEPS:
    bash .ci/run {{STEPS}}

# The tests
test *ARGS:
    cargo test {{ARGS}}

# Formatting, clippy and documentation
lint:
    bash .ci/run formatting clippy documentation

# The tests, snapshots rewritten: look at the diff
snapshots:
    INSTA_UPDATE=always cargo test --test it

# The reference results, in some forty minutes on a quiet machine
reference: && pictures
    cargo run --release -- --suite full --seed 20261122 --save results/reference/full.json

# The page of the reference results, and the pictures that docs show
pictures:
    cargo run --release -- report results/reference/full.json --out results/reference
    for picture in plots/*.svg; do cp "results/reference/$picture" plots/; done

# The costs of the protocol and the bookkeeping
bench:
    cargo bench
