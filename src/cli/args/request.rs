//! The options of the request that a load sends.

use serde::de::IgnoredAny;

use super::numbers::Bytes;
use crate::cli::usage::UsageError;
use crate::protocol::METHODS;
use crate::record::{HandlerPart, LEAST_PAYLOAD_BYTES, LoadSpec, handler};

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Load")]
pub(crate) struct RequestArgs {
    /// The method to call, such as ping or spin
    #[arg(
        long,
        default_value = "ping",
        value_name = "NAME",
        hide_short_help = true
    )]
    method: String,
    /// Parameters of the method, as JSON [default for ping: a string of --payload bytes]
    #[arg(long, value_name = "JSON", hide_short_help = true)]
    params: Option<String>,
    /// Length of the string that ping sends, at least 16 bytes [default: 16]
    #[arg(
        long,
        conflicts_with = "params",
        value_name = "SIZE",
        hide_short_help = true
    )]
    payload: Option<Bytes>,
    /// A handler like yours: CPU time, a wait, the size of its reply, or some of them
    /// (cpu=200us,wait=5ms,reply=1KiB); it calls the method work
    #[arg(
        long,
        value_delimiter = ',',
        conflicts_with_all = ["method", "params", "payload"],
        value_name = "PROFILE",
        hide_short_help = true
    )]
    handler: Vec<HandlerPart>,
}

impl RequestArgs {
    /// Sets the request of this load.
    ///
    /// # Errors
    /// When the params are missing or are not JSON, or the payload does not fit the method, or a
    /// part of the handler is given twice.
    pub(crate) fn set(&self, load: &mut LoadSpec) -> Result<(), UsageError> {
        if !self.handler.is_empty() {
            let params = handler(&self.handler);
            let params = params.map_err(|fault| UsageError(format!("--handler: {fault}")))?;
            load.set_request("work", Some(params.to_json()), 0);
            return Ok(());
        }
        let method = self.method.as_str();
        match &self.params {
            None if method == "ping" => self.set_ping(load),
            _ if self.payload.is_some() => Err(UsageError(format!(
                "--payload is for ping; use --params for {method}"
            ))),
            params => {
                let known = METHODS.iter().find(|known| known.name == method);
                if let (None, Some(known)) = (params, known) {
                    let about = known.about;
                    return Err(UsageError(format!(
                        "--method {method} needs --params: {about}"
                    )));
                }
                let params = params.as_deref().unwrap_or("null");
                serde_json::from_str::<IgnoredAny>(params).map_err(|fault| {
                    UsageError(format!(
                        "--params {params} is not JSON: {fault}; quote strings twice, such as '\"abc\"'"
                    ))
                })?;
                load.set_request(method, Some(params.to_owned()), 0);
                Ok(())
            }
        }
    }

    fn set_ping(&self, load: &mut LoadSpec) -> Result<(), UsageError> {
        let payload = self.payload.map(|payload| payload.0);
        let bytes = payload.unwrap_or(LEAST_PAYLOAD_BYTES);
        if bytes < LEAST_PAYLOAD_BYTES {
            return Err(UsageError(format!(
                "--payload {bytes} is too short: a ping carries at least {LEAST_PAYLOAD_BYTES} bytes, which identify it"
            )));
        }
        load.set_request("ping", None, bytes);
        Ok(())
    }
}
