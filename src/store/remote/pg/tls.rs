//! How a server of PostgreSQL is told apart from another one: libpq's modes, but that the default looks at everything.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;

/// `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Without TLS.
    Disable,
    /// TLS with whoever answers: only where it is asked for.
    Require,
    /// The certificate is of an authority that is trusted.
    VerifyCa,
    /// And it is of this host.
    VerifyFull,
}

impl Mode {
    pub(super) fn read(text: &str) -> Result<Mode, String> {
        Ok(match text {
            "disable" => Mode::Disable,
            "require" => Mode::Require,
            "verify-ca" => Mode::VerifyCa,
            "verify-full" => Mode::VerifyFull,
            _ => return Err(format!("sslmode is one of disable, require, verify-ca and verify-full, not \"{text}\"")),
        })
    }
}

/// What a connection string says of it.
#[derive(Clone, Debug)]
pub(super) struct Tls {
    pub(super) mode: Mode,
    /// `sslrootcert`: a file of certificates; else those of this machine.
    pub(super) root: Option<String>,
}

impl Tls {
    /// # Errors
    /// The certificates cannot be read, in words.
    pub(super) fn connector(&self) -> Result<MakeRustlsConnect, String> {
        let provider = Arc::new(ring::default_provider());
        let (mut roots, mut given) = (RootCertStore::empty(), Vec::new());
        match &self.root {
            Some(file) => {
                let refuse = |why: &dyn std::fmt::Display| format!("sslrootcert {file}: {why}");
                let certificates = CertificateDer::pem_file_iter(file).map_err(|why| refuse(&why))?;
                given = certificates.collect::<Result<Vec<_>, _>>().map_err(|why| refuse(&why))?;
                if given.is_empty() {
                    return Err(refuse(&"it holds no certificate"));
                }
                roots.add_parsable_certificates(given.iter().cloned());
            }
            None => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
        }
        let verifier = Verifier { mode: self.mode, roots, given, provider: provider.clone() };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(MakeRustlsConnect::new(config))
    }
}

/// Looks at what the mode asks for.
#[derive(Debug)]
struct Verifier {
    mode: Mode,
    roots: RootCertStore,
    /// Those of the file. A server whose own certificate stands there is known, for all that it signed itself: rustls
    /// refuses an authority as a server, and most own installations have no other.
    given: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        server: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if matches!(self.mode, Mode::VerifyCa | Mode::VerifyFull) {
            let parsed = ParsedCertificate::try_from(server)?;
            if !self.given.iter().any(|given| given == server) {
                let algorithms = self.provider.signature_verification_algorithms.all;
                verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, between, now, algorithms)?;
            }
            if self.mode == Mode::VerifyFull {
                verify_server_name(&parsed, name)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        server: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, server, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        server: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, server, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
