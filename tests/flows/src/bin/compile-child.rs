//! The program that hosts under test compile in.

fn main() {
    signalbox_sandbox::compile_child_main();
}
