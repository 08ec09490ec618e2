//! The exit code.

fn main() -> std::process::ExitCode {
    podform::http::install_crypto();
    podform::cli::run().into()
}
