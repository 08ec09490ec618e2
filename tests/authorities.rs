//! Certificates of an authority that this machine does not know: the error names the way in, and that way works.
#![cfg(target_os = "linux")]

use crate::backends::over_tls::file;
use crate::fleet::{Fleet, text};
use crate::scenarios::{KEY, podform};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;

const FLEET: &str = "podform {\n  fleet = \"authorities\"\n}\n";

/// A server whose certificate our authority signed. It answers that the key is wrong. Returns its URL.
fn serve() -> String {
    let certificate = CertificateDer::from_pem_file(file("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(config.clone()).unwrap();
            let mut tls = StreamOwned::new(connection, stream.unwrap());
            // Whoever does not trust it hangs up.
            if tls.read(&mut [0; 4096]).is_ok_and(|length| length > 0) {
                let _ = tls.write_all(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                tls.conn.send_close_notify();
                let _ = tls.flush();
            }
        }
    });
    url
}

#[test]
fn an_authority_of_ones_own_is_asked_for_and_trusted() {
    let fleet = Fleet::new(&[("main.hcl", FLEET)]);
    let url = serve();
    let orphans = |trusted: &[(&str, PathBuf)]| {
        let mut command = podform();
        command.current_dir(fleet.path()).arg("orphans").env("SIMPLEPOD_API_URL", &url).env("SIMPLEPOD_API_KEY", KEY);
        let output = command.envs(trusted.iter().cloned()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        text(&output).replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let asks = |told: &str| told.contains("SSL_CERT_FILE or SSL_CERT_DIR");
    let told = orphans(&[]);
    assert!(asks(&told) && told.contains("UnknownIssuer"), "{told}");
    let told = orphans(&[("SSL_CERT_FILE", file("authority.pem"))]);
    assert!(!asks(&told) && told.contains("401"), "{told}");
    // The wrong one, and none at all.
    for other in ["server.pem", "nothing.pem"] {
        let told = orphans(&[("SSL_CERT_FILE", file(other))]);
        assert!(asks(&told), "{other}: {told}");
    }
}
