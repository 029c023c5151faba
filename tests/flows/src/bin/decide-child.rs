//! Decides past requests in a process of its own and prints a line for each decision: reference plugin, file of requests,
//! folder of the sandbox, program that compiles.
#![allow(clippy::unwrap_used, clippy::panic, reason = "for tests only")]

use std::path::Path;

use signalbox_flows::traces;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [plugin, requests, home, child] = arguments.as_slice() else {
        panic!("expected plugin, requests, folder and compiler, found {arguments:?}");
    };
    let component = signalbox_plugins::get(plugin).unwrap().component;
    let sandbox = traces::sandbox(Path::new(child), Path::new(home));
    let policy = traces::prepare(&sandbox, component, &traces::parameters_of(plugin)).await;
    let inputs = traces::Inputs::read(policy.domain(), Path::new(requests));
    for trace in inputs.decide(&policy, async || ()).await {
        println!("{trace}");
    }
}
