//! A compile child and nothing else: what the tests and benchmarks of other programs start in place of themselves.

fn main() -> std::process::ExitCode {
    signalbox_sandbox::compile_child_main()
}
