//! Ways over TLS to servers of this machine.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A certificate or a key.
pub fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/authorities").join(name)
}

/// A way over TLS to a server on a port, with this certificate; `clients`: for whom has one of these only.
#[cfg(all(target_os = "linux", feature = "pg", feature = "http-state"))]
pub fn over_tls(to: u16, certificate: &str, clients: Option<&str>) -> u16 {
    way(to, certificate, clients, false)
}

/// A proxy that leads to this server whatever name it is asked for, over TLS with this certificate.
pub fn proxy_over_tls(to: u16, certificate: &str) -> u16 {
    way(to, certificate, None, true)
}

/// The request of a client for a way through, up to its blank line.
async fn asked(client: &mut TcpStream) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(client.read_u8().await?);
    }
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await
}

fn way(to: u16, certificate: &str, clients: Option<&str>, is_proxy: bool) -> u16 {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
    let config = match clients {
        None => config.with_no_client_auth(),
        Some(name) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_file(file(name)).unwrap()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            config.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let shown = CertificateDer::from_pem_file(file(&format!("{certificate}.pem"))).unwrap();
    let key = PrivateKeyDer::from_pem_file(file(&format!("{certificate}.key"))).unwrap();
    let way = tokio_rustls::TlsAcceptor::from(Arc::new(config.with_single_cert(vec![shown], key).unwrap()));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async move {
            listener.set_nonblocking(true).unwrap();
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((mut client, _)) = listener.accept().await {
                let way = way.clone();
                tokio::spawn(async move {
                    if is_proxy {
                        asked(&mut client).await?;
                    }
                    let mut client = way.accept(client).await?;
                    let mut server = TcpStream::connect(("127.0.0.1", to)).await?;
                    tokio::io::copy_bidirectional(&mut client, &mut server).await
                });
            }
        });
    });
    port
}
