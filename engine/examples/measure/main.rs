//! Measures the engine layer by layer. `stab3l bench engine` runs it; it prints one JSON array of results and tells its progress
//! on stderr.
//!
//! ```text
//! measure layers <messages> <rounds> <folder>    messages a second and latency of each layer, mixes, scenarios
//! measure layer <name> <mix> <messages> <folder> processor time of a message in one layer, the least of five
//! measure latency <layer> <messages> <runs> <folder>  latency of risk or full, the control before each run
//! measure memory <orders>                        bytes per resting order
//! measure recovery <messages> <folder>           seconds to open a journal without a snapshot
//! measure workload <mix> <messages> <file>       writes a flow for other engines to run
//! measure records <mix> <messages> <batch> <file> writes a flow as command batches
//! measure flow <file>                            runs such a file on the plain book
//! ```

mod latency;
mod layers;
mod report;
mod scenarios;
mod wire;
mod workload;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| text.replace('_', "").parse::<usize>().expect("a number");
    match words[..] {
        ["layers", messages, rounds, folder] => {
            scenarios::all(number(messages), number(rounds), Path::new(folder));
        }
        ["layer", name, mix, messages, folder] => {
            scenarios::one(name, mix, number(messages), Path::new(folder));
        }
        ["latency", layer, messages, runs, folder] => {
            scenarios::latency_of(layer, number(messages), number(runs), Path::new(folder));
        }
        ["memory", orders] => scenarios::memory(number(orders) as u64),
        ["recovery", messages, folder] => scenarios::recovery(number(messages), Path::new(folder)),
        ["workload", mix, messages, file] => {
            scenarios::write_workload(mix, number(messages), Path::new(file))
        }
        ["records", mix, messages, batch, file] => {
            scenarios::write_records(mix, number(messages), number(batch), Path::new(file));
        }
        ["flow", file] => scenarios::run_workload(Path::new(file)),
        _ => {
            eprintln!(
                "measure layers|latency|memory|recovery|workload|flow ...: see the head of examples/measure/main.rs"
            );
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
