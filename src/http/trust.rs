//! Whether a connection failed because one side does not trust the certificate of the other.

use rustls::AlertDescription::{
    AccessDenied, BadCertificate, CertificateExpired, CertificateRequired, CertificateRevoked, CertificateUnknown,
    UnknownCA, UnsupportedCertificate,
};
use rustls::Error as Tls;
use std::error::Error;
use std::io;

/// What the server says of the certificate of this side.
const REFUSED: [rustls::AlertDescription; 8] = [
    AccessDenied,
    BadCertificate,
    CertificateExpired,
    CertificateRequired,
    CertificateRevoked,
    CertificateUnknown,
    UnknownCA,
    UnsupportedCertificate,
];

/// Whether that is the reason: the next try would end in the same way.
pub fn is_distrust(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        // An error of the system tells of the cause of the one that it wraps, and not of that itself.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let wrapped = wrapped.map(|inner| inner as &(dyn Error + 'static));
        match wrapped.unwrap_or(error).downcast_ref::<Tls>() {
            Some(Tls::InvalidCertificate(_) | Tls::NoCertificatesPresented) => return true,
            Some(Tls::AlertReceived(alert)) => return REFUSED.contains(alert),
            Some(_) => return false,
            None => next = wrapped.or_else(|| error.source()),
        }
    }
    false
}
