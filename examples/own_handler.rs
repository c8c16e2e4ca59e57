//! Your own handler: implement `Service` and pass it to `rpcbench::main`. It is then served
//! under every model.
//!
//! This one is a small key-value store with the methods `set`, `get`, `delete` and `size`:
//!
//! ```sh
//! cargo run --release --example own_handler -- --model threaded,async \
//!     --method set --params '{"key":"a","value":[1,2]}'
//! ```
//!
//! Its values live in the handler, in the memory of a process. So a model that forks has a store
//! per process: under `forking` each connection begins with an empty store, which is gone when it
//! closes, and under `preforking` and `preforking-async` a client sees the store of its worker
//! only. All clients share one store under the models with threads or one process.

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rpcbench::models;
use rpcbench::{Builtin, Fault, Outcome, Reply, Request, Service};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The most keys; a value is at most as long as a message.
const MAX_KEYS: usize = 10_000;

/// Values are kept as the JSON that was sent.
#[derive(Default)]
struct Store {
    values: Mutex<HashMap<String, Box<RawValue>>>,
}

#[derive(Deserialize)]
struct Entry {
    key: String,
    value: Box<RawValue>,
}

impl Store {
    /// A handler that panicked has left the map whole, so it stays in use.
    fn values(&self) -> MutexGuard<'_, HashMap<String, Box<RawValue>>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replies with the number of keys.
    fn set(&self, params: &str, reply: &mut Reply<'_>) -> Result<(), Fault> {
        let entry: Entry = serde_json::from_str(params)
            .map_err(|_| expected("set", "an object with key and value"))?;
        let mut values = self.values();
        if values.len() >= MAX_KEYS && !values.contains_key(&entry.key) {
            return Err(Fault::Handler(format!(
                "the store has {MAX_KEYS} keys and is full"
            )));
        }
        values.insert(entry.key, entry.value);
        reply.json("set", &values.len());
        Ok(())
    }

    /// Replies with the value, or null.
    fn get(&self, params: &str, reply: &mut Reply<'_>) -> Result<(), Fault> {
        let key: String = serde_json::from_str(params).map_err(|_| expected("get", "a string"))?;
        reply.json("get", &self.values().get(&key));
        Ok(())
    }

    /// Replies with whether there was a value.
    fn delete(&self, params: &str, reply: &mut Reply<'_>) -> Result<(), Fault> {
        let key: String =
            serde_json::from_str(params).map_err(|_| expected("delete", "a string"))?;
        reply.json("delete", &self.values().remove(&key).is_some());
        Ok(())
    }
}

fn expected(method: &'static str, what: &str) -> Fault {
    Fault::Params {
        method,
        expected: what.to_owned(),
    }
}

impl Service for Store {
    fn call(&self, request: &Request<'_>, reply: &mut Reply<'_>) -> Outcome {
        let done = match request.method() {
            "set" => self.set(request.params(), reply),
            "get" => self.get(request.params(), reply),
            "delete" => self.delete(request.params(), reply),
            "size" => {
                reply.json("size", &self.values().len());
                Ok(())
            }
            // All other methods are built in: the generator and the contract use them.
            _ => return Builtin.call(request, reply),
        };
        if let Err(fault) = done {
            reply.error(&fault);
        }
        Outcome::Done
    }

    fn methods(&self) -> Option<Vec<&str>> {
        let mut methods = vec!["set", "get", "delete", "size"];
        methods.extend(Builtin.methods()?);
        Some(methods)
    }
}

fn main() -> ExitCode {
    rpcbench::main(models::ALL, &Store::default())
}
