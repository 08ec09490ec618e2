//! The exit code.

/// Plans build and drop many small trees: see Cargo.toml for the figure.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    podform::http::install_crypto();
    podform::cli::run().into()
}
