//! `podform output`.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::StateArgs;
use crate::diag::{Diagnostic, did_you_mean};
use crate::lang::json::{from_json, type_from_json};
use crate::lang::{Type, Value};
use crate::render::{outputs_text, value_text};
use crate::state::OutputState;
use clap::Args;
use serde_json::{Map, Value as Json, json};

/// `output`.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// One output; all without it.
    pub name: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Print a text, number or bool as it is.
    #[arg(long, requires = "name", conflicts_with = "json")]
    pub raw: bool,
    /// Which state.
    #[command(flatten)]
    pub place: StateArgs,
}

/// Shows outputs.
pub async fn run(args: &OutputArgs, context: &Context) -> Outcome {
    let state = args.place.read().await?;
    let Some(name) = &args.name else {
        if args.json {
            let all: Map<String, Json> =
                state.outputs.iter().map(|(name, output)| (name.clone(), described(output))).collect();
            context.terminal.json(&format!("{:#}", Json::Object(all)));
            let hidden: Vec<&str> =
                state.outputs.iter().filter(|(_, output)| output.sensitive).map(|(name, _)| name.as_str()).collect();
            if !hidden.is_empty() {
                context
                    .terminal
                    .tell(&format!("Sensitive outputs are not stored, so these are null: {}.\n", hidden.join(", ")));
            }
        } else if state.outputs.is_empty() {
            context
                .terminal
                .tell("No outputs are recorded. They are after an apply of a configuration with output blocks.\n");
            if let Some(hint) = args.place.hint(&state) {
                context.terminal.tell(&format!("{hint}\n"));
            }
        }
        if !args.json {
            context.terminal.print(&outputs_text(&state.outputs, context.terminal.out));
        }
        return Ok(Exit::Done);
    };
    let output = state.outputs.get(name).ok_or_else(|| {
        let hint = did_you_mean(name, state.outputs.keys().map(String::as_str));
        let detail =
            format!("The state holds no output named \"{name}\".{hint} It must be in the configuration, and applied.");
        Failure::from(Diagnostic::error("Output not found", detail))
    })?;
    if output.sensitive {
        let detail = format!(
            "The output \"{name}\" is sensitive: its value is not stored, so it cannot be shown. Read it where it comes from."
        );
        return Err(Diagnostic::error("Sensitive output", detail).into());
    }
    if args.json {
        context.terminal.json(&output.value.to_string());
        return Ok(Exit::Done);
    }
    let value = value_of(output);
    if args.raw {
        let raw = match &output.value {
            Json::String(text) => text.clone(),
            Json::Number(number) => number.to_string(),
            Json::Bool(b) => b.to_string(),
            _ => {
                let detail = format!(
                    "-raw prints a text, a number or a bool, but the output \"{name}\" is something else. Use -json."
                );
                return Err(Diagnostic::error("Unsupported value for raw output", detail).into());
            }
        };
        context.terminal.print(&raw);
        return Ok(Exit::Done);
    }
    context.terminal.line(&value_text(&value, context.terminal.out));
    Ok(Exit::Done)
}

fn value_of(output: &OutputState) -> Value {
    let ty = type_from_json(&output.ty).unwrap_or(Type::Dynamic);
    from_json(&output.value, &ty).unwrap_or_else(|_| Value::null(ty))
}

fn described(output: &OutputState) -> Json {
    json!({ "sensitive": output.sensitive, "type": output.ty, "value": output.value })
}
